package simulation

import (
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// sides holds the two sides of a tenant, and the settings that restrict them.
type sides struct {
	line    tenant.Desired
	objects map[string][]tenant.Resource // by kind
	ignored []string                     // properties
	scopes  map[string]tenant.Scope      // by kind
	enforce bool
}

// checkAgreed checks that the files agree with the tenant.
func (s sides) checkAgreed() (found []oracle.Violation) {
	violate := func(format string, args ...any) { found = append(found, broke("nothing lost", format, args...)) }
	for _, kind := range kindNames {
		left := slices.Clone(s.objects[kind])
		for _, f := range s.line.Resources {
			if f.Kind != kind {
				continue
			}
			i := slices.IndexFunc(left, func(o tenant.Resource) bool { return s.agrees(f, decode(o.Body)) })
			if i < 0 {
				violate("the tenant has no object like the repository's %s/%s: %s\nthe tenant has %s", kind, f.Key, text(decode(f.Body)), texts(s.objects[kind]))
				continue
			}
			left = slices.Delete(left, i, i+1)
		}
		if len(left) > 0 && s.scopes[kind] != tenant.Listed && !s.enforce {
			violate("the tenant's %s are not in the repository: %s", kind, texts(left))
		}
	}
	return found
}

// agrees reports whether an object has the values of its file. It ignores
// properties that the file lacks, because they are not managed. A null equals a
// missing value. References are compared by the names of their objects.
func (s sides) agrees(f tenant.Resource, has body) bool {
	want := decode(f.Body)
	if want["displayName"] == nil && f.Kind != "settings" {
		want["displayName"] = f.Key
	}
	for name, v := range want {
		if name[0] == '$' || v == nil && has[name] == nil || v == plan.Redacted || slices.Contains(s.ignored, name) {
			continue
		}
		v = resolved(v, func(kind, key string) (string, bool) {
			other := fileOf(s.line, kind, key)
			if other["displayName"] == nil {
				return key, other != nil
			}
			return fmt.Sprint(other["displayName"]), true
		})
		if !sameValue(s.named(has[name]), v) {
			return false
		}
	}
	return true
}

// named returns a value of the tenant with ids replaced by names.
func (s sides) named(v any) any {
	switch v := v.(type) {
	case string:
		for _, kind := range []string{"groups", "locations"} {
			i := slices.IndexFunc(s.objects[kind], func(o tenant.Resource) bool { return o.ID == v })
			if i >= 0 {
				return decode(s.objects[kind][i].Body)["displayName"]
			}
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = s.named(v[i])
		}
		return out
	}
	return v
}
