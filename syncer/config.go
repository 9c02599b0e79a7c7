package syncer

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/people"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/internal/word"
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
	// the face of transient errors. Throttled writes do not count: the engine
	// retries them for up to 10 minutes an item.
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
	// NewRunID makes run ids. They must be unique for all time, and the next one
	// must not be predictable ([Row.Code] relies on that). Defaults to UUIDs of version 7.
	NewRunID func() string
}

// people returns the rule by which two actors are one person.
func (c Config) people() people.Rule { return people.Rule{KeyOf: c.ActorKey} }

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

// lookInterval is how long a tenant's permissions are left alone while it rests
// in status; not more than 0 means that no worker looks.
func (s Settings) lookInterval(tenantName string, status state.Status) time.Duration {
	if status == state.PendingAdminConsent {
		return s.RecheckInterval
	}
	every := s.PermissionsInterval
	if tenth := int64(every / 10); tenth > 0 {
		h := fnv.New64a()
		_, _ = h.Write([]byte(tenantName)) // never fails
		every += time.Duration(h.Sum64() % uint64(tenth))
	}
	return every
}

// Settings are a tenant's own: what is in scope, the rules, and how long things
// may take. A zero field takes its default.
//
// The engine asks for a tenant's settings when it needs them, and each binds
// from then on: RunTimeout when the run is started, AuthTimeout and
// Approval.Timeout when the status is entered whose deadline they give, the
// other Approval rules at each decision, and the rest whenever a process begins
// or resumes a run.
type Settings struct {
	// Directory is the id of the directory that the tenant is; credentials of
	// another are refused, class "wrong_tenant", before anything is read. Empty
	// means the first one connected: once its permissions could be looked at,
	// the tenant is pinned to it for good.
	Directory string
	// Scopes overrides the kinds' own scope, by kind.
	Scopes map[string]tenant.Scope
	// Variables are the values of ${var:name} in the repository.
	// "tenantId", the directory id, is always there.
	Variables map[string]string
	// Rules are drift policy, ignores and guards.
	Rules plan.Rules

	// Approval are the rules that an approval must meet.
	Approval ApprovalRules
	// RequireConsent ends a run in Pending admin consent as soon as any
	// permission is missing, instead of syncing what can be read.
	RequireConsent bool

	// AuthTimeout is how long a person has to sign in, from entering Pending
	// authentication. Defaults to 3 minutes.
	AuthTimeout time.Duration
	// RunTimeout is how long a run may work, waiting for people not counted.
	// Defaults to 6 hours.
	RunTimeout time.Duration
	// NewerInterval is how often a worker looks whether the desired line has moved
	// on while a plan waits for a decision ([Row].Newer). A look that finds no
	// change costs one read and one commit. There is none while an Approver's
	// Review blocks. Defaults to 1 hour; negative means never.
	NewerInterval time.Duration
	// RecheckInterval is how often a worker looks whether a missing permission
	// was granted. Defaults to 1 hour; negative means only [Syncer.Recheck].
	RecheckInterval time.Duration
	// PermissionsInterval is how often a worker looks at the permissions of a
	// tenant at rest, so that a permission that is missing now is told before the
	// next sync. Up to a tenth is added, by the tenant's name, so that the looks at
	// a fleet spread out. A look connects without asking anybody to sign in, and
	// makes one commit, which is what makes the tenant due for the next one. After
	// an error the next look comes sooner. Defaults to 24 hours; negative means
	// never.
	PermissionsInterval time.Duration
	// VerifyTimeout is how long written objects are read back until they show
	// what was written. All of a run's are read back side by side. One that shows
	// something else when the time is up counts as not kept by the service, so
	// the time should be longer than reads lag behind writes. Created objects are
	// read back for at least their kind's Consistency, so that the next run does
	// not take them for missing. Defaults to 1 minute.
	VerifyTimeout time.Duration
}

// withDefaults returns a copy of s with the defaults filled in.
func (s Settings) withDefaults() Settings {
	s.Approval = s.Approval.withDefaults()
	s.AuthTimeout = cmp.Or(s.AuthTimeout, AuthTimeoutDefault)
	s.RunTimeout = cmp.Or(s.RunTimeout, RunTimeoutDefault)
	s.VerifyTimeout = cmp.Or(s.VerifyTimeout, VerifyTimeoutDefault)
	s.NewerInterval = cmp.Or(s.NewerInterval, NewerIntervalDefault)
	s.RecheckInterval = cmp.Or(s.RecheckInterval, RecheckIntervalDefault)
	s.PermissionsInterval = cmp.Or(s.PermissionsInterval, PermissionsIntervalDefault)
	return s
}

// problems says for each field why it cannot be used. Each message begins with
// the field's name.
func (s Settings) problems(p people.Rule) []string {
	var out []string
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"AuthTimeout", s.AuthTimeout}, {"RunTimeout", s.RunTimeout}, {"VerifyTimeout", s.VerifyTimeout}} {
		if f.value <= 0 {
			out = append(out, fmt.Sprintf("Settings.%s must be more than 0, is %s", f.name, f.value))
		}
	}
	return append(out, s.policy(p).problems("Settings.Approval.")...)
}

// settings returns the tenant's settings with their defaults, and the variable
// "tenantId". An error of SettingsFor is transient; settings that cannot be used
// are not.
func (c Config) settings(ctx context.Context, tenantName, directory string) (Settings, error) {
	set := c.Settings
	if c.SettingsFor != nil {
		var err error
		if set, err = c.SettingsFor(ctx, tenantName); err != nil {
			return Settings{}, &failure.Retryable{Err: failure.New(word.ClassSettings, "syncer: %s: settings: %w", tenantName, err)}
		}
		set = set.withDefaults()
		if wrong := set.problems(c.people()); len(wrong) > 0 {
			return Settings{}, failure.New(word.ClassSettings, "syncer: %s: the settings cannot be used; correct what SettingsFor returns: %s", tenantName, strings.Join(wrong, "; "))
		}
	}
	vars := map[string]string{"tenantId": directory}
	maps.Copy(vars, set.Variables)
	set.Variables = vars
	return set, nil
}

// policy returns what a decision on the tenant's plans must meet now.
func (c Config) policy(ctx context.Context, tenantName string) (policy, error) {
	set, err := c.settings(ctx, tenantName, "")
	return set.policy(c.people()), err
}

// policy is the part of the settings that a decision must meet.
func (s Settings) policy(p people.Rule) policy { return policy{s.Approval, p, s.NewerInterval} }

// Action is what a person does, for [Config.Authorize].
type Action string

// The actions, named after the methods of [Syncer] that carry them out.
const (
	ActStart   Action = "start"
	ActDecide  Action = "decide"
	ActCancel  Action = "cancel"
	ActRetry   Action = "retry"
	ActRecheck Action = "recheck"
	ActPause   Action = "pause"
	ActResume  Action = "resume"
	ActRemove  Action = "remove"
)

// withDefaults returns a copy of r with the defaults filled in.
func (r ApprovalRules) withDefaults() ApprovalRules {
	r.Approvals = cmp.Or(r.Approvals, 1)
	r.Timeout = cmp.Or(r.Timeout, ApprovalTimeoutDefault)
	r.Rules = slices.Clone(r.Rules)
	for i := range r.Rules {
		r.Rules[i].AtLeast = cmp.Or(r.Rules[i].AtLeast, 1)
		r.Rules[i].Approvals = cmp.Or(r.Rules[i].Approvals, 1)
	}
	return r
}
