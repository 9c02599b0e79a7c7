package syncer

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// at is a time in a frozen form; with nanoseconds, as stores give them.
func at(minutes int) time.Time {
	return time.Date(2026, 3, 1, 8, minutes, 0, 123456789, time.UTC)
}

func frozenRef(kind string) *state.BlobRef {
	return &state.BlobRef{Tenant: "contoso", Run: "run-2", Kind: kind, Size: 1234, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(kind)))}
}

func frozenRun() *run {
	return &run{
		ID: "run-2", Actor: "ann", Started: at(0), Before: state.Idle, Clock: runrecord.Clock{WorkUntil: at(59)}, Phase: PhaseConnect,
		Options: Options{Mode: Full},
	}
}

// proposedRun is a run that has come to its plan.
func proposedRun() *run {
	r := frozenRun()
	r.Phase, r.Identity = PhaseApprove, &auth.Identity{Directory: "11111111-2222-4333-8444-555555555555",
		HomeDirectory: "66666666-7777-4888-9999-000000000000", ObjectID: "o-1", Username: "ann@contoso.example", Application: "app-1"}
	r.Backup, r.Desired = "backup-7", "desired-9"
	r.Adoption, r.Comparison = frozenRef("adoption"), frozenRef("comparison")
	r.Plan, r.Bindings, r.Digest = frozenRef("plan"), frozenRef("bindings"), "d1g357"
	r.Counts = &plan.Counts{Create: 1, Update: 2, Delete: 3, Conflicts: 1, Problems: 1}
	r.Since, r.WaitingSince = at(3), at(3)
	r.Progress = Progress{Phase: PhaseApprove}
	return r
}

func deployingRun() *run {
	r := proposedRun()
	r.Phase, r.WaitingSince, r.Reviewed, r.Wrote = PhaseDeploy, time.Time{}, true, true
	r.Decision = &decided{Verdict: Approve, Actors: []string{"bob", "cem"}, Comment: "go", Accept: []string{"max-deletes"}, Chosen: runrecord.Chosen{Items: []string{"groups/Staff"}}, Time: at(5),
		Binding: runrecord.Binding{Digest: r.Digest, Plan: r.Plan, Bindings: r.Bindings}}
	r.Progress = Progress{Phase: PhaseDeploy, Done: 1, Total: 3}
	return r
}

func endedRun(out Outcome) *run {
	r := deployingRun()
	r.Phase, r.Progress, r.Ended, r.Outcome = PhaseReport, Progress{}, at(9), out
	r.After, r.Report = frozenRef("after"), frozenRef("report")
	return r
}

