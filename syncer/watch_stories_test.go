package syncer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// watchedStories are whole runs, each with its own way to let a secret out.
var watchedStories = []struct {
	name string
	run  func(t *testing.T, w *watchedWorld)
}{
	{"a sign-in with wrong attempts", storySignIn},
	{"a token lost in the middle of a deploy", storyTokenLost},
	{"variables", storyVariables},
	{"refusals that quote what was sent", storyQuotes},
	{"rejected, and reverted", storyReject},
	{"rolled back", storyRollBack},
	{"a repository that quotes what was sent", storyRepositoryQuotes},
	{"drift", storyDrift},
	{"crashes", storyCrash},
	{"files that cannot be used", storyBadFiles},
	{"secrets that come back as asterisks", storyMasked},
	{"previews, pauses, cancellations and supersession", storyPeople},
}

func storySignIn(t *testing.T, w *watchedWorld) {
	p := w.worker(syncertest.Approves("bob"))
	desire(t, w.Harness, "contoso", "groups", "Staff", body("displayName", "Staff", "password", w.secret("first")))
	w.signs.expect(authtest.Declines(10 * time.Second))
	w.sync(t, p, syncer.FailedWith, syncer.Options{})
	w.signs.expect(authtest.Person{Act: authtest.Accept, After: 10 * time.Second, Directory: authtest.DirectoryOf("fabrikam")})
	w.sync(t, p, syncer.FailedWith, syncer.Options{})
	w.signs.expect(authtest.NeverComes())
	w.sync(t, p, syncer.TimedOut, syncer.Options{})
	w.signs.expect(authtest.NeverComes(), authtest.SignsIn(20*time.Second)) // the first code expires
	time.AfterFunc(10*time.Second, func() {
		row, err := w.row(p.Status(context.WithoutCancel(t.Context()), "contoso"))
		if err != nil || row.Prompt == nil || row.Prompt.UserCode == "" {
			t.Errorf("got %+v, %v, want a code to enter", row, err)
		}
		w.look(t, p)
	})
	w.sync(t, p, syncer.Deployed, syncer.Options{Comment: "at last"})
	if got := w.object("groups", "Staff"); !strings.Contains(got, "hunter1") {
		t.Errorf("the tenant has %s, want the secret in it", got)
	}
}

// object is the tenant's, whole.
func (w *watchedWorld) object(kind, name string) string {
	contoso := w.Tenant("contoso")
	var v any
	if err := json.Unmarshal(contoso.Object(kind, contoso.Find(kind, name)), &v); err != nil {
		return err.Error()
	}
	return fmt.Sprint(v)
}

func storyTokenLost(t *testing.T, w *watchedWorld) {
	p := w.worker(nil)
	for i := range 4 {
		name := fmt.Sprintf("Group %d", i)
		desire(t, w.Harness, "contoso", "groups", name, body("displayName", name, "password", w.secret("lost")))
	}
	w.signs.expect(authtest.SignsIn(time.Second))
	row := w.propose(t, p, syncer.Options{})
	w.decide(t, p, row, syncer.Approve)
	w.signs.end(w)
	w.await(t, p, row.Run, syncer.Deployed)
	if n := len(w.signs.codes()); n < 2 {
		t.Errorf("got %d codes, want a second one in the middle of the deploy", n)
	}
}

func storyVariables(t *testing.T, w *watchedWorld) {
	p := w.worker(syncertest.Approves("bob"))
	w.signs.expect(authtest.SignsIn(time.Second))
	one, two := w.secret("variable"), w.secret("changed variable")
	w.variable("psk", one)
	desire(t, w.Harness, "contoso", "groups", "Staff", body("displayName", "Staff", "password", "${var:psk}",
		"keys", []any{map[string]any{"name": "a", "value": "${var:psk}"}, map[string]any{"name": "b", "value": w.secret("in a list")}},
		"vault", map[string]any{"deep": []any{w.secret("deep"), 7}}))
	w.sync(t, p, syncer.Deployed, syncer.Options{})
	w.variable("psk", two)
	w.sync(t, p, syncer.Deployed, syncer.Options{Targets: nil})
	if got := w.object("groups", "Staff"); !strings.Contains(got, two) {
		t.Errorf("the tenant has %s, want the changed variable in it", got)
	}
	q := w.worker(nil) // a variable that changes between plan and write is not written
	desire(t, w.Harness, "contoso", "groups", "Guests", body("displayName", "Guests", "password", "${var:psk}"))
	row := w.propose(t, q, syncer.Options{})
	w.decide(t, q, row, syncer.Approve)
	w.variable("psk", w.secret("changed too late"))
	w.await(t, q, row.Run, syncer.FailedWith)
}

