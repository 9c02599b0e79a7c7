package tenanttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

func resource(kind, key, body string) tenant.Resource {
	return tenant.Resource{Kind: kind, Key: key, Body: json.RawMessage(body)}
}

// snapshot returns one with the kinds groups and policies, both as complete
// as said.
func snapshot(c tenant.Completeness, resources ...tenant.Resource) tenant.Snapshot {
	return tenant.Snapshot{
		Taken: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		Kinds: []tenant.KindState{
			{Kind: "groups", Completeness: c, Scope: tenant.Listed},
			{Kind: "policies", Completeness: c, Reason: "because", Missing: []string{"Policy.Read.All"}, RequestID: "r"},
		},
		Resources: resources,
	}
}

// backUp appends a snapshot that must be taken.
func backUp(k repositoryKit, requestKey string, s tenant.Snapshot) tenant.Revision {
	k.Helper()
	r, err := k.fixture.Repository.Backup(k.Context(), tenant.BackupRequest{
		Tenant: contoso, Key: requestKey, Snapshot: s,
		Message: "message of " + requestKey, Author: "author of " + requestKey,
	})
	k.must(err, "Backup "+requestKey)
	return r
}

func snapshotAt(k repositoryKit, revision string) tenant.Snapshot {
	k.Helper()
	s, err := k.fixture.Repository.Snapshot(k.Context(), tenant.SnapshotRequest{Tenant: contoso, Revision: revision})
	k.must(err, fmt.Sprintf("Snapshot at %q", revision))
	return s
}

