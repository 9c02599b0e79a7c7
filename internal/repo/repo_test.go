package repo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

var (
	errAway  = errors.New("away")
	errPanic = failure.New(word.ClassInternal, "a panic")
)

// scripted is a repository whose next calls fail with these errors, and which
// counts the calls by name.
type scripted struct {
	*tenant.MemoryRepository
	errs  []error
	calls []string
	// during is called while an update is under way.
	during func(context.Context)
}

func (r *scripted) call(name string) error {
	r.calls = append(r.calls, name)
	if len(r.errs) == 0 {
		return nil
	}
	err := r.errs[0]
	r.errs = r.errs[1:]
	return err
}

func (r *scripted) Desired(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
	if err := r.call(strings.TrimSpace("Desired " + req.Revision)); err != nil {
		return tenant.Desired{}, err
	}
	return r.MemoryRepository.Desired(ctx, req)
}

func (r *scripted) Update(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
	if err := r.call("Update"); err != nil {
		return tenant.Revision{}, err
	}
	if r.during != nil {
		r.during(ctx)
	}
	if err := ctx.Err(); err != nil {
		return tenant.Revision{}, err
	}
	return r.MemoryRepository.Update(ctx, req)
}

func (r *scripted) Backup(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
	if err := r.call("Backup"); err != nil {
		return tenant.Revision{}, err
	}
	return r.MemoryRepository.Backup(ctx, req)
}

func (r *scripted) Snapshot(ctx context.Context, req tenant.SnapshotRequest) (tenant.Snapshot, error) {
	if err := r.call("Snapshot " + req.Revision); err != nil {
		return tenant.Snapshot{}, err
	}
	return r.MemoryRepository.Snapshot(ctx, req)
}

func (r *scripted) History(ctx context.Context, req tenant.RepositoryHistoryRequest) ([]tenant.Revision, error) {
	if err := r.call("History"); err != nil {
		return nil, err
	}
	return r.MemoryRepository.History(ctx, req)
}

// newLines returns the lines of a tenant whose repository's next calls fail
// with errs. Each call is attempted three times.
func newLines(errs ...error) (repo.Lines, *scripted) {
	r := &scripted{MemoryRepository: tenant.NewMemoryRepository(), errs: errs}
	return repo.Lines{Repository: r, Tenant: "contoso", MaxAttempts: 3, WriteTimeout: time.Minute}, r
}

// calls are what a run asks of the repository, each with the name of its act.
var calls = map[string]struct {
	act  string
	call func(context.Context, repo.Lines) error
}{
	"Desired": {"read the desired line", func(ctx context.Context, l repo.Lines) error { _, err := l.Desired(ctx); return err }},
	"Snapshot": {"read the snapshot b1", func(ctx context.Context, l repo.Lines) error {
		_, err := l.Snapshot(ctx, "b1")
		return err
	}},
	"Update": {"adopt", func(ctx context.Context, l repo.Lines) error {
		_, err := l.Update(ctx, "adopt", tenant.UpdateRequest{Key: "k"})
		return err
	}},
	"Written": {"look", func(ctx context.Context, l repo.Lines) error {
		_, err := l.Written(ctx, "look", "r1", "k")
		return err
	}},
	"Backup": {"back up", func(ctx context.Context, l repo.Lines) error {
		_, err := l.Backup(ctx, "back up", tenant.BackupRequest{Key: "k"})
		return err
	}},
}

// Each call repeats what another attempt can change, and nothing else.
func TestAttempts(t *testing.T) {
	tests := []struct {
		name  string
		err   error
		ended bool // the context has
		calls int
		again bool
	}{
		{name: "away", err: errAway, calls: 3, again: true},
		{name: "timed out in the repository", err: context.DeadlineExceeded, calls: 3, again: true},
		{name: "moved", err: tenant.ErrMoved, calls: 1},
		{name: "no revision", err: fmt.Errorf("pruned: %w", tenant.ErrNoRevision), calls: 1},
		{name: "invalid", err: tenant.ErrInvalidRequest, calls: 1},
		{name: "newer", err: tenant.ErrNewerFormat, calls: 1},
		{name: "newer, in the host's store", err: failure.ErrNewer, calls: 1},
		{name: "gone from the host's store", err: fmt.Errorf("blob: %w", state.ErrNotFound), calls: 1},
		{name: "away, and the work has ended", err: errAway, ended: true, calls: 1},
	}
	for name, c := range calls {
		for _, tt := range tests {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, r := newLines(tt.err, tt.err, tt.err, tt.err)
					ctx, stop := context.WithCancel(t.Context())
					defer stop()
					if tt.ended {
						stop()
					}
					err := c.call(ctx, l)
					if again := errors.As(err, new(*failure.Retryable)); failure.Classify(err) != "repository" || again != tt.again {
						t.Fatalf("got %#v, want an error of the repository that is retryable: %t", err, tt.again)
					}
					if tt.ended && name == "Update" { // it is not sent
						if len(r.calls) != 0 {
							t.Errorf("called %q, want no call", r.calls)
						}
						return
					}
					if !errors.Is(err, tt.err) || err.Error() != c.act+": "+tt.err.Error() {
						t.Errorf("got %q, want %q", err, c.act+": "+tt.err.Error())
					}
					if len(r.calls) != tt.calls {
						t.Errorf("called %q, want %d calls", r.calls, tt.calls)
					}
				})
			})
		}
	}
}

