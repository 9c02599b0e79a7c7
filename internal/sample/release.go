package sample

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
)

// SettingsKind is the kind of a baseline's policies, as package tenant/graph
// names it.
const SettingsKind = "configurationPolicies"

// Baseline is a repository before and after a release of a community baseline
// for Intune, and a tenant to which the release before was deployed.
//
// The files are as an exporter writes them: each policy as Graph returned it, with
// its read-only members, but without "assignments". A file's key is the policy's
// name. The "id" in a file comes from the tenant of the baseline's author. No object
// of this tenant has it, but equal ids tell that two files are one policy.
type Baseline struct {
	// Before and After are the files by key.
	Before, After map[string]json.RawMessage
	// Tenant are the objects of the tenant. Their settings are those of Before. Their
	// ids are the tenant's own, and they have assignments, which the files lack.
	Tenant []tenant.Resource
	// TenantLater are the same objects with the same configuration, as a later
	// version of the service returns them: every instance of a setting has one more
	// member, "auditRuleInformation": null.
	TenantLater []tenant.Resource

	// Renames are the policies that have another name in After: "v3.4" at its end
	// in place of "v3.3".
	Renames []Rename
	// Updated are the keys of policies that keep their names and have other content.
	Updated []string
	// Added are the keys that only After has.
	Added []string
	// Untouched are the keys of policies with the same configuration in both. Half of
	// them were exported again, so that their lastModifiedDateTime differs.
	Untouched []string
}

// Rename is a policy with another name.
type Rename struct {
	From, To string
	// SameID: the exported id is the same in both files. Otherwise the author
	// created the policy anew.
	SameID bool
	// Changed: some of the content is different too. If SameID is false as well,
	// only a person can tell that the two are one policy.
	Changed bool
}

// The numbers of policies in a release.
const (
	renamedSameID  = 27
	renamedOtherID = 24
	updated        = 55
	added          = 20
	untouched      = 14
)

// Release returns a release of 51 renames, 55 updates and 20 new policies; 14
// policies do not change. 27 renames keep the exported id, 9 of them with
// changed content; 24 do not, 6 of them with changed content. A policy has 7 to
// 13 settings, 10 on the average; the release adds a setting to some, and takes
// one from others.
func Release() *Baseline {
	b := &Baseline{Before: map[string]json.RawMessage{}, After: map[string]json.RawMessage{}}
	number := 0
	next := func() settingsPolicy {
		number++
		return newSettingsPolicy(number - 1)
	}
	for i := range renamedSameID + renamedOtherID {
		r := Rename{SameID: i < renamedSameID}
		r.Changed = r.SameID && i%3 == 0 || !r.SameID && i%4 == 0
		p := next()
		q := p.exportedAgain()
		if !r.SameID {
			q = q.createdAgain()
		}
		if r.Changed {
			q.settings = edit(q.settings, q.area, i)
		}
		r.From, r.To = b.before(p, "v3.3"), b.after(q, "v3.4")
		b.Renames = append(b.Renames, r)
	}
	for i := range updated {
		p := next()
		q := p.exportedAgain()
		if i%7 == 6 {
			q.description += " Reviewed with this release."
		} else {
			q.settings = edit(q.settings, q.area, i)
		}
		b.before(p, p.version())
		b.Updated = append(b.Updated, b.after(q, p.version()))
	}
	for range added {
		b.Added = append(b.Added, b.after(next(), "v3.4"))
	}
	for i := range untouched {
		p := next()
		q := p
		if i%2 == 0 {
			q = p.exportedAgain()
		}
		b.before(p, p.version())
		b.Untouched = append(b.Untouched, b.after(q, p.version()))
	}
	return b
}

// Files returns files of a baseline as a repository does, in the order of their
// keys.
func Files(byKey map[string]json.RawMessage) []tenant.Resource {
	var files []tenant.Resource
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		files = append(files, tenant.Resource{Kind: SettingsKind, Key: key, Body: byKey[key],
			Source: SettingsKind + "/" + tenant.FilePath(key, false)})
	}
	return files
}

// before adds a policy to the release before, and to the tenant, and returns its
// key.
func (b *Baseline) before(p settingsPolicy, version string) string {
	key := p.name + " - " + version
	b.Before[key] = indented(p.file(key))
	b.Tenant = append(b.Tenant, p.deployed(key, false))
	b.TenantLater = append(b.TenantLater, p.deployed(key, true))
	return key
}

// after adds a policy to the release after, and returns its key.
func (b *Baseline) after(p settingsPolicy, version string) string {
	key := p.name + " - " + version
	b.After[key] = indented(p.file(key))
	return key
}
