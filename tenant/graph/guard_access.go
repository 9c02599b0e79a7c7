package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/access"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// accessChanges are the changes of a plan that Conditional Access depends on.
type accessChanges struct {
	policies  []policyChange
	groups    map[string]*groupChange // by id in lower case
	locations []locationChange
}

type policyChange struct {
	item, id string
	verb     tenant.Verb
	policy   access.Policy // not enabled if it is deleted
	// former is the policy before the plan. It is not enabled if there was none.
	former access.Policy
}

type locationChange struct {
	item, id string
	after    access.Location
	there    bool // after the plan
	lost     bool // people who came from there before may not any more
	gained   bool // people may come from there who did not before
}

// take adds a change. The error is that of a body that cannot be read exactly.
func (a *accessChanges) take(change tenant.GuardChange, reportOnly bool) error {
	switch change.Kind {
	case conditionalAccess:
		return a.takePolicy(change, reportOnly)
	case namedLocations:
		return a.takeLocation(change)
	}
	group, err := readGroupChange(change)
	if err != nil || group == nil {
		return err
	}
	if a.groups == nil {
		a.groups = map[string]*groupChange{}
	}
	id := strings.ToLower(cmp.Or(change.ID, tenant.NewObject(change.Kind, change.Key)))
	if known := a.groups[id]; known != nil {
		known.add(group)
		return nil
	}
	a.groups[id] = group
	return nil
}

func (a *accessChanges) takePolicy(change tenant.GuardChange, reportOnly bool) error {
	if change.Part != "" {
		return nil
	}
	p := policyChange{item: change.Item, id: change.ID, verb: change.Verb, policy: access.Policy{Name: change.Key}}
	if former, err := access.Read(change.Key, change.Before); err == nil && len(change.Before) > 0 {
		p.former = former
	}
	if change.Verb != tenant.Delete {
		var err error
		if p.policy, err = access.Read(change.Key, change.After); err != nil {
			return err
		}
		if reportOnly && change.Verb == tenant.Create && !change.Restored {
			p.policy.Enabled = false
		}
	}
	a.policies = append(a.policies, p)
	return nil
}

func (a *accessChanges) takeLocation(change tenant.GuardChange) error {
	if change.Part != "" {
		return nil
	}
	l := locationChange{item: change.Item, id: change.ID}
	if l.id == "" {
		l.id = tenant.NewObject(change.Kind, change.Key)
	}
	former, err := access.ReadLocation(l.id, change.Before)
	if err != nil && len(change.Before) > 0 {
		return err
	}
	if change.Verb == tenant.Delete {
		l.lost = true
	} else {
		if l.after, err = access.ReadLocation(l.id, change.After); err != nil {
			return err
		}
		l.there = true
		if len(change.Before) > 0 {
			l.lost, l.gained = l.after.Without(former), former.Without(l.after)
		}
		l.after.Lost = l.lost
	}
	a.locations = append(a.locations, l)
	return nil
}

// matter reports whether somebody could be affected.
func (a *accessChanges) matter() bool {
	return a.enabled(func(access.Policy) bool { return true }) || a.around()
}

// around reports whether groups or locations change, so that the tenant's own policies
// may catch somebody else.
func (a *accessChanges) around() bool {
	for _, c := range a.groups {
		if !c.made { // only the plan's own policies name a group that the plan creates
			return true
		}
	}
	return slices.ContainsFunc(a.locations, locationChange.moves)
}

// moves reports whether other people than before may come from the location.
func (l locationChange) moves() bool { return l.lost || l.gained }

func (a *accessChanges) enabled(which func(access.Policy) bool) bool {
	return slices.ContainsFunc(a.policies, func(p policyChange) bool { return p.policy.Enabled && which(p.policy) })
}

// world has the tenant's policies and locations after the plan.
type world struct {
	access.World
	items []string // of World.Policies; "" for one that the plan leaves alone
}

// judgeAccess finds who would be blocked, and who would be asked for more.
func (g *guarding) judgeAccess(ctx context.Context) error {
	if !g.access.matter() {
		return nil
	}
	w, err := g.world(ctx)
	if err != nil || len(w.Policies) == 0 {
		return err
	}
	g.guests = slices.ContainsFunc(w.Policies, func(p access.Policy) bool { return p.NamesGuests() })
	if err := g.readAccounts(ctx); err != nil {
		return err
	}
	worlds := g.between(w)
	everyone := g.judgeAll(worlds, &account{who: "everyone whom it does not exclude", rule: RuleEveryone})
	if !everyone {
		g.judgeAll(worlds, &account{who: "partners that administer the tenant (serviceProvider)", rule: RulePartners,
			Account: access.Account{Partner: true, Guest: access.Yes, Resources: administration}})
	}
	for _, a := range g.accounts {
		if !g.judgeAll(worlds, a) {
			g.inform(&w, a)
		}
	}
	if g.app.isApplication() && g.app.Object != "" {
		g.judgeAll(worlds, &account{who: fmt.Sprintf("the application that this run works as (service principal %s)", g.app.Object), rule: RuleApplication,
			Account: access.Account{ID: g.app.Object, Application: true, Resources: []string{access.Graph}}})
	}
	return nil
}

