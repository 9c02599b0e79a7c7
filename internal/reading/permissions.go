package reading

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Missing is a permission that is required and not granted.
type Missing struct {
	AnyOf []string // one of these is enough
	Kinds []string // that need it
	Write bool     // to write them; else to read
}

// Permissions is what a look at a tenant's permissions has shown. The zero value
// is no look: nothing is known to be missing.
type Permissions struct {
	Missing []Missing
	// ConsentURL is where an administrator grants what is missing.
	ConsentURL string
	// Unreadable and Unwritable are the kinds that lack a permission, with its
	// names; Left are those that the lack of an optional one leaves out of scope.
	Unreadable map[string][]string
	Unwritable map[string][]string
	Left       map[string]bool
}

// Look says which permissions are to be looked at.
type Look struct {
	// Tenant is the host's name for the tenant, and Directory the id of the
	// directory that the credentials are for.
	Tenant, Directory string
	Kinds             []tenant.Kind
	Scopes            map[string]tenant.Scope
	// Write asks for the permissions to write too.
	Write bool
}

// LookAt compares required with granted permissions: of all kinds in scope,
// whatever a run's targets are, so that no run makes a missing one forgotten. A
// client that leads to another directory than the credentials do is an error of
// class wrong_tenant. Other errors are the client's.
func LookAt(ctx context.Context, client tenant.Client, look Look) (Permissions, error) {
	p, err := client.Permissions(ctx, tenant.PermissionsRequest{Kinds: InScope(look.Kinds, look.Scopes, nil), Write: look.Write})
	if err != nil {
		return Permissions{}, err
	}
	if p.Directory != "" && !strings.EqualFold(p.Directory, look.Directory) {
		return Permissions{}, failure.New(auth.WrongTenant, "the tenant that answers for %s is directory %s, and the credentials are for directory %s: correct the connection",
			look.Tenant, p.Directory, look.Directory)
	}
	return lacking(p), nil
}

// lacking finds what is required and not granted.
func lacking(p tenant.Permissions) Permissions {
	out := Permissions{ConsentURL: p.ConsentURL, Unreadable: map[string][]string{}, Unwritable: map[string][]string{}, Left: map[string]bool{}}
	for _, need := range p.Required {
		if slices.ContainsFunc(need.AnyOf, func(name string) bool { return slices.Contains(p.Granted, name) }) {
			continue
		}
		if need.Optional {
			for _, k := range need.Kinds {
				out.Left[k] = out.Left[k] || !need.Write
			}
			if !need.Write {
				continue
			}
		}
		names := need.AnyOf[:min(1, len(need.AnyOf))]
		for _, k := range need.Kinds {
			if need.Write {
				out.Unwritable[k] = append(out.Unwritable[k], names...)
			} else {
				out.Unreadable[k] = append(out.Unreadable[k], names...)
			}
		}
		if !need.Optional {
			out.Missing = append(out.Missing, Missing{AnyOf: need.AnyOf, Kinds: need.Kinds, Write: need.Write})
		}
	}
	return out
}

// WhyNotWritten says of each kind that may be read and not written why not, so
// that the plan says it instead of failing later.
func (p Permissions) WhyNotWritten() map[string]string {
	reasons := map[string]string{}
	for kind, names := range p.Unwritable {
		if len(names) > 0 {
			reasons[kind] = fmt.Sprintf("the permission %s is not granted", strings.Join(names, ", "))
		}
	}
	return reasons
}

// CheckTargets returns an error of class invalid_target for targets that no kind
// can answer for: the run would do nothing and end well.
func CheckTargets(tenantName string, kinds *schema.Kinds, scopes map[string]tenant.Scope, targets []plan.Target) error {
	for _, t := range targets {
		k := kinds.Get(t.Kind)
		switch {
		case k == nil:
			var names []string
			for _, known := range kinds.All() {
				names = append(names, known.Name)
			}
			slices.Sort(names)
			return failure.New(word.ClassInvalidTarget, "no kind is called %q; correct the run's targets. The kinds are: %s", t.Kind, strings.Join(names, ", "))
		case ScopeOf(k.Kind, scopes) == tenant.OutOfScope:
			return failure.New(word.ClassInvalidTarget, "the kind %q is out of scope for %s; change its scope in the settings, or the run's targets", t.Kind, tenantName)
		}
	}
	return nil
}
