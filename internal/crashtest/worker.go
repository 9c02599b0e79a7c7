package crashtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// workerEnv holds the configuration of a worker process.
const workerEnv = "TENANTSYNC_CRASHTEST_WORKER"

// WorkerConfig configures a worker process.
type WorkerConfig struct {
	// Name is the worker's name in leases and in calls to the world.
	Name  string
	Store StoreConfig
	// Socket is the path of the world's socket.
	Socket string
	// Repository is the folder that all workers share.
	Repository string
	// Approver is the name under which every plan is approved. If it is empty,
	// plans wait for Decide.
	Approver string
	// Engine holds the settings of the engine that a test chooses. A zero field
	// gets the engine's default.
	Engine EngineConfig
}

// EngineConfig is a subset of the fields of [syncer.Config].
type EngineConfig struct {
	Lease, WriteTimeout, PollInterval, RecheckInterval time.Duration
	Concurrency, WriteConcurrency                      int
}

// Apply sets the fields of c.
func (e EngineConfig) Apply(c *syncer.Config) {
	c.LeaseDuration, c.WriteTimeout, c.PollInterval, c.Settings.RecheckInterval = e.Lease, e.WriteTimeout, e.PollInterval, e.RecheckInterval
	c.Concurrency, c.WriteConcurrency = e.Concurrency, e.WriteConcurrency
}

// IsWorker reports whether this process was started as a worker. Then the
// TestMain of the test binary must call only [WorkerMain].
func IsWorker() bool { return os.Getenv(workerEnv) != "" }

// WorkerMain runs a worker and returns its exit code.
func WorkerMain() int {
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := work(logger); err != nil {
		logger.Error("the worker failed", "error", err)
		return 1
	}
	return 0
}

func work(logger *slog.Logger) error {
	var cfg WorkerConfig
	if err := json.Unmarshal([]byte(os.Getenv(workerEnv)), &cfg); err != nil {
		return fmt.Errorf("%s: %w", workerEnv, err)
	}
	// Standard input ends when the parent process ends in any way. Then the
	// world has ended too.
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	store, closeStore, err := cfg.Store.Open(ctx, logger)
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	defer closeStore()
	repository, err := tenant.NewDirRepository(cfg.Repository)
	if err != nil {
		return err
	}
	defer repository.Close()
	remote := Dial(cfg.Socket, cfg.Name)
	defer remote.Close()
	conf := syncer.Config{
		Store:      store,
		Repository: repository, Authenticator: remote.Authenticator(), Connector: remote.Connector(),
		WorkerID: cfg.Name, Logger: logger, Secret: []byte(syncertest.Secret),
	}
	if cfg.Approver != "" {
		conf.Approver = syncertest.Approves(cfg.Approver)
	}
	cfg.Engine.Apply(&conf)
	engine, err := syncer.New(conf)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, ready)
	if err := out.Flush(); err != nil {
		return err
	}
	return engine.Run(ctx)
}

// ready is the line that a worker prints when it starts to work.
const ready = "ready"

// Connector returns a connector to the world's tenants, which uses the tokens
// of the authenticator.
func (r *Remote) Connector() syncer.Connector {
	return syncer.ConnectorFunc(func(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
		token, err := req.Credential.Token(ctx, auth.TokenRequest{})
		if err != nil {
			return nil, err
		}
		return r.Connect(ctx, req.Tenant, token.Value.Reveal())
	})
}
