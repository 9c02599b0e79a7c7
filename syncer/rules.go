package syncer

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/people"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// ApprovalRules are the conditions that an approval must meet. The zero value asks for
// one approval, by anybody but the person who asked for the run.
//
// A decision must meet the rules that [Config.SettingsFor] returns at that
// moment. They also decide which earlier approvals count, so a person who has
// left a group no longer counts for it. Only Timeout is fixed earlier: when the
// plan begins to wait.
type ApprovalRules struct {
	// Approvals is how many people must approve any change. One rejection
	// decides. Defaults to 1.
	Approvals int
	// AllowRequester lets the person who asked for the run be one of them.
	AllowRequester bool
	// Timeout is how long a plan waits for a decision. Defaults to 30 days.
	Timeout time.Duration
	// RequireCurrent refuses an approval once the desired line has moved on from
	// the revision that the plan was made from, with ErrStalePlan. The engine reads
	// the line at each approval, by a person, by the Approver or by a rule. While
	// the line cannot be read, nothing is approved. Rejections are never refused.
	RequireCurrent bool
	// Groups are the members of each group of approvers, as actors. Rules refer
	// to groups by name.
	Groups map[string][]string
	// Rules ask for more where certain changes are approved. An approval needs
	// what Approvals and every matching rule ask for; one person's approval
	// counts for all of them.
	Rules []ApprovalRule
	// Automatic are the plans that are approved without a person. The first rule
	// that fits a plan approves it. Empty: a person decides on every plan.
	Automatic []AutomaticApproval
}

// ApprovalRule asks for approvals where certain changes are approved. It
// matches an approval if Verbs, Kinds, AtLeast and Broken all hold for the
// items that the approval covers.
type ApprovalRule struct {
	// Name is shown to people. Required, and different for each rule.
	Name string

	// Verbs and Kinds choose items. Empty means all verbs, and all kinds.
	Verbs []tenant.Verb
	Kinds []string
	// AtLeast is the number of chosen items from which the rule matches.
	// Defaults to 1.
	AtLeast int
	// Broken are names of guard rules. If there are any, the rule matches only
	// where the items break one of them.
	Broken []string

	// Approvals is how many people must approve. Defaults to 1.
	Approvals int
	// Groups, if any, are the groups whose members count.
	Groups []string
	// AllowRequester lets the person who asked for the run count.
	AllowRequester bool
}

// policy has the rules that a decision must meet, and the rule by which two actors are
// one person.
type policy struct {
	ApprovalRules
	people people.Rule
	looks  time.Duration // Settings.NewerInterval
}

// problems returns a message for each field that cannot be used. The message begins
// with prefix and the field's name.
func (y policy) problems(prefix string) []string {
	var out []string
	need := func(ok bool, format string, args ...any) {
		if !ok {
			out = append(out, prefix+fmt.Sprintf(format, args...))
		}
	}
	need(y.Approvals > 0, "Approvals must be more than 0, is %d", y.Approvals)
	need(y.Timeout > 0, "Timeout must be more than 0, is %s", y.Timeout)
	names := map[string]bool{}
	for i, r := range y.Rules {
		field := fmt.Sprintf("Rules[%d]", i)
		need(bounds.IsName(r.Name), "%s.Name must be 1 to %d bytes of UTF-8 without control characters, is %s", field, bounds.MaxName, bounds.Quoted(r.Name))
		need(!names[r.Name], "%s.Name is %s, as that of an earlier rule", field, bounds.Quoted(r.Name))
		names[r.Name] = true
		need(r.AtLeast > 0, "%s.AtLeast must be more than 0, is %d", field, r.AtLeast)
		need(r.Approvals > 0, "%s.Approvals must be more than 0, is %d", field, r.Approvals)
		for _, v := range r.Verbs {
			need(isVerb(v), "%s.Verbs has the unknown verb %s", field, bounds.Quoted(string(v)))
		}
		var members []string
		for _, g := range r.Groups {
			m, ok := y.Groups[g]
			need(ok, "%s.Groups has %s, which ApprovalRules.Groups lacks", field, bounds.Quoted(g))
			members = append(members, m...)
		}
		if n := len(y.people.Distinct(members)); len(r.Groups) > 0 {
			need(n >= r.Approvals, "%s.Approvals is %d, and its groups have %d people", field, r.Approvals, n)
		}
	}
	for i, r := range y.Automatic {
		field := fmt.Sprintf("Automatic[%d]", i)
		need(bounds.IsName(r.Name), "%s.Name must be 1 to %d bytes of UTF-8 without control characters, is %s", field, bounds.MaxName, bounds.Quoted(r.Name))
		need(r.AtMost > 0, "%s.AtMost must be more than 0, is %d", field, r.AtMost)
	}
	return out
}

