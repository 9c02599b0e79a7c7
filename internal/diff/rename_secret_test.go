package diff

import (
	"testing"
)

func TestRenameOfSecrets(t *testing.T) {
	pw, key := hashed("pw"), hashed("other")
	runComparisons(t, []comparisonCase{
		{
			name:        "the same secret",
			explanation: "it is the same content",
			base:        `policies/P=1 {"displayName":"P","password":"` + pw + `"}`,
			desired:     `policies/P2 {"displayName":"P2","password":"pw"}`,
			current:     `policies 1 {"displayName":"P","password":"pw"}`,
			want: `update policies/P2 from P deploy /displayName: "P" | "P" -> "P2"
				base policies/P2=1 {"displayName":"P","password":"` + pw + `"}`,
		},
		{
			name:        "a masked secret",
			explanation: "a file with a masked secret does not change it",
			base:        `policies/P=1 {"displayName":"P","password":"` + pw + `"}`,
			desired:     `policies/P2 {"displayName":"P2","password":"[redacted]"}`,
			current:     `policies 1 {"displayName":"P","password":"pw"}`,
			want: `update policies/P2 from P deploy /displayName: "P" | "P" -> "P2"
				base policies/P2=1 {"displayName":"P","password":"` + pw + `"}`,
		},
		{
			name:        "another secret",
			explanation: "a secret is content, and a different one gets a hint",
			base:        `policies/P=1 {"displayName":"P","password":"` + pw + `"}`,
			desired:     `policies/P2 {"displayName":"P2","password":"other"}`,
			current:     `policies 1 {"displayName":"P","password":"pw"}`,
			want: `create policies/P2 deploy : - | - -> {"displayName":"P2","password":"[redacted]"}
				delete policies/P deploy : {"displayName":"P","password":"[redacted]"} | {"displayName":"P","password":"[redacted]"} -> -
				note possible_rename policies/P
				note possible_rename policies/P2
				base policies/P=1 {"displayName":"P","password":"` + pw + `"}`,
		},
		{
			name:        "two objects that differ only in a secret",
			explanation: "each file is the successor of the object with its secret",
			base:        `policies/P=1 {"displayName":"P","password":"` + pw + `"}` + "\n" + `policies/Q=2 {"displayName":"Q","password":"` + key + `"}`,
			desired:     `policies/X {"displayName":"X","password":"other"}` + "\n" + `policies/Y {"displayName":"Y","password":"pw"}`,
			current:     `policies 1 {"displayName":"P","password":"pw"}` + "\n" + `policies 2 {"displayName":"Q","password":"other"}`,
			want: `update policies/X from Q deploy /displayName: "Q" | "Q" -> "X"
				update policies/Y from P deploy /displayName: "P" | "P" -> "Y"
				base policies/X=2 {"displayName":"Q","password":"` + key + `"}
				base policies/Y=1 {"displayName":"P","password":"` + pw + `"}`,
		},
		{
			name:        "two objects that differ only in a masked secret",
			explanation: "a masked secret can have any value",
			base:        `policies/P=1 {"displayName":"P","password":"` + pw + `"}` + "\n" + `policies/Q=2 {"displayName":"Q","password":"` + key + `"}`,
			desired:     `policies/X {"displayName":"X","password":"[redacted]"}`,
			current:     `policies 1 {"displayName":"P","password":"pw"}` + "\n" + `policies 2 {"displayName":"Q","password":"other"}`,
			want: `delete policies/P deploy : {"displayName":"P","password":"[redacted]"} | {"displayName":"P","password":"[redacted]"} -> -
				delete policies/Q deploy : {"displayName":"Q","password":"[redacted]"} | {"displayName":"Q","password":"[redacted]"} -> -
				note possible_rename policies/P
				note possible_rename policies/Q
				note possible_rename policies/X
				note secret_needed policies/X
				base policies/P=1 {"displayName":"P","password":"` + pw + `"}
				base policies/Q=2 {"displayName":"Q","password":"` + key + `"}`,
		},
		{
			name:        "two exchanged secrets",
			explanation: "secrets are compared place by place",
			base:        `policies/P=1 {"displayName":"P","settings":{"a":{"secret":"` + pw + `"},"b":{"secret":"` + key + `"}}}`,
			desired:     `policies/P2 {"displayName":"P2","settings":{"a":{"secret":"other"},"b":{"secret":"pw"}}}`,
			current:     `policies 1 {"displayName":"P","settings":{"a":{"secret":"pw"},"b":{"secret":"other"}}}`,
			want: `create policies/P2 deploy : - | - -> {"displayName":"P2","settings":{"a":{"secret":"[redacted]"},"b":{"secret":"[redacted]"}}}
				delete policies/P deploy : {"displayName":"P","settings":{"a":{"secret":"[redacted]"},"b":{"secret":"[redacted]"}}} | {"displayName":"P","settings":{"a":{"secret":"[redacted]"},"b":{"secret":"[redacted]"}}} -> -
				note possible_rename policies/P
				note possible_rename policies/P2
				base policies/P=1 {"displayName":"P","settings":{"a":{"secret":"` + pw + `"},"b":{"secret":"` + key + `"}}}`,
		},
	})
}
