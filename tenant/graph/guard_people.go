package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/access"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// account is somebody who has to be able to get in.
type account struct {
	access.Account
	who  string // in a sentence
	rule string // that is broken if it is blocked
	// moved are the items of the plan that may change in which groups it is.
	moved []string
}

// groupChange is a change of the members of a group.
type groupChange struct {
	items []string
	// gone: the group is deleted. open: its members are computed anew. made: the plan
	// creates it.
	gone, open, made bool
	// removed and added are ids of members, in lower case.
	removed, added map[string]bool
}

func (c *groupChange) add(other *groupChange) {
	c.items = append(c.items, other.items...)
	c.gone, c.open = c.gone || other.gone, c.open || other.open
	for id := range other.removed {
		c.removed[id] = true
	}
	for id := range other.added {
		c.added[id] = true
	}
}

// readGroupChange returns the effect of a change on the members of a group, or nil if
// the members stay.
func readGroupChange(change tenant.GuardChange) (*groupChange, error) {
	c := &groupChange{items: []string{change.Item}, removed: map[string]bool{}, added: map[string]bool{}}
	if change.Verb == tenant.Delete {
		c.gone = true
		return c, nil
	}
	if change.Restored { // it comes back with its members, which nothing shows before
		c.open = true
		return c, nil
	}
	after, err := exactObject(change.After, "membershipRule", "membershipRuleProcessingState", "groupTypes", "members")
	if err != nil {
		return nil, err
	}
	var before odatajson.Object
	if c.made = change.Verb == tenant.Create; !c.made {
		if before, err = exactObject(change.Before); err != nil {
			return nil, err
		}
	}
	decide := []string{"membershipRule", "membershipRuleProcessingState", "groupTypes"}
	if c.made {
		decide = decide[:1]
	}
	for _, name := range decide {
		// A file that does not have the property leaves it alone.
		if value := after[name]; value != nil && !odatajson.Same(value, before[name]) && !(isNothing(value) && isNothing(before[name])) {
			c.open = true
		}
	}
	if raw := after["members"]; raw != nil {
		is, err := idSet(raw)
		if err != nil {
			return nil, fmt.Errorf("/members: %w", err)
		}
		was := map[string]bool{} // a group without members lacks the property
		if raw := before["members"]; raw != nil {
			if was, err = idSet(raw); err != nil {
				return nil, fmt.Errorf("/members: %w", err)
			}
		}
		for id := range was {
			if !is[id] {
				c.removed[id] = true
			}
		}
		for id := range is {
			if !was[id] {
				c.added[id] = true
			}
		}
	}
	if !c.open && len(c.removed)+len(c.added) == 0 {
		return nil, nil
	}
	return c, nil
}

// exactObject reads an object. A member that differs from one of the names only in case
// is an error.
func exactObject(raw json.RawMessage, names ...string) (odatajson.Object, error) {
	o, err := odatajson.Parse(raw)
	if err != nil {
		return nil, err
	}
	for _, member := range o.Names() {
		for _, name := range names {
			if member != name && strings.EqualFold(member, name) {
				return nil, fmt.Errorf("/%s: perhaps %q is meant", member, name)
			}
		}
	}
	return o, nil
}

func isNothing(raw json.RawMessage) bool {
	text := string(raw)
	return text == "" || text == "null" || text == "[]" || text == `""`
}

func idSet(raw json.RawMessage) (map[string]bool, error) {
	var ids []string
	if err := odatajson.Decode(raw, &ids); err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, id := range ids {
		set[strings.ToLower(id)] = true
	}
	return set, nil
}

