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

// Config has the host's parts and settings. The first four fields are required.
type Config struct {
	// Store keeps records with their history, leases and blobs. [state.Split]
	// joins three separate values.
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
	// Secret is the key from which the engine derives the keys of all hashes of
	// secrets, in plans and in stored bases. It has at least 32 random bytes and is
	// the same in all processes that work on one store. Keep it apart from the
	// store: somebody who has it and a stored hash can test guesses. A new Secret
	// makes plans with secrets stale, and changes no object. Nil: the process makes
	// a Secret of its own. Plans with secrets can then be approved in this process
	// only, and are stale once another process works on the tenant.
	Secret Secret
	// Settings has the scopes, variables, rules and time limits of all tenants. It
	// is not used if SettingsFor is set.
	Settings Settings
	// SettingsFor, if not nil, returns a tenant's own settings. It is called when
	// a run is started, when a process begins or resumes a run, when a status with
	// a deadline is entered, and for each review and decision. It must be safe for
	// concurrent use. A person who acts gets its error. A worker retries, and ends
	// the run with class "settings" if the error stays. Settings that cannot be
	// used end the run with that class too.
	SettingsFor func(ctx context.Context, tenant string) (Settings, error)
	// Authorize, if not nil, is called once before every action of a person, also
	// before an Approver's decision is stored. It is not called for an automatic
	// approval. An error refuses the action and is returned to the caller. It
	// must be safe for concurrent use, and so must ActorKey and NewRunID.
	Authorize func(ctx context.Context, actor string, action Action, tenant string) error
	// ActorKey returns an actor's key. Actors with equal keys are one person: the
	// spellings of a sign-in name, for example, or a person's two accounts. The
	// engine compares the keys when it counts approvals, when people approve their
	// own runs, in groups of approvers, and for the holders of a tenant. It shows
	// and stores actors as they were written. Defaults to the function [ActorKey].
	ActorKey func(actor string) string
	// Observer, if not nil, gets an event for everything that this process commits.
	Observer Observer
	// Logger defaults to one that discards. Each run's lines are also kept with
	// the run, see [Syncer.Logs].
	Logger *slog.Logger
	// TracerProvider and MeterProvider default to ones that do nothing.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider

	// WriteTimeout is the longest that one write may take. The engine begins a
	// write only if the lease lasts longer than that. It decides that a write of
	// unknown outcome had no effect only after WriteTimeout and then the kind's
	// Consistency have passed. Defaults to 30 seconds, or half of a shorter
	// LeaseDuration; must be under two thirds of LeaseDuration.
	WriteTimeout time.Duration
	// StopOnFailure stops a deploy at the first item that fails. By default the
	// engine skips only the items that depend on it.
	StopOnFailure bool
	// MaxAttempts limits the attempts of a write, a repository call or a phase that
	// fails with transient errors. Throttled writes do not count: the engine
	// retries them for up to 10 minutes an item. Defaults to 5.
	MaxAttempts int

	// WorkerID names this process in leases. Defaults to host name, process id
	// and a random part.
	WorkerID string
	// LeaseDuration is how long a worker's lease on a tenant lasts without renewal.
	// The worker renews it after a third of that time. When a worker dies, its
	// leases run out, and the next worker with room claims its tenants within
	// PollInterval. Defaults to 1 minute.
	LeaseDuration time.Duration
	// PollInterval is how often [Syncer.Run] and [Syncer.Sync] look for work:
	// one claim each time. Work begun in this process is noticed at once.
	// Defaults to half a second, so that another worker claims a dead worker's
	// tenants within the length of a lease and one second.
	PollInterval time.Duration
	// Concurrency is how many tenants [Syncer.Run] works on at a time, not
	// counting those that wait for a sign-in. Defaults to 8.
	Concurrency int
	// ReadConcurrency and WriteConcurrency are per tenant. Both default to 4.
	ReadConcurrency  int
	WriteConcurrency int
	// NewRunID makes run ids. They must be unique for all time, and the next one
	// must not be predictable ([Row.Code] relies on that). Defaults to UUIDs of
	// version 7.
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

// lookInterval returns the time between two looks at the permissions of a tenant that
// rests in status. No worker looks if it is 0 or less.
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

// Settings has the scopes, variables, rules and time limits of one tenant. A zero
// field has its default.
//
// The engine reads a tenant's settings several times in a run. RunTimeout is fixed
// when the run is started. AuthTimeout and Approval.Timeout are fixed when the tenant
// enters the status whose deadline they set. The other Approval rules are read at
// each decision. All other settings are read whenever a process begins or resumes
// the run.
type Settings struct {
	// Directory is the id of the tenant's directory. The engine refuses credentials
	// of another directory, class "wrong_tenant", before it reads anything. If it
	// is empty, the first connection decides: once the engine has read the
	// permissions there, the tenant stays pinned to that directory.
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
	// RequireConsent ends a run in Pending admin consent as soon as any permission
	// is missing. Without it, the engine syncs the kinds that it can read.
	RequireConsent bool

	// AuthTimeout is how long a person has to sign in, from entering Pending
	// authentication. Defaults to 3 minutes.
	AuthTimeout time.Duration
	// RunTimeout is how long a run may work. Waits for people do not count.
	// Defaults to 6 hours.
	RunTimeout time.Duration
	// NewerInterval is how often a worker looks whether the desired line has moved
	// on while a plan waits for a decision ([Row].Newer). A look that finds no
	// change costs one read and one commit. No worker looks while an Approver's
	// Review blocks. Defaults to 1 hour; negative means never.
	NewerInterval time.Duration
	// RecheckInterval is how often a worker looks whether a missing permission
	// was granted. Defaults to 1 hour; negative means only [Syncer.Recheck].
	RecheckInterval time.Duration
	// PermissionsInterval is how often a worker looks at the permissions of a
	// tenant at rest, so that a missing permission is seen before the next sync.
	// The engine adds up to a tenth of it, by the tenant's name, to spread the
	// looks at many tenants. A look connects without asking a person to sign in.
	// Its one commit makes the tenant due for the next look. After an error the
	// next look comes sooner. Defaults to 24 hours; negative means never.
	PermissionsInterval time.Duration
	// VerifyTimeout is how long the engine reads written objects back until they
	// show the written values. It reads all objects of a run back concurrently. An
	// object with other values when the time is up counts as not kept by the
	// service, so the time should be longer than reads lag behind writes. The
	// engine reads created objects back for at least their kind's Consistency, so
	// that the next run does not create them again. Defaults to 1 minute.
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

// policy returns the rules that a decision on the tenant's plans must meet now.
func (c Config) policy(ctx context.Context, tenantName string) (policy, error) {
	set, err := c.settings(ctx, tenantName, "")
	return set.policy(c.people()), err
}

// policy returns the part of the settings that a decision must meet.
func (s Settings) policy(p people.Rule) policy { return policy{s.Approval, p, s.NewerInterval} }

// Action names an action of a person, for [Config.Authorize].
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
