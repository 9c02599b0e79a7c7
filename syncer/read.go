package syncer

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/readback"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Status returns a tenant's row. A tenant that was never started is Not run. Status
// returns ErrInvalid for a name that no tenant can have, ErrNewerFormat, and the
// store's errors.
func (s *Syncer) Status(ctx context.Context, tenantName string) (Row, error) {
	cur, err := s.load(ctx, tenantName)
	if err != nil {
		return Row{}, err
	}
	return rowOf(cur), nil
}

// StatusesRequest asks for a page of rows; its fields are those of
// [state.ListRequest].
type StatusesRequest = state.ListRequest

// Statuses returns a page of tenants. The row of a record that a newer version of
// this library wrote has only the fields that the store itself knows, such as status
// and labels, and a Reason that says so. Statuses returns [state.ErrInvalid] for an
// invalid cursor or filter, and the store's errors.
func (s *Syncer) Statuses(ctx context.Context, req StatusesRequest) (Page[Row], error) {
	page, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() (state.Page, error) { return s.cfg.Store.List(ctx, req) })
	if err != nil {
		return Page[Row]{}, fmt.Errorf("syncer: statuses: %w", err)
	}
	return newPage(rowsOf(page), page.Next), nil
}

// rowsOf returns the rows of a page of records.
func rowsOf(page state.Page) []Row {
	var rows []Row
	for _, rec := range page.Records {
		cur, err := newLoaded(rec, page.Now)
		if err != nil {
			rows = append(rows, Row{RunRef: RunRef{Tenant: rec.Tenant, Run: rec.Run}, Status: rec.Status, Label: rec.Status.Label(),
				Version: rec.Version, UpdatedAt: rec.UpdatedAt, Labels: rec.Labels, Reason: err.Error()})
			continue
		}
		rows = append(rows, rowOf(cur))
	}
	return rows
}

// ChangesRequest asks for the tenants that have changed. Zero fields do not
// filter.
type ChangesRequest struct {
	// Cursor is the Next of an earlier page. Empty begins with every tenant.
	Cursor string
	// Prefix is the beginning of the tenant's name. A tenant must have all of the
	// Labels, with these values.
	Prefix string
	Labels map[string]string
	// Limit is the most rows to return. Defaults to 100.
	Limit int
}

// Changes returns the tenants that have changed, in any process: use it to keep a
// table up to date, or to forward changes. A host that keeps the cursor misses no
// change, also across restarts. The next answer repeats the changes of the last
// seconds before the end ([state.FeedOverlap]), because commits may become visible
// out of order: skip a row whose Version you have seen.
//
// Changes returns [state.ErrInvalid] for an invalid cursor or filter, and the store's
// errors.
func (s *Syncer) Changes(ctx context.Context, req ChangesRequest) (Page[Row], error) {
	page, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() (state.Page, error) {
		return s.cfg.Store.List(ctx, state.ListRequest{Order: state.ByUpdated, Cursor: req.Cursor, Prefix: req.Prefix, Labels: req.Labels, Limit: req.Limit})
	})
	if err != nil {
		return Page[Row]{}, fmt.Errorf("syncer: changes: %w", err)
	}
	return Page[Row]{Items: rowsOf(page), Next: cmp.Or(page.Next, page.Resume, req.Cursor), More: page.Next != ""}, nil
}

// HistoryRequest asks for a page of a tenant's history.
type HistoryRequest struct {
	Tenant string
	// Run, if not empty, keeps only that run's entries.
	Run string
	// Types, if any, keep only these.
	Types []EntryType
	// Newest asks for the newest first.
	Newest bool
	// Cursor is the Next of an earlier page, or empty.
	Cursor string
	// Limit defaults to 100.
	Limit int
}

// History returns a page of a tenant's history. An entry that a newer version of
// this library wrote in another format has its run, its time and its type, and a
// message that says so. The history of a tenant that was never started is empty.
//
// History returns ErrInvalid for a name that no tenant can have, [state.ErrInvalid]
// for an invalid cursor or filter, and the store's errors.
func (s *Syncer) History(ctx context.Context, req HistoryRequest) (Page[Entry], error) {
	if err := checkTenant(req.Tenant); err != nil {
		return Page[Entry]{}, err
	}
	var entries []Entry
	raw := state.HistoryRequest{Tenant: req.Tenant, Run: req.Run, Newest: req.Newest, Cursor: req.Cursor, Limit: req.Limit}
	for _, t := range req.Types {
		raw.Types = append(raw.Types, string(t))
	}
	page, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() (state.HistoryPage, error) { return s.cfg.Store.History(ctx, raw) })
	if err != nil {
		return Page[Entry]{}, fmt.Errorf("syncer: %s: history: %w", req.Tenant, err)
	}
	for _, e := range page.Entries {
		entry, err := decodeEntry(e)
		if failure.IsNewer(err) {
			entry.Message, err = err.Error(), nil
		}
		if err != nil {
			return Page[Entry]{}, fmt.Errorf("syncer: %s: history: decode entry %d/%d: %w", req.Tenant, e.Version, e.N, err)
		}
		entries = append(entries, entry)
	}
	return newPage(entries, page.Next), nil
}

