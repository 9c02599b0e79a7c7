package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

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
	if after.Version != before.Version+1 {
		violate("record", "version %d follows %d", after.Version, before.Version)
	}
	if req.Fence != 0 && req.Fence != s.fence {
		violate("lease", "%s committed under fence %d while the lease is of fence %d", who, req.Fence, s.fence)
	}
	if holdsSecret(after.Data) {
		violate("secrets", "the record holds a token")
	}
	if bytes.Contains(after.Data, codeMark) && after.Status != state.PendingAuthentication {
		violate("secrets", "the record holds a code while %s", after.Status)
	}
	s.stopped = len(s.data.Paused) > 0 || s.data.Run != nil && s.data.Run.Cancel != nil
	s.rec = after
	hadRun := s.run
	s.decode()
	if r := s.data.Run; r != nil && (hadRun == nil || hadRun.id != r.ID) {
		s.newRun(before, hadRun)
	}
	status := before.Status
	for i, e := range req.Entries {
		if holdsSecret(e.Data) || bytes.Contains(e.Data, codeMark) {
			violate("secrets", "an entry of type %s holds a token or a code", e.Type)
		}
		switch d := entries[i]; syncer.EntryType(e.Type) {
		case syncer.EntryMove:
			if d.From != status {
				violate("moves", "a move from %s while in %s", d.From, status)
			}
			to, err := state.Next(status, d.Event)
			if err != nil || to != d.To {
				violate("moves", "%s led from %s to %s: %v", d.Event, status, d.To, err)
			}
			status = d.To
			s.moved(before, done.Now, e.Run, d)
		case syncer.EntryIntent:
			s.intends(d.Intent)
		case syncer.EntryResult:
			s.results(d.Result)
		}
	}
	if status != after.Status {
		violate("moves", "the record is %s and its history says %s", after.Status, status)
	}
	s.checkDeadline(before, req, done)
	s.checkWake(done)
	if s.run != nil {
		if s.run.commits++; s.run.commits > 1000 {
			violate("rest", "run %s has made %d commits", s.run.id, s.run.commits)
		}
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

// newRun begins to follow another run.
func (s *subject) newRun(before state.Record, old *run) {
	r := s.data.Run
	if s.begun[r.ID] {
		s.w.violateLocked(s, "one run", "run %s is begun again", r.ID)
	}
	s.begun[r.ID] = true
	s.run = &run{id: r.ID, actor: r.Actor, options: r.Options, before: r.Before, began: time.Now(),
		open: map[string]syncer.Intent{}, results: map[string]syncer.ItemResult{}, effects: map[string]int{}, created: map[string]string{}, adopted: map[string]bool{}}
	s.carried = nil
	if before.Status == state.PendingApproval { // superseded
		s.carried = &wait{digest: old.digest, deadline: before.Deadline}
	}
	if before.Status == state.Starting || before.Status == state.InProgress {
		s.w.violateLocked(s, "one run", "run %s takes the place of run %s, which was at work", r.ID, old.id)
	}
	if before.Status.Active() && len(old.effects)+len(old.open) > 0 {
		s.w.violateLocked(s, "one run", "run %s takes the place of run %s, which has written", r.ID, old.id)
	}
}

// moved holds a move against the rules of its event.
func (s *subject) moved(before state.Record, now time.Time, runID string, d syncer.EntryData) {
	s.w.count1("move: "+string(d.Event), 1)
	s.w.count1("status: "+string(d.To), 1)
	violate := func(rule, format string, args ...any) { s.w.violateLocked(s, rule, format, args...) }
	late := !before.Deadline.IsZero() && !now.Before(before.Deadline)
	switch d.Event {
	case state.Authenticate:
		if late {
			violate("deadlines", "signed in at %s, and the deadline was %s", now, before.Deadline)
		}
	case state.RequireApproval:
		s.proposed(d)
	case state.Approve, state.Reject, state.Revert:
		if late {
			violate("deadlines", "decided at %s, and the deadline was %s", now, before.Deadline)
		}
		s.decided(d)
	case state.TimeOut:
		if before.Status == state.PendingAuthentication && d.Message == "sign-in" && !late {
			violate("deadlines", "the sign-in timed out at %s, and the deadline is %s", now, before.Deadline)
		}
		if before.Status == state.PendingApproval && !late {
			violate("deadlines", "the approval timed out at %s, and the deadline is %s", now, before.Deadline)
		}
	case state.Start:
		s.w.count1("world: syncs", 1)
	}
	if d.To.Resting() && d.From.Active() {
		s.ended(runID, d)
	}
}

// checkDeadline: there is one where somebody is waited for, it is set on
// entering the status, and it stays.
func (s *subject) checkDeadline(before state.Record, req state.CommitRequest, done state.Committed) {
	after := done.Record
	violate := func(format string, args ...any) { s.w.violateLocked(s, "deadlines", format, args...) }
	entered := slices.ContainsFunc(req.Entries, func(e state.Entry) bool { return e.Type == string(syncer.EntryMove) })
	switch {
	case after.Status != state.PendingAuthentication && after.Status != state.PendingApproval:
		if !after.Deadline.IsZero() {
			violate("%s has the deadline %s", after.Status, after.Deadline)
		}
	case !entered:
		if !after.Deadline.Equal(before.Deadline) {
			violate("the deadline of %s was moved from %s to %s", after.Status, before.Deadline, after.Deadline)
		}
	case after.Status == state.PendingAuthentication:
		if want := done.Now.Add(authTimeout); !after.Deadline.Equal(want) {
			violate("entered at %s, the sign-in has until %s, want %s", done.Now, after.Deadline, want)
		}
	default:
		want := done.Now.Add(syncer.ApprovalTimeoutDefault)
		if c := s.carried; c != nil && c.digest == s.run.digest {
			want = c.deadline
		}
		if !after.Deadline.Equal(want) {
			violate("entered at %s, the approval has until %s, want %s", done.Now, after.Deadline, want)
		}
	}
}

// postponed is how long a tenant is left alone, at most, after the storage
// failed while it was worked on, also where its deadline is over.
const postponed = time.Minute

// checkWake: a tenant at rest wakes for nothing but a missing permission, and
// one that waits wakes at its deadline at the latest.
func (s *subject) checkWake(done state.Committed) {
	rec := done.Record
	switch {
	case rec.Status.Resting() && rec.Status != state.PendingAdminConsent && !rec.WakeAt.IsZero() && rec.WakeAt.After(done.Now):
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
