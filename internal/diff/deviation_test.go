package diff

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/plan"
)

// Each deviation is valid until its own expiry.
func TestDeviationsOf(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	of := func(key, pointer string, expires time.Time) plan.Deviation {
		return plan.Deviation{Kind: "policies", Key: key, Pointer: pointer, Accepted: json.RawMessage(`1.0`), Expires: expires}
	}
	got, err := deviationsOf([]plan.Deviation{
		of("P", "/before", now.Add(-1)),
		of("P", "/never", time.Time{}),
		of("Q", "/now", now),
		of("P", "/later/x", now.Add(1)),
		of("Q", "/later", now.Add(time.Hour)),
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string][]string{}
	for target, list := range got {
		for _, d := range list {
			shown[target.Kind+"/"+target.Key] = append(shown[target.Kind+"/"+target.Key], jsonval.JoinPointer(d.segs)+"="+string(d.accepted.JSON()))
		}
	}
	want := map[string][]string{"policies/P": {"/never=1", "/later/x=1"}, "policies/Q": {"/later=1"}}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A deviation that cannot be read is an error that names it, even if it has expired.
func TestDeviationErrors(t *testing.T) {
	for _, tt := range []struct{ pointer, accepted, want string }{
		{"x", `1`, `plan: deviation of policies/P at "x": "x" is not a JSON pointer: it must be empty or begin with "/"`},
		{"", `1`, `plan: deviation of policies/P at "": the pointer must name a property: neither the whole object nor a member of a set`},
		{"/members/-", `1`, `plan: deviation of policies/P at "/members/-": the pointer must name a property`},
		{"/x", `{`, `plan: deviation of policies/P at "/x": accepted value: unexpected end`},
	} {
		for _, expires := range []time.Time{{}, time.Unix(0, 0)} {
			_, err := deviationsOf([]plan.Deviation{{Kind: "policies", Key: "O", Pointer: "/fine"}, {Kind: "policies", Key: "P", Pointer: tt.pointer, Accepted: json.RawMessage(tt.accepted), Expires: expires}}, time.Now())
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("%s %s: got %v, want %s", tt.pointer, tt.accepted, err, tt.want)
			}
		}
	}
}

// The note about a deviation has its reason, its owner and its expiry.
func TestDeviationReason(t *testing.T) {
	expires := time.Date(2026, 3, 1, 13, 0, 0, 0, time.FixedZone("", 3600))
	for _, tt := range []struct {
		of   plan.Deviation
		want string
	}{
		{plan.Deviation{}, "a deviation accepts the tenant's value: no reason is given"},
		{plan.Deviation{Reason: "agreed"}, "a deviation accepts the tenant's value: agreed"},
		{plan.Deviation{Reason: "agreed", Owner: "ann"}, "a deviation accepts the tenant's value: agreed; owner ann"},
		{plan.Deviation{Reason: "agreed", Owner: "ann", Expires: expires}, "a deviation accepts the tenant's value: agreed; owner ann; until 2026-03-01 12:00 UTC"},
	} {
		tt.of.Pointer = "/x"
		if got, err := parseDeviation(tt.of); err != nil || got.why != tt.want {
			t.Errorf("got %q, %v, want %q", got.why, err, tt.want)
		}
	}
}

// A deviation accepts a difference at its path and below it, and no other.
func TestAcceptedAt(t *testing.T) {
	o := &object{outcome: outcome{details: &details{accepted: []deviation{{segs: []string{"x", "y"}, why: "1"}, {segs: []string{"z"}, why: "2"}}}}}
	for pointer, want := range map[string]string{"/x/y": "1", "/x/y/a": "1", "/z": "2", "/z/a/b": "2", "/x": "", "/x/z": "", "/y": "", "/xy": ""} {
		segs, err := jsonval.SplitPointer(pointer)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if d := o.acceptedAt(&difference{segs: segs}); d != nil {
			got = d.why
		}
		if got != want {
			t.Errorf("%s is accepted by %q, want %q", pointer, got, want)
		}
	}
}
