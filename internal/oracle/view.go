package oracle

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// views checks the rows and statuses that people see.
type views struct {
	*book
	cfg  *Config
	seen []moved // not compared with the history yet
}

// shown compares a row with the history.
func (c *views) shown(h *history, row syncer.Row) {
	differs := func(what string, got, want any) {
		if !reflect.DeepEqual(got, want) {
			c.violate(Truth, "the row of version %d shows %s %v, and it is %v", row.Version, what, got, want)
		}
	}
	differs("the status", row.Status, h.status)
	differs("the label", row.Label, h.status.Label())
	differs("a prompt", row.Prompt != nil, h.status == state.PendingAuthentication)
	if c.cfg.AuthTimeout > 0 && c.cfg.ApprovalTimeout > 0 {
		differs("the deadline", row.Deadline.UnixNano(), h.until.UnixNano())
	}
	holders := []string{}
	for _, p := range row.Paused {
		holders = append(holders, c.cfg.Person(p.Holder))
	}
	slices.Sort(holders)
	differs("the holders", holders, append([]string{}, slices.Sorted(maps.Keys(h.paused))...))
	r := cmp.Or(h.run, new(Run))
	differs("the run", row.Run, r.ID)
	differs("the actor", row.Actor, r.Actor)
	differs("the outcome", row.Outcome, r.Outcome)
	differs("cancelling", row.Cancelling, r.Cancelled && h.status.Active())
	if h.status == state.PendingApproval {
		differs("the digest", row.Digest, r.Digest)
		differs("the votes", len(row.Votes), len(r.Votes))
	}
}

// saw records the status that people saw at a version.
func (c *views) saw(version int64, s state.Status) { c.seen = append(c.seen, moved{version, s}) }

// compare compares each recorded status with the history, which must reach the
// version of the status.
func (c *views) compare(h *history) {
	for _, s := range c.seen {
		if was := h.at(s.version); was != s.status {
			c.violate(Truth, "people saw %s at version %d, when it was %s", s.status, s.version, was)
		}
	}
	c.seen = nil
}
