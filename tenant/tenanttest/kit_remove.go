package tenanttest

import (
	"errors"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
)

// remover returns the repository as a Remover, or skips the case.
func remover(k repositoryKit) tenant.Remover {
	k.Helper()
	r, ok := k.fixture.Repository.(tenant.Remover)
	if !ok {
		k.Skipf("the repository is no tenant.Remover")
	}
	return r
}

// removeContoso removes the tenant of most cases.
func removeContoso(k repositoryKit) {
	k.Helper()
	switch err := remover(k).Remove(k.Context(), contoso); {
	case errors.Is(err, errors.ErrUnsupported):
		k.Skipf("the repository removes no tenants: %v", err)
	case err != nil:
		k.fatalf("Remove: %v", err)
	}
}

// wantNothing checks that nothing is left of the tenant.
func wantNothing(k repositoryKit) {
	k.Helper()
	wantHead(k, nil)
	for _, line := range []tenant.Line{tenant.DesiredLine, tenant.BackupLine} {
		revisions, err := k.fixture.Repository.History(k.Context(), tenant.RepositoryHistoryRequest{Tenant: contoso, Line: line})
		if err != nil || len(revisions) > 0 {
			k.errorf("the history of the line %s has %d revisions, error %v, want none", line, len(revisions), err)
		}
	}
	_, err := k.fixture.Repository.Snapshot(k.Context(), tenant.SnapshotRequest{Tenant: contoso})
	wantError(k, err, tenant.ErrNoRevision, "Snapshot of a removed tenant")
}

var removeCases = []repositoryCase{
	{
		name:        "nothing remains",
		explanation: "Remove removes both lines of a tenant, with all their revisions. Removing a tenant that has nothing is no error.",
		run: func(k repositoryKit) {
			remover(k)
			first := update(k, "one", put("groups", "A", `{"n":1}`))
			second := update(k, "two", put("groups", "A", `{"n":2}`))
			saved := backUp(k, "three", snapshot(tenant.Complete, resource("groups", "A", `{"n":1}`)))
			if k.fixture.Edit != nil {
				k.must(k.fixture.Edit(contoso, "groups", "B", []byte(`{"n":3}`)), "Edit")
			}
			removeContoso(k)
			wantNothing(k)
			for _, id := range []string{first.ID, second.ID} {
				_, err := k.fixture.Repository.Desired(k.Context(), tenant.DesiredRequest{Tenant: contoso, Revision: id})
				wantError(k, err, tenant.ErrNoRevision, "Desired at a revision of a removed tenant")
			}
			_, err := k.fixture.Repository.Snapshot(k.Context(), tenant.SnapshotRequest{Tenant: contoso, Revision: saved.ID})
			wantError(k, err, tenant.ErrNoRevision, "Snapshot at a revision of a removed tenant")
			removeContoso(k)
			if k.fixture.Reopen != nil {
				k.fixture.Repository = k.fixture.Reopen()
				wantNothing(k)
			}
		},
	},
	{
		name:        "other tenants stay",
		explanation: "Remove removes one tenant. Other tenants keep theirs.",
		run: func(k repositoryKit) {
			remover(k)
			var want []string
			for _, name := range []string{"contoso-2", "Contoso", "contos"} {
				r, err := k.fixture.Repository.Update(k.Context(), tenant.UpdateRequest{Tenant: name, Key: "one",
					Parent: desired(k, name).Revision, Changes: []tenant.Change{put("groups", "A", `{"n":1}`)}})
				k.must(err, "Update of "+name)
				want = append(want, r.ID)
			}
			update(k, "one", put("groups", "A", `{"n":1}`))
			removeContoso(k)
			var got []string
			for _, name := range []string{"contoso-2", "Contoso", "contos"} {
				d := desired(k, name)
				wantResources(k, d.Resources, map[string]string{"groups/A": `{"n":1}`})
				got = append(got, d.Revision)
			}
			if !slices.Equal(got, want) {
				k.errorf("the revisions of the other tenants are %q, want %q", got, want)
			}
		},
	},
	{
		name:        "keys can be used again",
		explanation: "Remove removes the keys of the tenant's writes too: a write under the key of one that was removed is made.",
		run: func(k repositoryKit) {
			remover(k)
			update(k, "one", put("groups", "A", `{"n":1}`))
			backUp(k, "two", snapshot(tenant.Complete, resource("groups", "A", `{"n":1}`)))
			removeContoso(k)
			update(k, "one", put("groups", "A", `{"n":2}`))
			wantHead(k, map[string]string{"groups/A": `{"n":2}`})
			backUp(k, "two", snapshot(tenant.Complete, resource("groups", "A", `{"n":2}`)))
			wantResources(k, snapshotAt(k, "").Resources, map[string]string{"groups/A": `{"n":2}`})
			if got := len(history(k, tenant.BackupLine)); got != 1 {
				k.errorf("the backup line has %d revisions, want the one after the removal", got)
			}
		},
	},
}
