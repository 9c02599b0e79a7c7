package plan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/tenant"
)

// notKeptPlan returns a plan in which some changes were not kept by the service.
func notKeptPlan(t *testing.T) *Plan {
	t.Helper()
	change := func(pointer, before, after string, notKept bool) PropertyChange {
		c := PropertyChange{Pointer: pointer, Origin: Deploy, NotKept: notKept}
		if before != "" {
			c.Before = json.RawMessage(before)
		}
		if after != "" {
			c.After = json.RawMessage(after)
		}
		return c
	}
	secret := change("/password", `"[redacted]"`, `"[redacted]"`, true)
	secret.Redacted = true
	p := &Plan{Format: format.FormatVersion, Tenant: "contoso", Items: []Item{
		{ID: "policies/A", Kind: "policies", Key: "A", Verb: tenant.Update, Origin: Deploy, After: json.RawMessage(`{"members":["a","b","d"],"name":"new","password":"[redacted]","state":"on"}`),
			Changes: []PropertyChange{change("/members/-", ``, `"a"`, true), change("/members/-", ``, `"b"`, false), change("/members/-", `"c"`, ``, true),
				change("/name", `"old"`, `"new"`, false), secret, change("/state", ``, `"on"`, true)}},
		{ID: "policies/B", Kind: "policies", Key: "B", Verb: tenant.Update, Origin: Deploy, After: json.RawMessage(`{"state":"on"}`),
			Changes: []PropertyChange{change("/state", `"off"`, `"on"`, true)}},
		{ID: "policies/C", Kind: "policies", Key: "C", Verb: tenant.Delete, Origin: Deploy, Changes: []PropertyChange{change("", `{"state":"on"}`, ``, true)}},
	}}
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDeviations(t *testing.T) {
	want := []Deviation{
		{Kind: "policies", Key: "A", Pointer: "/members", Accepted: json.RawMessage(`["b","d","c"]`)}, // b is added; the service does not keep the changes of a and c
		{Kind: "policies", Key: "A", Pointer: "/state"},
		{Kind: "policies", Key: "B", Pointer: "/state", Accepted: json.RawMessage(`"off"`)},
	}
	got := notKeptPlan(t).Deviations()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got[0].Owner, got[0].Reason, got[0].Expires = "ann", "it is so", time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	raw, err := json.Marshal(got[:2])
	if err != nil {
		t.Fatal(err)
	}
	const stored = `[{"kind":"policies","key":"A","pointer":"/members","accepted":["b","d","c"],"owner":"ann","reason":"it is so","expires":"2026-06-01T00:00:00Z"},` +
		`{"kind":"policies","key":"A","pointer":"/state"}]`
	if string(raw) != stored {
		t.Errorf("JSON is %s, want %s", raw, stored)
	}
	var again []Deviation
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got[:2], again); diff != "" {
		t.Errorf("decoded (-want +got)\n%s", diff)
	}
}

// TestNotKeptIsShown: the renderers add the remark to the item if the service kept
// none of its changes before, and otherwise to each such change.
func TestNotKeptIsShown(t *testing.T) {
	p := notKeptPlan(t)
	for name, render := range map[string]func(*bytes.Buffer) error{
		"text":     func(b *bytes.Buffer) error { return p.Text(b) },
		"Markdown": func(b *bytes.Buffer) error { return p.Markdown(b) },
	} {
		var b bytes.Buffer
		if err := render(&b); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(b.String(), notKept); got != 6 {
			t.Errorf("%s: %d remarks, want 4 in A, 1 in B and 1 in C:\n%s", name, got, b.String())
		}
	}
	if got := p.Items[1].Changes[0].String(); !strings.HasSuffix(got, "("+notKept+")") {
		t.Errorf("String = %s, want the suffix (%s)", got, notKept)
	}
}
