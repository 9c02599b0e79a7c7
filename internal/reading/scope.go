package reading

import (
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// ScopeOf returns a kind's scope, which settings may override.
func ScopeOf(k tenant.Kind, scopes map[string]tenant.Scope) tenant.Scope {
	if s, ok := scopes[k.Name]; ok && s != "" {
		return s
	}
	if k.Scope == "" {
		return tenant.All
	}
	return k.Scope
}

// InScope returns the names of the kinds that a run reads: with targets, those
// and the kinds that they may refer to.
func InScope(kinds []tenant.Kind, scopes map[string]tenant.Scope, targets []plan.Target) []string {
	var wanted map[string]bool
	if len(targets) > 0 {
		wanted = make(map[string]bool)
		for _, t := range targets {
			wanted[t.Kind] = true
		}
		for grown := true; grown; {
			grown = false
			for _, k := range kinds {
				if !wanted[k.Name] {
					continue
				}
				for _, ref := range k.References {
					for _, other := range ref.Kinds {
						grown = grown || !wanted[other]
						wanted[other] = true
					}
				}
			}
		}
	}
	var names []string
	for _, k := range kinds {
		if ScopeOf(k, scopes) != tenant.OutOfScope && (wanted == nil || wanted[k.Name]) {
			names = append(names, k.Name)
		}
	}
	return names
}
