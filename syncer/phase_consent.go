package syncer

import (
	"context"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// permitted is what the look at the permissions has shown, for the phases that
// follow.
type permitted struct {
	set   Settings
	found consent
}

// consentPhase compares required with granted permissions.
func (c *session) consentPhase(ctx context.Context) (onward, error) {
	set, err := c.s.settings(ctx, c.tenant, c.identity.Directory)
	if err != nil {
		return onward{}, err
	}
	c.set = set
	if err := c.checkTargets(c.run().Options.Targets, set.Scopes); err != nil {
		return onward{}, err
	}
	found, err := c.checkConsent(ctx, c.client, c.kinds.Declarations(), *c.identity, set)
	if err != nil {
		return onward{}, c.passing("consent: permissions", err)
	}
	c.proven = true
	c.logConsent(found)
	store := func(t *draft) error {
		if len(found.missing) > 0 {
			t.entry(EntryConsent, EntryData{Missing: found.missing})
		}
		t.d.Missing, t.d.ConsentURL = found.missing, found.url
		t.due()
		return nil
	}
	if len(found.missing) > 0 && set.RequireConsent {
		end := ending{stop: stopConsent, reason: "permissions are missing"}
		return onward{end: &end}, c.commit(ctx, store)
	}
	c.walk.permitted = &permitted{set: set, found: found}
	return onward{phase: PhaseBackup, change: store}, nil
}

// checkTargets refuses targets that no kind can answer for: the run would do
// nothing and end well.
func (c *session) checkTargets(targets []plan.Target, scopes map[string]tenant.Scope) error {
	for _, t := range targets {
		k := c.kinds.Get(t.Kind)
		switch {
		case k == nil:
			var names []string
			for _, known := range c.kinds.All() {
				names = append(names, known.Name)
			}
			slices.Sort(names)
			return failure.New(ClassInvalidTarget, "no kind is called %q; correct the run's targets. The kinds are: %s", t.Kind, strings.Join(names, ", "))
		case reading.ScopeOf(k.Kind, scopes) == tenant.OutOfScope:
			return failure.New(ClassInvalidTarget, "the kind %q is out of scope for %s; change its scope in the settings, or the run's targets", t.Kind, c.tenant)
		}
	}
	return nil
}