// quotes is a service that repeats in its errors all that it was sent.
func quotes(class tenant.Class, applied, maybe bool) func(tenant.Operation) tenanttest.WriteFault {
	return func(op tenant.Operation) tenanttest.WriteFault {
		long := string(op.Patch) + string(op.After)
		return tenanttest.WriteFault{Applied: applied, Err: &tenant.Error{Class: class, Code: "BadRequest",
			Message:      fmt.Sprintf("property 'password' of %s is not valid; the request was %q; it began with %.60s", op.After, op.Patch, long),
			RequestID:    "req-9",
			MaybeApplied: maybe,
			Err:          fmt.Errorf("400 Bad Request: %s, before: %s", op.After, op.Before),
		}}
	}
}

func storyQuotes(t *testing.T, w *watchedWorld) {
	p := w.worker(syncertest.Approves("bob"))
	w.signs.expect(authtest.SignsIn(time.Second))
	contoso := w.Tenant("contoso")
	edit := func() {
		t.Helper()
		desire(t, w.Harness, "contoso", "groups", "Staff", body("displayName", "Staff", "password", w.secret("quoted"),
			"keys", []any{map[string]any{"name": "a", "value": w.secret("quoted in a list")}}, "pin", 1))
	}
	edit()
	contoso.FailWrite(quotes(tenant.Invalid, false, false)) // of a create
	w.sync(t, p, syncer.FailedWith, syncer.Options{})
	contoso.FailWrite(quotes(tenant.Transient, false, true)) // nobody knows what became of it
	row, err := w.row(p.Retry(t.Context(), syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann"}))
	if err != nil {
		t.Fatal(err)
	}
	w.await(t, p, row.Run, syncer.FailedWith)
	contoso.FailWrite(nil)
	<-time.After(time.Hour)
	w.sync(t, p, syncer.Deployed, syncer.Options{})
	for _, class := range []tenant.Class{tenant.Permanent, tenant.Conflict, tenant.Throttled, tenant.Transient, tenant.AccessDenied, tenant.Unauthenticated} {
		edit()
		contoso.FailWrite(quotes(class, false, false)) // of an update
		row, err := w.row(p.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}}))
		if err != nil || row.Outcome == syncer.Deployed {
			t.Fatalf("%s: got %q, %v, want it to fail", class, row.Outcome, err)
		}
		w.look(t, p)
		contoso.FailWrite(nil)
		<-time.After(time.Hour)
	}
	edit()
	contoso.FailWrite(func(op tenant.Operation) tenanttest.WriteFault { // no error of ours
		return tenanttest.WriteFault{Applied: true, Err: errors.New("connection reset after " + string(op.Patch))}
	})
	w.sync(t, p, syncer.Deployed, syncer.Options{})
	contoso.FailWrite(nil)
	desire(t, w.Harness, "contoso", "groups", "Staff", "")
	contoso.FailWrite(quotes(tenant.Invalid, false, false)) // of a delete
	w.sync(t, p, syncer.FailedWith, syncer.Options{})
}

func storyReject(t *testing.T, w *watchedWorld) {
	p := w.worker(nil)
	w.signs.expect(authtest.SignsIn(time.Second))
	contoso := w.Tenant("contoso")
	contoso.Seed("groups", body("displayName", "Staff", "password", w.secret("tenant's"), "description", "x"))
	desire(t, w.Harness, "contoso", "groups", "Staff", body("displayName", "Staff", "password", w.secret("proposed"), "description", "y"))
	desire(t, w.Harness, "contoso", "groups", "New", body("displayName", "New", "password", w.secret("proposed new")))
	for _, tt := range []struct {
		verdict syncer.Verdict
		want    syncer.Outcome
	}{{syncer.Reject, syncer.Rejected}, {syncer.RejectAndRevert, syncer.Reverted}} {
		row := w.propose(t, p, syncer.Options{})
		w.decide(t, p, row, tt.verdict)
		w.await(t, p, row.Run, tt.want)
	}
}