// runOrLast resolves an empty run to the tenant's current or last one.
func (s *Syncer) runOrLast(ctx context.Context, ref RunRef) (string, loaded, error) {
	cur, err := s.load(ctx, ref.Tenant)
	if err != nil {
		return "", loaded{}, err
	}
	if cur.d.Run == nil {
		return "", cur, fmt.Errorf("%w: %s has had no run", ErrNotFound, ref.Tenant)
	}
	return cmp.Or(ref.Run, cur.d.Run.ID), cur, nil
}

// runAt returns a run; an empty id means the current or last. An earlier run has only
// the fields that its history keeps.
func (s *Syncer) runAt(ctx context.Context, ref RunRef) (*run, error) {
	tenantName := ref.Tenant
	id, cur, err := s.runOrLast(ctx, ref)
	if err != nil {
		return nil, err
	}
	if cur.d.Run.ID == id {
		return cur.d.Run, nil
	}
	past := &run{ID: id}
	for e, err := range s.entries(ctx, tenantName, id, EntryMove) {
		if err != nil {
			return nil, err
		}
		if past.Started.IsZero() {
			past.Started = e.Time
		}
		if e.Report != nil {
			past.Report, past.Plan, past.Backup, past.After = e.Report, e.Plan, e.Backup, e.After
		}
	}
	if past.Started.IsZero() {
		return nil, fmt.Errorf("%w: %s has had no run %s", ErrNotFound, tenantName, id)
	}
	return past, nil
}

// Plan returns the plan of a run. While the plan waits for a decision,
// [plan.Plan].NewerRevision names the head of the desired line if the line has
// moved on.
//
// Plan returns ErrInvalid for a name that no tenant can have, ErrNotFound for an
// unknown run, before the run has made its plan and after the store has pruned the
// plan, ErrStalePlan if the record leads to a plan that is not the run's,
// ErrNewerFormat, and the store's errors.
func (s *Syncer) Plan(ctx context.Context, ref RunRef) (*plan.Plan, error) {
	r, err := s.runAt(ctx, ref)
	if err != nil {
		return nil, err
	}
	p, err := s.readPlan(ctx, ref.Tenant, r)
	if err == nil && r.Ended.IsZero() && !r.Since.IsZero() && r.Decision == nil {
		p.NewerRevision = s.glance(ctx, ref.Tenant, r).newer(r, time.Time{}).revision()
	}
	return p, pruned(err)
}

// Report returns a run's summary report.
//
// Report returns ErrInvalid for a name that no tenant can have, ErrNotFound for an
// unknown run, while the run is under way and after the store has pruned the report,
// ErrNewerFormat, and the store's errors.
func (s *Syncer) Report(ctx context.Context, ref RunRef) (*Report, error) {
	r, err := s.runAt(ctx, ref)
	if err != nil {
		return nil, err
	}
	if r.Report == nil {
		return nil, fmt.Errorf("%w: %s: run %s has no report yet", ErrNotFound, ref.Tenant, r.ID)
	}
	raw, err := s.get(ctx, *r.Report)
	if err != nil {
		return nil, pruned(err)
	}
	return DecodeReport(raw)
}

// Artifacts writes a zip archive of a run's files: before.json and after.json
// (snapshots), plan.json, plan.md, report.json, report.txt and log.jsonl. It
// leaves out those that the run has not made. The archive of an ended run is the
// same each time.
//
// Artifacts returns ErrInvalid for a name that no tenant can have, ErrNotFound for an
// unknown run and when the store has pruned a part of it, ErrNewerFormat, and the
// errors of the store, of the repository and of w.
func (s *Syncer) Artifacts(ctx context.Context, ref RunRef, w io.Writer) error {
	tenantName := ref.Tenant
	r, err := s.runAt(ctx, ref)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, part := range artifacts(ctx, s, tenantName, r) {
		content, err := part.content()
		if err != nil {
			return fmt.Errorf("syncer: %s: artifacts: %s: %w", tenantName, part.name, pruned(err))
		}
		if content == nil {
			continue
		}
		f, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: r.Started.UTC()})
		if err != nil {
			return fmt.Errorf("syncer: %s: artifacts: %w", tenantName, err)
		}
		if _, err := f.Write(content); err != nil {
			return fmt.Errorf("syncer: %s: artifacts: %w", tenantName, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("syncer: %s: artifacts: %w", tenantName, err)
	}
	return nil
}