var backupCases = []repositoryCase{
	{
		name:        "backup",
		explanation: "Backup appends a snapshot to the backup line; Snapshot returns it, in the repository's form, without ids.",
		run: func(k repositoryKit) {
			withID := resource("groups", "A", `{"a":1}`)
			withID.ID = "an id"
			want := snapshot(tenant.Complete, withID, resource("policies", "x/y", `{}`))
			r := backUp(k, "one", want)
			if r.ID == "" || r.Message != "message of one" || r.Author != "author of one" {
				k.errorf("the revision is %+v, want an id and the request's message and author", r)
			}
			for _, revision := range []string{"", r.ID} {
				got := snapshotAt(k, revision)
				wantResources(k, got.Resources, map[string]string{"groups/A": `{"a":1}`, "policies/x/y": `{}`})
				if !got.Taken.Equal(want.Taken) {
					k.errorf("Taken is %v, want %v", got.Taken, want.Taken)
				}
				wantKinds(k, got.Kinds, want.Kinds)
			}
		},
	},
	{
		name:        "complete kinds are replaced",
		explanation: "A Complete kind is afterwards what the snapshot has of it, also if that is nothing.",
		run: func(k repositoryKit) {
			backUp(k, "one", snapshot(tenant.Complete, resource("groups", "A", `{}`), resource("groups", "B", `{}`), resource("policies", "P", `{}`)))
			backUp(k, "two", snapshot(tenant.Complete, resource("groups", "B", `{"n":2}`)))
			wantResources(k, snapshotAt(k, "").Resources, map[string]string{"groups/B": `{"n":2}`})
		},
	},
	{
		name:        "incomplete kinds are kept",
		explanation: "Kinds that are neither Complete nor NamesOnly keep what the line's last revision held of them.",
		run: func(k repositoryKit) {
			for _, c := range []tenant.Completeness{tenant.Partial, tenant.Forbidden, tenant.Unlicensed, tenant.Failed, tenant.NotInScope} {
				backUp(k, "first "+string(c), snapshot(tenant.Complete, resource("groups", "A", `{"n":1}`), resource("policies", "P", `{}`)))
				s := snapshot(tenant.Complete, resource("groups", "B", `{}`), resource("policies", "Q", `{}`))
				s.Kinds[0].Completeness = c
				backUp(k, "second "+string(c), s)
				got := snapshotAt(k, "")
				wantResources(k, got.Resources, map[string]string{"groups/A": `{"n":1}`, "policies/Q": `{}`})
				wantKinds(k, got.Kinds, s.Kinds)
			}
		},
	},
	{
		name:        "kinds read for their names are replaced",
		explanation: "A NamesOnly kind is afterwards what the snapshot has of it. One that was read only for references (scope Referenced) keeps the resources of the line, because the read has not looked at the others.",
		run: func(k repositoryKit) {
			for scope, want := range map[tenant.Scope]map[string]string{
				tenant.All:        {"groups/B": `{}`, "policies/Q": `{}`},
				tenant.Listed:     {"groups/B": `{}`, "policies/Q": `{}`},
				tenant.Referenced: {"groups/A": `{"n":1}`, "policies/Q": `{}`},
			} {
				backUp(k, "first "+string(scope), snapshot(tenant.Complete, resource("groups", "A", `{"n":1}`), resource("policies", "P", `{}`)))
				s := snapshot(tenant.Complete, resource("groups", "B", `{}`), resource("policies", "Q", `{}`))
				s.Kinds[0].Completeness, s.Kinds[0].Scope = tenant.NamesOnly, scope
				backUp(k, "second "+string(scope), s)
				got := snapshotAt(k, "")
				wantResources(k, got.Resources, want)
				wantKinds(k, got.Kinds, s.Kinds)
			}
		},
	},
	{
		name:        "kinds that are not mentioned are kept",
		explanation: "A kind without a state in the snapshot is not Complete: it keeps what the line's last revision held of it.",
		run: func(k repositoryKit) {
			backUp(k, "one", snapshot(tenant.Complete, resource("groups", "A", `{}`), resource("policies", "P", `{}`)))
			s := snapshot(tenant.Complete)
			s.Kinds = s.Kinds[:1]
			backUp(k, "two", s)
			wantResources(k, snapshotAt(k, "").Resources, map[string]string{"policies/P": `{}`})
		},
	},
	{
		name:        "an older snapshot",
		explanation: "Snapshot returns the backup line at a revision; ErrNoRevision for one that is not kept, also for the head of an empty line.",
		run: func(k repositoryKit) {
			_, err := k.fixture.Repository.Snapshot(k.Context(), tenant.SnapshotRequest{Tenant: contoso})
			wantError(k, err, tenant.ErrNoRevision, "Snapshot of an empty line")
			first := backUp(k, "one", snapshot(tenant.Complete, resource("groups", "A", `{"n":1}`)))
			backUp(k, "two", snapshot(tenant.Complete))
			wantResources(k, snapshotAt(k, first.ID).Resources, map[string]string{"groups/A": `{"n":1}`})
			wantResources(k, snapshotAt(k, "").Resources, nil)
			_, err = k.fixture.Repository.Snapshot(k.Context(), tenant.SnapshotRequest{Tenant: contoso, Revision: "nonsense"})
			wantError(k, err, tenant.ErrNoRevision, "Snapshot at a revision that never was")
		},
	},
	{
		name:        "lines are apart",
		explanation: "A repository has two lines per tenant: a backup does not move the desired one, an update not the backup.",
		run: func(k repositoryKit) {
			head := update(k, "one", put("groups", "A", `{"n":1}`)).ID
			first := backUp(k, "one", snapshot(tenant.Complete, resource("groups", "A", `{"n":2}`)))
			if got := desired(k, contoso).Revision; got != head {
				k.errorf("the desired line is at %q after a backup, want %q", got, head)
			}
			wantHead(k, map[string]string{"groups/A": `{"n":1}`})
			update(k, "two", put("groups", "B", `{}`))
			wantResources(k, snapshotAt(k, "").Resources, map[string]string{"groups/A": `{"n":2}`})
			if h := history(k, tenant.BackupLine); len(h) != 1 || h[0].ID != first.ID {
				k.errorf("the history of the backup line is %+v, want one revision", h)
			}
		},
	},
	{
		name:        "invalid backups",
		explanation: "ErrInvalidRequest is returned for a request that can never succeed: an empty or over-long key, a body that is no JSON object, no idempotency key.",
		run: func(k repositoryKit) {
			for what, r := range map[string]tenant.Resource{
				"an empty key":                 resource("groups", "", `{}`),
				"a key of 513 bytes":           resource("groups", strings.Repeat("k", 513), `{}`),
				"a body that is no object":     resource("groups", "A", `"x"`),
				"no body":                      {Kind: "groups", Key: "A"},
				"a kind that has no state":     resource("others", "A", `{}`),
				"a body that has a name twice": resource("groups", "A", `{"a":1,"a":1}`),
			} {
				_, err := k.fixture.Repository.Backup(k.Context(), tenant.BackupRequest{Tenant: contoso, Key: what, Snapshot: snapshot(tenant.Complete, r)})
				wantError(k, err, tenant.ErrInvalidRequest, "Backup with "+what)
			}
			_, err := k.fixture.Repository.Backup(k.Context(), tenant.BackupRequest{Tenant: contoso, Snapshot: snapshot(tenant.Complete)})
			wantError(k, err, tenant.ErrInvalidRequest, "Backup without an idempotency key")
			twice := snapshot(tenant.Complete, resource("groups", "A", `{}`), resource("groups", "A", `{}`))
			_, err = k.fixture.Repository.Backup(k.Context(), tenant.BackupRequest{Tenant: contoso, Key: "twice", Snapshot: twice})
			wantError(k, err, tenant.ErrInvalidRequest, "Backup with one resource twice")
			if h := history(k, tenant.BackupLine); len(h) > 0 {
				k.errorf("the line has %d revisions, want none", len(h))
			}
		},
	},
}

