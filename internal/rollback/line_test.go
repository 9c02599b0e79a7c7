package rollback

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// newPlanned returns a repository whose desired line has the groups A and B in
// blue, and whose backup has A and C in red.
func newPlanned(t *testing.T) (Planned, *tenant.MemoryRepository) {
	t.Helper()
	r := tenant.NewMemoryRepository()
	snap := tenant.Snapshot{Kinds: []tenant.KindState{{Kind: "groups", Completeness: tenant.Complete}}}
	for _, name := range []string{"A", "C"} {
		snap.Resources = append(snap.Resources, tenant.Resource{Kind: "groups", Key: name, Body: []byte(group(name, "red"))})
	}
	rev, err := r.Backup(t.Context(), tenant.BackupRequest{Tenant: "contoso", Key: "k", Snapshot: snap})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"A", "B"} {
		if err := r.Edit("contoso", "groups", name, []byte(group(name, "${var:color}"))); err != nil {
			t.Fatal(err)
		}
	}
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "groups"}})
	if err != nil {
		t.Fatal(err)
	}
	p := Planned{Lines: repo.Lines{Repository: r, Tenant: "contoso", MaxAttempts: 3, WriteTimeout: time.Minute, Kinds: kinds},
		From: rev.ID, Variables: map[string]string{"color": "blue"}}
	p.Revision = head(t, r).Revision
	return p, r
}

func group(name, color string) string {
	return fmt.Sprintf(`{"color":%q,"displayName":%q}`, color, name)
}

func head(t *testing.T, r *tenant.MemoryRepository) tenant.Desired {
	t.Helper()
	d, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// colors returns the groups' colors by name.
func colors(d tenant.Desired) map[string]string {
	out := map[string]string{}
	for _, r := range d.Resources {
		_, color, _ := strings.Cut(strings.ReplaceAll(string(r.Body), " ", ""), `"color":"`)
		out[r.Key], _, _ = strings.Cut(color, `"`)
	}
	return out
}

// The line that a plan was made from is the line at the plan's revision, and in a
// roll back as the backup has it.
func TestLine(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(p *Planned)
		want   map[string]string
		err    error
	}{
		{"a roll back", nil, map[string]string{"A": "red", "C": "red"}, nil},
		{"a roll back of one object", func(p *Planned) { p.Targets = []plan.Target{{Kind: "groups", Key: "C"}} },
			map[string]string{"A": "${var:color}", "B": "${var:color}", "C": "red"}, nil},
		{"a variable of the snapshot's value", func(p *Planned) { p.Variables["color"] = "red" }, map[string]string{"A": "${var:color}", "C": "red"}, nil},
		{"no roll back", func(p *Planned) { p.From = "" }, map[string]string{"A": "${var:color}", "B": "${var:color}"}, nil},
		{"a backup that is not kept", func(p *Planned) { p.From = "b-gone" }, nil, tenant.ErrNoRevision},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, r := newPlanned(t)
			if err := r.Edit("contoso", "groups", "D", []byte(`{}`)); err != nil { // since the plan was made
				t.Fatal(err)
			}
			if tt.change != nil {
				tt.change(&p)
			}
			got, err := p.Line(t.Context())
			if !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, colors(got)); tt.err == nil && diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// An approved roll back is written once, its approved items alone, and not over
// an edit.
func TestCommit(t *testing.T) {
	items := []*plan.Item{{Kind: "groups", Key: "A"}, {Kind: "groups", Key: "B"}}
	p, r := newPlanned(t)
	rev, err := p.Commit(t.Context(), "run-1", "bob, cem", items)
	if err != nil || rev != head(t, r).Revision {
		t.Fatalf("got %s, %v, want the head %s", rev, err, head(t, r).Revision)
	}
	if diff := cmp.Diff(map[string]string{"A": "red"}, colors(head(t, r))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	revs, err := r.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.DesiredLine})
	if err != nil || revs[0].Message != "Roll contoso back to "+p.From || revs[0].Author != "bob, cem" {
		t.Errorf("the revision is %+v, %v", revs[0], err)
	}
	if again, err := p.Commit(t.Context(), "run-1", "bob, cem", items); err != nil || again != rev {
		t.Errorf("again: got %s, %v, want %s", again, err, rev)
	}
	if got, err := p.Commit(t.Context(), "run-2", "bob", items); got != "" || failure.Classify(err) != "repository_moved" || !errors.Is(err, tenant.ErrMoved) {
		t.Errorf("over an edit: got %q, %v, want it refused", got, err)
	}
	p.From = "b-gone"
	if got, err := p.Commit(t.Context(), "run-3", "bob", items); got != "" || failure.Classify(err) != "repository" {
		t.Errorf("without the backup: got %q, %v", got, err)
	}
}

// An item that gets its former name back changes both files, and no file changes
// twice.
func TestChanges(t *testing.T) {
	line := tenant.Desired{Resources: []tenant.Resource{{Kind: "groups", Key: "Old", Body: []byte(`{"n":1}`)}, {Kind: "apps", Key: "New", Body: []byte(`{"n":2}`)}}}
	got := changes(line, []*plan.Item{{Kind: "groups", Key: "Old", RenamedFrom: "New"}, {Kind: "groups", Key: "Old"}})
	want := []tenant.Change{{Kind: "groups", Key: "Old", Body: []byte(`{"n":1}`)}, {Kind: "groups", Key: "New"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