func isVerb(v tenant.Verb) bool {
	return v == tenant.Create || v == tenant.Update || v == tenant.Delete
}

// matches reports whether the rule is about an approval of these items, which
// break the guard rules named.
func (r ApprovalRule) matches(items []*plan.Item, broken []string) bool {
	n := 0
	for _, it := range items {
		if (len(r.Verbs) == 0 || slices.Contains(r.Verbs, it.Verb)) && (len(r.Kinds) == 0 || slices.Contains(r.Kinds, it.Kind)) {
			n++
		}
	}
	return n >= r.AtLeast &&
		(len(r.Broken) == 0 || slices.ContainsFunc(r.Broken, func(name string) bool { return slices.Contains(broken, name) }))
}

// brokenBy returns the names of the guard rules that an approval of these items
// breaks, each once. An empty list of items breaks nothing.
func brokenBy(p *plan.Plan, items []string) []string {
	var names []string
	for _, b := range p.BrokenBy(items) {
		if !slices.Contains(names, b.Rule) {
			names = append(names, b.Rule)
		}
	}
	return names
}

// demand is a rule as it applies to an approval.
type demand struct {
	ApprovalRule
	members []string // who counts; only with Groups
}

// demands returns the rules that an approval of these items must meet: the one that
// always applies, and then those that match.
func (y policy) demands(p *plan.Plan, items []string) []demand {
	all := []demand{{ApprovalRule: ApprovalRule{Approvals: y.Approvals, AllowRequester: y.AllowRequester}}}
	covered, broken := runrecord.Covered(p, items), brokenBy(p, items)
	for _, r := range y.Rules {
		if !r.matches(covered, broken) {
			continue
		}
		d := demand{ApprovalRule: r}
		for _, g := range r.Groups {
			d.members = append(d.members, y.Groups[g]...)
		}
		all = append(all, d)
	}
	return all
}

// counts reports whether a person's approval counts for the demand.
func (y policy) counts(d demand, actor, requester string) bool {
	return (d.AllowRequester || !y.people.Same(actor, requester)) &&
		(len(d.Groups) == 0 || y.people.Has(d.members, actor))
}

// standing counts the approvals of these items for each rule. part is how the record
// holds the items. Only votes on the same items of the same plan count, each
// person's once.
func (y policy) standing(p *plan.Plan, items []string, part runrecord.Chosen, votes []runrecord.Vote, requester string) []Demand {
	actors := y.alike(votes, p.Digest, part)
	var out []Demand
	for _, d := range y.demands(p, items) {
		shown := Demand{Rule: d.Name, Approvals: d.Approvals, Groups: d.Groups}
		for _, actor := range actors {
			if y.counts(d, actor, requester) {
				shown.Given++
			}
		}
		out = append(out, shown)
	}
	return out
}

// alike returns the people who approved the same items of the same plan, each
// once.
func (y policy) alike(votes []runrecord.Vote, digest string, part runrecord.Chosen) []string {
	want := part.Sum(digest)
	var actors []string
	for _, v := range votes {
		if v.Digest == digest && v.Sum(digest) == want {
			actors = append(actors, v.Actor)
		}
	}
	return y.people.Distinct(actors)
}

