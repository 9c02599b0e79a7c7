package plan

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckSubset(t *testing.T) {
	p := &Plan{Items: []Item{
		{ID: "a/1"},
		{ID: "b/1", DependsOn: []string{"a/1"}},
		{ID: "c/1", DependsOn: []string{"a/1", "b/1"}},
		{ID: "d/1"},
	}}
	tests := []struct {
		name    string
		ids     []string
		want    *SubsetError
		message string
	}{
		{name: "none", ids: nil},
		{name: "all", ids: []string{"d/1", "c/1", "b/1", "a/1"}},
		{name: "a duplicate ID without dependencies", ids: []string{"d/1", "d/1"}},
		{name: "an item with its dependencies", ids: []string{"b/1", "a/1"}},
		{
			name:    "without its direct and indirect dependencies",
			ids:     []string{"c/1"},
			want:    &SubsetError{Needs: map[string][]string{"c/1": {"a/1", "b/1"}}},
			message: `plan: items cannot be chosen alone: "c/1" depends on "a/1", "b/1", which must be chosen too`,
		},
		{
			name:    "two items without the same dependency",
			ids:     []string{"c/1", "b/1"},
			want:    &SubsetError{Needs: map[string][]string{"b/1": {"a/1"}, "c/1": {"a/1"}}},
			message: `plan: items cannot be chosen alone: "b/1" depends on "a/1", which must be chosen too; "c/1" depends on "a/1", which must be chosen too`,
		},
		{
			name:    "with one of its dependencies, and without the next",
			ids:     []string{"c/1", "a/1"},
			want:    &SubsetError{Needs: map[string][]string{"c/1": {"b/1"}}},
			message: `plan: items cannot be chosen alone: "c/1" depends on "b/1", which must be chosen too`,
		},
		{
			name:    "unknown",
			ids:     []string{"z/2", "a/1", "", "z/1"},
			want:    &SubsetError{Unknown: []string{"", "z/1", "z/2"}},
			message: `plan: items cannot be chosen alone: the plan has no "", "z/1", "z/2"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := p.CheckSubset(tt.ids)
			if tt.want == nil {
				if err != nil {
					t.Fatalf("CheckSubset(%q) = %v, want nil", tt.ids, err)
				}
				return
			}
			got, ok := errors.AsType[*SubsetError](err)
			if !ok {
				t.Fatalf("CheckSubset(%q) = %v, want a *SubsetError", tt.ids, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("error (-want +got)\n%s", diff)
			}
			if got.Error() != tt.message {
				t.Errorf("message = %q, want %q", got, tt.message)
			}
		})
	}
}

// TestCheckSubsetAdvice: a person who adds all items in Needs has a valid subset,
// and the message stays short.
func TestCheckSubsetAdvice(t *testing.T) {
	p := &Plan{Items: []Item{{ID: "a/00"}}}
	var odd []string
	for i := 1; i < 60; i++ {
		id := fmt.Sprintf("a/%02d", i)
		p.Items = append(p.Items, Item{ID: id, DependsOn: []string{p.Items[i-1].ID}})
		if i%2 == 1 {
			odd = append(odd, id)
		}
	}
	err := p.CheckSubset(odd)
	bad, ok := errors.AsType[*SubsetError](err)
	if !ok {
		t.Fatalf("CheckSubset = %v, want a *SubsetError", err)
	}
	ids := odd
	for _, needs := range bad.Needs {
		ids = append(ids, needs...)
	}
	if err := p.CheckSubset(ids); err != nil {
		t.Errorf("CheckSubset with all needed items: %v", err)
	}
	if got := len(err.Error()); got > 1000 {
		t.Errorf("the message has %d bytes, want at most 1000", got)
	}
	unknown := p.CheckSubset(strings.Split("abcdefghijkl", ""))
	if got := unknown.Error(); !strings.HasSuffix(got, `"i", "j" and 2 more`) {
		t.Errorf("message = %s, want the number of the remaining IDs", got)
	}
	alone := p.CheckSubset([]string{"a/59"})
	if got, want := len(alone.(*SubsetError).Needs["a/59"]), 59; got != want {
		t.Errorf("%d items needed, want %d", got, want)
	}
}
