package redact

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// SecretsOf returns the secrets in objects of a kind. It ignores a body that is
// not an object.
func SecretsOf(k *schema.Schema, bodies ...json.RawMessage) []string {
	var out []string
	for _, b := range bodies {
		found, _ := k.SecretValues(b)
		out = append(out, found...)
	}
	return out
}

// SecretsIn returns the secrets in changes of the repository.
func SecretsIn(kinds *schema.Kinds, changes []tenant.Change) []string {
	var out []string
	for _, ch := range changes {
		out = append(out, SecretsOf(kinds.Get(ch.Kind), ch.Body)...)
	}
	return out
}
