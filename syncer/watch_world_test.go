package syncer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/internal/secretsearch"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// watchedWorld is a world of which everything is watched that leaves the
// engine, whatever is plugged in.
type watchedWorld struct {
	*syncertest.Harness
	seen  secretsearch.Channels
	signs signing

	mu      sync.Mutex
	set     syncer.Settings
	secrets []string // of configuration
	workers int
	refuses []error // the repository's next answers to updates
}

// signing is a sign-in page with the people in front of it.
type signing interface {
	// authenticator returns one for a new process.
	authenticator(w *watchedWorld) auth.Authenticator
	expect(people ...authtest.Person)
	// end makes the tenant refuse the tokens issued so far, and nobody signed in.
	end(w *watchedWorld)
	// secrets are the tokens, device codes and keys so far, codes the user codes.
	secrets() []string
	codes() []string
}

func newWatchedWorld(signs signing) *watchedWorld {
	w := &watchedWorld{signs: signs}
	conf := syncertest.Config{Kinds: watchedKinds(), Auth: &authtest.AuthenticatorConfig{CodeLifetime: 2 * time.Minute}}
	w.Harness = syncertest.New(conf)
	if fake, ok := signs.(*fakeSigning); ok {
		fake.a = w.Auth
	}
	w.set = syncer.Settings{Directory: authtest.DirectoryOf("contoso"), Variables: map[string]string{}}
	return w
}

// watchedKinds are kinds with secrets: that can be read (sensitive), in lists
// too, and that come back as asterisks (masked).
func watchedKinds() []tenant.Kind {
	kinds := syncertest.Kinds()
	kinds[0].Sensitive = []string{"/password", "/keys/*/value", "/vault"}
	kinds[0].Sets = []tenant.Set{{Path: "/keys", By: []string{"/name"}}}
	kinds[1].Masked = []tenant.Masked{{Path: "/secret", Token: "secretToken"}}
	return kinds
}

// secret makes up a secret that every encoding writes in another way.
func (w *watchedWorld) secret(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := fmt.Sprintf("hunter%d-%s-<\"'&\\é/+?=%%~>", len(w.secrets)+1, name)
	w.secrets = append(w.secrets, s)
	return s
}

// body is a JSON object of names and values.
func body(pairs ...any) string {
	object := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		object[pairs[i].(string)] = pairs[i+1]
	}
	raw, _ := json.Marshal(object) // of texts, lists and maps
	return string(raw)
}

func (w *watchedWorld) variable(name, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	vars := map[string]string{name: value}
	for k, v := range w.set.Variables {
		if k != name {
			vars[k] = v
		}
	}
	w.set.Variables = vars
}

// worker adds a process; approver may be nil.
func (w *watchedWorld) worker(approver syncer.Approver) *syncertest.Worker {
	w.workers++
	return w.Worker(fmt.Sprintf("worker-%d", w.workers), syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
		c.Store = watchedStore{c.Store, &w.seen}
		c.Store = watchedBlobs{c.Store, &w.seen}
		c.Repository = watchedRepository{c.Repository, &w.seen, w.refuse}
		if approver != nil {
			c.Approver = watchedApprover{approver, &w.seen}
		}
		c.Observer = watchedObserver{&w.seen}
		c.Logger = watchedLogger(&w.seen)
		c.TracerProvider, c.MeterProvider = watchedTracing{seen: &w.seen}, watchedMetering{seen: &w.seen}
		c.Authenticator = w.signs.authenticator(w)
		c.SettingsFor = func(context.Context, string) (syncer.Settings, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.set, nil
		}
	}})
}

// refuse is a repository that repeats in its errors what it was sent.
func (w *watchedWorld) refuse(req tenant.UpdateRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.refuses) == 0 {
		return nil
	}
	cause := w.refuses[0]
	w.refuses = w.refuses[1:]
	var sent strings.Builder
	for _, ch := range req.Changes {
		fmt.Fprintf(&sent, "%s/%s: %s; ", ch.Kind, ch.Key, ch.Body)
	}
	return fmt.Errorf("%w: remote hook declined %s", cause, sent.String())
}

