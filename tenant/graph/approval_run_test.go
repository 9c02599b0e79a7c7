package graph_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

const (
	protectedKind = "deviceConfigurations"
	protectedFile = `{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","displayName":"Wifi","description":"new"}`
)

// protected is a tenant whose device configurations need the approval of another
// administrator, and a store that outlives the processes that work on it.
type protected struct {
	t      *testing.T
	server *graphtest.Server
	repo   *tenant.MemoryRepository
	store  *state.Memory
	client graph.Config
	engine *syncer.Syncer
	dead   *atomic.Bool // the store of the present process
	// after is called after each write that the service has answered.
	after  func(*http.Response)
	secret []byte

	mu     sync.Mutex
	stored []byte // and logged
	wrote  int    // requests that were no reads
}

func newProtected(t *testing.T, p graphtest.Protection) *protected {
	t.Helper()
	w := &protected{t: t, secret: []byte("a secret of at least 32 bytes: 0123456789"), repo: tenant.NewMemoryRepository(), store: state.NewMemory(),
		server: graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")})}
	p.Kinds = append(p.Kinds, protectedKind)
	w.server.Approvals.Protect(p)
	w.client = graph.Config{Credential: graphtest.Credential(), Endpoint: w.server.URL(), HTTPClient: &http.Client{Transport: w},
		Catalogue: onlyKinds(protectedKind, "groups", "assignmentFilters"), Directory: authtest.DirectoryOf("contoso"), Justification: "Contoso change 7 – Wifi"}
	w.restart()
	return w
}

// RoundTrip counts the writes.
func (w *protected) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.server.HTTPClient().Transport.RoundTrip(r)
	if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/$batch") {
		w.wrote++
		if w.after != nil {
			w.after(res)
		}
	}
	return res, err
}

// mortalStore is the store as a process sees it that may die.
type mortalStore struct {
	*state.Memory
	w    *protected
	dead *atomic.Bool
}

// Put keeps what is stored.
func (m mortalStore) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	_, _ = m.w.Write(req.Data)
	return m.Memory.Put(ctx, req)
}

func (m mortalStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	if m.dead.Load() {
		return state.Committed{}, errors.New("the process is dead")
	}
	_, _ = m.w.Write(req.Record.Data)
	for _, e := range req.Entries {
		_, _ = m.w.Write(e.Data)
	}
	return m.Memory.Commit(ctx, req)
}

// Write keeps what is stored and logged.
func (w *protected) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stored = append(w.stored, text...)
	return len(text), nil
}

