package simulation

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// fileChange is a change that the engine has made to a file of the repository,
// with the facts that the check needs.
type fileChange struct {
	act     string // adopt, revert or rollback
	change  tenant.Change
	was, is body // the file; nil for none
	// plan is the plan of the run, or nil before the run has one.
	plan *plan.Plan
	// rollsBack says that a person asked for a roll back.
	rollsBack bool
	// enforce says that the policy reverts the tenant's drift.
	enforce bool
	// bound is the id of the object that the file is bound to, if the tenant
	// still has the object.
	bound string
	// hadTenant reports whether the tenant ever had a value.
	hadTenant func(value string) bool
}

// check checks that no edit of a file is lost. The engine may replace a value
// that both sides had by the tenant's new value. It may revert the changes that
// a person rejects, and it may roll back if a person asks for it.
func (c fileChange) check() (found []oracle.Violation) {
	violate := func(format string, args ...any) { found = append(found, broke("nothing lost", format, args...)) }
	id := c.change.Kind + "/" + c.change.Key
	if n := repeated(c.is); n > repeated(c.was) {
		violate("%s of %s has put a member twice into a list: %s, which was %s", c.act, id, text(c.is), text(c.was))
	}
	for _, name := range madeUp {
		v, ok := c.was[name].(string)
		if !ok || c.is[name] == v || v == plan.Redacted {
			continue
		}
		switch {
		case c.act == "adopt" && !c.hadTenant(v):
			violate("%s: adopting %v over %s=%s, which the tenant never had: somebody's edit", id, c.is[name], name, v)
		case c.act == "rollback" && !c.rollsBack:
			violate("%s: %s=%s was rolled back, and no person asked for it", id, name, v)
		}
	}
	if c.act == "rollback" {
		return found
	}
	for _, name := range madeUp {
		if v, ok := c.is[name].(string); ok && c.was[name] != v && v != plan.Redacted && !c.hadTenant(v) {
			violate("%s: %s=%s was written to the repository (%s), and the tenant never had it", id, name, v, c.act)
		}
	}
	if c.act == "adopt" && c.is == nil && c.bound != "" {
		violate("%s was removed from the repository, and the tenant still has it as %s", id, c.bound)
	}
	if c.act == "adopt" && c.enforce {
		violate("%s was adopted, and the policy is to enforce", id)
	}
	if c.act == "revert" && c.plan != nil && !slices.ContainsFunc(c.plan.Items, func(it plan.Item) bool {
		return it.Kind == c.change.Kind && (it.Key == c.change.Key || it.RenamedFrom == c.change.Key)
	}) {
		violate("%s was taken back, and the plan does not have it", id)
	}
	return found
}

// boundTo returns the id that a base binds a key to, or "" for an unbound key.
func boundTo(base *diff.Base, kind, key string) string {
	for _, o := range base.Objects {
		if o.Kind == kind && o.Key == key {
			return o.ID
		}
	}
	return ""
}

// repeated returns the number of duplicates in the lists of a file.
func repeated(b body) int {
	n := 0
	for _, v := range b {
		list, _ := v.([]any)
		for i, member := range list {
			if slices.ContainsFunc(list[:i], func(o any) bool { return sameValue(o, member) }) {
				n++
			}
		}
	}
	return n
}