// artifact is one file of the archive; nil content leaves it out.
type artifact struct {
	name    string
	content func() ([]byte, error)
}

// artifacts returns the files of a run's archive, in their order.
func artifacts(ctx context.Context, s *Syncer, tenantName string, r *run) []artifact {
	blob := func(ref *state.BlobRef) func() ([]byte, error) {
		return func() ([]byte, error) {
			if ref == nil {
				return nil, nil
			}
			raw, err := s.get(ctx, *ref)
			if err != nil {
				return nil, err
			}
			return format.Indent(raw)
		}
	}
	return []artifact{
		{"before.json", func() ([]byte, error) {
			if r.Backup == "" {
				return nil, nil
			}
			snap, err := s.cfg.Repository.Snapshot(ctx, tenant.SnapshotRequest{Tenant: tenantName, Revision: r.Backup})
			if errors.Is(err, tenant.ErrNoRevision) {
				return nil, fmt.Errorf("%w: the repository no longer has the backup %s: %w", ErrNotFound, r.Backup, err)
			}
			if err != nil {
				return nil, err
			}
			raw, err := json.Marshal(readback.Snapshot{Format: readback.SnapshotFormat, Snapshot: snap})
			if err != nil {
				return nil, err
			}
			return format.Indent(raw)
		}},
		{"after.json", blob(r.After)},
		{"plan.json", blob(r.Plan)},
		{"plan.md", func() ([]byte, error) {
			if r.Plan == nil {
				return nil, nil
			}
			p, err := s.readPlan(ctx, tenantName, r)
			if err != nil {
				return nil, err
			}
			var out bytes.Buffer
			err = p.Markdown(&out)
			return out.Bytes(), err
		}},
		{"report.json", blob(r.Report)},
		{"report.txt", func() ([]byte, error) {
			if r.Report == nil {
				return nil, nil
			}
			rep, err := s.Report(ctx, RunRef{Tenant: tenantName, Run: r.ID})
			if err != nil {
				return nil, err
			}
			var out bytes.Buffer
			err = rep.Text(&out)
			return out.Bytes(), err
		}},
		{"log.jsonl", func() ([]byte, error) { return s.Logs(ctx, RunRef{Tenant: tenantName, Run: r.ID}) }},
	}
}

// Logs returns the stored part of a run's log, as JSON lines. The log is whole
// once the run has ended.
//
// Logs returns ErrInvalid for a name that no tenant can have, ErrNotFound for an
// unknown tenant or run and when the store has pruned a part of the log,
// ErrNewerFormat, and the store's errors.
//
// Each line has time, level, msg, tenant and run. The other fields depend on
// msg. The host's logger ([Config].Logger) gets the same lines, with the same
// fields. The levels are:
//
//	DEBUG  the details of attempts: a write that is about to be sent, a wait
//	       between two reads. Only the host's logger gets these lines.
//	INFO   the story: the run and its phases begin and end, a person is asked to
//	       sign in and has signed in, permissions are granted, a plan is made,
//	       people vote and decide, pause and cancel, an item is applied.
//	WARN   something is degraded or will be retried: a failed attempt and the
//	       pause after it, missing permissions, an item that was not attempted or
//	       was left alone, a run that ends partially successful.
//	ERROR  the run has failed or has timed out, or a person must look at the
//	       tenant: an item has failed, or its outcome is unknown.
//
// The line of a time-out names the wait that took too long. A worker that resumes a
// run logs the decision, also one that was made in another process. No line has a
// secret, or a code to sign in with. Lines do have the names of people, and their
// comments: of who asked, signed in, voted, decided and cancelled.
func (s *Syncer) Logs(ctx context.Context, ref RunRef) ([]byte, error) {
	tenantName := ref.Tenant
	run, cur, err := s.runOrLast(ctx, ref)
	if err != nil {
		return nil, err
	}
	if run != cur.runID() {
		page, err := s.History(ctx, HistoryRequest{Tenant: tenantName, Run: run, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(page.Items) == 0 {
			return nil, fmt.Errorf("%w: %s has had no run %s", ErrNotFound, tenantName, run)
		}
	}
	var out bytes.Buffer
	for e, err := range s.entries(ctx, tenantName, run, EntryLog) {
		if err != nil {
			return nil, err
		}
		for _, line := range e.Lines {
			out.Write(line)
			out.WriteByte('\n')
		}
		if e.Log == nil {
			continue
		}
		chunk, err := s.get(ctx, *e.Log)
		if err != nil {
			return nil, fmt.Errorf("syncer: %s: logs of run %s: %w", tenantName, run, pruned(err))
		}
		out.Write(chunk)
	}
	return out.Bytes(), nil
}
