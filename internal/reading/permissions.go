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

// Permissions is the result of a look at a tenant's permissions. In the zero
// value, no permission is known to be missing.
type Permissions struct {
	Missing []Missing
	// ConsentURL is the page where an administrator grants the missing
	// permissions.
	ConsentURL string
	// Unreadable and Unwritable have the kinds that lack a permission, with the
	// names of the permissions. Left has the kinds that are out of scope because
	// an optional permission is missing.
	Unreadable map[string][]string
	Unwritable map[string][]string
	Left       map[string]bool
}

// Look has the input of [LookAt].
type Look struct {
	// Tenant is the host's name for the tenant, and Directory the id of the
	// directory that the credentials are for.
	Tenant, Directory string
	Kinds             []tenant.Kind
	Scopes            map[string]tenant.Scope
	// Write asks for the permissions to write too.
	Write bool
}

// LookAt compares the required with the granted permissions of all kinds in
// scope. It ignores the targets of a run, so that a run of some targets does
// not hide a missing permission. If the client and the credentials belong to
// different directories, the error has the class wrong_tenant. Other errors are
// the client's.
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

// lacking returns the permissions that are required and not granted.
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

// WhyNotWritten returns the reason for each kind that must not be written, so
// that the plan shows it and the deployment does not fail later.
func (p Permissions) WhyNotWritten() map[string]string {
	reasons := map[string]string{}
	for kind, names := range p.Unwritable {
		if len(names) > 0 {
			reasons[kind] = fmt.Sprintf("the permission %s is not granted", strings.Join(names, ", "))
		}
	}
	return reasons
}

// CheckTargets returns an error of class invalid_target for a target of an
// unknown kind, or of a kind out of scope: a run of it would change nothing and
// succeed.
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
