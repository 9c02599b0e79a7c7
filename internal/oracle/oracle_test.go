package oracle_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// breach is a story in which something is wrong.
type breach struct {
	name    string
	plant   func(st *story)
	rule    string
	message string // part of it
}

// voting is a story with another vote in place of the first.
func voting(d syncer.EntryData) func(*story) {
	return func(st *story) {
		st.instead("vote", func(s *stage) {
			if d.Digest == "" {
				d.Digest = s.plan.Digest
			}
			s.commit(s.line(syncer.EntryVote, d))
		})
	}
}

// ending is a story with another report.
func ending(ev state.Event, change func(s *stage)) func(*story) {
	return func(st *story) {
		st.instead("end", func(s *stage) { change(s); s.end(ev) })
		st.drop("look")
	}
}

// sending is a story in which another write is sent for an item.
func sending(key string, change func(w *oracle.Write)) func(*story) {
	return func(st *story) {
		st.instead("send "+key, func(s *stage) {
			w := s.write(key)
			change(&w)
			s.o.Begin(w)
		})
	}
}

func showing(change func(row *syncer.Row)) func(*story) {
	return func(st *story) {
		st.instead("look", func(s *stage) {
			row := s.row()
			change(&row)
			s.o.Shown(row)
		})
	}
}

// planned is a story with another plan.
func planned(change func(p *plan.Plan)) func(*story) {
	return func(st *story) {
		st.before("start", func(s *stage) {
			change(s.plan)
			if err := s.plan.Seal(); err != nil {
				s.t.Fatal(err)
			}
		})
	}
}

// part is a story in which B alone is approved.
func part(st *story) {
	st.instead("vote", func(s *stage) {
		s.commit(s.line(syncer.EntryVote, syncer.EntryData{Actor: "bob", Digest: s.plan.Digest, Items: []string{"groups/B"}}))
	})
	st.instead("approve", func(s *stage) {
		s.decide(map[string]any{"items": []string{"groups/B"}})
		s.move(state.Approve, syncer.EntryData{Actor: "carol", Digest: s.plan.Digest, Items: []string{"groups/B"}})
	})
}

// second is a story in which another run supersedes the first, with the same plan.
func second(st *story) {
	st.until("vote")
	st.after("vote", func(s *stage) {
		s.report.Status, s.report.Outcome, s.report.Reason, s.report.Items, s.report.Kinds = state.NotRun, syncer.Cancelled, "superseded by run run-2", nil, nil
		from := s.status
		end := s.line(syncer.EntryMove, syncer.EntryData{Event: state.RestoreNotRun, From: from, To: state.NotRun, Outcome: syncer.Cancelled,
			Message: s.report.Reason, Report: s.blob("report", s.report), Plan: s.blob("plan", s.plan)})
		s.run, s.deadline = "run-2", time.Time{}
		s.commit(end, s.line(syncer.EntryMove, syncer.EntryData{Event: state.Start, From: state.NotRun, To: state.Starting, Actor: "ann", Message: "full"}))
		s.move(state.Begin, syncer.EntryData{})
	})
}

// answered is a story in which bob's answer decides on the first run.
func answered(st *story, ev state.Event, verdict syncer.Verdict) {
	st.until("vote")
	st.instead("vote", func(s *stage) {
		d := s.decision("bob")
		d.Verdict = verdict
		s.o.Offer(d)
		s.decide(map[string]any{"verdict": verdict, "actors": nil, "accept": nil})
		s.move(ev, syncer.EntryData{Actor: "bob", Digest: s.plan.Digest})
	})
}

// unknown is a story in which the outcome of A's write is unknown at the end.
func unknown(st *story) {
	st.drop("effect A")
	st.instead("result A", func(s *stage) { s.result("A", tenant.Create, syncer.ItemUnknown) })
	st.drop("intend B", "send B", "effect B", "answer B", "result B")
	ending(state.SucceedPartially, func(s *stage) {
		s.report.Items[0].Status, s.report.Items[1].Status = syncer.ItemUnknown, syncer.ItemNotAttempted
		s.report.Kinds[0].Created, s.report.Kinds[0].Updated = 0, 0
		s.report.Status, s.report.Error = state.PartiallySuccessful, &syncer.ErrorInfo{Class: "unknown"}
		s.report.Undone = syncer.Undone{Failed: 1, Unknown: 1}
	})(st)
}

// created is a story in which another party creates an object, and the run says
// that it is the object of A.
func created(st *story, object string) {
	st.drop("send A", "effect A", "answer A")
	st.instead("result A", func(s *stage) {
		res := result("A", tenant.Create)
		res.TenantID = s.fake.Seed("groups", object)
		s.commit(s.line(syncer.EntryResult, syncer.EntryData{Result: &res}))
	})
	st.drop("intend B", "send B", "effect B", "answer B", "result B")
	st.until("verify")
}

// changed is a story in which another party changes an object, and the run says that
// it is as B wants it.
func changed(st *story, object string) {
	st.drop("send B", "effect B", "answer B")
	st.instead("result B", func(s *stage) {
		res := result("B", tenant.Update)
		res.TenantID = s.fake.Seed("groups", object)
		s.commit(s.line(syncer.EntryResult, syncer.EntryData{Result: &res}))
	})
	st.until("verify")
}

