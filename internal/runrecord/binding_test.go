package runrecord_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

var owner = runrecord.Owner{Tenant: "contoso", Run: "run-2"}

func blob(kind string, edit func(*state.BlobRef)) *state.BlobRef {
	ref := &state.BlobRef{Tenant: "contoso", Run: "run-2", Kind: kind, Size: 7, SHA256: "5a"}
	if edit != nil {
		edit(ref)
	}
	return ref
}

// wantStale checks that an error says that the plan is another one, and that no
// later attempt would succeed.
func wantStale(t *testing.T, err error, part string) {
	t.Helper()
	if !errors.Is(err, runrecord.ErrStalePlan) || !failure.Dispose(t.Context(), err).Lost || !strings.Contains(err.Error(), part) {
		t.Errorf("got %v, want an ErrStalePlan of lost documents with %q", err, part)
	}
}

// Whatever the record leads to other than the plan and the ids that were decided
// on is refused.
func TestBinding(t *testing.T) {
	decided := func() (runrecord.Binding, runrecord.Documents) {
		return runrecord.Binding{Digest: "d1g357", Plan: blob("plan", nil), Bindings: blob("bindings", nil)},
			runrecord.Documents{Digest: "d1g357", Plan: blob("plan", nil), Bindings: blob("bindings", nil)}
	}
	if b, d := decided(); b.Check(owner, d, []string{"bob"}) != nil {
		t.Errorf("the plan that was decided on: got %v", b.Check(owner, d, nil))
	}
	for _, tt := range []struct {
		name string
		edit func(b *runrecord.Binding, d *runrecord.Documents)
		want string
	}{
		{"another digest", func(_ *runrecord.Binding, d *runrecord.Documents) { d.Digest = "another" }, `"another", and that of the decision by bob, cem is "d1g357"`},
		{"no digest on either side", func(b *runrecord.Binding, d *runrecord.Documents) { b.Digest, d.Digest = "", "" }, "that of the decision"},
		{"another blob as the plan", func(_ *runrecord.Binding, d *runrecord.Documents) { d.Plan.SHA256 = "6b" }, "another plan"},
		{"no plan in the record", func(_ *runrecord.Binding, d *runrecord.Documents) { d.Plan = nil }, "another plan"},
		{"no plan on either side", func(b *runrecord.Binding, d *runrecord.Documents) { b.Plan, d.Plan = nil, nil }, "another plan"},
		{"other ids", func(_ *runrecord.Binding, d *runrecord.Documents) { d.Bindings.Size = 8 }, "other ids"},
		{"no ids on either side", func(b *runrecord.Binding, d *runrecord.Documents) { b.Bindings, d.Bindings = nil, nil }, "other ids"},
		{"the plan of another run", func(b *runrecord.Binding, d *runrecord.Documents) { b.Plan.Run, d.Plan.Run = "run-1", "run-1" }, "the plan of run run-1"},
		{"the ids of another run", func(b *runrecord.Binding, d *runrecord.Documents) { b.Bindings.Run, d.Bindings.Run = "run-1", "run-1" }, "the bindings of run run-1"},
		{"the plan of another tenant", func(b *runrecord.Binding, d *runrecord.Documents) {
			b.Plan.Tenant, d.Plan.Tenant = "fabrikam", "fabrikam"
		}, `of tenant "fabrikam"`},
	} {
		b, d := decided()
		tt.edit(&b, &d)
		t.Run(tt.name, func(t *testing.T) { wantStale(t, b.Check(owner, d, []string{"bob", "cem"}), tt.want) })
	}
}

func TestDecodePlan(t *testing.T) {
	encoded := func(tenantName string) ([]byte, string) {
		p := &plan.Plan{Format: format.FormatVersion, Tenant: tenantName}
		if err := p.Seal(); err != nil {
			t.Fatal(err)
		}
		raw, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return raw, p.Digest
	}
	raw, digest := encoded("contoso")
	for _, known := range []string{digest, ""} { // a run that another one has followed has no digest
		if p, err := owner.DecodePlan(raw, known); err != nil || p.Digest != digest {
			t.Errorf("digest %q: got %v, %v", known, p, err)
		}
	}
	_, err := owner.DecodePlan(raw, "another")
	wantStale(t, err, "and the run's is another")
	other, otherDigest := encoded("fabrikam")
	_, err = owner.DecodePlan(other, otherDigest)
	wantStale(t, err, `the plan in the store is of tenant "fabrikam"`)
	if _, err := owner.DecodePlan([]byte(`{"format":99}`), digest); !failure.IsNewer(err) {
		t.Errorf("a newer plan: got %v, want ErrNewer", err)
	}
	if _, err := owner.DecodePlan([]byte(`{`), digest); !failure.Dispose(t.Context(), err).Lost || errors.Is(err, runrecord.ErrStalePlan) {
		t.Errorf("no plan at all: got %v, want an error of class storage", err)
	}
}

// Each blob that a record refers to is named: a store deletes the others.
func TestBlobs(t *testing.T) {
	d := runrecord.Documents{Adoption: blob("adoption", nil), Comparison: blob("comparison", nil), Plan: blob("plan", nil), Bindings: blob("bindings", nil)}
	r := runrecord.Results{After: blob("after", nil), Report: blob("report", nil)}
	var got []string
	for _, ref := range append(d.Blobs(), r.Blobs()...) {
		got = append(got, ref.Kind)
	}
	if want := "adoption comparison plan bindings after report"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