// wantKinds checks states, in any order.
func wantKinds(k repositoryKit, got, want []tenant.KindState) {
	k.Helper()
	if len(got) != len(want) {
		k.errorf("the kinds are %+v, want %+v", got, want)
		return
	}
	for _, w := range want {
		i := slices.IndexFunc(got, func(g tenant.KindState) bool { return g.Kind == w.Kind })
		if i < 0 || fmt.Sprint(got[i]) != fmt.Sprint(w) {
			k.errorf("the kinds are %+v, want %+v", got, want)
			return
		}
	}
}

// history returns the first page of a line's history.
func history(k repositoryKit, line tenant.Line) []tenant.Revision {
	k.Helper()
	h, err := k.fixture.Repository.History(k.Context(), tenant.RepositoryHistoryRequest{Tenant: contoso, Line: line})
	k.must(err, "History")
	return h
}

var historyCases = []repositoryCase{
	{
		name:        "history",
		explanation: "History returns a line's revisions, newest first, with message and author.",
		run: func(k repositoryKit) {
			for _, line := range []tenant.Line{tenant.DesiredLine, tenant.BackupLine} {
				if h := history(k, line); len(h) > 0 {
					k.errorf("the history of an empty line is %+v", h)
				}
				var want []tenant.Revision
				for i := range 5 {
					name := fmt.Sprint("key ", i)
					if line == tenant.DesiredLine {
						want = append(want, update(k, name, put("groups", "A", fmt.Sprintf(`{"n":%d}`, i))))
					} else {
						want = append(want, backUp(k, name, snapshot(tenant.Complete)))
					}
				}
				slices.Reverse(want)
				wantRevisions(k, history(k, line), want)
				// In pages.
				var paged []tenant.Revision
				for before := ""; ; before = paged[len(paged)-1].ID {
					h, err := k.fixture.Repository.History(k.Context(), tenant.RepositoryHistoryRequest{Tenant: contoso, Line: line, Before: before, Limit: 2})
					k.must(err, "History")
					if len(h) > 2 {
						k.fatalf("History with Limit 2 returned %d", len(h))
					}
					if paged = append(paged, h...); len(h) == 0 || len(paged) > 10 {
						break
					}
				}
				wantRevisions(k, paged, want)
			}
		},
	},
	{
		name:        "invalid history requests",
		explanation: "A line that is none and a negative limit are ErrInvalidRequest; a Before that never was is ErrNoRevision.",
		run: func(k repositoryKit) {
			update(k, "one", put("groups", "A", `{}`))
			for _, c := range []struct {
				req  tenant.RepositoryHistoryRequest
				want error
			}{
				{tenant.RepositoryHistoryRequest{Tenant: contoso, Line: "middle"}, tenant.ErrInvalidRequest},
				{tenant.RepositoryHistoryRequest{Tenant: contoso, Line: tenant.DesiredLine, Limit: -1}, tenant.ErrInvalidRequest},
				{tenant.RepositoryHistoryRequest{Line: tenant.DesiredLine}, tenant.ErrInvalidRequest},
				{tenant.RepositoryHistoryRequest{Tenant: contoso, Line: tenant.DesiredLine, Before: "nonsense"}, tenant.ErrNoRevision},
			} {
				_, err := k.fixture.Repository.History(k.Context(), c.req)
				wantError(k, err, c.want, fmt.Sprintf("History(%+v)", c.req))
			}
		},
	},
}

func wantRevisions(k repositoryKit, got, want []tenant.Revision) {
	k.Helper()
	if len(got) != len(want) {
		k.errorf("there are %d revisions, want %d: %+v", len(got), len(want), got)
		return
	}
	for i := range want {
		wantSameRevision(k, got[i], want[i])
	}
}