// restart begins another process over the same store.
func (w *protected) restart() {
	w.t.Helper()
	w.dead = new(atomic.Bool)
	var err error
	w.engine, err = syncer.New(syncer.Config{Secret: w.secret, Store: mortalStore{w.store, w, w.dead}, Repository: w.repo, Logger: slog.New(slog.NewTextHandler(w, nil)),
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
			return graph.New(w.client)
		}),
		Settings: syncer.Settings{Directory: authtest.DirectoryOf("contoso"), Approval: syncer.ApprovalRules{AllowRequester: true}}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// seed puts the object into the tenant, and the file that changes it.
func (w *protected) seed() {
	w.t.Helper()
	w.server.Fake.Seed(protectedKind, strings.Replace(protectedFile, "new", "old", 1))
	w.sync() // both sides agree
	w.edit(protectedFile)
}

// edit writes the object's file; without a body it removes it.
func (w *protected) edit(body string) {
	w.t.Helper()
	var content []byte
	if body != "" {
		content = []byte(body)
	}
	if err := w.repo.Edit("contoso", protectedKind, "Wifi", content); err != nil {
		w.t.Fatal(err)
	}
}

// advance goes on until a person is needed, or the run has ended. It gives up while the
// process is dead.
func (w *protected) advance(run string) syncer.Row {
	w.t.Helper()
	for range 200 {
		_, err := w.engine.Advance(w.t.Context(), "contoso")
		if err != nil && !w.dead.Load() {
			w.t.Fatal(err)
		}
		row, err := w.engine.Status(w.t.Context(), "contoso")
		if err != nil {
			w.t.Fatal(err)
		}
		if w.dead.Load() || row.Run == run && (row.Status == state.PendingApproval || !row.Status.Active()) {
			return row
		}
		<-time.After(time.Second)
	}
	w.t.Fatal("the run does not end")
	return syncer.Row{}
}

// begin starts a run and approves its plan, if it has one.
func (w *protected) begin() syncer.Row {
	w.t.Helper()
	row, err := w.engine.Start(w.t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	if err != nil {
		w.t.Fatal(err)
	}
	if row = w.advance(row.Run); row.Status == state.PendingApproval {
		_, err = w.engine.Decide(w.t.Context(), syncer.Decision{RunRef: row.RunRef, Digest: row.Digest, Verdict: syncer.Approve, Actor: "bob"})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return row
}

// sync runs to the end.
func (w *protected) sync() *syncer.Report {
	w.t.Helper()
	return w.report(w.advance(w.begin().Run))
}

func (w *protected) report(row syncer.Row) *syncer.Report {
	w.t.Helper()
	rep, err := w.engine.Report(w.t.Context(), row.RunRef)
	if err != nil {
		w.t.Fatalf("%s: %v", row.Label, err)
	}
	return rep
}

// review decides on the last request in the tenant.
func (w *protected) review(status string) {
	w.t.Helper()
	all := w.server.Approvals.Requests()
	if len(all) == 0 || !w.server.Approvals.Review(all[len(all)-1].Code, status) {
		w.t.Fatalf("no open request among %+v", all)
	}
}

// want compares the only item of a run, the number of requests that were filed in all,
// and the description in the tenant.
func (w *protected) want(rep *syncer.Report, status syncer.ItemStatus, class syncer.Class, filed int, description string, words ...string) {
	w.t.Helper()
	if len(rep.Items) != 1 {
		w.t.Fatalf("%s (%+v): items %+v", rep.Status.Label(), rep.Error, rep.Items)
	}
	it := rep.Items[0]
	if it.Status != status || it.Class != class {
		w.t.Errorf("got %s, class %q: %s; want %s, %q", it.Status, it.Class, it.Message, status, class)
	}
	for _, word := range words {
		if !strings.Contains(it.Message, word) {
			w.t.Errorf("the item says %q, want it to contain %q", it.Message, word)
		}
	}
	if n := len(w.server.Approvals.Requests()); n != filed {
		w.t.Errorf("%d requests were filed, want %d", n, filed)
	}
	if got := w.description(); got != description {
		w.t.Errorf("the tenant has %q, want %q", got, description)
	}
}

func (w *protected) description() string {
	for _, o := range w.server.Fake.Objects(protectedKind) { // in the order of their making
		_, rest, _ := strings.Cut(string(o.Body), `"description":"`)
		text, _, _ := strings.Cut(rest, `"`)
		return text
	}
	return ""
}

// A change of a protected kind waits until another administrator has approved it in the
// tenant. The run names what waits and until when; no later run files it again; and once
// it is approved, a run sends it, unchanged.
func TestAChangeWaitsForApprovalInTheTenant(t *testing.T) {
	for name, p := range map[string]graphtest.Protection{"412": {}, "403": {Forbidden: true}, "in the text": {InText: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newProtected(t, p)
				w.seed()
				rep := w.sync()
				request := w.server.Approvals.Requests()[0]
				until := request.Until.Format("2006-01-02 15:04 UTC")
				w.want(rep, syncer.ItemWaits, syncer.ClassAwaitsApproval, 1, "old", request.Code, until)
				if rep.Status != state.PartiallySuccessful || rep.Undone.Waits != 1 || rep.Undone.Failed != 0 {
					t.Errorf("got %s, %+v", rep.Status, rep.Undone)
				}
				for _, word := range []string{request.Code, until, protectedKind + "/Wifi"} {
					if rep.Error == nil || !strings.Contains(rep.Error.Message, word) {
						t.Errorf("the run says %+v, want it to contain %q", rep.Error, word)
					}
				}
				if !strings.HasPrefix(request.Justification, w.client.Justification) {
					t.Errorf("the administrators see %q", request.Justification)
				}
				<-time.After(24 * time.Hour)
				w.restart()
				sent := w.wrote
				w.want(w.sync(), syncer.ItemWaits, syncer.ClassAwaitsApproval, 1, "old", request.Code, until)
				if w.wrote != sent {
					t.Errorf("%d requests were sent while the request was open", w.wrote-sent)
				}
				w.review("approved")
				rep = w.sync()
				w.want(rep, syncer.ItemApplied, "", 1, "new")
				if rep.Status != state.Idle || w.server.Approvals.Requests()[0].Status != "completed" {
					t.Errorf("got %s, %+v", rep.Status, w.server.Approvals.Requests())
				}
				if rep = w.sync(); rep.Outcome != syncer.NoChanges {
					t.Errorf("the next run: %s, %+v", rep.Outcome, rep.Items)
				}
			})
		})
	}
}

