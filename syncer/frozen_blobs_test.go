package syncer

import (
	"encoding/json"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/planning"
	"github.com/tenantsync/tenantsync/internal/readback"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

func frozenChanges() []plan.PropertyChange {
	return []plan.PropertyChange{
		{Pointer: "/password", Base: json.RawMessage(`"[redacted]"`), Before: json.RawMessage(`"[redacted]"`), After: json.RawMessage(`"[redacted]"`), Origin: plan.Clash, Redacted: true,
			Secrets: map[string]string{"": "5ec4e7"}, FleetSecrets: map[string]string{"": "f1ee7"}},
		{Pointer: "/description", Before: json.RawMessage(`null`), After: json.RawMessage(`"<b> & é"`), Origin: plan.Deploy, NotKept: true},
	}
}

func frozenKinds() []tenant.KindState {
	return []tenant.KindState{
		{Kind: "groups", Completeness: tenant.Complete, Scope: tenant.All},
		{Kind: "policies", Completeness: tenant.Forbidden, Scope: tenant.Listed, Reason: "no permission", Missing: []string{"Policy.Read.All"}, RequestID: "req-4"},
	}
}

func frozenNotes() []plan.Note {
	return []plan.Note{{Class: plan.Ambiguous, Kind: "groups", Key: "Staff", Pointer: "/displayName", Message: "two groups have this name"}}
}

func frozenAdopted() []plan.AdoptedChange {
	return []plan.AdoptedChange{{Kind: "groups", Key: "Guests", Verb: tenant.Update, Changes: frozenChanges()}}
}

// frozenUndone counts each sort of work that was left undone.
func frozenUndone() Undone {
	return Undone{DeletesOff: 1, LeftOut: 2, NamesOnly: 3, Unsupported: 4, Failed: 5, Unknown: 6, NotKept: 7, Unplanned: 8, Refused: 9, Unread: 10, Unconfirmed: 11, Waits: 12}
}

func frozenRequest() *ApprovalRequest {
	return &ApprovalRequest{Code: "request-1", Until: at(90), Sum: "5um", Change: "cha4g3", Before: "bef0r3", KeyID: "k3y"}
}

func frozenRequests() *deploy.Requests {
	return &deploy.Requests{Format: 1, Requests: map[string]deploy.Request{"groups/Staff": deploy.Request(*frozenRequest())}}
}

func frozenReport() *Report {
	return &Report{
		Format: 1, RunRef: RunRef{Tenant: "contoso", Run: "run-2"}, Actor: "ann", Status: state.PartiallySuccessful, Outcome: Deployed, Reason: "edited",
		Options: Options{Mode: Full, DesiredFrom: "backup-3", Interactive: true, Comment: "by hand", RetryOf: "run-1",
			Targets: []plan.Target{{Kind: "policies", Key: "Block legacy"}}},
		Error:   &ErrorInfo{Class: "partial", Phase: PhaseDeploy, Message: "1 of 2 changes applied", RequestID: "req-2", Time: at(8)},
		Undone:  frozenUndone(),
		Started: at(0), Ended: at(9), Backup: "backup-7", Digest: "d1g357",
		Identity: &auth.Identity{Directory: "11111111-2222-4333-8444-555555555555", HomeDirectory: "66666666-7777-4888-9999-000000000000",
			ObjectID: "o-1", Username: "ann@contoso.example", Application: "app-1"},
		Decision: &Decision{RunRef: RunRef{Tenant: "contoso", Run: "run-2"}, Digest: "d1g357", Verdict: Approve, Actor: "bob, cem", Comment: "go",
			Accept: []string{"max-deletes"}, Items: []string{"groups/Staff"}},
		Kinds: []KindReport{{KindState: frozenKinds()[1], Read: 1, Created: 2, Updated: 3, Deleted: 4, Adopted: 5, Unchanged: 6, Skipped: 7, Failed: 8}},
		Items: []ItemResult{{Item: "groups/Staff", Kind: "groups", Key: "Staff", Verb: tenant.Update, Status: ItemFailed, TenantID: "id-1", Class: "invalid",
			Message: "the tenant refused it", RequestID: "req-3", Attempts: 2, Duration: 1500 * time.Millisecond, Verified: true, Changes: frozenChanges(),
			NotKept: []NotKept{{Pointer: "/state", Wanted: json.RawMessage(`"[redacted]"`), Got: json.RawMessage(`null`), Redacted: true}}, NotKeptMore: 9, Approval: frozenRequest()}},
		Adopted: frozenAdopted(), Notes: frozenNotes(),
		Missing:    []MissingPermission{{AnyOf: []string{"Group.ReadWrite.All"}, Kinds: []string{"groups"}, Write: true}},
		ConsentURL: "https://login.example/adminconsent", Refused: []string{"groups/Guests"}, Lost: []string{"the plan is not there"},
		Newer: &NewerRevision{Revision: "desired-10", Seen: at(4)},
	}
}

func frozenComparison() *backup.Summary {
	return &backup.Summary{Format: 1, Backup: "backup-7", Adopted: frozenAdopted(), Written: "desired-9", Kinds: frozenKinds(),
		Read: map[string]int{"groups": 3, "policies": 1}, Unchanged: map[string]int{"groups": 2}, Notes: frozenNotes()}
}

func frozenAdoption() *backup.Adoption {
	return &backup.Adoption{Format: 1, Parent: "desired-8", Key: "run-2/adopt/0011223344556677", Adopts: frozenAdopted(), Before: frozenAdopted()}
}

func frozenSnapshot() *readback.Snapshot {
	return &readback.Snapshot{Format: 1, Snapshot: tenant.Snapshot{Taken: at(1), Kinds: frozenKinds(), Resources: []tenant.Resource{
		{Kind: "groups", Key: "Staff", ID: "id-1", Body: json.RawMessage(`{"displayName":"Staff","n":1.50}`), Source: "groups/Staff.json"},
	}}}
}

func frozenBindings() *planning.Bindings {
	return &planning.Bindings{Format: 1, Bindings: reference.Bindings{
		"groups":          {"Staff": "id-1", "Guests": "id-2"},
		"groups#mail":     {"Staff": "staff@contoso.example"},
		"groups@formerly": {"Employees": "Staff"},
	}}
}

// frozenRunFacts is what a list of runs shows of one, beside what it is filtered
// by.
func frozenRunFacts() *runFactsForm {
	return &runFactsForm{Format: 1, RunFacts: RunFacts{
		Mode: Full, Comment: "weekly", Reason: "conflict", Digest: "d1g357",
		Counts:  &plan.Counts{Create: 1, Update: 2, Delete: 3, Conflicts: 4, Problems: 5},
		Verdict: Approve, DecidedBy: []string{"bob", "carol"}, Undone: frozenUndone(),
		Error: &ErrorInfo{Class: "partial", Phase: PhaseDeploy, Message: "2 of 6 changes applied", RequestID: "r-1", Time: at(9)},
	}}
}
