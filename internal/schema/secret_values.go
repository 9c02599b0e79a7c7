package schema

import (
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// SecretValues returns the strings and numbers of an object's sensitive and
// masked values, so that they can be redacted in messages about the object. The
// object comes from a tenant or a file. reference.Redacted and asterisks are
// not secrets. A nil Schema has no secrets. The error does not quote the
// object.
func (k *Schema) SecretValues(body json.RawMessage) ([]string, error) {
	if k == nil || len(body) == 0 || !k.MayHaveSecrets() {
		return nil, nil
	}
	n, err := jsonval.ParseObject(body)
	if err != nil {
		return nil, fmt.Errorf("plan: secrets of %s: the object cannot be read", k.Name) // the cause may quote a secret
	}
	var out []string
	collectSecrets(k.Root, n, false, &out)
	return out, nil
}

func collectSecrets(r *Rule, n *jsonval.Node, within bool, out *[]string) {
	if r.Fact().IsSecret(n) {
		within = true
	}
	if scalar := n.Kind == '"' || n.Kind == '0'; scalar && within && n.Text != "" && n.Text != reference.Redacted && !reference.IsAsterisks(n.Text) {
		*out = append(*out, n.Text)
	}
	r = r.In(n)
	for i, kid := range n.Kids {
		collectSecrets(r.Kid(n, i), kid, within, out)
	}
}

// MayBeSecret reports whether the property at a path can be a secret or part of
// one, for any types of the objects along the path.
func (k *Schema) MayBeSecret(segs []string) bool {
	at := map[*Rule]struct{}{k.Root: {}}
	for _, s := range segs {
		next := map[*Rule]struct{}{}
		for r := range at {
			next[r.Step(s)] = struct{}{}
			if r != nil {
				for _, of := range r.byType {
					next[of.Step(s)] = struct{}{}
				}
			}
		}
		for r := range next {
			if f := r.Fact(); f.Sensitive || f.Masked {
				return true
			}
		}
		at = next
	}
	return false
}
