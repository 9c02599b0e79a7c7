package sample

import (
	"github.com/tenantsync/tenantsync/tenant"
)

// The kinds of the objects of [Policies], as package tenant/graph names them.
const (
	PolicyKind = "conditionalAccessPolicies"
	GroupKind  = "groups"
)

// Tenant is a tenant with its repository. Each call of a method generates the
// resources again, so the caller owns them. The methods may be called concurrently.
//
// A policy of the tenant has about 2.6 KB: compact JSON with all members and nulls
// that Graph lists, and the ids of groups. Its file has about 3.2 KB: indented
// JSON with members in alphabetical order, names in place of ids
// ("${groups/NAME}"), and no read-only members. The file's key is the policy's
// displayName.
type Tenant struct {
	policies, groups int
}

// Policies returns a tenant of n Conditional Access policies and n/20 groups, at
// least one. A policy refers to up to nine of the groups.
func Policies(n int) *Tenant {
	return &Tenant{policies: n, groups: max(1, n/20)}
}

// Changes says how many policies [Tenant.Desired] changes, adds and removes.
type Changes struct {
	Changed, Added, Removed int
}

// Every 100th policy is changed, every 200th is removed, and as many are added.
const (
	changedEvery, changedFirst = 100, 7
	removedEvery, removedFirst = 200, 51
)

// Changes returns how [Tenant.Desired] differs from [Tenant.Base]: 1 % changed,
// 0.5 % added and 0.5 % removed, where the number of policies is a multiple of 200.
func (t *Tenant) Changes() Changes {
	return Changes{
		Changed: occurrences(t.policies, changedEvery, changedFirst),
		Added:   t.added(),
		Removed: occurrences(t.policies, removedEvery, removedFirst),
	}
}

func (t *Tenant) added() int { return t.policies / removedEvery }

// occurrences counts the numbers below n that are first modulo every.
func occurrences(n, every, first int) int {
	return (n - first + every - 1) / every
}

// Len returns the number of objects in the tenant: policies and groups.
func (t *Tenant) Len() int { return t.policies + t.groups }

// Base returns the files of a repository that agrees with the tenant.
func (t *Tenant) Base() []tenant.Resource {
	return t.files(func(int) bool { return true }, func(int, object) {}, 0)
}

// Desired returns the files after the changes that [Tenant.Changes] counts. A
// changed file differs in one place: its state, its controls, its locations
// or the description, in turn.
func (t *Tenant) Desired() []tenant.Resource {
	kept := func(number int) bool { return number%removedEvery != removedFirst }
	return t.files(kept, func(number int, p object) {
		if number%changedEvery == changedFirst {
			change(p, number/changedEvery)
		}
	}, t.added())
}

// Current returns the tenant's objects as Graph returns them: compact, with ids.
func (t *Tenant) Current() []tenant.Resource { return t.objects(false) }

// Moved returns the tenant's objects as a later read might return them: with the
// same configuration, but with the members of each object in another order, and
// with another modifiedDateTime in each policy.
func (t *Tenant) Moved() []tenant.Resource {
	return t.objects(true)
}

// files returns the files of all groups, of the policies that kept chooses, and of
// as many new policies as added says. edit may change a policy before it is written.
func (t *Tenant) files(kept func(number int) bool, edit func(number int, p object), added int) []tenant.Resource {
	files := make([]tenant.Resource, 0, t.Len()+added)
	names := make(map[string]string, t.groups)
	for i := range t.groups {
		files = append(files, file(GroupKind, groupName(i), groupFile(i)))
		names[groupID(i)] = groupName(i)
	}
	for i := range t.policies + added {
		if i < t.policies && !kept(i) {
			continue
		}
		p := policyFile(policy(i, t.groups), names)
		edit(i, p)
		files = append(files, file(PolicyKind, (*p.at("displayName")).(string), p))
	}
	return files
}

func file(kind, key string, body object) tenant.Resource {
	return tenant.Resource{Kind: kind, Key: key, Source: kind + "/" + tenant.FilePath(key, false),
		Body: indented(ordered(body, alphabetically))}
}

// objects returns the tenant's groups and policies, for Current or for Moved.
func (t *Tenant) objects(moved bool) []tenant.Resource {
	objects := make([]tenant.Resource, 0, t.Len())
	add := func(kind string, o object) {
		id := (*o.at("id")).(string)
		if moved {
			o = ordered(o, backwards).(object)
		}
		objects = append(objects, tenant.Resource{Kind: kind, ID: id, Body: compact(o)})
	}
	for i := range t.groups {
		add(GroupKind, group(i))
	}
	for i := range t.policies {
		p := policy(i, t.groups)
		if moved {
			*p.at("modifiedDateTime") = newDraw("moved", i).moment(2026)
		}
		add(PolicyKind, p)
	}
	return objects
}
