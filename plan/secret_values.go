package plan

import (
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/tenant"
)

// SecretValues returns the texts and numbers that an object has where its kind
// keeps secrets, sensitive or masked ones, so that they can be taken out of
// what others say about the object. It is for objects as a tenant has them and
// for files; [Redacted] and asterisks are no secrets.
func SecretValues(k tenant.Kind, body json.RawMessage) ([]string, error) {
	if len(body) == 0 || len(k.Sensitive)+len(k.Masked) == 0 {
		return nil, nil
	}
	rules, err := compileKind(k)
	if err != nil {
		return nil, err
	}
	n, err := parseObject(body)
	if err != nil {
		return nil, fmt.Errorf("plan: secrets of %s: the object cannot be read", k.Name) // the cause may quote it
	}
	var out []string
	collectSecrets(rules.root, n, false, &out)
	return out, nil
}

func collectSecrets(r *rule, n *node, within bool, out *[]string) {
	if f := r.fact(); f.sensitive || f.masked {
		within = true
	}
	if scalar := n.kind == '"' || n.kind == '0'; scalar && within && n.text != "" && n.text != Redacted && !isAsterisks(n.text) {
		*out = append(*out, n.text)
	}
	for i, kid := range n.kids {
		collectSecrets(r.step(n.segment(i)), kid, within, out)
	}
}