// readAccounts reads the break-glass accounts and the account that is signed in, once.
func (g *guarding) readAccounts(ctx context.Context) error {
	if g.read {
		return nil
	}
	g.read = true
	for _, id := range g.c.cfg.BreakGlass {
		a := &account{who: "the break-glass account " + id, rule: RuleBreakGlass, Account: access.Account{ID: id, MayHaveRoles: true, Resources: administration}}
		there, err := g.readAccount(ctx, a)
		if err != nil {
			return err
		}
		if !there {
			g.breaks(RuleNoBreakGlass, g.items(), "the tenant has no account with the id %s, which is configured as a break-glass account: nobody could use it. Correct Config.BreakGlass", id)
			continue
		}
		g.accounts = append(g.accounts, a)
	}
	isBreakGlass := slices.ContainsFunc(g.c.cfg.BreakGlass, func(id string) bool { return strings.EqualFold(id, g.person.Object) })
	if g.person.isApplication() && !g.person.opaque || isBreakGlass && !g.c.cfg.DeviceCode {
		return nil
	}
	if g.person.Object == "" && !g.c.cfg.DeviceCode {
		return nil
	}
	a := &account{who: "the account that is signed in", rule: RuleSignedIn, Account: access.Account{ID: g.person.Object, MayHaveRoles: true, Resources: []string{access.Graph}}}
	if g.person.Name != "" {
		a.who += " (" + g.person.Name + ")"
	}
	if a.ID == "" {
		a.Unknown, a.Guest = "the token does not name the account", access.Maybe
		g.accounts = append(g.accounts, a)
		return nil
	}
	there, err := g.readAccount(ctx, a)
	if err != nil {
		return err
	}
	// A partner's account signs in with rights over the tenant, and is not in it.
	a.Partner = !there
	g.accounts = append(g.accounts, a)
	return nil
}

// items are those of all changes that matter.
func (g *guarding) items() []string {
	all := g.access.items()
	for _, m := range g.methods {
		all = append(all, m.item)
	}
	return all
}