// between returns the world after the plan, and two that it can lead through: deletes
// are not carried out yet, and then neither are updates. A deploy goes step by step and
// may end between two steps, and a person may approve a part of the plan.
func (g *guarding) between(after world) []world {
	worlds := []world{after}
	for _, pending := range [][]tenant.Verb{{tenant.Delete}, {tenant.Delete, tenant.Update}} {
		w := world{World: access.World{Locations: after.Locations}}
		differs := false
		isPending := map[string]bool{}
		for _, p := range g.access.policies {
			if slices.Contains(pending, p.verb) && p.former.Enabled && p.former.Blocks {
				w.Policies, w.items = append(w.Policies, p.former), append(w.items, "")
				differs, isPending[p.item] = true, true
			}
		}
		for i, p := range after.Policies {
			if !isPending[after.items[i]] {
				w.Policies, w.items = append(w.Policies, p), append(w.items, after.items[i])
			}
		}
		if differs {
			worlds = append(worlds, w)
		}
	}
	return worlds
}

// judgeAll judges an account in each world until it is blocked in one.
func (g *guarding) judgeAll(worlds []world, a *account) bool {
	return slices.ContainsFunc(worlds, func(w world) bool { return g.judge(&w, a) })
}

// administration has the resources for administrators. An administrator who can reach
// one of them is not blocked.
var administration = []string{access.Graph, access.AdminPortals, access.AzureManagement}

// world returns the policies and the locations after the plan. The policies that the
// plan leaves alone are read only if they can matter.
func (g *guarding) world(ctx context.Context) (world, error) {
	var w world
	changed := map[string]bool{}
	for _, p := range g.access.policies {
		changed[strings.ToLower(p.id)] = true
		if p.policy.Enabled {
			w.Policies, w.items = append(w.Policies, p.policy), append(w.items, p.item)
		}
	}
	if !g.access.around() && !g.access.enabled(func(p access.Policy) bool { return p.Blocks }) {
		return w, nil
	}
	err := g.list(ctx, conditionalAccess, func(id string, raw json.RawMessage, o odatajson.Object) {
		if changed[strings.ToLower(id)] {
			return
		}
		p, err := access.Read(o.Text("displayName"), raw)
		if err != nil {
			g.informs(RuleUnreadable, g.access.items(), "whom the policy %q of the tenant blocks cannot be told, so it was left out: %v", p.Name, err)
		} else if p.Enabled && p.Blocks {
			w.Policies, w.items = append(w.Policies, p), append(w.items, "")
		}
	})
	if err != nil {
		return w, g.unread(err, "which policies of the tenant could block somebody")
	}
	for _, l := range g.access.locations {
		changed[strings.ToLower(l.id)] = true
		if l.there {
			w.Locations = append(w.Locations, l.after)
		}
	}
	if !slices.ContainsFunc(w.Policies, func(p access.Policy) bool { return p.Blocks && p.Located() }) {
		return w, nil
	}
	err = g.list(ctx, namedLocations, func(id string, raw json.RawMessage, _ odatajson.Object) {
		// A location that cannot be read is unknown: it may be any place.
		if l, err := access.ReadLocation(id, raw); err == nil && !changed[strings.ToLower(id)] {
			w.Locations = append(w.Locations, l)
		}
	})
	return w, g.unread(err, "from which locations people come")
}