func storyRollBack(t *testing.T, w *watchedWorld) {
	p := w.worker(syncertest.Approves("bob"))
	w.signs.expect(authtest.SignsIn(time.Second))
	w.variable("psk", w.secret("rolled back variable"))
	edit := func(description string) {
		desire(t, w.Harness, "contoso", "groups", "Staff", body("displayName", "Staff", "password", "${var:psk}", "description", description))
		desire(t, w.Harness, "contoso", "groups", "Guests", body("displayName", "Guests", "password", w.secret("rolled back"), "description", description))
	}
	edit("one")
	w.sync(t, p, syncer.Deployed, syncer.Options{})
	w.sync(t, p, syncer.NoChanges, syncer.Options{})
	line, err := w.Repository.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.BackupLine})
	if err != nil {
		t.Fatal(err)
	}
	edit("two")
	w.sync(t, p, syncer.Deployed, syncer.Options{})
	w.sync(t, p, syncer.Deployed, syncer.Options{DesiredFrom: line[0].ID})
	if got := w.object("groups", "Guests"); !strings.Contains(got, "description:one") {
		t.Errorf("the tenant has %s, want it rolled back", got)
	}
	w.sync(t, p, syncer.NoChanges, syncer.Options{})
}

func storyRepositoryQuotes(t *testing.T, w *watchedWorld) {
	p, q := w.worker(syncertest.Approves("bob")), w.worker(nil)
	w.signs.expect(authtest.SignsIn(time.Second))
	contoso := w.Tenant("contoso")
	down := errors.New("502 Bad Gateway")
	refuse := func(n int, cause error) {
		w.refuses = nil
		for range n {
			w.refuses = append(w.refuses, cause)
		}
	}
	edit := func(description string) {
		desire(t, w.Harness, "contoso", "groups", "Staff", body("displayName", "Staff", "password", w.secret("in a file"), "description", description))
	}
	edit("one")
	w.sync(t, p, syncer.Deployed, syncer.Options{})
	id := contoso.Find("groups", "Staff")
	contoso.Set("groups", id, body("description", "drifted")) // the file is written, with its secret
	refuse(1000, down)
	w.sync(t, p, syncer.FailedWith, syncer.Options{})
	refuse(2, tenant.ErrMoved)
	w.sync(t, p, syncer.Adopted, syncer.Options{})
	contoso.Set("groups", id, body("description", "drifted again"))
	refuse(1, tenant.ErrInvalidRequest)
	w.sync(t, p, syncer.FailedWith, syncer.Options{})
	w.sync(t, p, syncer.Adopted, syncer.Options{})

	edit("two")
	row := w.propose(t, q, syncer.Options{})
	refuse(1000, down)
	w.decide(t, q, row, syncer.RejectAndRevert)
	w.await(t, q, row.Run, syncer.FailedWith)
	refuse(0, nil)
	w.sync(t, p, syncer.Deployed, syncer.Options{})

	line, err := w.Repository.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.BackupLine})
	if err != nil {
		t.Fatal(err)
	}
	edit("three")
	w.sync(t, p, syncer.Deployed, syncer.Options{})
	refuse(1000, down)
	w.sync(t, p, syncer.FailedWith, syncer.Options{DesiredFrom: line[0].ID})
	refuse(0, nil)
}

