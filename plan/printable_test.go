package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/plan"
)

func TestPropertyChangeString(t *testing.T) {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	tests := []struct {
		name   string
		change plan.PropertyChange
		want   string
	}{
		{"changed", plan.PropertyChange{Pointer: "/state", Before: raw(`"off"`), After: raw(`"on"`)}, `/state: "off" → "on"`},
		{"added", plan.PropertyChange{Pointer: "/n", After: raw(`1`)}, `/n: (none) → 1`},
		{"cleared", plan.PropertyChange{Pointer: "/n", Before: raw(`[1,2]`), After: raw(`null`)}, `/n: [1, 2] → null`},
		{"conflict", plan.PropertyChange{Pointer: "/n", Base: raw(`1`), Before: raw(`2`), After: raw(`3`), Origin: plan.Clash}, `/n: 2 → 3 (conflict: agreed on 1)`},
		{"hidden", plan.PropertyChange{Pointer: "/secret", Before: raw(`"a"`), After: raw(`"b"`), Redacted: true}, `/secret: (hidden)`},
		{"escaped", plan.PropertyChange{Pointer: "/n\x1b[2J", After: raw(`"\u202e"`)}, `"/n\u001b[2J": (none) → "\u202e"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.change.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	long := plan.PropertyChange{Pointer: "/n", Before: raw(`"` + strings.Repeat("a", 5000) + `"`), After: raw(`"b"`)}
	if got := long.String(); len(got) > 1000 || !strings.Contains(got, "characters") {
		t.Errorf("a long value is not shortened: %d bytes", len(got))
	}
}