// MissingBreakGlass returns the ids of [Config.BreakGlass] that no account of the tenant
// has. The error is the context's, of class Unauthenticated, or that of a read that
// failed. Safe for concurrent use.
func (c *Client) MissingBreakGlass(ctx context.Context) ([]string, error) {
	g := &guarding{c: c}
	var missing []string
	for _, id := range c.cfg.BreakGlass {
		a := &account{Account: access.Account{ID: id}}
		there, err := g.readAccount(ctx, a)
		switch {
		case err != nil:
			return missing, err
		case a.Unknown != "":
			return missing, fmt.Errorf("graph: the break-glass account %s: %s", id, a.Unknown)
		case !there:
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// usersEntry is an entry for the users of a tenant. The catalogue does not have them.
func (c *Client) usersEntry() *catalogue.Entry {
	e := &catalogue.Entry{Kind: tenant.Kind{Name: "users", Throttle: "directory"}, Endpoint: "/users", Version: "v1.0"}
	if c.limits["directory"] == nil {
		e.Throttle = c.kinds[0].Throttle // a catalogue of the host's own
	}
	return e
}

// readAccount reads what decides about an account. It is false for one that the tenant
// does not have.
func (g *guarding) readAccount(ctx context.Context, a *account) (bool, error) {
	a.Guest, a.Groups = access.Maybe, map[string]access.Answer{}
	segment, err := odatajson.Segment(a.ID)
	if err != nil {
		a.Unknown = err.Error()
		return true, nil
	}
	f := g.c.fetcher(g.c.usersEntry(), "guard")
	bounded, stop := f.bounded(ctx)
	defer stop()
	if len(g.access.groups) == 0 {
		// Roles and administrative units come along. A cast to groups needs the header
		// ConsistencyLevel: eventual, whose index may be behind the directory.
		err = f.holders(bounded, "/users/", a.ID, "/transitiveMemberOf", func(id string, _ bool) { a.Groups[id] = access.Yes })
	} else {
		err = g.climb(bounded, f, a)
	}
	if cause := wire.Ended(ctx); cause != nil {
		return true, cause
	}
	switch class := tenant.ClassOf(err); {
	case class == tenant.Unauthenticated:
		return true, err
	case class == tenant.NotFound && len(a.Groups) == 0:
		return false, nil
	case err != nil:
		a.Unknown = err.Error()
	}
	if !g.guests {
		return true, nil
	}
	answer, err := f.get(bounded, f.at.of(f.entry, "/"+segment)+"?$select=id,userType,userPrincipalName", a.ID, nil)
	if cause := wire.Ended(ctx); cause != nil {
		return true, cause
	}
	if tenant.ClassOf(err) == tenant.Unauthenticated {
		return true, err
	}
	if o, parseErr := odatajson.Parse(answer.Body); err == nil && parseErr == nil {
		a.Guest = guestOf(o)
	}
	return true, nil
}

// guestOf says whether a user is external. The name of an invited account contains
// "#EXT#", also if its type is Member.
// https://learn.microsoft.com/entra/external-id/user-properties
func guestOf(user odatajson.Object) access.Answer {
	switch {
	case strings.EqualFold(user.Text("userType"), "Guest"):
		return access.Yes
	case strings.EqualFold(user.Text("userType"), "Member") && !strings.Contains(strings.ToUpper(user.Text("userPrincipalName")), "#EXT#"):
		return access.No
	}
	return access.Maybe
}

// holders reads the groups, roles and administrative units that an object is a member
// of: directly, or also through other groups, as path says.
func (f *fetcher) holders(ctx context.Context, of, id, path string, each func(id string, group bool)) error {
	segment, err := odatajson.Segment(id)
	if err != nil {
		return err
	}
	list := collection{url: f.at.version(f.entry) + of + segment + path + "?$select=id&$top=999", id: id}
	return f.pages(ctx, list, func(_ wire.Answer, p odatajson.Page) error {
		for _, raw := range p.Value {
			o, err := odatajson.Parse(raw)
			if err != nil {
				return err
			}
			each(strings.ToLower(o.Text("id")), strings.EqualFold(o.Text("@odata.type"), "#microsoft.graph.group"))
		}
		return nil
	})
}

// climb finds the groups of an account after the plan, one level after the other. A
// membership that the plan adds, or that depends on a changed rule, is not certain.
func (g *guarding) climb(ctx context.Context, f *fetcher, a *account) error {
	type step struct {
		of, id string
		sure   access.Answer
	}
	next := []step{{"/users/", strings.ToLower(a.ID), access.Yes}}
	for ; len(next) > 0; next = next[1:] {
		from := next[0]
		reach := func(id string, sure access.Answer) {
			if sure = min(sure, from.sure); sure > a.Groups[id] {
				a.Groups[id] = sure
				next = append(next, step{"/groups/", id, sure})
			}
		}
		for id, change := range g.access.groups {
			if change.added[from.id] {
				a.moved = append(a.moved, change.items...)
				reach(id, access.Maybe)
			}
		}
		if _, _, made := tenant.ParseNewObject(from.id); made {
			continue // it is not there yet
		}
		err := f.holders(ctx, from.of, from.id, "/memberOf", func(id string, group bool) {
			change := g.access.groups[id]
			switch {
			case !group:
			case change == nil:
				reach(id, access.Yes)
			case change.gone, change.removed[from.id]:
				a.moved = append(a.moved, change.items...)
			case change.open:
				a.moved = append(a.moved, change.items...)
				reach(id, access.Maybe)
			default:
				reach(id, access.Yes)
			}
		})
		switch {
		case from.of == "/groups/" && tenant.ClassOf(err) == tenant.NotFound: // the plan restores it
		case err != nil:
			return err
		}
		if from.of == "/groups/" {
			continue
		}
		// A group whose rule changes may get the account as a member, and so may the
		// groups that it is in.
		for id, change := range g.access.groups {
			if change.open {
				a.moved = append(a.moved, change.items...)
				reach(id, access.Maybe)
			}
		}
	}
	slices.Sort(a.moved)
	a.moved = slices.Compact(a.moved)
	return nil
}
