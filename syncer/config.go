package syncer

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/people"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Defaults of [Config] and [Settings].
const (
	AuthTimeoutDefault         = 3 * time.Minute
	ApprovalTimeoutDefault     = 30 * 24 * time.Hour
	RunTimeoutDefault          = 6 * time.Hour
	LeaseDurationDefault       = time.Minute
	WriteTimeoutDefault        = 30 * time.Second
	VerifyTimeoutDefault       = time.Minute
	PollIntervalDefault        = 500 * time.Millisecond
	NewerIntervalDefault       = time.Hour
	RecheckIntervalDefault     = time.Hour
	PermissionsIntervalDefault = 24 * time.Hour
	ConcurrencyDefault         = 8
	ReadConcurrencyDefault     = 4
	WriteConcurrencyDefault    = 4
	MaxAttemptsDefault         = 5
)

// secretSize is the least number of bytes of [Config.Secret].
const secretSize = 32

// Config is what a host plugs in. The first four fields are required.
type Config struct {
	// Store keeps records with their history, leases and blobs. [state.Split]
	// joins three values that are apart.
	Store state.Store
	// Repository is where the configuration lives as code.
	Repository tenant.Repository
	// Authenticator gets credentials.
	Authenticator auth.Authenticator
	// Connector makes a tenant's client from credentials.
	Connector Connector

	// Approver is asked to review plans. Nil: plans wait for [Syncer.Decide].
	// Nothing is ever approved by default.
	Approver Approver
	// Secret is what the keys of all hashes of secrets are derived from, those in
	// plans and in what both sides have agreed on: at least 32 random bytes,
	// the same in all processes that work on one store, and kept apart from it.
	// Who has it and a stored hash can try out guesses. Replacing it makes plans
	// with secrets stale, and changes no object. Nil: the process makes one of
	// its own, so that plans with secrets can be approved in this process only,
	// and are stale when another one takes over.
	Secret Secret
	// Settings are scopes, variables, rules and time-outs, the same for all
	// tenants. Not used if SettingsFor is set.
	Settings Settings
	// SettingsFor, if not nil, returns a tenant's own settings. It is called when
	// a run is started, when a process begins or resumes one, when a status with a
	// deadline is entered, and for each review and decision. It must be safe for concurrent use. An error is returned to the
	// person who acts; a worker tries again, and at last ends the run, class
	// "settings". So do settings that cannot be used.
	SettingsFor func(ctx context.Context, tenant string) (Settings, error)
	// Authorize, if not nil, is called once before every action of a person, also
	// before an Approver's decision is taken; an automatic approval is no
	// person's. An error refuses the action and is returned to the caller. It
	// must be safe for concurrent use, and so must ActorKey and NewRunID.
	Authorize func(ctx context.Context, actor string, action Action, tenant string) error
	// ActorKey tells who is one person: actors with equal keys are, such as the
	// spellings of a sign-in name, or a person's two accounts. The engine asks it
	// wherever it compares actors: for several approvals, for who may approve
	// their own run, for groups of approvers, and for who holds a tenant. It
	// shows and stores actors as they were written. Defaults to the function
	// [ActorKey].
	ActorKey func(actor string) string
	// Observer, if not nil, is told of everything that is committed.
	Observer Observer
	// Logger defaults to one that discards. Each run's lines are also kept with
	// the run, see [Syncer.Logs].
	Logger *slog.Logger
	// TracerProvider and MeterProvider default to ones that do nothing.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider

	// WriteTimeout is the longest that one write may take. A write is begun
	// only while the lease has more than this left, and one of unknown outcome
	// counts as without effect only when this time and then its kind's
	// Consistency have passed. Defaults to 30 seconds, or half of a shorter
	// LeaseDuration; must be under two thirds of LeaseDuration.
	WriteTimeout time.Duration
	// StopOnFailure stops a deploy at the first item that fails. By default
	// only what depends on it is skipped.
	StopOnFailure bool
	// MaxAttempts is how often a write, a repository call or a phase is tried in
	// the face of passing faults. Writes that the service refuses for being
	// asked too often do not count: they may go on for 10 minutes an item.
	// Defaults to 5.
	MaxAttempts int

	// WorkerID names this process in leases. Defaults to host name, process id
	// and a random part.
	WorkerID string
	// LeaseDuration is how long a worker's hold on a tenant lasts without renewal; it
	// is renewed at a third of it. A dead worker's tenants are taken over when
	// it has run out, by the next look of a worker that has room: within
	// PollInterval. Defaults to 1 minute.
	LeaseDuration time.Duration
	// PollInterval is how often [Syncer.Run] and [Syncer.Sync] look for work:
	// one claim each time. Work begun in this process is noticed at once.
	// Defaults to half a second, so that a dead worker's tenants are taken over
	// within the length of a lease and one second.
	PollInterval time.Duration
	// Concurrency is how many tenants [Syncer.Run] works on at a time, not
	// counting those that wait for a sign-in. Defaults to 8.
	Concurrency int
	// ReadConcurrency and WriteConcurrency are per tenant. Both default to 4.
	ReadConcurrency  int
	WriteConcurrency int
	// NewRunID makes run ids, unique for ever, and such that nobody can tell the
	// next one ([Row.Code] relies on that). Defaults to UUIDs of version 7.
	NewRunID func() string
}

