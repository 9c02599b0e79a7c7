package planbench

import (
	"strings"
	"testing"

	"github.com/wI2L/jsondiff"
)

// What is measured finds what was changed, on the benchmarks' content.
func TestCompareFindsTheChanges(t *testing.T) {
	d := mustLoad(t, 400)
	for name, s := range map[string]sides{
		"bytes unchanged": {d.base, d.desired, d.current},
		"bytes moved":     {d.base, d.desired, d.moved},
		"first sync":      {nil, d.desired, d.current},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := compare(s)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.check(got, s.base == nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// The check of the benchmarks refuses a comparison that finds too little.
func TestCheckRefuses(t *testing.T) {
	d := mustLoad(t, 400)
	got, err := compare(sides{d.base, d.desired, d.current})
	if err != nil {
		t.Fatal(err)
	}
	for name, less := range map[string]func(*outcome){
		"an update": func(o *outcome) { o.Updated-- },
		"a create":  func(o *outcome) { o.Created-- },
		"a delete":  func(o *outcome) { o.Deleted-- },
		"an object": func(o *outcome) { o.Unchanged-- },
		"a backup":  func(o *outcome) { o.BackedUp-- },
	} {
		t.Run(name, func(t *testing.T) {
			short := got
			less(&short)
			if d.check(short, false) == nil {
				t.Error("a comparison that misses it passes")
			}
		})
	}
}

// Peers get what they can compare: the files that have an object, without names.
func TestPairs(t *testing.T) {
	d := mustLoad(t, 400)
	all, err := d.pairsMoved()
	if err != nil {
		t.Fatal(err)
	}
	if want := len(d.desired) - d.tenant.Changes().Added; len(all) != want {
		t.Errorf("got %d pairs, want %d", len(all), want)
	}
	for _, p := range all {
		patch, err := jsondiff.CompareJSON(p.object, p.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range patch {
			if strings.HasPrefix(op.Path, "/conditions/users") {
				t.Errorf("%s %s differs: %s", op.Type, op.Path, op)
			}
		}
	}
}