// frozenRecords are records of every status, and of what else a tenant can be in.
func frozenRecords() map[string]struct {
	status state.Status
	data   data
} {
	type record = struct {
		status state.Status
		data   data
	}
	base := func(r *run) data {
		return data{Format: 1, Commits: []string{"commit-3", "commit-2"}, Directory: "11111111-2222-4333-8444-555555555555",
			Base: frozenRef("base"), LastSuccess: at(-30), Run: r}
	}
	out := map[string]record{
		"record_not_run": {state.NotRun, data{Format: 1, Commits: []string{"commit-1"},
			Paused:   []Pause{{Holder: "ann", Reason: "migration", Since: at(0)}},
			Removing: &Removal{Actor: "olga", Comment: "moved", Since: at(2), Repository: true, Error: "repository: disk full"}}},
		"record_starting":             {state.Starting, base(frozenRun())},
		"record_in_progress":          {state.InProgress, base(frozenRun())},
		"record_in_progress_deploy":   {state.InProgress, base(deployingRun())},
		"record_pending_approval":     {state.PendingApproval, base(proposedRun())},
		"record_idle":                 {state.Idle, base(endedRun(Deployed))},
		"record_new_error":            {state.NewError, base(endedRun(FailedWith))},
		"record_partially_successful": {state.PartiallySuccessful, base(endedRun(Deployed))},
	}

	signIn := frozenRun()
	signIn.Options = Options{Mode: Preview, Interactive: true, Comment: "by hand"}
	signIn.SignIns, signIn.WaitingSince, signIn.Reconnects = 1, at(1), 2
	signIn.Prompt = &auth.Prompt{UserCode: "CODE-1", URL: "https://login.example/device", Message: "Open the page.", ExpiresAt: at(15), SignIn: "directory"}
	out["record_pending_authentication"] = record{state.PendingAuthentication, base(signIn)}

	carry := base(proposedRun())
	carry.Same = []string{"run-0", "run-1"}
	carry.Run.Reviewed = true
	carry.Run.Votes = []runrecord.Vote{{Actor: "bob", Comment: "fine", Chosen: runrecord.Chosen{Items: []string{"groups/Staff"}}, Digest: "d1g357", Time: at(4)}}
	carry.Run.ChangeDigest = "cha4g3"
	carry.Run.Carried = &carried{Run: "run-1", Digest: "d1g357", Since: at(-40), Deadline: at(40), Votes: []runrecord.Vote{{Actor: "bob", Digest: "d1g357", Time: at(-20)}}, Reviewed: true}
	out["record_pending_approval_carried"] = record{state.PendingApproval, carry}

	demanding := base(proposedRun())
	demanding.Run.WorkFor = 2 * time.Hour
	demanding.Run.Demands = []Demand{{Approvals: 1, Given: 1}, {Rule: "deletes", Approvals: 2, Given: 1, Groups: []string{"security"}}}
	demanding.Run.Newer = &NewerRevision{Revision: "desired-10", Seen: at(4)}
	out["record_pending_approval_demands"] = record{state.PendingApproval, demanding}

	stopping := base(deployingRun())
	stopping.Paused = []Pause{{Holder: "cem", Since: at(6)}}
	stopping.Run.Attempt = 2
	stopping.Run.Cancel = &cancel{Actor: "ann", Comment: "stop", Time: at(7)}
	stopping.Run.Stalled = &ErrorInfo{Class: "storage", Phase: PhaseDeploy, Message: "the disk is full; it is tried again", Time: at(7)}
	stopping.Run.Trouble = &ErrorInfo{Class: "timed_out", Phase: PhaseDeploy, Message: "too slow", RequestID: "req-1", Time: at(7)}
	out["record_in_progress_stopping"] = record{state.InProgress, stopping}

	rollBack := base(proposedRun())
	rollBack.Run.Options = Options{Mode: Full, DesiredFrom: "backup-3", RetryOf: "run-1",
		Targets: []plan.Target{{Kind: "groups"}, {Kind: "policies", Key: "Block legacy"}}}
	rollBack.Run.Decision = &decided{Verdict: RejectAndRevert, Actors: []string{"bob"}, Time: at(5),
		Binding: runrecord.Binding{Digest: rollBack.Run.Digest, Plan: rollBack.Run.Plan, Bindings: rollBack.Run.Bindings}}
	rollBack.Run.Phase = PhaseRevert
	out["record_in_progress_revert"] = record{state.InProgress, rollBack}

	// Format 2: the base is in pages.
	pages := base(endedRun(NoChanges))
	pages.Format, pages.Base = 2, nil
	pages.Pages = &baseline.Root{Backup: "backup-4", Pages: []baseline.Page{{Run: "run-1", SHA256: frozenRef("base").SHA256, Size: 20_000}}, Unbound: &baseline.Page{Run: "run-2", SHA256: frozenRef("unbound").SHA256, Size: 200}}
	out["record_idle_pages"] = record{state.Idle, pages}

	// Format 2: the lists are in blobs.
	of := func(n int, run, kind string) *runrecord.List {
		ref := frozenRef(kind)
		return &runrecord.List{Len: n, Run: run, SHA256: ref.SHA256, Size: ref.Size}
	}
	targets := base(frozenRun())
	targets.Format, targets.Run.Targets = 2, of(3, "run-2", "targets")
	out["record_starting_targets"] = record{state.Starting, targets}

	voted := base(proposedRun())
	voted.Format = 2
	voted.Run.Votes = []runrecord.Vote{{Actor: "bob", Chosen: runrecord.Chosen{List: of(2, "run-1", "items")}, Digest: "d1g357", Time: at(4)}}
	voted.Run.Carried = &carried{Run: "run-1", Digest: "d1g357", Since: at(-40), Deadline: at(40), Votes: voted.Run.Votes}
	out["record_pending_approval_part"] = record{state.PendingApproval, voted}

	part := base(deployingRun())
	part.Format = 2
	part.Run.Decision.Chosen = runrecord.Chosen{List: of(2, "run-2", "items")}
	out["record_in_progress_part"] = record{state.InProgress, part}

	partEnded := base(endedRun(Deployed)) // no process acts on the lists of a run that has ended
	partEnded.Run.Decision.Chosen = runrecord.Chosen{List: of(2, "run-2", "items")}
	out["record_idle_part"] = record{state.Idle, partEnded}

	consent := base(endedRun(Deployed))
	consent.LooksFailed = 2
	consent.RestsIn, consent.ConsentURL = state.Idle, "https://login.example/adminconsent"
	consent.Missing = []MissingPermission{{AnyOf: []string{"Group.ReadWrite.All"}, Kinds: []string{"groups"}, Write: true}}
	out["record_pending_admin_consent"] = record{state.PendingAdminConsent, consent}

	partly := out["record_partially_successful"]
	partly.data.Run.Undone, partly.data.Requests = frozenUndone(), frozenRef("requests")
	out["record_partially_successful"] = partly

	failed := out["record_new_error"]
	failed.data.LagsUntil = at(11)
	failed.data.Run.Reason = "forbidden"
	failed.data.Run.Error = &ErrorInfo{Class: "forbidden", Phase: PhaseDeploy, Message: "none of 2 changes applied", RequestID: "req-2", Time: at(8)}
	out["record_new_error"] = failed
	return out
}

