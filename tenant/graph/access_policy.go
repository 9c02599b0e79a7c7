package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// conditionalAccess is the name of the kind of [accessPolicy].
const conditionalAccess = "conditionalAccessPolicies"

// accessPolicy has the parts of a Conditional Access policy that decide to whom it
// applies.
type accessPolicy struct {
	enabled bool
	// demands: it asks for something, so that somebody may not get in.
	demands bool
	blocks  bool
	users   struct{ include, exclude, includeGroups, excludeGroups, includeRoles []string }
	clients struct{ include, exclude []string }
	// deviceCode: it is about sign-in by device code.
	deviceCode bool
}

// readPolicy reads a policy exactly. encoding/json takes "IncludeUsers" for
// "includeUsers", and leaves out values of another type. The service may read
// them differently, so such a policy is an error here. A policy that is not enabled
// is harmless: only its state is read.
func readPolicy(body json.RawMessage) (accessPolicy, error) {
	var p accessPolicy
	r := &policyReader{}
	whole := r.object(body, "", "state", "conditions", "grantControls")
	state := r.text(whole, "", "state")
	switch {
	case r.err != nil:
		return p, r.err
	case state == "" || strings.EqualFold(state, "disabled") || strings.EqualFold(state, "enabledForReportingButNotEnforced"):
		return p, nil
	case !strings.EqualFold(state, "enabled"):
		return p, fmt.Errorf("its state is %q, which is not known", state)
	}
	p.enabled = true
	grant := r.object(whole["grantControls"], "/grantControls", "builtInControls")
	p.demands = grant != nil
	p.blocks = has(r.texts(grant, "/grantControls", "builtInControls"), "block")

	conditions := r.object(whole["conditions"], "/conditions", "users", "clientApplications", "authenticationFlows")
	const users = "/conditions/users"
	u := r.object(conditions["users"], users, "includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles")
	p.users.include, p.users.exclude = r.texts(u, users, "includeUsers"), r.texts(u, users, "excludeUsers")
	p.users.includeGroups, p.users.excludeGroups = r.texts(u, users, "includeGroups"), r.texts(u, users, "excludeGroups")
	p.users.includeRoles = r.texts(u, users, "includeRoles")

	const clients = "/conditions/clientApplications"
	c := r.object(conditions["clientApplications"], clients, "includeServicePrincipals", "excludeServicePrincipals")
	p.clients.include, p.clients.exclude = r.texts(c, clients, "includeServicePrincipals"), r.texts(c, clients, "excludeServicePrincipals")

	const flows = "/conditions/authenticationFlows"
	methods := r.text(r.object(conditions["authenticationFlows"], flows, "transferMethods"), flows, "transferMethods")
	for method := range strings.SplitSeq(methods, ",") {
		p.deviceCode = p.deviceCode || strings.EqualFold(strings.TrimSpace(method), "deviceCodeFlow")
	}
	return p, r.err
}

// policyReader reads members exactly, and keeps the first error.
type policyReader struct{ err error }

func (r *policyReader) fail(at string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %w", at, err)
	}
}

// object reads an object. Null and absence are nil. No member may be
// called like one of the names in another case.
func (r *policyReader) object(raw json.RawMessage, at string, names ...string) odatajson.Object {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	o, err := odatajson.Parse(raw)
	if err != nil {
		r.fail(at+"/", errors.New("not an object"))
		return nil
	}
	for member := range o {
		for _, name := range names {
			if member != name && strings.EqualFold(member, name) {
				r.fail(at+"/"+member, fmt.Errorf("perhaps %q is meant", name))
			}
		}
	}
	return o
}

// text reads a member that is a string, or absent.
func (r *policyReader) text(o odatajson.Object, at, name string) string {
	var s *string
	if raw := o[name]; raw != nil && json.Unmarshal(raw, &s) != nil {
		r.fail(at+"/"+name, errors.New("not a text"))
	}
	if s == nil {
		return ""
	}
	return *s
}

// texts reads a member that is an array of strings, or absent.
func (r *policyReader) texts(o odatajson.Object, at, name string) []string {
	var list []*string
	if raw := o[name]; raw != nil && json.Unmarshal(raw, &list) != nil {
		r.fail(at+"/"+name, errors.New("not a list of texts"))
	}
	var out []string
	for _, s := range list {
		if s == nil {
			r.fail(at+"/"+name, errors.New("not a list of texts"))
			continue
		}
		out = append(out, *s)
	}
	return out
}

// has reports whether a list has an id or a word such as "All". The service
// takes both in any case.
func has(list []string, text string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, text) })
}