func storyDrift(t *testing.T, w *watchedWorld) {
	p := w.worker(syncertest.Approves("bob"))
	w.signs.expect(authtest.SignsIn(time.Second))
	contoso := w.Tenant("contoso")
	contoso.Seed("groups", body("displayName", "Guests", "password", w.secret("adopted whole"), "keys", []any{map[string]any{"name": "a", "value": w.secret("adopted in a list")}}))
	desire(t, w.Harness, "contoso", "groups", "Staff", body("displayName", "Staff", "password", w.secret("before drift"), "description", "x"))
	w.sync(t, p, syncer.Deployed, syncer.Options{})
	id := contoso.Find("groups", "Staff")
	contoso.Set("groups", id, body("password", w.secret("drifted"), "description", "drifted")) // the secret and more
	w.sync(t, p, syncer.Adopted, syncer.Options{})
	contoso.Set("groups", id, body("password", w.secret("drifted alone")))
	contoso.Set("groups", contoso.Find("groups", "Guests"), body("keys", []any{map[string]any{"name": "b", "value": w.secret("drifted in a list")}}))
	w.row(p.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}))
	w.look(t, p)
	contoso.Set("groups", id, body("password", w.secret("drift against an edit"), "vault", w.secret("new in the tenant")))
	desire(t, w.Harness, "contoso", "groups", "Staff", body("displayName", "Staff", "password", w.secret("edit against drift"), "description", "z"))
	w.row(p.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}))
	w.look(t, p)
	contoso.Remove("groups", contoso.Find("groups", "Guests")) // deleted in the tenant
	w.row(p.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}))
	w.look(t, p)
	desire(t, w.Harness, "contoso", "groups", "Staff", "") // deleted in the repository
	w.row(p.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}))
	w.look(t, p)
	if contoso.Find("groups", "Staff") != "" {
		t.Error("the group was not deleted")
	}
}

func storyCrash(t *testing.T, w *watchedWorld) {
	w.signs.expect(authtest.SignsIn(time.Second))
	for _, after := range []bool{false, true} {
		for _, op := range []string{"Client.Apply", "Repository.Backup", "Blobs.Put", "Store.Commit"} {
			name := fmt.Sprintf("Group %s %v", op, after)
			desire(t, w.Harness, "contoso", "groups", name, body("displayName", name, "password", w.secret("crash")))
			dying := w.worker(syncertest.Approves("bob"))
			dying.KillAt(op, map[string]int{"Store.Commit": 5}[op], after)
			_, _ = w.row(dying.Sync(dying.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}}))
			if !dying.Dead() {
				t.Errorf("%s: the worker has survived", op)
			}
			<-time.After(2 * time.Minute) // the lease runs out
			p := w.worker(syncertest.Approves("bob"))
			row, err := p.Status(t.Context(), "contoso")
			if err != nil {
				t.Fatal(err)
			}
			w.await(t, p, row.Run, syncer.Deployed)
		}
	}
}

func storyBadFiles(t *testing.T, w *watchedWorld) {
	p := w.worker(syncertest.Approves("bob"))
	w.signs.expect(authtest.SignsIn(time.Second))
	line := w.Repository.(*tenant.MemoryRepository)
	n := 0
	bad := func(format string, args ...any) {
		t.Helper()
		n++
		if err := line.Edit("contoso", "groups", fmt.Sprintf("Bad %d", n), fmt.Appendf(nil, format, args...)); err != nil {
			t.Fatal(err)
		}
	}
	plain := func() string { // as JSON has it, without quotes
		raw := body("", w.secret("in a bad file"))
		return raw[5 : len(raw)-2]
	}
	bad(`{"displayName":"Bad","password":"%s"`, plain())                 // not closed
	bad(`{"displayName":"Bad","password":"%s" "more"}`, plain())         // a comma is missing
	bad(`{"displayName":"Bad","password":%s}`, plain())                  // no quotes
	bad(`{"displayName":"Bad","password":"%s\q"}`, plain())              // no such escape
	bad(`{"password":"%s","password":"%s"}`, plain(), plain())           // a name twice
	bad(`["%s"]`, plain())                                               // no object
	bad(`"%s"`, plain())                                                 // a text
	bad(`{"displayName":"Bad 9","password":"%s${open"}`, plain())        // a template that does not end
	bad(`{"displayName":"Bad 10","password":"${groups/%s}"}`, "hunter2") // a reference that leads nowhere
	bad(`{"displayName":"Bad 11","password":"${%s"}`, plain())
	bad(`{"displayName":"Bad 12","password":"%s${var:missing}"}`, plain())
	bad(`{"displayName":"Bad 13","keys":[{"name":"a","value":"%s"},{"name":"a","value":"%s"}]}`, plain(), plain()) // a set's member twice
	bad(`{"displayName":"Bad 14","password":["%s"],"vault":{"a":["%s"]}}`, plain(), plain())                       // other types than declared
	desire(t, w.Harness, "contoso", "groups", "Good", body("displayName", "Good", "password", w.secret("among bad ones")))
	w.row(p.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}}))
	w.look(t, p)
	if w.Tenant("contoso").Find("groups", "Good") == "" {
		t.Error("the good file was not deployed")
	}
}

