package schema

import (
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// SecretValues returns the texts and numbers that an object has where its kind
// keeps secrets, sensitive or masked ones, so that they can be taken out of
// what others say about the object. It is for objects as a tenant has them and
// for files; reference.Redacted and asterisks are no secrets. A nil Schema has
// none.
func (k *Schema) SecretValues(body json.RawMessage) ([]string, error) {
	if k == nil || len(body) == 0 || !k.HasSecrets() {
		return nil, nil
	}
	n, err := jsonval.ParseObject(body)
	if err != nil {
		return nil, fmt.Errorf("plan: secrets of %s: the object cannot be read", k.Name) // the cause may quote it
	}
	var out []string
	collectSecrets(k.Root, n, false, &out)
	return out, nil
}

func collectSecrets(r *Rule, n *jsonval.Node, within bool, out *[]string) {
	if f := r.Fact(); f.Sensitive || f.Masked {
		within = true
	}
	if scalar := n.Kind == '"' || n.Kind == '0'; scalar && within && n.Text != "" && n.Text != reference.Redacted && !reference.IsAsterisks(n.Text) {
		*out = append(*out, n.Text)
	}
	r = r.In(n)
	for i, kid := range n.Kids {
		collectSecrets(r.Step(n.Segment(i)), kid, within, out)
	}
}

// KeepsSecret reports whether the property at a path is a secret or part of one,
// for objects of whatever types on the way.
func (k *Schema) KeepsSecret(segs []string) bool {
	at := map[*Rule]bool{k.Root: true}
	for _, s := range segs {
		next := map[*Rule]bool{}
		for r := range at {
			next[r.Step(s)] = true
			if r != nil {
				for _, of := range r.byType {
					next[of.Step(s)] = true
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