// A panic is returned unchanged, and the call is not repeated.
func TestPanics(t *testing.T) {
	for name, c := range calls {
		t.Run(name, func(t *testing.T) {
			l, r := newLines(errPanic, errPanic)
			if err := c.call(t.Context(), l); err != errPanic || len(r.calls) != 1 {
				t.Errorf("got %v after %q, want the error itself after one call", err, r.calls)
			}
		})
	}
}

// A call that succeeds at the last attempt has succeeded.
func TestLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, r := newLines(errAway, errAway)
		if d, err := l.Desired(t.Context()); err != nil || d.Revision == "" || len(r.calls) != 3 {
			t.Errorf("got %+v, %v after %q, want the head at the third attempt", d, err, r.calls)
		}
	})
}

// write writes a group as people do.
func write(t *testing.T, r *scripted, key, body string) (revision string) {
	t.Helper()
	if err := r.Edit("contoso", "groups", key, []byte(body)); err != nil {
		t.Fatal(err)
	}
	d, err := r.MemoryRepository.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	return d.Revision
}

// At reads a revision, and the head in place of one that is not kept.
func TestAt(t *testing.T) {
	l, r := newLines()
	old, head := write(t, r, "A", `{}`), write(t, r, "B", `{}`)
	for _, tt := range []struct {
		name string
		errs []error
		want string
	}{
		{"kept", nil, old},
		{"not kept", []error{tenant.ErrNoRevision}, head},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.errs = tt.errs
			if d, err := l.At(t.Context(), old); err != nil || d.Revision != tt.want {
				t.Errorf("got %s, %v, want %s", d.Revision, err, tt.want)
			}
		})
	}
	r.errs = []error{tenant.ErrNoRevision, tenant.ErrNewerFormat}
	if d, err := l.At(t.Context(), old); !errors.Is(err, tenant.ErrNewerFormat) {
		t.Errorf("got %+v, %v, want the error of the second read", d, err)
	}
	r.errs = []error{tenant.ErrNewerFormat}
	if d, err := l.At(t.Context(), old); !errors.Is(err, tenant.ErrNewerFormat) {
		t.Errorf("got %+v, %v, want the error of the read", d, err)
	}
}

// The head is the history's newest revision, or that of an empty line.
func TestHead(t *testing.T) {
	l, r := newLines()
	empty, err := r.MemoryRepository.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	head := func(want string, calls ...string) {
		t.Helper()
		r.calls = nil
		got, err := l.Head(t.Context())
		if diff := cmp.Diff(calls, r.calls); err != nil || got != want || diff != "" {
			t.Errorf("got %q, %v, want %q; calls (-want +got)\n%s", got, err, want, diff)
		}
	}
	head(empty.Revision, "History", "Desired")
	write(t, r, "A", `{}`)
	head(write(t, r, "B", `{}`), "History")
	r.errs = []error{errAway}
	_, err = l.Head(t.Context())
	if want := "contoso: read the head of the desired line: away"; err == nil || err.Error() != want || failure.Classify(err) == "repository" {
		t.Errorf("got %v, want %q and no class", err, want)
	}
}