// A request that nobody approved is reported once, in words of its own. The plan after
// that files the change afresh.
func TestARequestThatWasNotApprovedIsReported(t *testing.T) {
	for _, tt := range []struct {
		status string // "" lets it lapse
		class  syncer.Class
		word   string
	}{{"rejected", syncer.ClassApprovalRejected, "rejected"}, {"cancelled", syncer.ClassApprovalWithdrawn, "withdrawn"}, {"", syncer.ClassApprovalLapsed, "lapsed"}} {
		t.Run(tt.word, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newProtected(t, graphtest.Protection{})
				w.seed()
				w.sync()
				if tt.status != "" {
					w.review(tt.status)
				} else {
					<-time.After(73 * time.Hour)
				}
				sent := w.wrote
				rep := w.sync()
				w.want(rep, syncer.ItemFailed, tt.class, 1, "old", tt.word)
				if w.wrote != sent || rep.Status != state.NewError {
					t.Errorf("%d requests were sent; %s", w.wrote-sent, rep.Status)
				}
				w.want(w.sync(), syncer.ItemWaits, syncer.ClassAwaitsApproval, 2, "old")
				w.review("approved")
				w.want(w.sync(), syncer.ItemApplied, "", 2, "new")
			})
		})
	}
}

// An approved change is not sent if its object has changed since, or the change itself.
// While a request for another form of the change is open, nothing is filed.
func TestAnApprovedChangeIsNotSentWhenItHasMovedOn(t *testing.T) {
	for name, tt := range map[string]struct {
		move func(w *protected)
		word string
	}{
		"object": {func(w *protected) {
			o := w.server.Fake.Objects(protectedKind)[0]
			w.server.Fake.Set(protectedKind, o.ID, strings.Replace(protectedFile, `"new"`, `"old","passwordBlockSimple":true`, 1))
		}, "object has been changed"},
		"change": {func(w *protected) { w.edit(strings.Replace(protectedFile, "new", "newer", 1)) }, "earlier form"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newProtected(t, graphtest.Protection{})
				w.seed()
				w.sync()
				tt.move(w)
				sent := w.wrote
				w.want(w.sync(), syncer.ItemWaits, syncer.ClassAwaitsApproval, 1, "old", "earlier form")
				w.review("approved")
				w.want(w.sync(), syncer.ItemConflict, syncer.ClassConflict, 1, "old", tt.word, w.server.Approvals.Requests()[0].Code)
				if w.wrote != sent {
					t.Errorf("%d requests were sent", w.wrote-sent)
				}
				<-time.After(73 * time.Hour) // it lapses, and is about another change
				w.want(w.sync(), syncer.ItemWaits, syncer.ClassAwaitsApproval, 2, "old")
			})
		})
	}
}

// A process may die when the service has filed the request and the journal does not say
// so, and when the service has carried an approved write out. Nothing is filed or
// written twice, and the code is found again.
func TestDyingAroundARequestForApproval(t *testing.T) {
	for name, tt := range map[string]struct {
		approved bool
		status   syncer.ItemStatus
		class    syncer.Class
		in       string
	}{
		"filed": {false, syncer.ItemWaits, syncer.ClassAwaitsApproval, "old"},
		"sent":  {true, syncer.ItemApplied, "", "new"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newProtected(t, graphtest.Protection{})
				w.seed()
				if tt.approved {
					w.sync()
					w.review("approved")
				}
				dying := true
				w.after = func(*http.Response) {
					if dying {
						dying = false
						w.dead.Store(true)
					}
				}
				row := w.advance(w.begin().Run)
				if !w.dead.Load() {
					t.Fatal("the process has not died")
				}
				<-time.After(time.Hour)
				w.restart()
				rep := w.report(w.advance(row.Run))
				w.want(rep, tt.status, tt.class, 1, tt.in)
				if tt.approved {
					return
				}
				if got := rep.Items[0].Approval; got == nil || got.Code != w.server.Approvals.Requests()[0].Code {
					t.Errorf("the code was not found again: %+v", got)
				}
				w.review("approved")
				w.want(w.sync(), syncer.ItemApplied, "", 1, "new")
			})
		})
	}
}

