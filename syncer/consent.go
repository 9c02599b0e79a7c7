package syncer

import (
	"context"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/tenant"
)

// lookAt looks at the permissions that a tenant's kinds need.
func (c *connection) lookAt(ctx context.Context, client tenant.Client, kinds []tenant.Kind, id auth.Identity, set Settings) (reading.Permissions, error) {
	return reading.LookAt(ctx, client, reading.Look{Tenant: c.tenant, Directory: id.Directory, Kinds: kinds, Scopes: set.Scopes, Write: c.now().d.needsWrite()})
}

// missingOf returns the missing permissions in the form of the record.
func missingOf(found reading.Permissions) []MissingPermission {
	var out []MissingPermission
	for _, m := range found.Missing {
		out = append(out, MissingPermission(m))
	}
	return out
}

// needsWrite reports whether a look includes the permissions to write: unless the
// tenant's run only reads, and always while one of them is known to be missing.
func (d *data) needsWrite() bool {
	return d.Run == nil || d.Run.Options.Mode == Full ||
		slices.ContainsFunc(d.Missing, func(m MissingPermission) bool { return m.Write })
}

// consentPhase compares required with granted permissions.
func (c *connection) consentPhase(ctx context.Context) (onward, error) {
	set, err := c.cfg.settings(ctx, c.tenant, c.identity.Directory)
	if err != nil {
		return onward{}, err
	}
	c.set = set
	targets, err := c.run().lists(c.s, c.tenant).Targets(ctx, c.run().Targets, c.run().Options.Targets)
	if err != nil {
		return onward{}, err
	}
	if err := reading.CheckTargets(c.tenant, c.kinds, set.Scopes, targets); err != nil {
		return onward{}, err
	}
	found, err := c.lookAt(ctx, c.client, c.kinds.Declarations(), *c.identity, set)
	if err != nil {
		return onward{}, failure.OfCall("consent: permissions", err)
	}
	c.proven = true
	missing := missingOf(found)
	c.logConsent(missing)
	store := func(t *draft) error {
		if len(missing) > 0 {
			t.entry(EntryConsent, EntryData{Missing: missing})
		}
		t.d.Missing, t.d.ConsentURL = missing, found.ConsentURL
		t.due()
		return nil
	}
	if len(missing) > 0 && set.RequireConsent {
		end := runEnd{stop: ending.ConsentMissing, reason: "permissions are missing"}
		return onward{end: &end}, c.commit(ctx, store)
	}
	c.walk.permitted = &permitted{set: set, found: found, targets: targets}
	if d := c.now().d; len(missing)+len(d.Missing) == 0 && d.ConsentURL == found.ConsentURL && d.Directory != "" {
		return onward{phase: PhaseBackup}, nil // as the record says already
	}
	return onward{phase: PhaseBackup, change: store}, nil
}

// logConsent logs the missing permissions, or that an administrator has granted those
// that were missing.
func (c *connection) logConsent(missing []MissingPermission) {
	switch {
	case len(missing) > 0:
		c.log.Warn("permissions are missing", "missing", permissionNames(missing))
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