// Written tells an update that was made from one that was not, also after the
// line has moved on, and makes none.
func TestWritten(t *testing.T) {
	for _, tt := range []struct {
		name string
		// before is what happened after the intent to write.
		before func(t *testing.T, l repo.Lines, r *scripted, parent string) (written string)
	}{
		{"nothing happened", func(*testing.T, repo.Lines, *scripted, string) string { return "" }},
		{"it was made", makeUpdate},
		{"it was made, and somebody has edited the line since", func(t *testing.T, l repo.Lines, r *scripted, parent string) string {
			rev := makeUpdate(t, l, r, parent)
			write(t, r, "C", `{}`)
			return rev
		}},
		{"somebody has edited the line", func(t *testing.T, _ repo.Lines, r *scripted, _ string) string {
			write(t, r, "C", `{}`)
			return ""
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, r := newLines()
			parent := write(t, r, "A", `{}`)
			want := tt.before(t, l, r, parent)
			head, err := l.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got, err := l.Written(t.Context(), "look", parent, "key"); err != nil || got != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
			if now, err := l.Head(t.Context()); err != nil || now != head {
				t.Errorf("the head is %s, %v, want it to stay %s", now, err, head)
			}
		})
	}
}

// Whichever call of Written fails, Written returns its error. It does not say that the
// update was not made.
func TestWrittenFails(t *testing.T) {
	for at := range 2 {
		l, r := newLines()
		parent := write(t, r, "A", `{}`)
		makeUpdate(t, l, r, parent)
		r.calls, r.errs = nil, append(make([]error, at), tenant.ErrNewerFormat)
		if got, err := l.Written(t.Context(), "look", parent, "key"); !errors.Is(err, tenant.ErrNewerFormat) || got != "" || len(r.calls) != at+1 {
			t.Errorf("where call %d fails: got %q, %v after %v, want the error", at, got, err, r.calls)
		}
	}
}

// makeUpdate writes group B under the key "key".
func makeUpdate(t *testing.T, l repo.Lines, _ *scripted, parent string) string {
	t.Helper()
	rev, err := l.Update(t.Context(), "adopt", tenant.UpdateRequest{Parent: parent, Key: "key", Changes: []tenant.Change{{Kind: "groups", Key: "B", Body: []byte(`{}`)}}})
	if err != nil {
		t.Fatal(err)
	}
	return rev.ID
}

// A write that was sent when the work ended is waited for, for a limited time.
func TestUpdateOutlivesTheWork(t *testing.T) {
	for _, tt := range []struct {
		name   string
		takes  time.Duration
		err    error
		waited time.Duration
	}{
		{"a write that ends in time", 30 * time.Second, nil, 30 * time.Second},
		{"a write that hangs", time.Hour, context.Canceled, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, r := newLines()
				parent := write(t, r, "A", `{}`)
				ctx, stop := context.WithCancel(t.Context())
				begun := time.Now()
				r.during = func(call context.Context) {
					stop()
					select {
					case <-call.Done():
					case <-time.After(tt.takes):
					}
				}
				rev, err := l.Update(ctx, "adopt", tenant.UpdateRequest{Parent: parent, Key: "key", Changes: []tenant.Change{{Kind: "groups", Key: "B", Body: []byte(`{}`)}}})
				if !errors.Is(err, tt.err) || (err == nil) != (rev.ID != "") {
					t.Errorf("got %+v, %v, want %v", rev, err, tt.err)
				}
				if waited := time.Since(begun); waited != tt.waited || len(r.calls) != 1 {
					t.Errorf("waited %s with %q, want %s with one call", waited, r.calls, tt.waited)
				}
			})
		})
	}
}

// An error of an update keeps no text that could repeat a secret of the files.
func TestUpdateRedacts(t *testing.T) {
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "groups", NaturalKey: []string{"/displayName"}, Sensitive: []string{"/psk"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ body, want string }{
		{`{"psk":"hunter2hunter2"}`, ""},
		{`{"color":"red"}`, "hunter2hunter2"},
	} {
		l, _ := newLines(fmt.Errorf("refused: hunter2hunter2: %w", tenant.ErrInvalidRequest))
		l.Kinds = kinds
		_, err := l.Update(t.Context(), "adopt", tenant.UpdateRequest{Key: "k", Changes: []tenant.Change{{Kind: "groups", Key: "G", Body: []byte(tt.body)}}})
		if !errors.Is(err, tenant.ErrInvalidRequest) || strings.Contains(err.Error(), "hunter2") != (tt.want != "") {
			t.Errorf("%s: got %v, want ErrInvalidRequest with the text %q", tt.body, err, tt.want)
		}
	}
}

// A panic of an update is an error that names the act.
func TestUpdateIsSafe(t *testing.T) {
	l, r := newLines()
	r.during = func(context.Context) { panic("boom") }
	l.Safely = func(act string, f func() error) func() error {
		return func() (err error) {
			defer func() { err = fmt.Errorf("%s: %v: %w", act, recover(), errPanic) }()
			return f()
		}
	}
	if _, err := l.Update(t.Context(), "adopt", tenant.UpdateRequest{Key: "k"}); err == nil || err.Error() != "adopt: boom: a panic" || !failure.IsPanic(err) {
		t.Errorf("got %v, want the panic as an error", err)
	}
}