// frozenEntries are entries of every type.
func frozenEntries() map[EntryType]EntryData {
	info := &ErrorInfo{Class: "transient", Phase: PhaseDeploy, Message: "the answer was lost", RequestID: "req-1", Time: at(4)}
	return map[EntryType]EntryData{
		EntryMove: {Event: state.Fail, From: state.InProgress, To: state.NewError, Phase: PhaseReport, Actor: "ann", Comment: "by hand",
			Outcome: FailedWith, Message: "transient", Error: info, Report: frozenRef("report"), Plan: frozenRef("plan"), Backup: "backup-7", After: frozenRef("after")},
		EntryPhase:   {Phase: PhaseBackup, Entered: at(2)},
		EntryPrompt:  {Phase: PhaseConnect},
		EntryVote:    {Actor: "bob", Comment: "fine", Items: []string{"groups/Staff"}, Digest: "d1g357"},
		EntryReview:  {Message: "undecided", Digest: "d1g357"},
		EntryNewer:   {Phase: PhaseApprove, Revision: "desired-10", Message: "the repository has moved on"},
		EntryCancel:  {Actor: "ann", Comment: "stop", Phase: PhaseDeploy},
		EntryPause:   {Actor: "cem", Comment: "migration"},
		EntryResume:  {Actor: "cem"},
		EntryRemove:  {Actor: "olga", Comment: "moved", Message: "asked for"},
		EntryRetry:   {Phase: PhaseBackup, Message: "the repository was not reached"},
		EntryConsent: {Missing: []MissingPermission{{AnyOf: []string{"Group.Read.All", "Directory.Read.All"}, Kinds: []string{"groups"}, Write: true}}},
		EntryIntent:  {Intent: &Intent{Item: "groups/Staff", Attempt: 2, TenantID: "id-1", Verb: tenant.Update, Key: "run-2/groups/Staff"}},
		EntryResult: {Result: &ItemResult{Item: "groups/Staff", Kind: "groups", Key: "Staff", Verb: tenant.Update, Status: ItemFailed, TenantID: "id-1",
			Class: "invalid", Message: "the tenant refused it", RequestID: "req-3", Attempts: 2, Duration: 1500 * time.Millisecond, Verified: true, Approval: frozenRequest()}},
		EntryLog: {Log: frozenRef("log"), Lines: []json.RawMessage{json.RawMessage(`{"level":"INFO","msg":"run began"}`)}},
	}
}
