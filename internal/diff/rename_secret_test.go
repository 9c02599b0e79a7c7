package diff

import (
	"testing"
)

func TestRenameOfSecrets(t *testing.T) {
	pw, key := hashed("pw"), hashed("other")
	runRows(t, []row{
		{"the same secret", "it is the same content",
			`policies/P=1 "password":"` + pw + `"`, `policies/P2 "password":"pw"`, `policies/P=1 "password":"pw"`, `policies/P -> P2`, nil},
		{"a masked secret", "a file with a masked secret does not change it",
			`policies/P=1 "password":"` + pw + `"`, `policies/P2 "password":"[redacted]"`, `policies/P=1 "password":"pw"`, `policies/P -> P2`, nil},
		{"another secret", "a secret is content, and a different one gets a hint",
			`policies/P=1 "password":"` + pw + `"`, `policies/P2 "password":"other"`, `policies/P=1 "password":"pw"`,
			`create policies/P2 deploy : - | - -> {"displayName":"P2","password":"[redacted]"}; delete policies/P deploy : {"displayName":"P","password":"[redacted]"} | {"displayName":"P","password":"[redacted]"} -> -; note possible_rename policies/P, policies/P2`,
			nil},
		{"two objects that differ only in a secret", "each file is the successor of the object with its secret",
			`policies/P=1 "password":"` + pw + `"; policies/Q=2 "password":"` + key + `"`,
			`policies/X "password":"other"; policies/Y "password":"pw"`, `policies/P=1 "password":"pw"; policies/Q=2 "password":"other"`,
			`policies/Q -> X; policies/P -> Y`, nil},
		{"two objects that differ only in a masked secret", "a masked secret can have any value",
			`policies/P=1 "password":"` + pw + `"; policies/Q=2 "password":"` + key + `"`, `policies/X "password":"[redacted]"`,
			`policies/P=1 "password":"pw"; policies/Q=2 "password":"other"`,
			`delete policies/P deploy : {"displayName":"P","password":"[redacted]"} | {"displayName":"P","password":"[redacted]"} -> -; delete policies/Q deploy : {"displayName":"Q","password":"[redacted]"} | {"displayName":"Q","password":"[redacted]"} -> -; note possible_rename policies/P, policies/Q, policies/X; note secret_needed policies/X`,
			nil},
		{"two objects, and one file with the secret of one", "the other object is deleted, and nothing is left that it may be",
			`policies/P=1 "password":"` + pw + `"; policies/Q=2 "password":"` + key + `"`, `policies/X "password":"pw"`,
			`policies/P=1 "password":"pw"; policies/Q=2 "password":"other"`,
			`policies/P -> X; delete policies/Q deploy : {"displayName":"Q","password":"[redacted]"} | {"displayName":"Q","password":"[redacted]"} -> -`, nil},
		{"two files, and one object with the secret of one", "the other file is a new object, and nothing is left that it may be",
			`policies/P=1 "password":"` + pw + `"`, `policies/X "password":"pw"; policies/Y "password":"other"`, `policies/P=1 "password":"pw"`,
			`policies/P -> X; create policies/Y deploy : - | - -> {"displayName":"Y","password":"[redacted]"}`, nil},
		{"two objects and two files, with one secret in common", "the others may belong together",
			`policies/P=1 "password":"` + pw + `"; policies/Q=2 "password":"` + key + `"`,
			`policies/X "password":"pw"; policies/Y "password":"third"`, `policies/P=1 "password":"pw"; policies/Q=2 "password":"other"`,
			`policies/P -> X; create policies/Y deploy : - | - -> {"displayName":"Y","password":"[redacted]"}; delete policies/Q deploy : {"displayName":"Q","password":"[redacted]"} | {"displayName":"Q","password":"[redacted]"} -> -; note possible_rename policies/Q, policies/Y`, nil},
		{"two exchanged secrets", "secrets are compared place by place",
			`policies/P=1 "settings":{"a":{"secret":"` + pw + `"},"b":{"secret":"` + key + `"}}`,
			`policies/P2 "settings":{"a":{"secret":"other"},"b":{"secret":"pw"}}`,
			`policies/P=1 "settings":{"a":{"secret":"pw"},"b":{"secret":"other"}}`,
			`create policies/P2 deploy : - | - -> {"displayName":"P2","settings":{"a":{"secret":"[redacted]"},"b":{"secret":"[redacted]"}}}; delete policies/P deploy : {"displayName":"P","settings":{"a":{"secret":"[redacted]"},"b":{"secret":"[redacted]"}}} | {"displayName":"P","settings":{"a":{"secret":"[redacted]"},"b":{"secret":"[redacted]"}}} -> -; note possible_rename policies/P, policies/P2`,
			nil},
	})
}