// Connector makes a tenant's client from credentials. It must be safe for
// concurrent use and honor the context's cancellation.
type Connector interface {
	// Connect returns a client for the tenant. It is called whenever a process
	// takes a run up, and again after a sign-in. Errors are *[tenant.Error] or
	// *[auth.Error] where the class is known.
	Connect(ctx context.Context, req ConnectRequest) (tenant.Client, error)
}

// ConnectRequest says which tenant to connect to, and as whom.
type ConnectRequest struct {
	// Tenant is the host's name for the tenant.
	Tenant string
	// Credential gives the tokens; its Identity names the directory.
	Credential auth.Credential
}

// ConnectorFunc is a function as a [Connector].
type ConnectorFunc func(ctx context.Context, req ConnectRequest) (tenant.Client, error)

// Connect calls f.
func (f ConnectorFunc) Connect(ctx context.Context, req ConnectRequest) (tenant.Client, error) {
	return f(ctx, req)
}

// ActorKey is the default of [Config.ActorKey]. Two actors with equal keys are
// one person. The key ignores letter case, the Unicode form of accented letters,
// white space around the name, the width of white space within it, and
// characters that do not show. Letters that only look alike, such as Latin and
// Cyrillic a, stay different: use names that your directory has checked.
func ActorKey(actor string) string { return people.Key(actor) }

// people returns the rule by which two actors are one person.
func (c Config) people() people.Rule { return people.Rule{KeyOf: c.ActorKey} }

// Secret is bytes that no form of output shows. It is converted from []byte.
type Secret []byte

// Format writes that there is a secret, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, plan.Redacted) }

// MarshalText returns what [Secret.Format] writes.
func (s Secret) MarshalText() ([]byte, error) { return []byte(plan.Redacted), nil }

// LogValue returns what [Secret.Format] writes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(plan.Redacted) }

// keys returns the keys of a tenant's hashes of secrets.
func (c Config) keys(tenantName string) schema.Keys { return schema.DeriveKeys(c.Secret, tenantName) }

// withDefaults returns a copy of c with the defaults filled in.
func (c Config) withDefaults() Config {
	c.Logger = slog.New(bounds.Handler{Handler: cmp.Or(c.Logger, slog.New(slog.DiscardHandler)).Handler()})
	c.Settings = c.Settings.withDefaults()
	c.LeaseDuration = cmp.Or(c.LeaseDuration, LeaseDurationDefault)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, min(WriteTimeoutDefault, c.LeaseDuration/2))
	c.PollInterval = cmp.Or(c.PollInterval, PollIntervalDefault)
	c.Concurrency = cmp.Or(c.Concurrency, ConcurrencyDefault)
	c.ReadConcurrency = cmp.Or(c.ReadConcurrency, ReadConcurrencyDefault)
	c.WriteConcurrency = cmp.Or(c.WriteConcurrency, WriteConcurrencyDefault)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, MaxAttemptsDefault)
	if c.WorkerID == "" {
		host, _ := os.Hostname()
		c.WorkerID = fmt.Sprintf("%s-%d-%s", cmp.Or(host, "host"), os.Getpid(), uuid.NewString()[:8])
	}
	if len(c.Secret) == 0 {
		c.Secret = make([]byte, secretSize)
		_, _ = rand.Read(c.Secret) // never fails
	}
	if c.ActorKey == nil {
		c.ActorKey = ActorKey
	}
	if c.NewRunID == nil {
		c.NewRunID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	return c
}

// validate reports every field that cannot be used, each message beginning
// with the field's name.
func (c Config) validate() error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	need(c.Store != nil, "Store is required")
	if parts, ok := c.Store.(state.Split); ok {
		need(parts.Records != nil, "Store.Records is required")
		need(parts.Leaser != nil, "Store.Leaser is required")
		need(parts.Blobs != nil, "Store.Blobs is required")
	}
	need(c.Repository != nil, "Repository is required")
	need(c.Authenticator != nil, "Authenticator is required")
	need(c.Connector != nil, "Connector is required")
	for _, f := range []struct {
		name  string
		value time.Duration
	}{
		{"WriteTimeout", c.WriteTimeout}, {"LeaseDuration", c.LeaseDuration}, {"PollInterval", c.PollInterval},
	} {
		need(f.value > 0, "%s must be more than 0, is %s", f.name, f.value)
	}
	for _, f := range []struct {
		name  string
		value int
	}{
		{"MaxAttempts", c.MaxAttempts}, {"Concurrency", c.Concurrency}, {"ReadConcurrency", c.ReadConcurrency},
		{"WriteConcurrency", c.WriteConcurrency},
	} {
		need(f.value > 0, "%s must be more than 0, is %d", f.name, f.value)
	}
	for _, wrong := range c.Settings.problems(c.people()) {
		need(false, "%s", wrong)
	}
	need(len(c.Secret) >= secretSize, "Secret must have at least %d bytes, has %d", secretSize, len(c.Secret))
	need(c.WriteTimeout < c.LeaseDuration*2/3, "WriteTimeout (%s) must be under two thirds of LeaseDuration (%s)", c.WriteTimeout, c.LeaseDuration)
	if len(errs) > 0 {
		return fmt.Errorf("syncer: config: %w", errors.Join(errs...))
	}
	return nil
}
