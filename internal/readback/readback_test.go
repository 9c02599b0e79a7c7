package readback_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/readback"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

var later = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func object(kind, name, color string) tenant.Resource {
	return tenant.Resource{Kind: kind, ID: "id-" + name, Body: fmt.Appendf(nil, `{"color":%q,"displayName":%q}`, color, name)}
}

// newRequest returns a request about a tenant whose lists show the groups A, in
// red, and B, although the run has made A blue and deleted B.
func newRequest(t *testing.T, completeness tenant.Completeness) readback.Request {
	t.Helper()
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "groups", Create: true, Update: true, Delete: true}, {Name: "apps", Update: true}})
	if err != nil {
		t.Fatal(err)
	}
	r := tenant.NewMemoryRepository()
	state := func(kind string, c tenant.Completeness) tenant.KindState {
		return tenant.KindState{Kind: kind, Completeness: c, Scope: tenant.All}
	}
	before := tenant.Snapshot{Kinds: []tenant.KindState{state("groups", tenant.Complete), state("apps", tenant.Complete)}}
	for _, o := range []tenant.Resource{object("groups", "A", "red"), object("groups", "B", "red"), object("apps", "P", "red")} {
		o.Key, o.ID = o.ID[len("id-"):], ""
		before.Resources = append(before.Resources, o)
	}
	rev, err := r.Backup(t.Context(), tenant.BackupRequest{Tenant: "contoso", Key: "k", Snapshot: before})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Edit("contoso", "groups", "A", []byte(`{"color":"blue","displayName":"A"}`)); err != nil {
		t.Fatal(err)
	}
	line, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	now := tenant.Snapshot{Taken: later, Kinds: []tenant.KindState{state("groups", completeness), state("apps", tenant.Complete)},
		Resources: []tenant.Resource{object("groups", "A", "red"), object("groups", "B", "red")}}
	compared, err := diff.Prepare(diff.Input{Tenant: "contoso", Kinds: kinds, Desired: line, Current: now, Now: later, Keys: schema.DeriveKeys(nil, "contoso"),
		Targets: []plan.Target{{Kind: "groups"}}})
	if err != nil {
		t.Fatal(err)
	}
	return readback.Request{Comparison: compared, Touched: []plan.Target{{Kind: "groups"}}, Backup: rev.ID,
		Seen: &deploy.Verified{Objects: map[diff.Object]tenant.Resource{{Kind: "groups", ID: "id-A"}: object("groups", "A", "blue")},
			Gone: []diff.Object{{Kind: "groups", ID: "id-B"}}},
		Lines: repo.Lines{Repository: r, Tenant: "contoso", MaxAttempts: 1, Kinds: kinds}}
}

// after returns the stored objects as "kind/key color".
func after(t *testing.T, raw []byte) (out []string) {
	t.Helper()
	var s readback.Snapshot
	if err := json.Unmarshal(raw, &s); err != nil || s.Format != 1 || !s.Taken.Equal(later) {
		t.Fatalf("the snapshot is %s, %v", raw, err)
	}
	for _, r := range s.Resources {
		var body struct{ Color string }
		if err := json.Unmarshal(r.Body, &body); err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Kind+"/"+r.Key+" "+body.Color)
	}
	return out
}

// What was read back takes the place of what lists still show, in the base and in
// the snapshot, also of a kind whose contents are not all read. Kinds that the run
// did not touch are as before.
func TestCompare(t *testing.T) {
	for _, completeness := range []tenant.Completeness{tenant.Complete, tenant.NamesOnly} {
		got, err := readback.Compare(t.Context(), newRequest(t, completeness))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Base.Objects) != 1 || got.Base.Objects[0].ID != "id-A" || got.Base.Objects[0].AgreedSum == "" {
			t.Errorf("%s: the base has %+v, want both sides to agree on A alone", completeness, got.Base.Objects)
		}
		if diff := cmp.Diff([]string{"apps/P red", "groups/A blue"}, after(t, got.After)); diff != "" {
			t.Errorf("%s: after (-want +got)\n%s", completeness, diff)
		}
	}
}

// A kind that could not be read whole is in the snapshot as it was before.
func TestCompareOfAKindThatIsNotReadWhole(t *testing.T) {
	got, err := readback.Compare(t.Context(), newRequest(t, tenant.Partial))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"apps/P red", "groups/A red", "groups/B red"}, after(t, got.After)); diff != "" {
		t.Errorf("after (-want +got)\n%s", diff)
	}
}

// The base moves although the snapshot from before is not kept any more.
func TestCompareWithoutTheBackup(t *testing.T) {
	req := newRequest(t, tenant.Complete)
	req.Backup = "b-gone"
	got, err := readback.Compare(t.Context(), req)
	if !errors.Is(err, tenant.ErrNoRevision) || got.Base == nil || got.After != nil {
		t.Errorf("got %+v, %v, want the base and the error", got, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if got, err := readback.Compare(ctx, newRequest(t, tenant.Complete)); !errors.Is(err, context.Canceled) || got.Base != nil {
		t.Errorf("got %+v, %v, want the end of the context", got, err)
	}
}
