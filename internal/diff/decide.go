package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// proposal is a difference that the plan proposes to write to the tenant.
type proposal struct {
	spared
	origin plan.Origin
}

// decide sorts an object's differences into what is proposed and what is
// adopted, by the rules and by what the tenant allows.
func (c *comparison) decide(o *object, t *trees, found []*difference) (propose []proposal, adopt []*difference) {
	made := c.serviceMade(o, t.raw, t.base)
	unnamed := c.unnamed(o, t, found)
	enforce := c.drift(o.kind) == plan.EnforceDesired
	for _, d := range found {
		origin := plan.Deploy
		switch {
		case d.fate == drifted && enforce && made == nil:
			origin = plan.Enforce
		case d.fate == drifted:
			if c.ignored(o, d, plan.FromTenant) {
				continue
			}
			if why := unnamed[d]; why != "" {
				c.noteOn(o, plan.Dangling, d.pointer(), "%s", why)
				continue
			}
			if made != nil {
				c.noteOn(o, plan.ServiceChange, d.pointer(), "%s; the service changed it by itself, and the repository takes that over", made.Reason)
			}
			if rest, ok := c.spare(o, d, plan.FromTenant); ok {
				adopt = append(adopt, rest.difference)
			}
			continue
		case d.fate == clashed:
			origin = plan.Clash
		}
		switch {
		case c.ignored(o, d, plan.ToTenant):
		case d.rule.Fact().CreateOnly:
			c.noteOn(o, plan.Unsupported, d.pointer(), "it can be set only when the object is created; recreate the object, or take the tenant's value into the repository")
		default:
			if rest, ok := c.spare(o, d, plan.ToTenant); ok {
				propose = append(propose, proposal{rest, origin})
			}
		}
	}
	if len(propose) > 0 {
		if reason, ok := c.allows(o, tenant.Update, t.raw); !ok {
			c.noteOn(o, plan.Unsupported, "", "%s", reason)
			propose = nil
		}
	}
	return propose, adopt
}

// drift returns the policy of a kind.
func (c *comparison) drift(k *schema.Schema) plan.DriftPolicy {
	return cmp.Or(c.in.Rules.DriftByKind[k.Name], c.in.Rules.Drift, plan.AdoptDrift)
}

// ignored reports whether a rule leaves the difference alone in a direction,
// and notes it. A nil difference is the whole object.
func (c *comparison) ignored(o *object, d *difference, direction plan.Direction) bool {
	for _, ig := range c.in.Rules.Ignore {
		way := cmp.Or(ig.Direction, plan.BothWays)
		if way != plan.BothWays && way != direction || !ig.Selector.Matches(o.kind.Name, o.key) {
			continue
		}
		pattern, err := jsonval.SplitPointer(ig.Pointer)
		if err != nil {
			continue // refused by newComparison
		}
		pointer := ""
		if d != nil {
			pointer = d.pointer()
		}
		if len(pattern) > 0 && (d == nil || !jsonval.MatchesBelow(pattern, strings.Split(pointer, "/")[1:]) && !jsonval.MatchesBelow(pattern, d.segs)) {
			continue
		}
		c.noteOn(o, plan.Ignored, pointer, "a rule leaves this difference alone: %s", cmp.Or(ig.Reason, "no reason is given"))
		return true
	}
	return false
}

// serviceMade returns the limit that says that the service changes such
// objects by itself, or nil. Any of the bodies may say so: what the service
// takes away is known from what was there.
func (c *comparison) serviceMade(o *object, bodies ...*jsonval.Node) *tenant.Limit {
	for i, l := range o.kind.Limits {
		if l.ServiceMade && slices.ContainsFunc(bodies, func(body *jsonval.Node) bool { return body != nil && schema.MeetsNode(l.When, body) }) {
			return &o.kind.Limits[i]
		}
	}
	return nil
}

// allows reports whether the tenant lets the object be written, and why not.
func (c *comparison) allows(o *object, v tenant.Verb, body *jsonval.Node) (reason string, ok bool) {
	for _, l := range o.kind.Limits { // first, since they say why
		if slices.Contains(l.Verbs, v) && schema.MeetsNode(l.When, body) {
			return cmp.Or(l.Reason, "the tenant does not allow to "+string(v)+" this object"), false
		}
	}
	if !o.kind.Allows(v) {
		return "this kind does not allow to " + string(v), false
	}
	return "", true
}