var breaches = []breach{
	{"a version is left out", func(st *story) { st.before("begin", func(s *stage) { s.skip = 1 }) }, oracle.Ordering, "version 3 follows 1"},
	{"a version comes again", func(st *story) { st.before("begin", func(s *stage) { s.version, s.blind = 0, true }) }, oracle.Ordering, "version 1 follows 1"},
	{"a former owner commits", func(st *story) { st.before("deploy", func(s *stage) { s.fence = 7 }) }, oracle.Fencing, "a commit under fence 7 while the lease is of fence 1"},
	{"the record is no JSON", func(st *story) {
		st.after("plan", func(s *stage) {
			s.version++
			s.o.Commit(oracle.Commit{Version: s.version, Now: s.now, Record: &state.Record{Status: s.status, Data: json.RawMessage(`{"run":3}`)}})
		})
	}, oracle.Ordering, "the record of version 7 cannot be read"},
	{"an entry is lost", func(st *story) {
		st.after("plan", func(s *stage) {
			e := s.line(syncer.EntryPhase, syncer.EntryData{Phase: syncer.PhasePlan})
			e.Version, e.N = s.version+1, 1
			s.commit(e)
		})
	}, oracle.Ordering, "entry 0 of version 7 is number 1"},
	{"an entry is no JSON", func(st *story) {
		st.after("plan", func(s *stage) { s.commit(state.Entry{Run: s.run, Type: "phase", Data: json.RawMessage(`7`)}) })
	}, oracle.Ordering, "an entry of type phase cannot be read"},
	{"a move is not in the history", func(st *story) {
		st.after("plan", func(s *stage) { s.status = state.Starting; s.commit(); s.status = state.InProgress })
	}, oracle.Ordering, "the record is starting and its history says in_progress"},
	{"work has a deadline", func(st *story) { st.before("plan", func(s *stage) { s.deadline = s.now }) }, oracle.Deadlines, "in_progress has the deadline"},
	{"each code has its own deadline", func(st *story) { st.before("code", func(s *stage) { s.deadline = s.now.Add(authTimeout) }) },
		oracle.Deadlines, "and the deadline should be"},
	{"a code is shown too late", func(st *story) { st.before("code", func(s *stage) { s.now = s.now.Add(authTimeout) }) }, oracle.Deadlines, "a code is shown at"},
	{"a sign-in comes too late", func(st *story) { st.before("sign in", func(s *stage) { s.now = s.now.Add(authTimeout) }) }, oracle.Deadlines, "signed in at"},
	{"a decision comes too late", func(st *story) { st.before("approve", func(s *stage) { s.now = s.now.Add(approvalTimeout) }) }, oracle.Deadlines, "carol decides at"},
	{"an approval times out too soon", func(st *story) {
		st.instead("approve", func(s *stage) {
			s.report.Status, s.report.Outcome, s.report.Reason = state.NewError, syncer.TimedOut, "approval"
			s.end(state.TimeOut)
		})
		st.until("approve")
	}, oracle.Deadlines, "the approval timed out at"},
	{"a run times out too soon", func(st *story) {
		st.instead("end", func(s *stage) { s.report.Reason = "too long"; s.end(state.TimeOut) })
	}, oracle.Deadlines, "run run-1 timed out after it has worked for 14s"},

	{"a move from another status", func(st *story) {
		st.instead("begin", func(s *stage) {
			s.commit(s.line(syncer.EntryMove, syncer.EntryData{Event: state.Begin, From: state.Idle, To: state.InProgress}))
		})
	}, oracle.LegalMoves, "begin moves from idle while the tenant is starting"},
	{"a move that the table lacks", func(st *story) {
		st.instead("begin", func(s *stage) {
			s.commit(s.line(syncer.EntryMove, syncer.EntryData{Event: state.Begin, From: state.Starting, To: state.Idle}))
		})
		st.until("begin")
	}, oracle.LegalMoves, "begin from starting to idle is not in the table"},

	{"somebody resumes who does not hold", func(st *story) {
		st.after("plan", func(s *stage) { s.commit(s.line(syncer.EntryResume, syncer.EntryData{Actor: "dan"})) })
	}, oracle.SingleRun, "dan resumes a tenant that they do not hold"},
	{"a move of another run", func(st *story) { st.before("begin", func(s *stage) { s.run = "run-9" }) }, oracle.SingleRun, "begin of run run-9, which is not the current run"},
	{"a paused tenant is started", func(st *story) {
		st.before("start", func(s *stage) { s.commit(s.line(syncer.EntryPause, syncer.EntryData{Actor: "dan"})) })
	}, oracle.SingleRun, "run run-1 is started while the tenant is paused"},
	{"a run begins again", func(st *story) {
		st.after("end", func(s *stage) { s.move(state.Start, syncer.EntryData{Actor: "ann", Message: "full"}) })
	}, oracle.SingleRun, `run "run-1" is started again`},
	{"a run ends again", func(st *story) {
		st.after("end", func(s *stage) {
			s.status = state.InProgress
			s.end(state.Succeed)
		})
	}, oracle.SingleRun, "run run-1 ends again"},
	{"a run at work is superseded", func(st *story) {
		st.instead("end", func(s *stage) { s.report.Reason = "superseded by run run-2"; s.end(state.Succeed) })
	}, oracle.SingleRun, "run run-1 is superseded while in_progress, and wrote: true"},
	{"a superseded run has no successor", func(st *story) {
		second(st)
		st.instead("after vote", func(s *stage) {
			s.report.Status, s.report.Outcome, s.report.Reason = state.NotRun, syncer.Cancelled, "superseded by run run-2"
			s.end(state.RestoreNotRun)
		})
	}, oracle.SingleRun, "run run-1 is superseded, and its commit starts no other"},
	{"a journal of another run", func(st *story) {
		st.after("deploy", func(s *stage) {
			s.commit(entry("run-9", syncer.EntryIntent, syncer.EntryData{Intent: &syncer.Intent{Item: "groups/A"}}))
		})
	}, oracle.WriteAhead, `a line of the journal of run "run-9", which is not the current run`},

	{"a preview proposes", func(st *story) {
		st.instead("start", func(s *stage) { s.move(state.Start, syncer.EntryData{Actor: "ann", Message: "preview"}) })
	}, oracle.Approval, "run run-1 of mode preview proposes a plan"},
	{"a proposal without a digest", func(st *story) {
		st.instead("propose", func(s *stage) { s.move(state.RequireApproval, syncer.EntryData{}) })
	}, oracle.Approval, "run run-1 proposes a plan without a digest"},
	{"a proposal without a plan", func(st *story) {
		st.before("propose", func(s *stage) { s.plan = thePlan(s.t) })
		st.instead("propose", func(s *stage) { s.move(state.RequireApproval, syncer.EntryData{Digest: s.plan.Digest}) })
	}, oracle.Approval, "run run-1 has no plan"},
	{"a plan is lost", func(st *story) {
		st.instead("propose", func(s *stage) {
			s.data["run"].(map[string]any)["plan"] = state.BlobRef{Tenant: "contoso", Run: "run-1", Kind: "plan", SHA256: strings.Repeat("0", 64)}
			s.move(state.RequireApproval, syncer.EntryData{Digest: s.plan.Digest})
		})
	}, oracle.Approval, "the plan of run run-1 cannot be read"},
	{"a plan with another digest", func(st *story) {
		st.instead("propose", func(s *stage) {
			s.data["run"].(map[string]any)["plan"] = s.blob("plan", s.plan)
			s.move(state.RequireApproval, syncer.EntryData{Digest: "other"})
		})
	}, oracle.Approval, "run run-1 proposes a plan of the digest other"},
	{"an empty plan", planned(func(p *plan.Plan) { p.Items = nil; p.Broken = nil }), oracle.Approval, "run run-1 proposes a plan without items"},
	{"enough votes do not decide", func(st *story) {
		st.after("vote", func(s *stage) {
			s.commit(s.line(syncer.EntryVote, syncer.EntryData{Actor: "carol", Digest: s.plan.Digest}))
		})
	}, oracle.Approval, "2 people approved run run-1, which is enough"},
	{"too few votes decide", func(st *story) { st.drop("vote") }, oracle.Approval, "run run-1 is approved by 1 people, and 2 have to"},
	{"a decision is not in the record", func(st *story) {
		st.instead("approve", func(s *stage) {
			s.move(state.Approve, syncer.EntryData{Actor: "carol", Digest: s.plan.Digest})
		})
	}, oracle.Approval, "and the stored decision is <nil>"},
	{"the items of a decision are gone", func(st *story) {
		st.instead("approve", func(s *stage) {
			s.decide(map[string]any{"list": map[string]any{"run": "run-1", "sha256": strings.Repeat("0", 64), "size": 9}})
			s.move(state.Approve, syncer.EntryData{Actor: "carol", Digest: s.plan.Digest})
		})
	}, oracle.Approval, "the items of the decision on run run-1 cannot be read"},
	{"the record has an approval that the history lacks", func(st *story) {
		st.instead("approve", func(s *stage) {
			s.decide(map[string]any{"actors": []string{"bob", "dan"}})
			s.move(state.Approve, syncer.EntryData{Actor: "carol", Digest: s.plan.Digest})
		})
	}, oracle.Approval, "names dan, whose approval is not in the history"},
	{"a broken rule is not accepted", func(st *story) {
		st.instead("approve", func(s *stage) {
			s.decide(map[string]any{"accept": nil})
			s.move(state.Approve, syncer.EntryData{Actor: "carol", Digest: s.plan.Digest})
		})
	}, oracle.Approval, "although the plan breaks max-deletes, which nobody accepted"},
	{"the report has a decision that does not accept a broken rule", func(st *story) {
		st.before("propose", func(s *stage) { s.blind = true })
		st.before("end", func(s *stage) { s.report.Decision = &syncer.Decision{Verdict: syncer.Approve} })
	}, oracle.Approval, "although the plan breaks max-deletes, which nobody accepted"},
	{"an item is approved that the plan lacks", func(st *story) {
		part(st)
		st.instead("approve", func(s *stage) {
			s.decide(map[string]any{"items": []string{"groups/X"}})
			s.move(state.Approve, syncer.EntryData{Actor: "carol", Digest: s.plan.Digest, Items: []string{"groups/X"}})
		})
	}, oracle.Approval, "groups/X is approved and not in the plan of run run-1"},
	{"an item is approved without its dependency", part, oracle.Approval, "groups/B is approved without groups/A, which it depends on"},
	{"a decision on another plan", voting(syncer.EntryData{Actor: "bob", Digest: "other"}), oracle.Approval, "bob decides on the digest other"},
	{"a decision on a cancelled run", func(st *story) {
		st.before("vote", func(s *stage) { s.commit(s.line(syncer.EntryCancel, syncer.EntryData{Actor: "dan"})) })
	}, oracle.Approval, "bob decides on run run-1, which was cancelled"},
	{"a decision that was sent before the tenant was removed", func(st *story) {
		st.until("offer")
		st.after("offer", func(s *stage) {
			s.status, s.deadline = state.NotRun, time.Time{}
			s.commit(entry("", syncer.EntryRemove, syncer.EntryData{Actor: "ann"}))
			s.run = "run-2"
			s.move(state.Start, syncer.EntryData{Actor: "ann", Message: "full"})
			s.move(state.Begin, syncer.EntryData{})
			s.move(state.RequireApproval, syncer.EntryData{Digest: s.plan.Digest})
			s.commit(s.line(syncer.EntryVote, syncer.EntryData{Actor: "bob", Digest: s.plan.Digest}))
		})
	}, oracle.Approval, "the history has approve by bob on items [] of run run-2, and they never sent that"},
	{"a decision that nobody sent", func(st *story) { st.drop("offer") }, oracle.Approval, "the history has approve by bob on items [] of run run-1, and they never sent that"},
	{"the requester approves", voting(syncer.EntryData{Actor: "ann"}), oracle.Approval, "ann asked for run run-1 and approves it"},
	{"one person approves twice", voting(syncer.EntryData{Actor: "carol"}), oracle.Approval, "carol approves run run-1 twice"},
	{"a deploy without an approval", func(st *story) { st.instead("plan", func(s *stage) { s.phase(syncer.PhaseDeploy) }) },
		oracle.Approval, `run run-1 enters the phase deploy with the verdict ""`},
	{"a plan is made anew after the approval", func(st *story) { st.after("deploy", func(s *stage) { s.phase(syncer.PhasePlan) }) },
		oracle.Approval, `run run-1 enters the phase plan with the verdict "approve"`},
	{"what nobody rejected is reverted", func(st *story) { st.after("deploy", func(s *stage) { s.phase(syncer.PhaseRevert) }) },
		oracle.Approval, `run run-1 enters the phase revert with the verdict "approve"`},

	{"an intent before the approval", func(st *story) { st.before("propose", func(s *stage) { s.intent("A", tenant.Create, 1) }) },
		oracle.Approval, "groups/A is begun while in_progress, and nobody approved run run-1"},
	{"an intent of what was left out", part, oracle.Approval, "groups/A is begun, which the approval left out"},
	{"an intent after a cancel", func(st *story) {
		st.before("intend B", func(s *stage) { s.commit(s.line(syncer.EntryCancel, syncer.EntryData{Actor: "dan"})) })
	}, oracle.WriteAhead, "groups/B is begun although run run-1 was cancelled"},
	{"an intent while paused", func(st *story) {
		st.before("intend B", func(s *stage) { s.commit(s.line(syncer.EntryPause, syncer.EntryData{Actor: "dan"})) })
	}, oracle.WriteAhead, "groups/B is begun although the tenant is paused"},
	{"a key of another run", func(st *story) {
		st.instead("intend A", func(s *stage) {
			s.commit(s.line(syncer.EntryIntent, syncer.EntryData{Intent: &syncer.Intent{Item: "groups/A", Attempt: 1, Verb: tenant.Create, Key: "run-0/groups/A"}}))
		})
	}, oracle.WriteAhead, "groups/A has the key run-0/groups/A"},
	{"what is unknown is begun again", func(st *story) { st.after("intend A", func(s *stage) { s.intent("A", tenant.Create, 2) }) },
		oracle.WriteAhead, "groups/A is begun again (attempt 2) before it is known what became of attempt 1"},
	{"what is done is begun again", func(st *story) { st.after("result A", func(s *stage) { s.intent("A", tenant.Create, 2) }) },
		oracle.WriteAhead, "groups/A is begun again after it was applied"},
	{"what took effect is begun again", func(st *story) {
		st.instead("result A", func(s *stage) { s.result("A", tenant.Create, "retry"); s.intent("A", tenant.Create, 2) })
	}, oracle.AtMostOnce, "groups/A is begun again after it took effect"},
	{"attempts are not counted", func(st *story) { st.instead("intend A", func(s *stage) { s.intent("A", tenant.Create, 0) }) },
		oracle.WriteAhead, "attempt 0 of groups/A is the 1th"},
	{"two results", func(st *story) {
		st.after("result A", func(s *stage) { s.result("A", tenant.Create, syncer.ItemFailed) })
	}, oracle.WriteAhead, "groups/A is failed after it was applied"},
	{"unknown without an intent", func(st *story) {
		st.after("deploy", func(s *stage) { s.result("B", tenant.Update, syncer.ItemUnknown) })
	}, oracle.WriteAhead, "groups/B is unknown without having been begun"},
	{"applied and not written", func(st *story) { st.drop("send A", "effect A") }, oracle.Truth, "groups/A is said to be applied, and the tenant does not have it"},
	{"applied and not written, where another party has created something else", func(st *story) { created(st, `{"displayName":"X"}`) },
		oracle.Truth, "groups/A is said to be applied, and the tenant does not have it"},
	{"applied and not written, where another party has set one value", func(st *story) {
		changed(st, `{"state":"on","owner":"id-Other","members":["id-A"]}`)
	}, oracle.Truth, "groups/B is said to be applied, and the tenant does not have it"},
	{"applied and not written, where a member is missing", func(st *story) {
		changed(st, `{"state":"on","owner":"id-Staff","members":["id-Z"]}`)
	}, oracle.Truth, "groups/B is said to be applied, and the tenant does not have it"},
	{"applied and not written, where a removed member is there", func(st *story) {
		st.before("plan", func(s *stage) {
			s.plan.Items[1].Changes[2] = plan.PropertyChange{Pointer: "/members/-", Before: json.RawMessage(`"id-Z"`)}
			if err := s.plan.Seal(); err != nil {
				s.t.Fatal(err)
			}
		})
		changed(st, `{"state":"on","owner":"id-Staff","members":["id-Z"]}`)
	}, oracle.Truth, "groups/B is said to be applied, and the tenant does not have it"},
	{"applied and not written, where nobody else writes", func(st *story) {
		st.drop("send C", "effect C")
		st.before("start", func(s *stage) { s.cfg.Exclusive = true; s.o.Configure(s.cfg) })
	}, oracle.Truth, "groups/C is said to be applied, and the tenant does not have it"},

	{"a write without a lease", func(st *story) { st.before("send A", func(s *stage) { s.now = s.now.Add(time.Hour) }) }, oracle.Fencing, "a writes at"},
	{"a write of another worker", sending("A", func(w *oracle.Write) { w.Worker = "b" }), oracle.Fencing, "b writes at"},
	{"a lease under an old fence", func(st *story) {
		st.after("begin", func(s *stage) {
			s.o.Lease(state.Lease{Now: s.now, Record: state.Record{LeaseOwner: "b", Fence: 1}}, false)
		})
	}, oracle.Fencing, "b is given fence 1 after fence 1"},
	{"a lease that another has", func(st *story) {
		st.after("begin", func(s *stage) {
			s.o.Lease(state.Lease{Now: s.now, Record: state.Record{LeaseOwner: "b", Fence: 2}}, false)
		})
	}, oracle.Fencing, "b is given the lease at"},
	{"a write within a write", func(st *story) { st.after("send A", func(s *stage) { s.o.Begin(s.write("A")) }) }, oracle.AtMostOnce, "run-1/groups/A is being written already"},
	{"a write of no run", sending("A", func(w *oracle.Write) { w.IdempotencyKey = "run-9/groups/A" }), oracle.Approval, "run-9/groups/A is written by no run"},
	{"a write after the end", func(st *story) { st.after("end", func(s *stage) { s.o.Begin(s.write("A")) }) }, oracle.WriteAhead, "run-1/groups/A is sent after its run ended"},
	{"a write without an intent", func(st *story) { st.drop("intend A") }, oracle.WriteAhead, "create groups/ of run-1/groups/A is sent without a stored intent"},
	{"a write of another object than intended", func(st *story) {
		st.instead("intend B", func(s *stage) { s.intent("B", tenant.Create, 1) })
	}, oracle.WriteAhead, "update groups/id-B of run-1/groups/B is sent without a stored intent"},
	{"a write before the approval", func(st *story) {
		st.before("propose", func(s *stage) { s.o.Begin(s.write("A")) })
	}, oracle.Approval, "run-1/groups/A is sent, and nobody approved the run"},
	{"a write of what was left out", part, oracle.Approval, "run-1/groups/A is sent, which the approval left out"},
	{"a write that the plan lacks", sending("A", func(w *oracle.Write) { w.IdempotencyKey = "run-1/groups/X" }), oracle.Approval, "run-1/groups/X is sent, which is not in the plan that was approved"},
	{"a write that the plan lacks, seen at the end", func(st *story) {
		st.before("propose", func(s *stage) { s.blind = true })
		st.after("result A", func(s *stage) {
			w := s.write("A")
			w.IdempotencyKey = "run-1/groups/X"
			s.o.Effect(w)
		})
	}, oracle.Approval, "run-1/groups/X is sent, which is not in the plan that was approved"},
	{"another object than approved", sending("C", func(w *oracle.Write) { w.ID = "id-D" }), oracle.Approval, "approved is delete groups/id-C#, sent is delete groups/id-D#"},
	{"another part than approved", sending("B", func(w *oracle.Write) { w.Part = "assignments" }), oracle.Approval, "approved is update groups/id-B#, sent is update groups/id-B#assignments"},
	{"less than approved", sending("A", func(w *oracle.Write) { w.After = json.RawMessage(`{"secret":"hush"}`) }), oracle.Approval, "and what is sent has no displayName"},
	{"more than approved", sending("B", func(w *oracle.Write) { w.Patch = json.RawMessage(`{"displayName":"X"}`) }), oracle.Approval, "displayName is sent, and the plan does not show that it changes"},
	{"another value than approved", sending("B", func(w *oracle.Write) { w.Patch = json.RawMessage(`{"state":"off"}`) }), oracle.Approval, "state is sent as off, and on was approved"},
	{"another reference than approved", sending("B", func(w *oracle.Write) { w.Patch = json.RawMessage(`{"owner":"id-Boss"}`) }), oracle.Approval, "owner is sent as id-Boss, and id-Staff was approved"},
	{"another member than approved", sending("B", func(w *oracle.Write) { w.Patch = json.RawMessage(`{"members":["id-A","id-B"]}`) }), oracle.Approval,
		"members is sent as [id-A id-B]"},
	{"another secret than approved", func(st *story) {
		st.before("start", func(s *stage) {
			s.cfg.Reveal = func(*oracle.Run, *plan.Item) any { return "other" }
			s.o.Configure(s.cfg)
		})
	}, oracle.Approval, "secret is sent as hush"},
	{"an object has changed since the plan", sending("B", func(w *oracle.Write) {
		w.Before = json.RawMessage(`{"displayName":"B","state":"report","members":["id-Z"]}`)
	}),
		oracle.LostUpdate, "state is written over, which is report, and the plan showed off"},
	{"a deleted object has changed since the plan", sending("C", func(w *oracle.Write) { w.Before = json.RawMessage(`{"displayName":"D"}`) }),
		oracle.LostUpdate, "displayName is written over, which is D, and the plan showed C"},
	{"an object has changed since it was read", func(st *story) {
		st.instead("effect B", func(s *stage) {
			w := s.write("B")
			w.Actual = json.RawMessage(`{"displayName":"B","state":"report"}`)
			s.o.Effect(w)
		})
	}, oracle.LostUpdate, "which was read as"},
	{"a write takes effect twice", func(st *story) { st.after("effect A", func(s *stage) { s.o.Effect(s.write("A")) }) }, oracle.AtMostOnce, "run-1/groups/A takes effect for the 2th time"},
	{"an object is made twice", func(st *story) {
		st.before("effect B", func(s *stage) {
			for _, key := range []string{"1", "2"} {
				op := tenant.Operation{Verb: tenant.Create, Kind: "groups", After: json.RawMessage(`{"displayName":"A"}`), IdempotencyKey: key}
				if _, err := s.fake.Client(clientConfig).Apply(ctx(), op); err != nil {
					s.t.Fatal(err)
				}
			}
		})
	}, oracle.AtMostOnce, `create groups "A" was carried out twice: 2 by a`},
	{"a write takes effect after the end", func(st *story) {
		st.after("end", func(s *stage) {
			w := s.write("A")
			w.IdempotencyKey = "run-1/groups/Late"
			s.o.Effect(w)
		})
	}, oracle.WriteAhead, "run-1/groups/Late takes effect after its run ended, and the report does not call it unknown"},
	{"a write that failed takes effect", func(st *story) {
		st.instead("result A", func(s *stage) { s.result("A", tenant.Create, syncer.ItemFailed) })
		st.drop("effect A")
		st.after("result A", func(s *stage) { s.o.Effect(s.write("A")) })
	}, oracle.WriteAhead, "run-1/groups/A takes effect after it was said to be failed"},

	{"a preview writes the repository", func(st *story) {
		st.instead("start", func(s *stage) { s.move(state.Start, syncer.EntryData{Actor: "ann", Message: "preview"}) })
	}, oracle.Approval, "run run-1 of mode preview writes groups/Drift to the repository"},
	{"a revert that nobody asked for", func(st *story) {
		st.after("deploy", func(s *stage) {
			s.o.Update(oracle.Update{Run: "run-1", Act: "revert", Changes: []tenant.Change{{Kind: "groups", Key: "A"}}})
		})
	}, oracle.Approval, "run run-1 takes groups/A back, and nobody said so"},
	{"a roll back that nobody approved", func(st *story) {
		st.before("propose", func(s *stage) {
			s.o.Update(oracle.Update{Run: "run-1", Act: "rollback", Changes: []tenant.Change{{Kind: "groups", Key: "A"}}})
		})
	}, oracle.Approval, "run run-1 rolls groups/A back, and nobody approved it"},

	{"a grant leads elsewhere", func(st *story) {
		st.after("end", func(s *stage) {
			s.move(state.RequireConsent, syncer.EntryData{})
			s.move(state.ClearNewError, syncer.EntryData{})
		})
	}, oracle.Endings, "a granted permission leads back to new_error, and the tenant rested in idle"},
	{"a cancelled run that wrote leads back", func(st *story) {
		st.before("report", func(s *stage) { s.commit(s.line(syncer.EntryCancel, syncer.EntryData{Actor: "dan"})) })
		ending(state.RestoreNotRun, func(s *stage) { s.report.Status, s.report.Outcome = state.NotRun, syncer.Cancelled })(st)
	}, oracle.Endings, "run run-1 ends with restore_not_run in not_run (cancelled); it began in not_run, and wrote: true"},
	{"a cancelled run leads elsewhere", func(st *story) {
		st.until("plan")
		st.after("plan", func(s *stage) {
			s.commit(s.line(syncer.EntryCancel, syncer.EntryData{Actor: "dan"}))
			s.report.Status, s.report.Outcome = state.Idle, syncer.Cancelled
			s.end(state.RestoreIdle)
		})
	}, oracle.Endings, "run run-1 ends with restore_idle in idle (cancelled); it began in not_run, and wrote: false"},
	{"a run is cancelled by nobody", func(st *story) {
		st.until("plan")
		st.after("plan", func(s *stage) {
			s.report.Status, s.report.Outcome = state.NotRun, syncer.Cancelled
			s.end(state.RestoreNotRun)
		})
	}, oracle.Endings, "run run-1 is cancelled, and nobody asked for it"},

	{"no report", func(st *story) {
		st.instead("end", func(s *stage) {
			s.move(state.Succeed, syncer.EntryData{Outcome: syncer.Deployed, Plan: s.blob("plan", s.plan)})
		})
	}, oracle.Truth, "run run-1 ends without a report"},
	{"a report is lost", func(st *story) {
		st.instead("end", func(s *stage) {
			s.move(state.Succeed, syncer.EntryData{Outcome: syncer.Deployed, Report: &state.BlobRef{Tenant: "contoso", Run: "run-1", Kind: "report", SHA256: strings.Repeat("0", 64)}})
		})
	}, oracle.Truth, "the report of run run-1 cannot be read"},
	{"a report of another ending", ending(state.Succeed, func(s *stage) { s.report.Status = state.NewError }), oracle.Truth, "the report says new_error (deployed: done) of run run-1"},
	{"a report of another journal", ending(state.Succeed, func(s *stage) { s.report.Items[1].Status = syncer.ItemUnsupported }), oracle.Truth,
		"the report says that groups/B is unsupported, and the journal applied"},
	{"an open write is called not attempted", func(st *story) {
		st.drop("effect A", "result A")
		ending(state.SucceedPartially, func(s *stage) { s.report.Items[0].Status = syncer.ItemNotAttempted })(st)
	}, oracle.Truth, "the report says that groups/A is not_attempted, and the journal unknown"},
	{"what was not begun is called failed", func(st *story) {
		st.drop("intend A", "send A", "effect A", "result A")
		ending(state.SucceedPartially, func(s *stage) { s.report.Items[0].Status = syncer.ItemFailed })(st)
	}, oracle.Truth, "the report says that groups/A is failed, and the journal not_attempted"},
	{"what is done is called failed", ending(state.SucceedPartially, func(s *stage) { s.report.Items[1].Status = syncer.ItemFailed }), oracle.Truth,
		"the report says that groups/B is failed, and the tenant has carried it out"},
	{"what is done is left out", ending(state.Succeed, func(s *stage) { s.report.Items = s.report.Items[:2] }), oracle.Truth,
		"the report does not have groups/C, which the tenant has carried out"},
	{"what is done is left out with a lost plan", ending(state.SucceedPartially, func(s *stage) {
		s.report.Items, s.report.Lost = s.report.Items[:2], []string{"the plan is gone"}
	}), oracle.Truth, "the report does not have groups/C, which the tenant has carried out"},
	{"what was approved is left out", ending(state.Succeed, func(s *stage) { s.report.Items = s.report.Items[:2] }), oracle.Truth,
		"the report does not have groups/C, which was approved"},
	{"a wrong count", ending(state.Succeed, func(s *stage) { s.report.Kinds[0].Deleted = 0 }), oracle.Truth, "the report counts 0 delete of groups, and lists 1"},
	{"what was adopted is left out", ending(state.Succeed, func(s *stage) { s.report.Adopted = nil }), oracle.Truth, "groups/Drift was adopted, and the report does not say so"},
	{"what was not adopted is told", ending(state.Succeed, func(s *stage) {
		s.report.Adopted = append(s.report.Adopted, plan.AdoptedChange{Kind: "groups", Key: "X"})
	}),
		oracle.Truth, "the report says that groups/X was adopted, and it was not"},

	{"an error of the engine's own", ending(state.Succeed, func(s *stage) { s.report.Error = &syncer.ErrorInfo{Class: "internal"} }), oracle.Endings, "no run ends by an error of this class"},
	{"Idle although something was refused", ending(state.Succeed, func(s *stage) { s.report.Refused = []string{"groups/A"} }), oracle.Endings, "Idle means that everything was done"},
	{"Idle although something was not kept", ending(state.Succeed, func(s *stage) { s.report.Items[1].NotKept = []syncer.NotKept{{}} }), oracle.Endings, "Idle means that everything was done"},
	{"Idle although something was not confirmed", ending(state.Succeed, func(s *stage) { s.report.Items[1].Verified = false }), oracle.Endings, "Idle means that everything was done"},
	{"Idle although the plan is lost", ending(state.Succeed, func(s *stage) { s.report.Lost = []string{"the plan is gone"} }), oracle.Endings, "Idle means that everything was done"},
	{"Idle although a kind was cut short", ending(state.Succeed, func(s *stage) { s.report.Kinds[0].Completeness = tenant.Partial }), oracle.Endings, "Idle means that everything was done"},
	{"Idle although something cannot be planned", ending(state.Succeed, func(s *stage) { s.report.Notes = []plan.Note{{Class: plan.BadFile}} }), oracle.Endings, "Idle means that everything was done"},
	{"Partially successful and everything was done", ending(state.SucceedPartially, func(s *stage) {
		s.report.Status, s.report.Error = state.PartiallySuccessful, &syncer.ErrorInfo{Class: "x"}
	}),
		oracle.Endings, "Partially successful means that something was not done"},
	{"Partially successful and nothing was done", ending(state.SucceedPartially, func(s *stage) {
		for i := range s.report.Items {
			s.report.Items[i].Status = syncer.ItemFailed
		}
	}), oracle.Endings, "Partially successful means that something was done"},
	{"Partially successful without a reason", ending(state.SucceedPartially, func(s *stage) { s.report.Items[0].Status = syncer.ItemFailed }), oracle.Endings, "Partially successful says why"},
	{"New error and something was done", ending(state.Fail, func(*stage) {}), oracle.Endings, "New error means that nothing was done"},
	{"New error and something may have been done", ending(state.Fail, func(s *stage) {
		for i := range s.report.Items {
			s.report.Items[i].Status = syncer.ItemUnknown
		}
	}), oracle.Endings, "New error means that nothing was done"},
	{"a count of what was not done is wrong", ending(state.SucceedPartially, func(s *stage) {
		s.report.Items[0].Status, s.report.Error = syncer.ItemFailed, &syncer.ErrorInfo{Class: "x"}
		s.report.Undone.Failed = 2
	}), oracle.Endings, "the report counts what was not done"},
	{"New error without an error", ending(state.Fail, func(*stage) {}), oracle.Endings, "New error says why"},
	{"consent is missing, and something else", ending(state.RequireConsent, func(s *stage) { s.report.Items[0].Status = syncer.ItemFailed }), oracle.Endings, "Pending admin consent means that nothing else was left"},
	{"consent is missing, and not named", ending(state.RequireConsent, func(*stage) {}), oracle.Endings, "Pending admin consent names what is missing"},

	{"a row of another status", showing(func(row *syncer.Row) { row.Status = state.NewError }), oracle.Truth, "shows the status new_error, and it is idle"},
	{"a row of another label", showing(func(row *syncer.Row) { row.Label = "x" }), oracle.Truth, "shows the label x, and it is Idle"},
	{"a row with a prompt", showing(func(row *syncer.Row) { row.Prompt = new(auth.Prompt) }), oracle.Truth, "shows a prompt true, and it is false"},
	{"a row with a deadline", showing(func(row *syncer.Row) { row.Deadline = time.Unix(1, 0) }), oracle.Truth, "shows the deadline"},
	{"a row that is paused", showing(func(row *syncer.Row) { row.Paused = []syncer.Pause{{Holder: "dan"}} }), oracle.Truth, "shows the holders [dan], and it is []"},
	{"a row of another run", showing(func(row *syncer.Row) { row.Run = "run-9" }), oracle.Truth, "shows the run run-9, and it is run-1"},
	{"a row of another actor", showing(func(row *syncer.Row) { row.Actor = "eve" }), oracle.Truth, "shows the actor eve, and it is ann"},
	{"a row of another outcome", showing(func(row *syncer.Row) { row.Outcome = syncer.Adopted }), oracle.Truth, "shows the outcome adopted, and it is deployed"},
	{"a row that is being cancelled", showing(func(row *syncer.Row) { row.Cancelling = true }), oracle.Truth, "shows cancelling true, and it is false"},
	{"a row of another digest", func(st *story) {
		st.after("vote", func(s *stage) { row := s.row(); row.Digest = "other"; s.o.Shown(row) })
	}, oracle.Truth, "shows the digest other"},
	{"a row without votes", func(st *story) {
		st.after("vote", func(s *stage) { row := s.row(); row.Digest = s.plan.Digest; s.o.Shown(row) })
	}, oracle.Truth, "shows the votes 0, and it is 1"},
	{"people saw what was not so", func(st *story) { st.instead("look", func(s *stage) { s.o.Seen(2, state.Idle) }) }, oracle.Truth, "people saw idle at version 2, when it was in_progress"},

	{"a run goes on for ever", func(st *story) {
		st.instead("plan", func(s *stage) {
			for range 1000 {
				s.phase(syncer.PhasePlan)
			}
		})
	}, oracle.Termination, "run run-1 has made 1000 commits"},
	{"the tenant does not rest", func(st *story) { st.drop("end", "look") }, oracle.Termination, "at the end the record is in_progress, and the history says in_progress"},
	{"a run does not end", func(st *story) { st.drop("end", "look") }, oracle.Termination, "run run-1 has not ended"},
	{"a write is left open", func(st *story) { st.drop("result A") }, oracle.Termination, "run run-1 does not say what became of groups/A"},
	{"a lease is left behind", func(st *story) {
		st.instead("rest", func(s *stage) {
			s.o.Rest(state.Record{Status: s.status, LeaseOwner: "a", LeaseUntil: s.now.Add(time.Hour)}, s.now)
		})
	}, oracle.Termination, "a still has the lease until"},
	{"a blob is lost", func(st *story) {
		st.instead("rest", func(s *stage) {
			s.o.Reachable(state.Record{Refs: []state.BlobRef{{Tenant: "contoso", Run: "run-1", Kind: "base", SHA256: strings.Repeat("0", 64)}}})
		})
	}, oracle.Termination, "the base of run run-1 is not there"},

	// What only a poll can see.
	{"two workers write at once", overlapping, oracle.MutualExclusion, "1 by a and 2 by b overlap"},
	{"a write is about to be sent", func(st *story) {
		st.instead("send A", func(s *stage) {
			_, _ = s.o.Client(s.fake.Client(clientConfig)).Apply(ctx(), s.write("A").Operation)
		})
	}, oracle.WriteAhead, "run-1/groups/A is about to be sent without a stored intent"},
}

