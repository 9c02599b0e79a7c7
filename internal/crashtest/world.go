package crashtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// WorldConfig configures a [World].
type WorldConfig struct {
	// Kinds are the kinds of the tenants.
	Kinds []tenant.Kind
	// Permissions are the permissions that the kinds need. All are granted at
	// the start.
	Permissions []tenant.Permission
	// Auth configures the sign-in page.
	Auth authtest.AuthenticatorConfig
}

// World is the environment that survives the workers: fake tenants and a
// sign-in page, served over a Unix socket. It is safe for concurrent use.
type World struct {
	// Socket is the path of the Unix socket for workers.
	Socket string
	// Auth is the sign-in page and the people in front of it.
	Auth *authtest.FakeAuthenticator

	cfg    WorldConfig
	server *http.Server

	mu          sync.Mutex
	tenants     map[string]*tenanttest.Fake
	sessions    map[string]session
	credentials map[string]auth.Credential
	signIns     map[string]auth.SignIn
	ids         int
	visits      []Visit
	arrivals    map[string]chan Visit
	onApply     func(Write) Cut
	onApplied   func(Write) Cut
}

// session is a worker's client of a tenant.
type session struct {
	tenant, worker string
	client         tenant.Client
}

// Visit is a connection of a worker to a tenant.
type Visit struct {
	Tenant, Worker string
	Time           time.Time
}

// Write is a write that has reached the world.
type Write struct {
	Tenant, Worker string
	Operation      tenant.Operation
}

// Cut reports whether the connection breaks.
type Cut bool

// NewWorld returns a world and serves it until the test ends.
func NewWorld(t testing.TB, cfg WorldConfig) *World {
	t.Helper()
	// The path of a socket must be short, and the path of t.TempDir is long.
	dir, err := os.MkdirTemp("", "crash-")
	if err != nil {
		t.Fatal(err)
	}
	w := &World{
		Socket: filepath.Join(dir, "world"), Auth: authtest.NewAuthenticator(cfg.Auth), cfg: cfg,
		tenants: map[string]*tenanttest.Fake{}, sessions: map[string]session{}, arrivals: map[string]chan Visit{},
		credentials: map[string]auth.Credential{}, signIns: map[string]auth.SignIn{},
	}
	listener, err := net.Listen("unix", w.Socket)
	if err != nil {
		t.Fatal(err)
	}
	w.server = &http.Server{Handler: w.handler()}
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(listener) }()
	t.Cleanup(func() {
		_ = w.server.Close() // the error of Serve is checked below
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the world's server: %v", err)
		}
		_ = os.RemoveAll(dir) // a socket that remains is harmless
	})
	return w
}

// Tenant returns the fake tenant with a name. The first call makes it.
func (w *World) Tenant(name string) *tenanttest.Fake {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.tenants[name]
	if f == nil {
		f = tenanttest.NewFake(tenanttest.Config{
			Kinds: w.cfg.Kinds, Directory: authtest.DirectoryOf(name), Permissions: w.cfg.Permissions,
			ConsentURL: "https://login.example/" + name + "/adminconsent",
		})
		for _, p := range w.cfg.Permissions {
			f.Grant(p.AnyOf...)
		}
		w.tenants[name] = f
	}
	return f
}

// Visits returns all connections of workers to tenants so far, in order.
func (w *World) Visits() []Visit {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Visit(nil), w.visits...)
}

// Expect returns a channel that receives the next visit of a tenant by a worker
// other than notBy. A later Expect for the same tenant replaces it.
func (w *World) Expect(tenantName, notBy string) <-chan Visit {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := make(chan Visit, 1)
	w.arrivals[tenantName+"\x00"+notBy] = ch
	return ch
}

// OnApply sets functions that are called for every write: before when the write
// arrives, and after between its effect and its answer. Each may be nil, may
// block, and may break the connection.
func (w *World) OnApply(before, after func(Write) Cut) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onApply, w.onApplied = before, after
}

// connect opens a session for a worker with a valid token.
func (w *World) connect(ctx context.Context, req connectRequest) (string, error) {
	cred, err := w.Auth.Credential(ctx, auth.Request{Tenant: req.Tenant})
	if err == nil {
		var token auth.Token
		if token, err = cred.Token(ctx, auth.TokenRequest{}); err == nil && token.Value.Reveal() != req.Token {
			err = errors.New("the token is of no use")
		}
	}
	if err != nil {
		return "", &tenant.Error{Class: tenant.Unauthenticated, Op: "connect", Message: "sign in again", Err: err}
	}
	f := w.Tenant(req.Tenant)
	client := f.Client(tenanttest.ClientConfig{Worker: req.Worker, Authorize: func(ctx context.Context) error {
		_, err := cred.Token(ctx, auth.TokenRequest{})
		return err
	}})
	return w.admit(req.Tenant, req.Worker, client), nil
}

// admit records a visit and opens a session for it.
func (w *World) admit(tenantName, worker string, client tenant.Client) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := Visit{Tenant: tenantName, Worker: worker, Time: time.Now()}
	w.visits = append(w.visits, v)
	for key, ch := range w.arrivals {
		if t, notBy := cutKey(key); t == tenantName && notBy != worker {
			ch <- v // its buffer has room for one visit
			delete(w.arrivals, key)
		}
	}
	id := w.newID()
	w.sessions[id] = session{tenant: tenantName, worker: worker, client: client}
	return id
}

func cutKey(key string) (tenantName, notBy string) {
	for i := range len(key) {
		if key[i] == 0 {
			return key[:i], key[i+1:]
		}
	}
	return key, ""
}

// newID returns an id for a session. The caller holds the lock.
func (w *World) newID() string {
	w.ids++
	return fmt.Sprintf("%d", w.ids)
}

// session returns the session with an id.
func (w *World) session(id string) (session, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sessions[id]
	return s, ok
}

// hooks returns the functions of OnApply.
func (w *World) hooks() (before, after func(Write) Cut) {
	w.mu.Lock()
	defer w.mu.Unlock()
	never := func(Write) Cut { return false }
	before, after = never, never
	if w.onApply != nil {
		before = w.onApply
	}
	if w.onApplied != nil {
		after = w.onApplied
	}
	return before, after
}

// Connector returns a connector to the tenants for a worker of this process. It
// uses no socket.
func (w *World) Connector(worker string) syncer.Connector {
	return syncer.ConnectorFunc(func(_ context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
		client := w.Tenant(req.Tenant).Client(tenanttest.ClientConfig{Worker: worker})
		w.admit(req.Tenant, worker, client)
		return client, nil
	})
}
