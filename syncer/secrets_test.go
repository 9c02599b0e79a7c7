package syncer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// wiretap is a store that keeps all that was ever written to it.
type wiretap struct {
	*state.Memory

	mu      sync.Mutex
	records []state.Record
	rest    bytes.Buffer // entries and blobs
}

func (w *wiretap) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	done, err := w.Memory.Commit(ctx, req)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.records = append(w.records, done.Record)
		for _, e := range req.Entries {
			fmt.Fprintf(&w.rest, "%s %s\n", e.Type, e.Data)
		}
	}
	return done, err
}

func (w *wiretap) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(&w.rest, "%s %s\n", req.Kind, req.Data)
	return w.Memory.Put(ctx, req)
}

// sensitive are kinds whose groups hold a secret that can be read.
func sensitive() []tenant.Kind {
	kinds := syncertest.Kinds()
	kinds[0].Sensitive = []string{"/password"}
	return kinds
}

// Nothing secret is in any record, entry, blob, log or error of a whole run
// with a sign-in, a deploy, a token lost on the way and a failure; the user
// code is in the record only, and only while it is to be shown.
func TestNoSecretIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tap := &wiretap{Memory: state.NewMemory()}
		var hostLog lockedBuffer
		h := syncertest.New(syncertest.Config{
			Kinds: sensitive(),
			Auth:  &authtest.AuthenticatorConfig{People: []authtest.Person{authtest.SignsIn(time.Minute)}},
		})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
			c.Store, c.Leaser, c.Blobs = tap, tap, tap
			c.Logger = slog.New(slog.NewTextHandler(&hostLog, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}})
		const before, after, only = "hunter2-before", "hunter2-after", "hunter2-tenant-only"
		h.Tenant("contoso").Seed("groups", `{"displayName":"Guests","password":"`+only+`"}`)
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff","password":"`+before+`"}`)
		run := func(want syncer.Outcome) {
			t.Helper()
			row, err := w.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}})
			if err != nil || row.Outcome != want {
				t.Fatalf("got outcome %q (%+v), %v, want %q", row.Outcome, row.Error, err, want)
			}
		}
		run(syncer.Deployed)
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff","password":"`+after+`"}`)
		h.Tenant("contoso").FailNextWrites(1, tenant.Unauthenticated)
		run(syncer.Deployed)
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff","password":"`+before+`"}`)
		h.Tenant("contoso").FailNextWrites(1, tenant.Invalid)
		run(syncer.FailedWith)
		if got := string(h.Tenant("contoso").Object("groups", h.Tenant("contoso").Find("groups", "Staff"))); !strings.Contains(got, after) {
			t.Fatalf("the tenant has %s, want the secret in it: it was to be deployed", got)
		}

		secrets := append(h.Auth.Secrets(), before, after, only)
		if len(secrets) < 4 {
			t.Fatalf("got %d secrets, want tokens among them", len(secrets))
		}
		var codes []string
		for _, p := range h.Auth.Prompts() {
			codes = append(codes, `"`+p.UserCode+`"`, " "+p.UserCode)
		}
		if len(codes) == 0 {
			t.Fatal("nobody was asked to sign in")
		}
		search := func(where, text string, needles []string) {
			for _, s := range needles {
				if i := strings.Index(text, s); i >= 0 {
					t.Errorf("%s: %q is in %q", where, s, text[max(0, i-200):min(len(text), i+100)])
				}
			}
		}
		shown := false
		for _, r := range tap.records {
			raw, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			search(fmt.Sprintf("record at version %d", r.Version), string(raw)+string(r.Data), secrets)
			if r.Status == state.PendingAuthentication {
				shown = shown || slices.ContainsFunc(codes, func(c string) bool { return strings.Contains(string(r.Data), c) })
				continue
			}
			search(fmt.Sprintf("record at version %d (%s)", r.Version, r.Status), string(r.Data), codes)
		}
		if !shown {
			t.Error("no record has shown the user code while it was to be used")
		}
		search("entries and blobs", tap.rest.String(), append(secrets, codes...))
		search("the host's log", hostLog.String(), append(secrets, codes...))
		rep, err := w.Report(t.Context(), "contoso", "")
		if err != nil {
			t.Fatal(err)
		}
		search("the error to copy", rep.CopyError(), append(secrets, codes...))
	})
}

// lockedBuffer is a buffer for several writers.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
