package syncer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// consent is what a look at the permissions showed.
type consent struct {
	missing []MissingPermission
	url     string
	// unreadable and unwritable are the kinds that lack a permission, with its
	// names; left are those that an optional one leaves out of scope.
	unreadable map[string][]string
	unwritable map[string][]string
	left       map[string]bool
}

// checkConsent compares required with granted permissions: of all kinds in
// scope, whatever a run's targets are, so that no run makes a missing one
// forgotten. A client that leads to another directory than the credentials do
// is an error.
func (c *session) checkConsent(ctx context.Context, client tenant.Client, kinds []tenant.Kind, id auth.Identity, set Settings) (consent, error) {
	out := consent{unreadable: map[string][]string{}, unwritable: map[string][]string{}, left: map[string]bool{}}
	p, err := client.Permissions(ctx, tenant.PermissionsRequest{Kinds: reading.InScope(kinds, set.Scopes, nil), Write: c.now().d.needsWrite()})
	if err != nil {
		return out, err
	}
	if p.Directory != "" && !strings.EqualFold(p.Directory, id.Directory) {
		return out, failure.New(ClassWrongTenant, "the tenant that answers for %s is directory %s, and the credentials are for directory %s: correct the connection",
			c.tenant, p.Directory, id.Directory)
	}
	out.url = p.ConsentURL
	for _, need := range p.Required {
		if slices.ContainsFunc(need.AnyOf, func(name string) bool { return slices.Contains(p.Granted, name) }) {
			continue
		}
		if need.Optional {
			for _, k := range need.Kinds {
				out.left[k] = out.left[k] || !need.Write
			}
			if !need.Write {
				continue
			}
		}
		names := need.AnyOf[:min(1, len(need.AnyOf))]
		for _, k := range need.Kinds {
			if need.Write {
				out.unwritable[k] = append(out.unwritable[k], names...)
			} else {
				out.unreadable[k] = append(out.unreadable[k], names...)
			}
		}
		if !need.Optional {
			out.missing = append(out.missing, MissingPermission{AnyOf: need.AnyOf, Kinds: need.Kinds, Write: need.Write})
		}
	}
	return out, nil
}

// needsWrite reports whether permissions to write count: when the tenant's run
// writes, and while one is known to be missing.
func (d *data) needsWrite() bool {
	return d.Run == nil || d.Run.Options.Mode == Full ||
		slices.ContainsFunc(d.Missing, func(m MissingPermission) bool { return m.Write })
}

// unwritableKinds says of each kind that may be read and not written why not, so
// that the plan says it instead of failing later.
func (g consent) unwritableKinds() map[string]string {
	reasons := map[string]string{}
	for kind, names := range g.unwritable {
		if len(names) > 0 {
			reasons[kind] = fmt.Sprintf("the permission %s is not granted", joinActors(names))
		}
	}
	return reasons
}

// permitted is what the look at the permissions has shown, for the phases that
// follow.
type permitted struct {
	set   Settings
	found consent
}

// consentPhase compares required with granted permissions.
func (c *session) consentPhase(ctx context.Context) (onward, error) {
	set, err := c.cfg.settings(ctx, c.tenant, c.identity.Directory)
	if err != nil {
		return onward{}, err
	}
	c.set = set
	if err := c.checkTargets(c.run().Options.Targets, set.Scopes); err != nil {
		return onward{}, err
	}
	found, err := c.checkConsent(ctx, c.client, c.kinds.Declarations(), *c.identity, set)
	if err != nil {
		return onward{}, failure.OfCall("consent: permissions", err)
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

// logConsent names the permissions that are missing, or says that those that
// were missing are granted.
func (c *session) logConsent(found consent) {
	switch {
	case len(found.missing) > 0:
		c.log.Warn("permissions are missing", "missing", permissionNames(found.missing))
	case len(c.now().d.Missing) > 0:
		c.log.Info("the missing permissions are granted", "granted", permissionNames(c.now().d.Missing))
	}
}

// permissionNames lists permissions for people.
func permissionNames(missing []MissingPermission) string {
	names := make([]string, len(missing))
	for i, m := range missing {
		names[i] = strings.Join(m.AnyOf, " or ")
	}
	slices.Sort(names)
	return joinActors(slices.Compact(names))
}
