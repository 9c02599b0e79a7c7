package syncertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// Config configures a [Harness]. The zero value is useful.
type Config struct {
	// Kinds that the tenants have. Defaults to [Kinds].
	Kinds []tenant.Kind
	// Permissions that the kinds need; all are granted at the start. Defaults
	// to none.
	Permissions []tenant.Permission
	// Auth configures the sign-in. By default every tenant is signed in.
	Auth *authtest.AuthenticatorConfig
	// Repository defaults to one in memory.
	Repository tenant.Repository
}

// Harness is the world around the engine. It is safe for concurrent use.
type Harness struct {
	// Store keeps records, history, leases and blobs.
	Store *state.Memory
	// Repository is where configuration lives as code.
	Repository tenant.Repository
	// Auth is the sign-in page and the people in front of it.
	Auth *authtest.FakeAuthenticator
	// Events has the events of all workers' observers.
	Events *Recorder

	cfg     Config
	runs    atomic.Int64
	mu      sync.Mutex
	tenants map[string]*tenanttest.Fake
}

// New returns a world in which nothing has happened.
func New(cfg Config) *Harness {
	if cfg.Kinds == nil {
		cfg.Kinds = Kinds()
	}
	if cfg.Auth == nil {
		cfg.Auth = &authtest.AuthenticatorConfig{SignedIn: true}
	}
	h := &Harness{
		Store:      state.NewMemory(),
		Repository: cfg.Repository,
		Auth:       authtest.NewAuthenticator(*cfg.Auth),
		Events:     new(Recorder),
		cfg:        cfg,
		tenants:    make(map[string]*tenanttest.Fake),
	}
	if h.Repository == nil {
		h.Repository = tenant.NewMemoryRepository()
	}
	return h
}

// Tenant returns the fake tenant of that name, made when it is first asked for.
func (h *Harness) Tenant(name string) *tenanttest.Fake {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.tenants[name]
	if f == nil {
		f = tenanttest.NewFake(tenanttest.Config{
			Kinds: h.cfg.Kinds, Directory: authtest.DirectoryOf(name), Permissions: h.cfg.Permissions,
			ConsentURL: "https://login.example/" + name + "/adminconsent",
		})
		for _, p := range h.cfg.Permissions {
			f.Grant(p.AnyOf...)
		}
		h.tenants[name] = f
	}
	return f
}

// WorkerConfig configures a [Worker]. The zero value is useful.
type WorkerConfig struct {
	// Approver is asked to review plans; nil leaves them to Decide.
	Approver syncer.Approver
	// Edit, if not nil, changes the engine's configuration before it is made.
	Edit func(*syncer.Config)
}

// Worker is a process: an engine of its own, on the world that it shares.
type Worker struct {
	*syncer.Syncer
	// Calls injects faults into the calls that this worker makes, under names
	// such as "Store.Commit", "Leaser.Renew", "Blobs.Put", "Repository.Update",
	// "Client.Apply", "Authenticator.Begin", "SignIn.Wait", "Connector.Connect"
	// and "Approver.Review".
	Calls *statetest.Injector

	ctx  context.Context
	kill context.CancelFunc
	dead atomic.Bool
}

// Secret is the [syncer.Config.Secret] of all workers, so that they can take over
// from each other.
const Secret = "a secret of tests: 32 bytes or more"

// ErrDead is the error of every call of a killed worker.
var ErrDead = errors.New("syncertest: this worker was killed")

// Worker adds a process. It panics on a configuration that cannot be used.
func (h *Harness) Worker(name string, cfg WorkerConfig) *Worker {
	w := &Worker{Calls: new(statetest.Injector)}
	w.ctx, w.kill = context.WithCancel(context.Background())
	w.Strike(nil)
	conf := syncer.Config{
		Store:         statetest.StoreWithFaults(h.Store, w.Calls),
		Repository:    tenanttest.RepositoryFaults{Repository: h.Repository, Faults: w.Calls},
		Authenticator: faultyAuthenticator{h.Auth, w.Calls},
		Connector: faultyConnector{syncer.ConnectorFunc(func(_ context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
			authorize := func(ctx context.Context) error {
				_, err := req.Credential.Token(ctx, auth.TokenRequest{})
				return err
			}
			return h.Tenant(req.Tenant).Client(tenanttest.ClientConfig{Worker: name, Authorize: authorize}), nil
		}), w.Calls},
		Secret:   []byte(Secret),
		Observer: h.Events,
		WorkerID: name,
		NewRunID: func() string { return fmt.Sprintf("run-%d", h.runs.Add(1)) },
	}
	if cfg.Approver != nil {
		conf.Approver = faultyApprover{cfg.Approver, w.Calls}
	}
	if cfg.Edit != nil {
		cfg.Edit(&conf)
	}
	s, err := syncer.New(conf)
	if err != nil {
		panic(err)
	}
	w.Syncer = s
	return w
}

// Strike sets the function that decides what happens to the worker's calls from now
// on; nil lets them through. The calls of a killed worker always fail.
func (w *Worker) Strike(decide func(statetest.Call) statetest.Fault) {
	w.Calls.Inject(func(c statetest.Call) statetest.Fault {
		if w.dead.Load() {
			return statetest.Fault{Before: ErrDead}
		}
		if decide == nil {
			return statetest.Fault{}
		}
		return decide(c)
	})
}

// Context is the worker's: it ends when it is killed. Pass it to Run, Sync and
// Advance.
func (w *Worker) Context() context.Context { return w.ctx }

// Kill ends the worker as a power cut would.
func (w *Worker) Kill() {
	w.dead.Store(true)
	w.kill()
}

// Dies kills the worker in the middle of a call, and returns the call's fault:
// it is not made, or it has its effect and the worker never learns of it. For
// use in the function that is passed to [Worker.Strike].
func (w *Worker) Dies(after bool) statetest.Fault {
	if !after {
		w.Kill()
		return statetest.Fault{Before: ErrDead}
	}
	w.dead.Store(true)
	time.AfterFunc(time.Nanosecond, w.kill) // at once, the call would find its context ended
	return statetest.Fault{After: ErrDead}
}

// Dead reports whether the worker was killed.
func (w *Worker) Dead() bool { return w.dead.Load() }

// KillAt kills the worker at the nth call of op, counted from 0 over all its
// calls of op: before the call, or after its effect.
func (w *Worker) KillAt(op string, nth int, after bool) {
	w.Strike(func(c statetest.Call) statetest.Fault {
		if c.Op != op || c.Nth != nth {
			return statetest.Fault{}
		}
		return w.Dies(after)
	})
}
