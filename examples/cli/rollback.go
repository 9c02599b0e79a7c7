package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/tenant"
)

// rollback is the command "rollback".
func rollback(a *app) func(context.Context, []string) error {
	f := a.startFlags()
	limit := a.flags.Int("limit", 20, "how many backups to list")
	return func(ctx context.Context, words []string) error {
		return a.with(ctx, func(e *engine) error {
			t, err := a.known(words[0])
			if err != nil {
				return err
			}
			if len(words) == 1 {
				return a.backups(ctx, e, t, *limit)
			}
			req, err := a.request(t, f)
			if err != nil {
				return err
			}
			if _, err := e.repository.Snapshot(ctx, tenant.SnapshotRequest{Tenant: t.Name, Revision: words[1]}); errors.Is(err, tenant.ErrNoRevision) {
				return &failure{exit: exitUsage, tenant: t.Name, err: fmt.Errorf("there is no backup %s", words[1]), next: "tenantsync rollback " + t.Name + " lists them"}
			} else if err != nil {
				return explain(t.Name, err)
			}
			req.DesiredFrom = words[1]
			return a.startAndDrive(ctx, e, req, f.driving, false)
		})
	}
}

// backup is a revision of the backup line, in its JSON form.
type backup struct {
	Revision string `json:"revision"`
	Time     string `json:"time,omitempty"`
	Message  string `json:"message,omitempty"`
}

// backups lists the revisions to which a tenant can be rolled back.
func (a *app) backups(ctx context.Context, e *engine, t tenantFile, limit int) error {
	revisions, err := e.repository.History(ctx, tenant.RepositoryHistoryRequest{Tenant: t.Name, Line: tenant.BackupLine, Limit: limit})
	if err != nil {
		return explain(t.Name, err)
	}
	all := []backup{}
	var rows [][]cell
	for _, r := range revisions {
		b := backup{Revision: r.ID, Message: r.Message}
		if !r.Time.IsZero() {
			b.Time = r.Time.UTC().Format("2006-01-02T15:04:05Z")
		}
		all = append(all, b)
		rows = append(rows, []cell{{text: b.Revision}, {text: b.Time}, {text: b.Message}})
	}
	a.show(map[string]any{"tenant": t.Name, "backups": all}, func() {
		a.print([]string{"REVISION", "TIME", "BACKUP"}, rows)
		if len(all) > 0 {
			a.printf("Next: tenantsync rollback %s REVISION\n", t.Name)
		} else {
			a.printf("There is no backup yet: tenantsync sync %s makes one\n", t.Name)
		}
	})
	return nil
}
