package syncer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/people"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

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

	// Approval are the rules that decisions are held against.
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
func (s *records) settings(ctx context.Context, tenantName, directory string) (Settings, error) {
	set := s.cfg.Settings
	if s.cfg.SettingsFor != nil {
		var err error
		if set, err = s.cfg.SettingsFor(ctx, tenantName); err != nil {
			return Settings{}, &failure.Retryable{Err: failure.New(ClassSettings, "syncer: %s: settings: %w", tenantName, err)}
		}
		set = set.withDefaults()
		if wrong := set.problems(s.cfg.people()); len(wrong) > 0 {
			return Settings{}, failure.New(ClassSettings, "syncer: %s: the settings cannot be used; correct what SettingsFor returns: %s", tenantName, strings.Join(wrong, "; "))
		}
	}
	vars := map[string]string{"tenantId": directory}
	maps.Copy(vars, set.Variables)
	set.Variables = vars
	return set, nil
}

// policy returns what decisions on the tenant's plans are held against now.
func (s *records) policy(ctx context.Context, tenantName string) (policy, error) {
	set, err := s.settings(ctx, tenantName, "")
	return set.policy(s.cfg.people()), err
}

// policy is the part of the settings that decisions are held against.
func (s Settings) policy(p people.Rule) policy { return policy{s.Approval, p, s.NewerInterval} }