// current returns the standing of the items of the last vote or, before the first
// vote, of the whole plan. voted has the items of the votes.
func (y policy) current(p *plan.Plan, votes []runrecord.Vote, voted map[string][]string, requester string) []Demand {
	var last runrecord.Chosen
	if n := len(votes); n > 0 && votes[n-1].Digest == p.Digest {
		last = votes[n-1].Chosen
	}
	return y.standing(p, voted[last.Sum(p.Digest)], last, votes, requester)
}

// met reports whether all demands have their approvals.
func met(demands []Demand) bool {
	return !slices.ContainsFunc(demands, func(d Demand) bool { return !d.Met() })
}

// check holds an approval against the rules. It returns the guard rules that the approval
// accepts and its items break.
func (y policy) check(p *plan.Plan, r *run, d Decision) (accepted []string, err error) {
	counts := slices.ContainsFunc(y.demands(p, d.Items), func(need demand) bool { return y.counts(need, d.Actor, r.Actor) })
	if !counts && y.people.Same(d.Actor, r.Actor) {
		return nil, fmt.Errorf("%w: %s: %s", ErrSelfApproval, d.Tenant, plan.Printable(d.Actor))
	}
	if slices.ContainsFunc(r.Votes, func(v runrecord.Vote) bool { return y.people.Same(v.Actor, d.Actor) && v.Digest == d.Digest }) {
		return nil, fmt.Errorf("%w: %s: %s", ErrAlreadyVoted, d.Tenant, plan.Printable(d.Actor))
	}
	var missing []string
	for _, rule := range brokenBy(p, d.Items) {
		if slices.Contains(d.Accept, rule) {
			accepted = append(accepted, rule)
		} else {
			missing = append(missing, rule)
		}
	}
	if len(missing) > 0 {
		return nil, &BrokenRulesError{Tenant: d.Tenant, Rules: missing}
	}
	if d.Items == nil {
		return accepted, nil
	}
	return accepted, p.CheckSubset(d.Items)
}

// AutomaticApproval approves plans without a person. A plan fits if all of its
// items do. A plan that an [ApprovalRule] matches never fits: that rule asks for
// people.
type AutomaticApproval struct {
	// Name is recorded as the actor of the approval. Required.
	Name string
	// Kinds are the kinds of items that fit. Empty means all kinds.
	Kinds []string
	// AtMost is the largest number of items. Required.
	AtMost int
	// Deletes lets items fit that delete an object. Conflicts lets items fit whose
	// values both sides have changed differently.
	Deletes   bool
	Conflicts bool
	// Accept names the guard rules that a plan may break.
	Accept []string
}

// fits reports whether the rule approves the plan.
func (a AutomaticApproval) fits(p *plan.Plan) bool {
	if len(p.Items) == 0 || len(p.Items) > a.AtMost {
		return false
	}
	for i := range p.Items {
		it := &p.Items[i]
		switch {
		case len(a.Kinds) > 0 && !slices.Contains(a.Kinds, it.Kind),
			!a.Deletes && it.Verb != tenant.Create && it.Verb != tenant.Update,
			!a.Conflicts && conflicts(it):
			return false
		}
	}
	for _, name := range brokenBy(p, nil) {
		if !slices.Contains(a.Accept, name) {
			return false
		}
	}
	return true
}

// conflicts reports whether both sides have changed a value of the item.
func conflicts(it *plan.Item) bool {
	return it.Origin == plan.Clash ||
		slices.ContainsFunc(it.Changes, func(c plan.PropertyChange) bool { return c.Origin == plan.Clash })
}

// automatic returns the rule that approves the plan without a person, if any.
func (y policy) automatic(p *plan.Plan) (AutomaticApproval, bool) {
	if len(y.demands(p, nil)) > 1 {
		return AutomaticApproval{}, false
	}
	i := slices.IndexFunc(y.Automatic, func(a AutomaticApproval) bool { return a.fits(p) })
	if i < 0 {
		return AutomaticApproval{}, false
	}
	return y.Automatic[i], true
}