// Lines add their tenant to each request.
func TestTenant(t *testing.T) {
	l, r := newLines()
	snap := tenant.Snapshot{Kinds: []tenant.KindState{{Kind: "groups", Completeness: tenant.Complete}}, Resources: []tenant.Resource{{Kind: "groups", Key: "A", Body: []byte(`{}`)}}}
	rev, err := l.Backup(t.Context(), "back up", tenant.BackupRequest{Key: "k", Snapshot: snap})
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.Snapshot(t.Context(), rev.ID)
	if err != nil || len(got.Resources) != 1 {
		t.Errorf("got %+v, %v, want the snapshot", got, err)
	}
	parent := write(t, r, "A", `{}`)
	makeUpdate(t, l, r, parent)
	if d, err := l.Desired(t.Context()); err != nil || len(d.Resources) != 2 {
		t.Errorf("got %+v, %v, want both groups", d, err)
	}
}

// Equal writes have equal keys, and others have other keys.
func TestKey(t *testing.T) {
	changes := []tenant.Change{{Kind: "groups", Key: "A", Body: []byte(`{}`)}}
	key := repo.Key("run-1", "adopt", "r1", changes)
	if want := "run-1/adopt/55e1e004e12d59b8"; key != want {
		t.Errorf("got %s, want %s: a run that another version began must find its write again", key, want)
	}
	for _, other := range []string{
		repo.Key("run-2", "adopt", "r1", changes), repo.Key("run-1", "revert", "r1", changes), repo.Key("run-1", "adopt", "r2", changes), repo.Key("run-1", "adopt", "r1", nil),
	} {
		if other == key {
			t.Errorf("another write has the key %s too", other)
		}
	}
}

// With makes the changes on a copy.
func TestWith(t *testing.T) {
	group := func(key, body string) tenant.Resource {
		return tenant.Resource{Kind: "groups", Key: key, Body: []byte(body)}
	}
	line := tenant.Desired{Revision: "r1", Resources: []tenant.Resource{group("A", `{"n":1}`), group("B", `{"n":2}`)}}
	change := func(kind, key, body string) tenant.Change {
		ch := tenant.Change{Kind: kind, Key: key}
		if body != "" {
			ch.Body = []byte(body)
		}
		return ch
	}
	for _, tt := range []struct {
		name    string
		changes []tenant.Change
		want    []tenant.Resource
	}{
		{"none", nil, line.Resources},
		{"an update", []tenant.Change{change("groups", "A", `{"n":9}`)}, []tenant.Resource{group("A", `{"n":9}`), group("B", `{"n":2}`)}},
		{"a delete", []tenant.Change{change("groups", "A", "")}, []tenant.Resource{group("B", `{"n":2}`)}},
		{"a create", []tenant.Change{change("groups", "C", `{"n":3}`)}, []tenant.Resource{group("A", `{"n":1}`), group("B", `{"n":2}`), group("C", `{"n":3}`)}},
		{"a create, and then an update", []tenant.Change{change("groups", "C", `{"n":3}`), change("groups", "C", `{"n":4}`)},
			[]tenant.Resource{group("A", `{"n":1}`), group("B", `{"n":2}`), group("C", `{"n":4}`)}},
		{"a create, and then a delete", []tenant.Change{change("groups", "C", `{"n":3}`), change("groups", "C", "")}, line.Resources},
		{"a delete, and then a create", []tenant.Change{change("groups", "A", ""), change("groups", "A", `{"n":9}`)},
			[]tenant.Resource{group("B", `{"n":2}`), group("A", `{"n":9}`)}},
		{"a delete of what is not there", []tenant.Change{change("groups", "C", ""), change("locations", "A", "")}, line.Resources},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := repo.With(line, tt.changes)
			if diff := cmp.Diff(tenant.Desired{Revision: "r1", Resources: tt.want}, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if string(line.Resources[0].Body) != `{"n":1}` || len(line.Resources) != 2 {
				t.Errorf("the line itself was changed: %+v", line)
			}
		})
	}
}

// Counted is a number with its noun.
func TestCounted(t *testing.T) {
	for n, want := range map[int]string{0: "0 changes", 1: "1 change", 2: "2 changes"} {
		if got := repo.Counted(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