// row shows what a method returned.
func (w *watchedWorld) row(row syncer.Row, err error) (syncer.Row, error) {
	channel := chRow
	if row.Status == state.PendingAuthentication {
		channel = chShownRow
	}
	w.seen.AddValue(channel, row)
	if row.Error != nil {
		w.seen.AddValue(channel, *row.Error)
	}
	w.seen.AddError(chError, err)
	return row, err
}

// sync starts a run, lets it come to its end, and looks at everything.
func (w *watchedWorld) sync(t *testing.T, p *syncertest.Worker, want syncer.Outcome, opts syncer.Options) syncer.Row {
	t.Helper()
	opts.Interactive = true
	row, err := w.row(p.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: opts}))
	if err != nil || row.Outcome != want {
		t.Fatalf("got outcome %q (%+v), %v, want %q", row.Outcome, row.Error, err, want)
	}
	w.look(t, p)
	return row
}

// propose starts a run that comes to wait for a decision.
func (w *watchedWorld) propose(t *testing.T, p *syncertest.Worker, opts syncer.Options) syncer.Row {
	t.Helper()
	opts.Interactive = true
	_, err := w.row(p.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: opts, Supersede: true}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Advance(t.Context(), "contoso"); err != nil {
		t.Fatal(err)
	}
	row, err := w.row(p.Status(t.Context(), "contoso"))
	if err != nil || row.Status != state.PendingApproval {
		t.Fatalf("got %s (%+v), %v, want pending approval", row.Status, row.Error, err)
	}
	w.look(t, p)
	return row
}

// decide decides on the plan that waits.
func (w *watchedWorld) decide(t *testing.T, p *syncertest.Worker, row syncer.Row, v syncer.Verdict) {
	t.Helper()
	_, err := w.row(p.Decide(t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: v, Actor: "bob", Comment: "as asked"}))
	if err != nil {
		t.Fatal(err)
	}
}

// await lets the run come to its end.
func (w *watchedWorld) await(t *testing.T, p *syncertest.Worker, run string, want syncer.Outcome) syncer.Row {
	t.Helper()
	row, err := w.row(p.Await(t.Context(), syncer.RunRef{Tenant: "contoso", Run: run}))
	if err != nil || row.Outcome != want {
		t.Fatalf("got outcome %q (%+v), %v, want %q", row.Outcome, row.Error, err, want)
	}
	w.look(t, p)
	return row
}

// look looks at the tenant in every way that there is.
func (w *watchedWorld) look(t *testing.T, p *syncertest.Worker) {
	t.Helper()
	ctx := t.Context()
	_, _ = w.row(p.Status(ctx, "contoso"))
	listed, err := p.Statuses(ctx, syncer.StatusesRequest{})
	rows := listed.Items
	w.seen.AddError(chError, err)
	for _, row := range rows {
		_, _ = w.row(row, nil)
	}
	if made, err := p.Plan(ctx, syncer.RunRef{Tenant: "contoso"}); err != nil {
		w.seen.AddError(chError, err)
	} else {
		raw, err := made.Encode()
		if err != nil {
			t.Error(err)
		}
		w.seen.Add(chPlan, raw)
		w.seen.AddValue(chPlan, made)
		for _, render := range []func() error{
			func() error { return made.Text(w.seen.Writer(chPlan)) },
			func() error { return made.Markdown(w.seen.Writer(chPlan)) },
		} {
			if err := render(); err != nil {
				t.Error(err)
			}
		}
	}
	if rep, err := p.Report(ctx, syncer.RunRef{Tenant: "contoso"}); err != nil {
		w.seen.AddError(chError, err)
	} else {
		w.seen.AddValue(chReport, rep)
		w.seen.Add(chCopyError, []byte(rep.CopyError()))
		var text bytes.Buffer
		if err := rep.Text(&text); err != nil {
			t.Error(err)
		}
		w.seen.Add(chReport, text.Bytes())
	}
	past, err := p.History(ctx, syncer.HistoryRequest{Tenant: "contoso", Limit: 1000})
	entries := past.Items
	w.seen.AddError(chError, err)
	for _, e := range entries {
		w.seen.AddValue(chHistory, e)
	}
	lines, err := p.Logs(ctx, syncer.RunRef{Tenant: "contoso"})
	w.seen.AddError(chError, err)
	w.seen.Add(chRunLog, lines)
	var archive bytes.Buffer
	if err := p.Artifacts(ctx, syncer.RunRef{Tenant: "contoso"}, &archive); err != nil {
		w.seen.AddError(chError, err)
	} else if err := w.seen.AddZip(chArtifacts, archive.Bytes()); err != nil {
		t.Error(err)
	}
}

