package diff

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// A new object is parsed twice: as the file, for the comparison, and as the
// item's content, for the operation. A file with secrets is parsed once more
// before the write, because a plan has no secrets. Each part with its own
// request is an item.
func TestParsesOfCreates(t *testing.T) {
	tests := []struct {
		name string
		kind string
		file string // of the i-th new object
		want int64  // parses for each additional object
	}{
		{"plain", "groups", "{\n  \"displayName\": \"N%d\", \"n\": 1.0}", 1},
		{"listed", "apps", "{\n  \"displayName\": \"N%d\", \"n\": 1.0}", 1},
		{"references", "policies", "{\n  \"displayName\": \"N%d\", \"owner\": \"${groups/G}\", \"contact\": \"${groups/G#mail}\", \"note\": \"${var:company}\"}", 1},
		{"references to new objects", "policies", "{\n  \"displayName\": \"N%d\", \"owner\": \"${groups/New}\"}", 1},
		{"template in the name", "policies", "{\n  \"displayName\": \"${var:company} N%d\"}", 1},
		{"former name", "groups", "{\n  \"displayName\": \"N%d\", \"$previousNames\": [\"Never was\"]}", 2},
		{"secret", "policies", "{\n  \"displayName\": \"N%d\", \"password\": \"x\"}", 2},
		{"secrets in a set", "policies", "{\n  \"displayName\": \"N%d\", \"tokens\": [{\"n\": 2, \"secret\": \"${var:company}\"}, {\"n\": 1, \"key\": \"x\"}]}", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parses := func(n int) int64 {
				tc := comparisonCase{
					// A file of the base is missing, so the comparison looks for renames.
					base:    `groups/G=g {"displayName":"G"}` + "\n" + `groups/Old=o {"displayName":"Old"}` + "\n" + `policies/Old=p {"displayName":"Old"}`,
					desired: `groups/G {"displayName":"G"}` + "\n" + `groups/New {"displayName":"New"}`,
					current: `groups g {"displayName":"G","mail":"g@contoso.com"}` + "\n" + `groups o {"displayName":"Old"}` + "\n" + `policies p {"displayName":"Old"}`,
					adjust: func(in *Input) {
						in.Rules.Guards = []plan.Guard{func(context.Context, tenant.GuardRequest) []tenant.Violation { return nil }}
						for i := range n {
							in.Desired.Resources = append(in.Desired.Resources, tenant.Resource{Kind: tt.kind, Key: fmt.Sprintf("N%d", i), Body: json.RawMessage(fmt.Sprintf(tt.file, i))})
						}
					},
				}
				in := tc.input(t)
				before := jsonval.Parses.Load()
				created := 0
				for _, op := range synced(t, in) {
					if op.Verb == tenant.Create && op.Kind == tt.kind {
						created++
					}
				}
				if tt.kind == "groups" {
					created-- // New
				}
				if created != n {
					t.Fatalf("%d objects created, want %d", created, n)
				}
				return jsonval.Parses.Load() - before
			}
			const n, more = 3, 10
			few, many := parses(n), parses(n+more)
			if got := many - few; got != tt.want*more {
				t.Errorf("%d additional files cost %d parses, want %d each", more, got, tt.want)
			}
		})
	}
}

// synced does the steps of a sync between reading the files and writing the
// objects. It returns the operations.
func synced(t *testing.T, in Input) (ops []tenant.Operation) {
	t.Helper()
	current, states := in.Current.Resources, in.Current.Kinds
	in.Current = tenant.Snapshot{}
	c, err := Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	c.Reads()
	c.Add(current...)
	c.SetStates(states)
	if _, err := c.ReferenceReads(); err != nil {
		t.Fatal(err)
	}
	r, err := c.Compare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stored, err := r.Plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.DecodePlan(stored)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Items {
		it := &p.Items[i]
		if it.Verb != tenant.Create {
			continue
		}
		s := apply.Step{Item: it, Kind: in.Kinds.Get(it.Kind), Bindings: r.Bindings(), Variables: in.Variables, Key: testKeys.Tenant}
		for _, d := range in.Desired.Resources {
			if d.Kind == it.Kind && d.Key == it.Key {
				s.Desired = &d
			}
		}
		if _, ok := apply.NaturalMatch(s.Kind, it); !ok {
			t.Errorf("%s has no match", it.ID)
		}
		for _, ref := range it.Resolved {
			if ref.New { // created before
				r.Bindings().Put("groups", "New", "new")
			}
		}
		op, err := apply.Operation(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, op)
	}
	return ops
}

// Splitting an item into parts parses nothing again.
func TestParsesOfParts(t *testing.T) {
	parses := func(n int) int64 {
		var files string
		for i := range n {
			files += fmt.Sprintf(`profiles/N%d {"displayName":"N%d","messages":{"en":"hi"},"rules":[1]}`+"\n", i, i)
		}
		before := jsonval.Parses.Load()
		if r := compareParts(t, nil, "", files, ""); len(r.Plan.Items) != 2*n {
			t.Fatalf("%d items, want an object and a part for each of %d files", len(r.Plan.Items), n)
		}
		return jsonval.Parses.Load() - before
	}
	if got := parses(12) - parses(2); got != 10 {
		t.Errorf("10 additional files cost %d parses, want one each", got)
	}
}