func storyMasked(t *testing.T, w *watchedWorld) {
	p := w.worker(syncertest.Approves("bob"))
	w.signs.expect(authtest.SignsIn(time.Second))
	contoso := w.Tenant("contoso")
	w.variable("psk", w.secret("masked variable"))
	desire(t, w.Harness, "contoso", "locations", "Office", body("displayName", "Office", "secret", w.secret("masked"), "n", 1))
	desire(t, w.Harness, "contoso", "locations", "Plant", body("displayName", "Plant", "secret", "${var:psk}", "n", 1))
	w.sync(t, p, syncer.Deployed, syncer.Options{})
	desire(t, w.Harness, "contoso", "locations", "Office", body("displayName", "Office", "secret", w.secret("masked anew"), "n", 2))
	contoso.FailWrite(quotes(tenant.Invalid, false, false))
	w.sync(t, p, syncer.FailedWith, syncer.Options{})
	contoso.FailWrite(nil)
	w.sync(t, p, syncer.Deployed, syncer.Options{})
	contoso.Set("locations", contoso.Find("locations", "Plant"), body("n", 3))
	w.sync(t, p, syncer.Adopted, syncer.Options{})
}

func storyPeople(t *testing.T, w *watchedWorld) {
	p := w.worker(nil)
	w.signs.expect(authtest.SignsIn(time.Second))
	contoso := w.Tenant("contoso")
	contoso.Seed("groups", body("displayName", "Guests", "password", w.secret("seen by a preview")))
	desire(t, w.Harness, "contoso", "groups", "Staff", body("displayName", "Staff", "password", w.secret("previewed")))
	w.sync(t, p, syncer.Previewed, syncer.Options{Mode: syncer.Preview})
	w.sync(t, p, syncer.BackedUp, syncer.Options{Mode: syncer.BackupOnly})
	old := w.propose(t, p, syncer.Options{})
	row := w.propose(t, p, syncer.Options{Comment: "instead"})
	ctx := t.Context()
	w.row(p.Decide(ctx, syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: old.Run}, Digest: "another", Verdict: syncer.Approve, Actor: "bob"}))
	w.row(p.Decide(ctx, syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: "no verdict", Actor: "bob"}))
	w.row(p.Decide(ctx, syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: "bob", Items: []string{"groups/Nobody"}}))
	w.row(p.Start(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann"}))
	w.row(p.Pause(ctx, syncer.PauseRequest{Tenant: "contoso", Actor: "cem", Reason: "a migration"}))
	w.row(p.Recheck(ctx, syncer.RecheckRequest{Tenant: "contoso", Actor: "ann"}))
	w.row(p.Resume(ctx, syncer.ResumeRequest{Tenant: "contoso", Actor: "cem"}))
	w.row(p.Cancel(ctx, syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann", Comment: "never mind"}))
	w.await(t, p, row.Run, syncer.Cancelled)
	w.row(p.Retry(ctx, syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann"}))
	w.row(p.Recheck(ctx, syncer.RecheckRequest{Tenant: "contoso", Actor: "ann"}))
	w.row(p.Status(ctx, "fabrikam"))
	_, err := p.Plan(ctx, syncer.RunRef{Tenant: "fabrikam"})
	w.seen.AddError(chError, err)
	w.signs.end(w)
	<-time.After(2 * time.Hour) // the last token has ended too
	row, err = w.row(p.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "a schedule"}))
	if err != nil || row.Reason != "sign_in_needed" {
		t.Errorf("unattended: got %q, %v, want that a sign-in is needed", row.Reason, err)
	}
	w.look(t, p)
}