// wantNoSecrets searches everything for everything.
func (w *watchedWorld) wantNoSecrets(t *testing.T) {
	t.Helper()
	all := w.seen.All()
	secrets := append(w.signs.secrets(), w.secrets...)
	for _, f := range secretsearch.Search(all, secrets) {
		t.Error(f)
	}
	unshown := map[string][]byte{}
	for name, data := range all {
		if !strings.HasPrefix(name, "shown/") {
			unshown[name] = data
		}
	}
	for _, f := range secretsearch.Search(unshown, w.signs.codes()) {
		t.Errorf("a user code: %s", f)
	}
	for _, f := range secretsearch.Search(all, w.hashKeys()) {
		t.Errorf("a key of the hashes: %s", f)
	}
}

// hashKeys are the secret that hashes of secrets are made with, and what is
// derived from it.
func (w *watchedWorld) hashKeys() []string {
	keys := schema.DeriveKeys([]byte(syncertest.Secret), "contoso")
	return []string{syncertest.Secret, keys.Tenant, keys.Fleet}
}

// fakeSigning is the fake authenticator.
type fakeSigning struct{ a *authtest.FakeAuthenticator }

func (s *fakeSigning) authenticator(*watchedWorld) auth.Authenticator { return s.a }
func (s *fakeSigning) expect(people ...authtest.Person)               { s.a.Expect(people...) }
func (s *fakeSigning) secrets() []string                              { return s.a.Secrets() }

func (s *fakeSigning) end(w *watchedWorld) {
	s.a.Revoke("contoso")
	w.Tenant("contoso").FailNextWrites(1, tenant.Unauthenticated)
}

func (s *fakeSigning) codes() []string {
	var codes []string
	for _, p := range s.a.Prompts() {
		codes = append(codes, p.UserCode)
	}
	return codes
}

// entraSigning is Entra through MSAL, with sealed caches in a watched store.
type entraSigning struct {
	server *authtest.Entra
	caches auth.MemoryCacheStore
	key    auth.Key
}

func newEntraSigning() *entraSigning {
	return &entraSigning{
		server: authtest.NewEntra(authtest.EntraConfig{Directory: authtest.DirectoryOf("contoso"), CodeLifetime: 2 * time.Minute}),
		key:    auth.GenerateKey("key-1"),
	}
}

func (s *entraSigning) authenticator(w *watchedWorld) auth.Authenticator {
	sealer, err := auth.NewSealer(s.key)
	if err != nil {
		panic(err)
	}
	a, err := entra.New(entra.Config{ClientID: "11111111-2222-4333-8444-555555555555", Authority: s.server.URL(), HTTPClient: s.server.HTTPClient(),
		Cache: watchedCache{&s.caches, &w.seen}, Sealer: sealer, Logger: slog.New(watchedLogger(&w.seen).Handler())})
	if err != nil {
		panic(err)
	}
	return a
}

func (s *entraSigning) expect(people ...authtest.Person) { s.server.Expect(people...) }

func (s *entraSigning) end(w *watchedWorld) {
	s.server.RevokeRefreshTokens("")
	s.server.ExpireAccessTokens()
	w.Tenant("contoso").FailNextWrites(1, tenant.Unauthenticated)
}

func (s *entraSigning) secrets() []string {
	return append(s.server.Secrets(), s.key.Encode(), string(s.key.Value))
}

func (s *entraSigning) codes() []string {
	var codes []string
	for i := range s.server.CodesShown() {
		codes = append(codes, fmt.Sprintf("CODE-%d", i+1))
	}
	return codes
}
