package main

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// A tenant whose kinds are all in scope comes to rest after one deploy and stays at
// rest, also if the service answers in other forms than it was sent. Its terms of use,
// whose files no read shows, are backed up by name only.
func TestAllKindsRest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		first, later graphtest.Forms
	}{
		{"as sent", graphtest.Forms{}, graphtest.Forms{}},
		{"in other forms", graphtest.AllForms(), graphtest.AllForms()},
		{"in other forms later", graphtest.Forms{}, graphtest.AllForms()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t)
				spell := func(f graphtest.Forms) {
					p.prepare = func(d *demo) {
						d.strict = true
						if fake, err := d.tenant("contoso"); err != nil {
							t.Error(err)
						} else {
							fake.server.Spell(f)
						}
					}
				}
				spell(tt.first)
				p.must(exitDone, "init", "-demo", "-kinds", "all", "-unproven", "all")
				p.must(exitDone, "tenants", "add", "contoso")
				p.must(exitPerson, "sync", "contoso")
				out := p.must(exitDone, "approve", "contoso", "-plan", p.plan())
				if !strings.Contains(out, "contoso: Idle (deployed; 1 kind backed up by name only)") {
					t.Errorf("the first sync:\n%s", out)
				}
				spell(tt.later)
				for range 2 {
					if out := p.must(exitDone, "sync", "contoso"); !strings.Contains(out, "contoso: Idle (no_changes; 1 kind backed up by name only)") {
						t.Fatalf("a later sync proposes something:\n%s", out)
					}
				}
			})
		})
	}
}
