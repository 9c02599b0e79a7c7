package tenanttest

import (
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// delta returns a request against a parent; removed are groups.
func delta(requestKey, parent string, s tenant.Snapshot, removed ...string) tenant.BackupRequest {
	req := tenant.BackupRequest{
		Tenant: contoso, Key: requestKey, Parent: parent, Snapshot: s,
		Message: "message of " + requestKey, Author: "author of " + requestKey,
	}
	for _, key := range removed {
		req.Removed = append(req.Removed, tenant.ResourceName{Kind: "groups", Key: key})
	}
	return req
}

// backUpDelta appends a delta that must be taken.
func backUpDelta(k repositoryKit, req tenant.BackupRequest) tenant.Revision {
	k.Helper()
	r, err := k.fixture.Repository.Backup(k.Context(), req)
	k.must(err, "Backup "+req.Key)
	return r
}

// wantRefused checks that a backup is refused and leaves the line as it was.
func wantRefused(k repositoryKit, req tenant.BackupRequest, target error, what string) {
	k.Helper()
	before := history(k, tenant.BackupLine)
	_, err := k.fixture.Repository.Backup(k.Context(), req)
	wantError(k, err, target, "Backup with "+what)
	wantRevisions(k, history(k, tenant.BackupLine), before)
}

// threeGroups is what most deltas are made against.
func threeGroups() tenant.Snapshot {
	return snapshot(tenant.Complete, resource("groups", "A", `{"n":1}`), resource("groups", "B", `{"n":1}`), resource("groups", "C", `{"n":1}`), resource("policies", "P", `{"n":1}`))
}

var deltaCases = []repositoryCase{
	{
		name:        "a delta",
		explanation: "With a Parent, the revision has the parent's resources, without those in Removed, with those of the snapshot; Kinds and Taken are the snapshot's.",
		run: func(k repositoryKit) {
			parent := backUp(k, "one", threeGroups())
			s := snapshot(tenant.Complete, resource("groups", "A", `{"n":2}`), resource("groups", "D", `{"n":2}`))
			s.Taken = s.Taken.Add(time.Hour)
			s.Kinds = append(s.Kinds, tenant.KindState{Kind: "others", Completeness: tenant.Unlicensed, Reason: "none"})
			r := backUpDelta(k, delta("two", parent.ID, s, "B"))
			if r.ID == "" || r.ID == parent.ID || r.Message != "message of two" || r.Author != "author of two" {
				k.errorf("the revision is %+v, want an id of its own and the request's message and author", r)
			}
			if k.fixture.Reopen != nil {
				k.fixture.Repository = k.fixture.Reopen()
			}
			for _, revision := range []string{"", r.ID} {
				got := snapshotAt(k, revision)
				wantResources(k, got.Resources, map[string]string{"groups/A": `{"n":2}`, "groups/C": `{"n":1}`, "groups/D": `{"n":2}`, "policies/P": `{"n":1}`})
				if !got.Taken.Equal(s.Taken) {
					k.errorf("Taken is %v, want %v", got.Taken, s.Taken)
				}
				wantKinds(k, got.Kinds, s.Kinds)
			}
			wantResources(k, snapshotAt(k, parent.ID).Resources, map[string]string{"groups/A": `{"n":1}`, "groups/B": `{"n":1}`, "groups/C": `{"n":1}`, "policies/P": `{"n":1}`})
			wantRevisions(k, history(k, tenant.BackupLine), []tenant.Revision{r, parent})
		},
	},
	{
		name:        "a delta of nothing",
		explanation: "A delta without resources and removals is a new revision with what the parent has.",
		run: func(k repositoryKit) {
			parent := backUp(k, "one", threeGroups())
			r := backUpDelta(k, delta("two", parent.ID, snapshot(tenant.Complete)))
			if r.ID == parent.ID {
				k.errorf("the revision is the parent, %q, want another", r.ID)
			}
			wantResources(k, snapshotAt(k, r.ID).Resources, map[string]string{"groups/A": `{"n":1}`, "groups/B": `{"n":1}`, "groups/C": `{"n":1}`, "policies/P": `{"n":1}`})
		},
	},
	{
		name:        "deltas on deltas",
		explanation: "A revision that a delta made can be a parent, however many deltas lead to it; every revision keeps its content.",
		run: func(k repositoryKit) {
			parent := backUp(k, "whole", threeGroups())
			var made []tenant.Revision
			for i := range 12 {
				var removed []string
				if i > 0 {
					removed = []string{fmt.Sprint("new ", i-1)}
				}
				s := snapshot(tenant.Complete, resource("groups", "A", fmt.Sprintf(`{"n":%d}`, 10+i)), resource("groups", fmt.Sprint("new ", i), `{}`))
				parent = backUpDelta(k, delta(fmt.Sprint("delta ", i), parent.ID, s, removed...))
				made = append(made, parent)
			}
			for i, r := range made {
				wantResources(k, snapshotAt(k, r.ID).Resources, map[string]string{
					"groups/A": fmt.Sprintf(`{"n":%d}`, 10+i), "groups/B": `{"n":1}`, "groups/C": `{"n":1}`, "policies/P": `{"n":1}`, fmt.Sprint("groups/new ", i): `{}`,
				})
			}
		},
	},
	{
		name:        "a delta on an older revision",
		explanation: "Any revision of the line can be the Parent, not only the head: the content is the parent's with the delta's changes, and the new revision follows the head.",
		run: func(k repositoryKit) {
			parent := backUp(k, "one", threeGroups())
			head := backUp(k, "two", snapshot(tenant.Complete, resource("groups", "A", `{"n":2}`), resource("groups", "C", `{"n":2}`), resource("groups", "E", `{"n":2}`)))
			// B is gone at the head and there at the parent; E the other way round.
			r := backUpDelta(k, delta("three", parent.ID, snapshot(tenant.Complete, resource("groups", "D", `{"n":3}`)), "A"))
			wantResources(k, snapshotAt(k, "").Resources, map[string]string{"groups/B": `{"n":1}`, "groups/C": `{"n":1}`, "groups/D": `{"n":3}`, "policies/P": `{"n":1}`})
			wantResources(k, snapshotAt(k, head.ID).Resources, map[string]string{"groups/A": `{"n":2}`, "groups/C": `{"n":2}`, "groups/E": `{"n":2}`})
			wantRevisions(k, history(k, tenant.BackupLine), []tenant.Revision{r, head, parent})
		},
	},
	{
		name:        "incomplete kinds in a delta",
		explanation: "Kinds that are not Complete keep what the line's head holds of them, as with a whole snapshot: not the parent's, and nothing of the delta.",
		run: func(k repositoryKit) {
			for _, c := range []tenant.Completeness{tenant.Partial, tenant.Forbidden, tenant.Unlicensed, tenant.Failed, tenant.NotInScope, ""} {
				parent := backUp(k, "parent "+string(c), threeGroups())
				backUp(k, "head "+string(c), snapshot(tenant.Complete, resource("groups", "A", `{"n":2}`), resource("policies", "P", `{"n":2}`)))
				s := snapshot(tenant.Complete, resource("policies", "Q", `{"n":3}`))
				if c != "" {
					s.Kinds[0].Completeness = c
					s.Resources = append(s.Resources, resource("groups", "Z", `{"n":3}`))
				} else {
					s.Kinds = s.Kinds[1:] // no state at all
				}
				backUpDelta(k, delta("delta "+string(c), parent.ID, s))
				got := snapshotAt(k, "")
				wantResources(k, got.Resources, map[string]string{"groups/A": `{"n":2}`, "policies/P": `{"n":1}`, "policies/Q": `{"n":3}`})
			}
		},
	},
	{
		name:        "an unknown parent",
		explanation: "A Parent that the tenant's backup line does not have is ErrNoRevision, and nothing is written: the whole snapshot can follow under the same key.",
		run: func(k repositoryKit) {
			// While the line is empty: two lines may use the same ids.
			other, err := k.fixture.Repository.Backup(k.Context(), tenant.BackupRequest{Tenant: "fabrikam", Key: "one", Snapshot: threeGroups()})
			k.must(err, "Backup of another tenant")
			empty := snapshot(tenant.Complete)
			wantRefused(k, delta("one", other.ID, empty), tenant.ErrNoRevision, "another tenant's revision as parent")
			wantRefused(k, delta("one", desired(k, contoso).Revision, empty), tenant.ErrNoRevision, "the empty desired line's revision as parent")
			wantRefused(k, delta("one", update(k, "one", put("groups", "A", `{}`)).ID, empty), tenant.ErrNoRevision, "the desired line's revision as parent")
			wantRefused(k, delta("one", "nonsense", empty, "A"), tenant.ErrNoRevision, "a parent that never was, on an empty line")
			first := backUp(k, "one", threeGroups())
			wantRefused(k, delta("two", "nonsense", empty, "A"), tenant.ErrNoRevision, "a parent that never was")
			wantRefused(k, delta("two", first.ID+"0", empty, "A"), tenant.ErrNoRevision, "a parent that is almost one")
			backUp(k, "two", snapshot(tenant.Complete, resource("groups", "Z", `{}`)))
			wantResources(k, snapshotAt(k, "").Resources, map[string]string{"groups/Z": `{}`})
		},
	},
	{
		name:        "invalid deltas",
		explanation: "Removed names, once each, resources of Complete kinds that the Parent holds and that are not among the snapshot's: anything else is ErrInvalidRequest, and nothing is written.",
		run: func(k repositoryKit) {
			parent := backUp(k, "one", threeGroups()).ID
			s := threeGroups()
			s.Resources = append(s.Resources, resource("groups", "Late", `{}`))
			backUp(k, "two", s)
			a := resource("groups", "A", `{"n":2}`)
			wantRefused(k, delta("three", parent, snapshot(tenant.Complete), "Z"), tenant.ErrInvalidRequest, "a removal of what never was")
			wantRefused(k, delta("three", parent, snapshot(tenant.Complete), "A", "Late"), tenant.ErrInvalidRequest, "a removal of what the head has and the parent lacks")
			wantRefused(k, delta("three", parent, snapshot(tenant.Complete), "P"), tenant.ErrInvalidRequest, "a removal under the key of another kind")
			wantRefused(k, delta("three", parent, snapshot(tenant.Complete), "A", "B", "A"), tenant.ErrInvalidRequest, "two removals of one resource")
			wantRefused(k, delta("three", parent, snapshot(tenant.Complete, a), "A"), tenant.ErrInvalidRequest, "a resource removed and changed")
			wantRefused(k, delta("three", parent, snapshot(tenant.Complete, a, a)), tenant.ErrInvalidRequest, "a resource changed twice")
			wantRefused(k, delta("three", parent, snapshot(tenant.Partial), "A"), tenant.ErrInvalidRequest, "a removal from a kind that is not complete")
			stateless := snapshot(tenant.Complete)
			stateless.Kinds = stateless.Kinds[1:]
			wantRefused(k, delta("three", parent, stateless, "A"), tenant.ErrInvalidRequest, "a removal from a kind without a state")
			wantRefused(k, delta("three", "", threeGroups(), "A"), tenant.ErrInvalidRequest, "a removal without a parent")
			wantRefused(k, delta("three", "", snapshot(tenant.Complete), "A"), tenant.ErrInvalidRequest, "a removal without a parent and resources")
			wantRefused(k, delta("three", parent, snapshot(tenant.Complete), ""), tenant.ErrInvalidRequest, "a removal without a key")
			wantRefused(k, delta("three", parent, snapshot(tenant.Complete, resource("groups", "A", `[]`))), tenant.ErrInvalidRequest, "a body that is no object")
			wantRefused(k, delta("", parent, snapshot(tenant.Complete)), tenant.ErrInvalidRequest, "no idempotency key")
			// A refused key is not spent.
			backUpDelta(k, delta("three", parent, snapshot(tenant.Complete, a), "B"))
			wantResources(k, snapshotAt(k, "").Resources, map[string]string{"groups/A": `{"n":2}`, "groups/C": `{"n":1}`, "policies/P": `{"n":1}`})
		},
	},
	{
		name:        "a repeated delta",
		explanation: "Repeating a backup with the same key changes nothing and returns the first result, also with another content or another parent.",
		run: func(k repositoryKit) {
			parent := backUp(k, "one", threeGroups())
			req := delta("two", parent.ID, snapshot(tenant.Complete, resource("groups", "A", `{"n":2}`)), "B")
			first := backUpDelta(k, req)
			third := backUp(k, "three", snapshot(tenant.Complete))
			if k.fixture.Reopen != nil {
				k.fixture.Repository = k.fixture.Reopen()
			}
			for _, again := range []tenant.BackupRequest{
				req,
				delta("two", first.ID, snapshot(tenant.Complete), "B"), // which first lacks
				delta("two", "nonsense", snapshot(tenant.Complete)),
				delta("two", "", threeGroups()),
			} {
				wantSameRevision(k, backUpDelta(k, again), first)
			}
			wantRevisions(k, history(k, tenant.BackupLine), []tenant.Revision{third, first, parent})
			wantResources(k, snapshotAt(k, first.ID).Resources, map[string]string{"groups/A": `{"n":2}`, "groups/C": `{"n":1}`, "policies/P": `{"n":1}`})
		},
	},
	{
		name:        "deltas at once",
		explanation: "Implementations are safe for concurrent use: deltas on one parent do not see each other, and the same delta made by several at once is made once.",
		run: func(k repositoryKit) {
			parent := backUp(k, "one", threeGroups())
			ids := atOnce(8, func(i int) string {
				name := fmt.Sprint("new ", i/2) // each key twice
				r, err := k.fixture.Repository.Backup(k.Context(), delta(name, parent.ID, snapshot(tenant.Complete, resource("groups", name, `{}`)), "A"))
				if err != nil {
					k.errorf("Backup %s: %v", name, err)
				}
				return r.ID
			})
			for i, id := range ids {
				if id != ids[i-i%2] {
					k.errorf("the delta %d has the revisions %q and %q", i/2, ids[i-1], id)
				}
				wantResources(k, snapshotAt(k, id).Resources, map[string]string{
					"groups/B": `{"n":1}`, "groups/C": `{"n":1}`, "policies/P": `{"n":1}`, fmt.Sprint("groups/new ", i/2): `{}`,
				})
			}
			if got := len(history(k, tenant.BackupLine)); got != 5 {
				k.errorf("the line has %d revisions, want 5", got)
			}
		},
	},
	{
		name:        "keys in deltas",
		explanation: "Keys are any strings of 1 to 512 bytes, in a delta too: those that differ only in case, or look like paths, are different resources.",
		run: func(k repositoryKit) {
			keys := []string{"Staff", "staff", "STAFF", "a/b", "a%2Fb", "../a", "é", "e\u0301", " ", "con"}
			var all []tenant.Resource
			for _, key := range keys {
				all = append(all, resource("groups", key, `{"n":1}`))
			}
			whole := backUp(k, "one", snapshot(tenant.Complete, all...))
			for i, key := range keys {
				// One is changed, the next is removed, all others stay.
				gone := keys[(i+1)%len(keys)]
				want := map[string]string{}
				for _, other := range keys {
					want["groups/"+other] = `{"n":1}`
				}
				want["groups/"+key] = `{"n":2}`
				delete(want, "groups/"+gone)
				r := backUpDelta(k, delta(fmt.Sprint("change ", i), whole.ID, snapshot(tenant.Complete, resource("groups", key, `{"n":2}`)), gone))
				wantResources(k, snapshotAt(k, r.ID).Resources, want)
			}
			r := backUpDelta(k, delta("nothing left", whole.ID, snapshot(tenant.Complete), keys...))
			wantResources(k, snapshotAt(k, r.ID).Resources, nil)
		},
	},
}