// items are those of all changes.
func (a *accessChanges) items() []string {
	var all []string
	for _, p := range a.policies {
		all = append(all, p.item)
	}
	for _, c := range a.groups {
		all = append(all, c.items...)
	}
	for _, l := range a.locations {
		all = append(all, l.item)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// list reads the whole list of a kind. It calls each for no object if the catalogue
// lacks the kind.
func (g *guarding) list(ctx context.Context, kind string, each func(id string, raw json.RawMessage, o odatajson.Object)) error {
	e := g.c.entries[kind]
	if e == nil || lacking(e, g.c.cfg.Cloud) != "" {
		return nil
	}
	f := g.c.fetcher(e, "guard")
	bounded, stop := f.bounded(ctx)
	defer stop()
	err := f.pages(bounded, collection{url: f.at.of(e, "")}, func(_ wire.Answer, p odatajson.Page) error {
		for _, raw := range p.Value {
			o, err := odatajson.Parse(raw)
			if err != nil {
				return err
			}
			each(o.Text("id"), raw, o)
		}
		return nil
	})
	if cause := wire.Ended(ctx); cause != nil {
		return cause
	}
	if tenant.ClassOf(err) == tenant.NotLicensed {
		return nil // a tenant without Conditional Access
	}
	return err
}

// unread makes a broken rule of what could not be read. The error is the context's, or
// of class Unauthenticated.
func (g *guarding) unread(err error, what string) error {
	switch class := tenant.ClassOf(err); {
	case err == nil:
		return nil
	case class == "" || class == tenant.Unauthenticated:
		return err
	}
	g.breaks(RuleUnreadable, g.access.items(), "%s could not be found out: %v", what, err)
	return nil
}

// judge reports whether the changes of the plan block an account from every way in.
func (g *guarding) judge(w *world, a *account) bool {
	by, blocked := w.Blocked(&a.Account, "")
	if items := g.blame(w, a, by); blocked && len(items) > 0 {
		g.breaks(a.rule, items, "%s", g.sentence(w, a, by, "from every way in"))
		return true
	}
	if a.rule != RuleSignedIn || !g.c.cfg.DeviceCode {
		return false
	}
	by, blocked = w.Blocked(&a.Account, access.DeviceCode)
	if items := g.blame(w, a, by); blocked && len(items) > 0 {
		g.breaks(RuleDeviceCode, items, "%s", g.sentence(w, a, by, "from signing in by device code, which is how this run signed in: the next sign-in would fail"))
	}
	return false
}

// blame returns the items of the plan that take part in blocking an account.
func (g *guarding) blame(w *world, a *account, by []int) []string {
	var items []string
	for _, i := range by {
		p := &w.Policies[i]
		if w.items[i] != "" {
			items = append(items, w.items[i])
		}
		if p.NamesGroups() {
			items = append(items, a.moved...)
		}
		for _, l := range g.access.locations {
			if l.moves() && p.NamesLocation(l.id) {
				items = append(items, l.item)
			}
		}
	}
	slices.Sort(items)
	return slices.Compact(items)
}

func (g *guarding) sentence(w *world, a *account, by []int, from string) string {
	var names []string
	groups := false
	for _, i := range by {
		names = append(names, w.Policies[i].Name)
		groups = groups || w.Policies[i].NamesGroups()
	}
	advice := "exclude it, or a group in which it already is"
	switch {
	case a.rule == RuleEveryone || a.rule == RulePartners:
		advice = "exclude those who have to get in, or narrow it"
	case a.rule == RuleApplication:
		advice = "exclude it"
	case a.Unknown != "" && groups:
		advice = fmt.Sprintf("its groups could not be found out (%s), so exclude the account itself", a.Unknown)
	case len(a.moved) > 0:
		advice = "the plan changes who is in a group that decides it, so exclude the account itself"
	}
	return fmt.Sprintf("%s would block %s %s: %s", policiesNamed(names), a.who, from, advice)
}

// inform says which policies of the plan would ask an account for more, and which would
// block it in some cases.
func (g *guarding) inform(w *world, a *account) {
	asking, blocking := w.Touched(&a.Account)
	if items, names, asks := w.changed(asking); len(items) > 0 {
		g.informs(AsksForMore, items, "%s would ask %s for more (%s): see that it can give that", policiesNamed(names), a.who, listed(asks))
	}
	if items, names, _ := w.changed(blocking); len(items) > 0 {
		var narrowed []string
		for _, i := range blocking {
			if w.items[i] != "" {
				narrowed = append(narrowed, w.Policies[i].Narrowed()...)
			}
		}
		g.informs(BlocksSome, items, "%s would block %s in some cases, by these conditions: %s", policiesNamed(names), a.who, listed(narrowed))
	}
}

// changed returns the items, the names and the demands of those policies that the plan
// changes.
func (w *world) changed(which []int) (items, names, asks []string) {
	for _, i := range which {
		if w.items[i] != "" {
			items, names, asks = append(items, w.items[i]), append(names, w.Policies[i].Name), append(asks, w.Policies[i].Asks...)
		}
	}
	return items, names, asks
}

// mostNames is how many names a sentence has at most.
const mostNames = 3

func policiesNamed(names []string) string {
	if len(names) == 1 {
		return fmt.Sprintf("the policy %q", names[0])
	}
	var quoted []string
	for _, name := range names[:min(mostNames, len(names))] {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	text := "the policies " + strings.Join(quoted, ", ")
	if more := len(names) - mostNames; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + " together"
}

// listed returns texts without duplicates, sorted, in one line.
func listed(texts []string) string {
	sorted := slices.Sorted(slices.Values(texts))
	return strings.Join(slices.Compact(sorted), ", ")
}
