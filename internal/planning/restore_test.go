package planning_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/planning"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/tenant"
)

// restorer is a client whose service keeps deleted objects.
type restorer struct {
	tenant.Client
	deleted tenant.Deleted
	err     error
	asked   int
}

func (r *restorer) Deleted(context.Context, tenant.DeletedRequest) (tenant.Deleted, error) {
	r.asked++
	return r.deleted, r.err
}

// A roll back restores the object that was deleted, or says why it creates another one.
func TestRollBackRestores(t *testing.T) {
	at := func(id, name, color string, day int) tenant.DeletedObject {
		return tenant.DeletedObject{Resource: tenant.Resource{Kind: "groups", ID: id, Body: body(name, color)}, At: time.Date(2026, 12, day, 0, 0, 0, 0, time.UTC)}
	}
	kept := func(preview bool, objects ...tenant.DeletedObject) tenant.Deleted {
		return tenant.Deleted{Kept: true, Preview: preview, Objects: objects}
	}
	busy := &tenant.Error{Class: tenant.Transient, Message: "busy"}
	for _, tt := range []struct {
		name  string
		asks  *restorer // nil for a client that restores nothing
		want  []string
		notes string // part of the only note, or ""
		err   bool
	}{
		{name: "no restorer", want: []string{`create A restored=false preview=false ""`}},
		{name: "as it was", asks: &restorer{deleted: kept(false, at("id-A", "A", "red", 1))}, want: []string{`create A restored=true preview=false "id-A"`}},
		{name: "by a preview", asks: &restorer{deleted: kept(true, at("id-A", "A", "red", 1))}, want: []string{`create A restored=true preview=true "id-A"`}},
		{name: "in another form", asks: &restorer{deleted: kept(false, at("id-A", "A", "blue", 1))}, want: []string{`create A restored=true preview=false "id-A"`}},
		{name: "the last of two", asks: &restorer{deleted: kept(false, at("id-1", "A", "red", 1), at("id-2", "A", "red", 3), at("id-3", "A", "red", 2))}, want: []string{`create A restored=true preview=false "id-2"`}},
		{name: "two of one time", asks: &restorer{deleted: kept(false, at("id-1", "A", "red", 1), at("id-2", "A", "red", 1))}, want: []string{`create A restored=false preview=false ""`}, notes: "several deleted objects have its name"},
		{name: "another name", asks: &restorer{deleted: kept(false, at("id-1", "Z", "red", 1))}, want: []string{`create A restored=false preview=false ""`}, notes: "removed for good, or too long ago"},
		{name: "nothing is kept", asks: &restorer{}, want: []string{`create A restored=false preview=false ""`}, notes: "keeps no deleted objects of this kind"},
		{name: "the read fails", asks: &restorer{err: busy}, want: []string{`create A restored=false preview=false ""`}, notes: "could not be read"},
		{name: "the token is refused", asks: &restorer{err: &tenant.Error{Class: tenant.Unauthenticated}}, err: true},
		{name: "a body that is no object", asks: &restorer{deleted: kept(false, tenant.DeletedObject{Resource: tenant.Resource{Kind: "groups", ID: "x", Body: []byte(`[`)}})}, want: []string{`create A restored=false preview=false ""`}, notes: "removed for good, or too long ago"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, first := newWorld(t)
			delete(w.groups, "A")
			w.gone = []diff.Object{{Kind: "groups", ID: "id-A"}}
			req := w.request(w.made(true), word.Full)
			req.RollBackTo = first
			if tt.asks != nil {
				req.Client = tt.asks
			}
			p, err := planning.Make(t.Context(), req)
			if tt.err {
				if err == nil || p != nil {
					t.Errorf("got %+v, want an error", p)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got, notes []string
			for _, it := range p.Plan.Items {
				got = append(got, fmt.Sprintf("%s %s restored=%v preview=%v %q", it.Verb, it.Key, it.Restored, it.Preview, it.TenantID))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("items (-want +got)\n%s", d)
			}
			for _, n := range p.Plan.Notes {
				if n.Class == "recreated" {
					notes = append(notes, n.Message)
				}
			}
			if all := strings.Join(notes, "\n"); (len(notes) == 1) != (tt.notes != "") || !strings.Contains(all, tt.notes) {
				t.Errorf("notes %q, want %q", notes, tt.notes)
			}
			if tt.asks != nil && tt.asks.asked != 1 {
				t.Errorf("asked %d times, want once", tt.asks.asked)
			}
		})
	}
	// The end of the context ends the plan.
	w, first := newWorld(t)
	delete(w.groups, "A")
	w.gone = []diff.Object{{Kind: "groups", ID: "id-A"}}
	req := w.request(w.made(true), word.Full)
	req.RollBackTo, req.Client = first, &restorer{err: busy}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("stopped")
	cancel(cause)
	if p, err := planning.Make(ctx, req); p != nil || !errors.Is(err, cause) && failure.Classify(err) == "" {
		t.Errorf("got %+v, %v, want the end of the context", p, err)
	}
}
