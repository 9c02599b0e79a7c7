package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// authTimeout is how long a person has to sign in. It is written here again,
// and not taken from the engine, since it is what is checked.
const authTimeout = 3 * time.Minute

// committed holds a commit that was made against everything that must be true
// of every commit. The caller holds the lock.
func (s *subject) committed(who string, req state.CommitRequest, done state.Committed) {
	before, after := s.rec, done.Record
	entries := decodeEntries(s, req.Entries)
	s.w.noteLocked(who, call{op: opCommit, s: s}, describe(before, after, entries))
	violate := func(rule, format string, args ...any) { s.w.violateLocked(s, rule, format, args...) }
	if holdsSecret(after.Data) {
		violate("secrets", "the record holds a token")
	}
	if bytes.Contains(after.Data, codeMark) && after.Status != state.PendingAuthentication {
		violate("secrets", "the record holds a code while %s", after.Status)
	}
	for _, e := range req.Entries {
		if holdsSecret(e.Data) || bytes.Contains(e.Data, codeMark) {
			violate("secrets", "an entry of type %s holds a token or a code", e.Type)
		}
	}
	s.rec = after
	s.decode()
	s.oracle.Commit(oracle.Commit{Version: after.Version, Now: done.Now, Entries: req.Entries, Record: &after, Fence: req.Fence})
	s.checkWake(done)
}

// entry counts what happens, before the oracle takes it into account.
func (s *subject) entry(e syncer.Entry) {
	count := func(key string) { s.w.count1(key, 1) }
	switch {
	case e.Result != nil:
		count("item: " + string(e.Result.Status))
	case e.Event == "":
		return
	}
	switch e.Event {
	case "":
		return
	case state.Start:
		count("world: syncs")
	case state.Approve:
		count("people: decided " + string(syncer.Approve))
	case state.Reject:
		count("people: decided " + string(syncer.Reject))
	case state.Revert:
		count("people: decided " + string(syncer.RejectAndRevert))
	}
	count("move: " + string(e.Event))
	count("status: " + string(e.To))
	if e.From.Resting() || e.To.Active() {
		return
	}
	count("run: " + string(e.Outcome))
	if e.Error != nil {
		count("run: " + string(e.Outcome) + ", class " + string(e.Error.Class))
	}
}

func decodeEntries(s *subject, raw []state.Entry) []syncer.EntryData {
	out := make([]syncer.EntryData, len(raw))
	for i, e := range raw {
		if len(e.Data) == 0 {
			continue
		}
		if err := json.Unmarshal(e.Data, &out[i]); err != nil {
			s.w.violateLocked(s, "history", "an entry of type %s cannot be read: %v", e.Type, err)
		}
	}
	return out
}

// describe says in words what a commit does.
func describe(before, after state.Record, entries []syncer.EntryData) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d", after.Version)
	if after.Status != before.Status {
		fmt.Fprintf(&b, ", %s -> %s", before.Status, after.Status)
	}
	for _, e := range entries {
		switch {
		case e.Event != "":
			fmt.Fprintf(&b, "; %s", e.Event)
			if e.Outcome != "" {
				fmt.Fprintf(&b, " (%s: %s)", e.Outcome, e.Message)
			}
			if e.Error != nil {
				fmt.Fprintf(&b, " error %s: %s", e.Error.Class, e.Error.Message)
			}
		case e.Intent != nil:
			fmt.Fprintf(&b, "; intends %s %s, attempt %d", e.Intent.Verb, e.Intent.Item, e.Intent.Attempt)
		case e.Result != nil:
			fmt.Fprintf(&b, "; %s is %s %s", e.Result.Item, e.Result.Status, e.Result.Message)
		case e.Phase != "":
			fmt.Fprintf(&b, "; phase %s", e.Phase)
		case e.Actor != "" || e.Message != "":
			fmt.Fprintf(&b, "; %s %s", e.Actor, e.Message)
		}
	}
	return b.String()
}

// postponed is how long a tenant is left alone, at most, after the storage
// failed while it was worked on, also where its deadline is over.
const postponed = time.Minute

// looksAgain is when a tenant at rest is looked at again, at the latest.
const looksAgain = day + day/10

// checkWake: a tenant at rest wakes for the next look at its permissions, and one
// that waits wakes at its deadline at the latest.
func (s *subject) checkWake(done state.Committed) {
	rec := done.Record
	switch {
	case rec.Status.Resting() && rec.WakeAt.After(done.Now.Add(looksAgain)):
		s.w.violateLocked(s, "rest", "%s, and due at %s", rec.Status, rec.WakeAt)
	case rec.Status == state.PendingAuthentication || rec.Status == state.PendingApproval:
		slack := postponed
		if time.Since(s.w.backAt) < time.Hour { // a worker that slept reckons by the clock from before
			slack += s.w.backBy
		}
		if rec.WakeAt.IsZero() || rec.WakeAt.After(rec.Deadline) && rec.WakeAt.After(done.Now.Add(slack)) {
			s.w.violateLocked(s, "deadlines", "%s until %s, and due at %s", rec.Status, rec.Deadline, rec.WakeAt)
		}
	}
}
