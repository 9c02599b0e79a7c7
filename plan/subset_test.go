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
		{name: "one that depends on nothing, twice", ids: []string{"d/1", "d/1"}},
		{name: "one with what it depends on", ids: []string{"b/1", "a/1"}},
		{
			name:    "without what it depends on, also through others",
			ids:     []string{"c/1"},
			want:    &SubsetError{Needs: map[string][]string{"c/1": {"a/1", "b/1"}}},
			message: `plan: items cannot be chosen alone: "c/1" depends on "a/1", "b/1", which must be chosen too`,
		},
		{
			name:    "several without the same",
			ids:     []string{"c/1", "b/1"},
			want:    &SubsetError{Needs: map[string][]string{"b/1": {"a/1"}, "c/1": {"a/1"}}},
			message: `plan: items cannot be chosen alone: "b/1" depends on "a/1", which must be chosen too; "c/1" depends on "a/1", which must be chosen too`,
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
		t.Errorf("with all that it asked for: %v", err)
	}
	if got := len(err.Error()); got > 1000 {
		t.Errorf("the message has %d characters: too long for a person", got)
	}
	unknown := p.CheckSubset(strings.Split("abcdefghijkl", ""))
	if got := unknown.Error(); !strings.HasSuffix(got, `"i", "j" and 2 more`) {
		t.Errorf("message = %s", got)
	}
	alone := p.CheckSubset([]string{"a/59"})
	if got, want := len(alone.(*SubsetError).Needs["a/59"]), 59; got != want {
		t.Errorf("%d needed, want %d", got, want)
	}
}