// Without a justification the service refuses the write, and the run says what to set.
func TestAProtectedKindNeedsAJustification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newProtected(t, graphtest.Protection{})
		w.client.Justification = ""
		w.seed()
		w.want(w.sync(), syncer.ItemFailed, syncer.ClassInvalid, 0, "old", "Config.Justification")
	})
}

// With another secret of the configuration, nothing tells whether the approved change is
// the present one. It is not sent.
func TestAnApprovedChangeIsNotSentUnderAnotherSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newProtected(t, graphtest.Protection{})
		w.seed()
		w.sync()
		w.review("approved")
		w.secret = []byte("another secret of at least 32 bytes: 0123456789")
		w.restart()
		sent := w.wrote
		w.want(w.sync(), syncer.ItemConflict, syncer.ClassConflict, 1, "old", "Config.Secret")
		if w.wrote != sent {
			t.Errorf("%d requests were sent", w.wrote-sent)
		}
	})
}

// A new object waits, and so does what depends on it. The next runs create it and then
// write its assignments, each under a request of its own. The list of the requests
// outlives the store's tidying.
func TestANewObjectWaitsForApprovalInTheTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newProtected(t, graphtest.Protection{})
		w.edit(strings.Replace(protectedFile, `"new"`, `"new","assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}]`, 1))
		rep := w.sync()
		if len(rep.Items) != 2 || rep.Items[0].Status != syncer.ItemWaits || rep.Items[1].Status != syncer.ItemSkipped || rep.Status != state.PartiallySuccessful {
			t.Fatalf("%s: %+v", rep.Status, rep.Items)
		}
		row, err := w.engine.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Mode: syncer.Preview}})
		if err != nil {
			t.Fatal(err)
		}
		w.advance(row.Run) // the list is now that of a former run
		<-time.After(60 * time.Hour)
		if _, err := w.store.Prune(t.Context(), state.PruneRequest{Age: 48 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		w.review("approved")
		rep = w.sync()
		if len(rep.Items) != 2 || rep.Items[0].Status != syncer.ItemApplied || rep.Items[1].Status != syncer.ItemWaits || len(w.server.Fake.Objects(protectedKind)) != 1 {
			t.Fatalf("%s: %+v", rep.Status, rep.Items)
		}
		w.review("approved")
		w.want(w.sync(), syncer.ItemApplied, "", 2, "new")
	})
}

// A delete waits too.
func TestADeleteWaitsForApprovalInTheTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newProtected(t, graphtest.Protection{})
		w.server.Fake.Seed(protectedKind, protectedFile)
		for _, name := range []string{"One", "Two"} {
			w.server.Fake.Seed(protectedKind, strings.NewReplacer("Wifi", name, "new", "kept").Replace(protectedFile))
		}
		w.sync()
		w.edit("")
		w.want(w.sync(), syncer.ItemWaits, syncer.ClassAwaitsApproval, 1, "new")
		w.review("approved")
		w.want(w.sync(), syncer.ItemApplied, "", 1, "kept")
	})
}

// Neither the store nor the log gets a secret of a change that waits. The write is sent
// with it all the same.
func TestTheSecretOfAHeldChangeIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secret = "hush-hush-psk"
		w := newProtected(t, graphtest.Protection{})
		w.edit(`{"@odata.type":"#microsoft.graph.windowsWifiConfiguration","displayName":"Wifi","description":"new","ssid":"Contoso","preSharedKey":"` + secret + `"}`)
		w.want(w.sync(), syncer.ItemWaits, syncer.ClassAwaitsApproval, 1, "")
		w.review("approved")
		w.want(w.sync(), syncer.ItemApplied, "", 1, "new")
		if !strings.Contains(string(w.server.Approvals.Requests()[0].Body), secret) {
			t.Error("the request lacks the secret")
		}
		if len(w.stored) == 0 || bytes.Contains(w.stored, []byte(secret)) || bytes.Contains(w.stored, []byte(base64.StdEncoding.EncodeToString([]byte(secret)))) {
			t.Errorf("%d bytes were stored or logged, and the secret is among them", len(w.stored))
		}
	})
}