// A story in which everything is as it should be has no violation, and neither
// have those that differ in what may be so.
func TestLegal(t *testing.T) {
	for name, change := range map[string]func(*story){
		"as planned":             func(*story) {},
		"known by history alone": func(st *story) { st.before("start", func(s *stage) { s.blind = true }) },
		"somebody else has done it": func(st *story) {
			st.drop("intend C", "send C", "effect C", "answer C")
		},
		"a retry": func(st *story) {
			st.after("send A", func(s *stage) {
				s.o.Finish(s.write("A"))
				s.result("A", tenant.Create, "retry")
				s.intent("A", tenant.Create, 2)
				s.o.Begin(s.write("A"))
			})
		},
		"a pause": func(st *story) {
			st.before("intend B", func(s *stage) {
				s.commit(s.line(syncer.EntryPause, syncer.EntryData{Actor: "dan"}))
				s.commit(s.line(syncer.EntryResume, syncer.EntryData{Actor: "dan"}))
			})
		},
		"a write that nobody knows of takes effect after the end": func(st *story) {
			unknown(st)
			st.after("end", func(s *stage) { s.o.Effect(s.write("A")) })
		},
		"a superseded run": second,
		"a superseded run that proposed the same": func(st *story) {
			second(st)
			st.after("after vote", func(s *stage) {
				s.data["run"] = map[string]any{"id": "run-2", "plan": s.blob("plan", s.plan)}
				s.deadline = s.o.RunOf("run-1").Deadline
				s.commit(s.line(syncer.EntryMove, syncer.EntryData{Event: state.RequireApproval, From: s.status, To: state.PendingApproval, Digest: s.plan.Digest}))
				s.decide(nil)
				s.move(state.Approve, syncer.EntryData{Actor: "carol", Digest: s.plan.Digest}) // with bob's vote on the first run
			})
		},
		"a report without what is lost": func(st *story) {
			st.drop("intend C", "send C", "effect C", "answer C", "result C")
			ending(state.SucceedPartially, func(s *stage) {
				s.report.Status, s.report.Error = state.PartiallySuccessful, &syncer.ErrorInfo{Class: "storage"}
				s.report.Items, s.report.Adopted, s.report.Lost = s.report.Items[:2], nil, []string{"the plan is gone"}
				s.report.Kinds[0].Deleted = 0
			})(st)
		},
		"a request on its way when its run ended": func(st *story) {
			st.before("propose", func(s *stage) {
				s.o.Update(oracle.Update{Run: "run-0", Act: "revert", Changes: []tenant.Change{{Kind: "groups", Key: "A"}}})
			})
		},
		"a rejection": func(st *story) { answered(st, state.Reject, syncer.Reject) },
		"a revert": func(st *story) {
			answered(st, state.Revert, syncer.RejectAndRevert)
			st.after("vote", func(s *stage) {
				s.phase(syncer.PhaseRevert)
				s.o.Update(oracle.Update{Run: "run-1", Act: "revert", Changes: []tenant.Change{{Kind: "groups", Key: "A"}}})
			})
		},
		"another party has created it": func(st *story) { created(st, `{"displayName":"A","secret":"theirs","members":[]}`) },
		"another party has made the same change": func(st *story) {
			changed(st, `{"displayName":"renamed","state":"on","owner":"id-Staff","members":["id-Other","id-A"]}`)
		},
		"somebody races with a write": func(st *story) {
			st.instead("effect B", func(s *stage) {
				w := s.write("B")
				w.Actual, w.Raced = json.RawMessage(`{"state":"report"}`), true
				s.o.Effect(w)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := legal()
			change(&st)
			for _, v := range st.play(t).o.Violations() {
				t.Error(v)
			}
		})
	}
}

// Each breach is found, by its rule and with its message.
func TestBreaches(t *testing.T) {
	for _, b := range breaches {
		t.Run(b.name, func(t *testing.T) {
			st := legal()
			b.plant(&st)
			got := st.play(t).o.Violations()
			for _, v := range got {
				if v.Rule == b.rule && strings.Contains(v.Message, b.message) {
					return
				}
			}
			t.Errorf("got %q, want %s: %s", got, b.rule, b.message)
		})
	}
}

// Every check of the source has a breach in the table that only it can find.
func TestEveryCheckIsTested(t *testing.T) {
	found := map[string]bool{}
	for _, b := range breaches {
		st := legal()
		b.plant(&st)
		for _, v := range st.play(t).o.Violations() {
			if v.Rule == b.rule && strings.Contains(v.Message, b.message) {
				found[v.Message] = true
			}
		}
	}
	fset, checks := token.NewFileSet(), 0
	check := func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		format := formatOf(call)
		if format == "" {
			return true
		}
		checks++
		for message := range found {
			if matches(format, message) {
				return true
			}
		}
		t.Errorf("%s: no breach is found by %q", fset.Position(call.Pos()), format)
		return true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, check)
	}
	if checks < 90 {
		t.Errorf("%d checks were found in the source", checks)
	}
}

// formatOf is the message of a check.
func formatOf(call *ast.CallExpr) string {
	name, at := "", 0
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		name, at = f.Sel.Name, 1
	case *ast.Ident:
		name = f.Name
	}
	if len(call.Args) <= at || name != "violate" && name != "broken" && name != "differs" {
		return ""
	}
	lit, ok := call.Args[at].(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	switch name {
	case "broken":
		return text + ": run %s ended"
	case "differs":
		return "shows " + text + " "
	}
	return text
}

var verb = regexp.MustCompile(`%\+?[a-z]`)

func matches(format, message string) bool {
	var parts []string
	for _, part := range verb.Split(format, -1) {
		parts = append(parts, regexp.QuoteMeta(part))
	}
	return regexp.MustCompile(strings.Join(parts, "(?s:.*)")).MatchString(message)
}
