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

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Row is one tenant as people see it.
type Row struct {
	// RunRef names the tenant and its current or last run.
	RunRef
	Status state.Status `json:"status"`
	// Label is the status's text for people.
	Label string `json:"label"`
	// Actor asked for the run. Outcome and Reason say how it ended.
	Actor   string  `json:"actor,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	Reason  string  `json:"reason,omitempty"`
	// Undone counts what the run was asked for and has not done; zero until it has
	// ended. [Undone.Qualify] puts it beside the outcome.
	Undone Undone `json:"undone,omitzero"`
	// Phase and Progress are where an active run is, as of its last commit.
	Phase    Phase    `json:"phase,omitempty"`
	Progress Progress `json:"progress,omitzero"`
	// Deadline is when the sign-in or the approval times out.
	Deadline time.Time `json:"deadline,omitzero"`
	// Prompt is what to show a person while the status is Pending authentication.
	Prompt *auth.Prompt `json:"prompt,omitempty"`
	// Digest and Counts are the plan's.
	Digest string       `json:"digest,omitempty"`
	Counts *plan.Counts `json:"counts,omitempty"`
	// Votes are the approvals so far, where several are needed.
	Votes []Vote `json:"votes,omitempty"`
	// Demands are what an approval needs and how much of it there is, by the
	// rules as they were at the last vote, or when the plan was made.
	// [Syncer.Review] has them by the rules of now.
	Demands []Demand `json:"demands,omitempty"`
	// Newer is the head of the desired line if the line has moved on while the
	// plan waits for a decision, as of the last look (Settings.NewerInterval).
	// [Syncer.Review] looks at once.
	Newer *NewerRevision `json:"newer,omitempty"`
	// LastSuccess is when a run last ended in Idle and has done what it was asked
	// for; the tables in the package's comment say which endings move it.
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	// Error is why the last run did not succeed. Of an active run it is what
	// keeps the host's storage from letting it go on, class "storage": it is tried
	// again until it does.
	Error *ErrorInfo `json:"error,omitempty"`
	// Missing and ConsentURL say which permissions an administrator has to
	// grant, and where.
	Missing    []MissingPermission `json:"missing,omitempty"`
	ConsentURL string              `json:"consentUrl,omitempty"`
	// Cancelling: somebody has asked to end the run.
	Cancelling bool `json:"cancelling,omitempty"`
	// Removing: somebody has asked to remove the tenant.
	Removing *Removal `json:"removing,omitempty"`
	// Paused names who holds the tenant.
	Paused []Pause `json:"paused,omitempty"`
	// Directory is the directory id that the tenant is pinned to.
	Directory string `json:"directory,omitempty"`
	// Labels are the host's, see [StartRequest].
	Labels map[string]string `json:"labels,omitempty"`
	// Version counts the record's commits, and UpdatedAt is the last one's time,
	// by the store's clock.
	Version   int64     `json:"version"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
}

// rowOf shows a record.
func rowOf(l loaded) Row {
	if l.d == nil {
		return Row{}
	}
	row := Row{
		RunRef: RunRef{Tenant: l.rec.Tenant}, Status: l.rec.Status, Label: l.rec.Status.Label(), Deadline: l.rec.Deadline,
		LastSuccess: l.d.LastSuccess, Missing: l.d.Missing, ConsentURL: l.d.ConsentURL, Paused: l.d.Paused, Removing: l.d.Removing,
		Directory: l.d.Directory, Labels: l.rec.Labels, Version: l.rec.Version, UpdatedAt: l.rec.UpdatedAt,
	}
	if r := l.d.Run; r != nil {
		row.Run, row.Actor, row.Outcome, row.Reason, row.Error = r.ID, r.Actor, r.Outcome, r.Reason, r.Error
		row.Undone = r.Undone
		row.Digest, row.Counts = r.Digest, r.Counts
		if l.rec.Status.Active() {
			row.Phase, row.Progress, row.Prompt, row.Votes = r.Phase, r.Progress, r.Prompt, r.Votes
			row.Cancelling, row.Error, row.Demands = r.Cancel != nil, r.Stalled, r.Demands
		}
		if l.rec.Status == state.PendingApproval {
			row.Newer = r.Newer
		}
	}
	return row
}

// Status returns a tenant's row. A tenant that was never started is Not run.
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

// Statuses returns a page of tenants. A record that a newer version of this library wrote shows
// its status and nothing else.
func (s *Syncer) Statuses(ctx context.Context, req StatusesRequest) (Page[Row], error) {
	page, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() (state.Page, error) { return s.cfg.Store.List(ctx, req) })
	if err != nil {
		return Page[Row]{}, fmt.Errorf("syncer: statuses: %w", err)
	}
	return newPage(rowsOf(page), page.Next), nil
}

// rowsOf shows the records of a page.
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
	// Cursor is that of a former answer; empty begins with every tenant as it is.
	Cursor string
	// Prefix is of the tenant's name; Labels must all be present with these values.
	Prefix string
	Labels map[string]string
	// Limit is the most rows to return. Defaults to 100.
	Limit int
}

// Changes reads the feed of what changes in the tenants, whichever process
// changed it: for a table that stays up to date, or to pass changes on. No change
// is missed, also across restarts, as long as the cursor is kept. Changes of the
// last seconds before the end ([state.FeedOverlap]) come again with the next
// answer, since commits may become visible out of order: a row whose Version was
// seen is old news.
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
	// Cursor is a former page's, or empty.
	Cursor string
	// Limit defaults to 100.
	Limit int
}

// History returns a page of a tenant's history. Of an entry that a newer version of this library
// wrote in another format it has who, when and of which type; the message says
// so.
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

// runAt returns a run; an empty id means the current or last. Of one that has
// ended, and that another has followed, there is what its history keeps.
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

// Plan returns the plan of a run. It returns ErrNotFound when that run has made none (yet), or when it
// was pruned. Of a plan that waits for a decision, [plan.Plan].NewerRevision names
// the head of the desired line if the line has moved on.
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

// pruned makes of the storage's word for what is not there the engine's: of a run
// that was pruned there is nothing more to find.
func pruned(err error) error {
	if errors.Is(err, state.ErrNotFound) && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}

// Artifacts writes a zip archive of what a run made, as far as it came:
// before.json and after.json (snapshots), plan.json, plan.md, report.json,
// report.txt and log.jsonl. The
// archive is the same each time. It returns ErrNotFound for a run that there was
// not, or when something of it was pruned.
func (s *Syncer) Artifacts(ctx context.Context, ref RunRef, w io.Writer) error {
	tenantName := ref.Tenant
	r, err := s.runAt(ctx, ref)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, part := range s.artifacts(ctx, tenantName, r) {
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

func (s *Syncer) artifacts(ctx context.Context, tenantName string, r *run) []artifact {
	blob := func(ref *state.BlobRef) func() ([]byte, error) {
		return func() ([]byte, error) {
			if ref == nil {
				return nil, nil
			}
			raw, err := s.get(ctx, *ref)
			if err != nil {
				return nil, err
			}
			var out bytes.Buffer
			err = json.Indent(&out, raw, "", "  ")
			return out.Bytes(), err
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
			return json.MarshalIndent(snapshotForm{Format: snapshotFormat, Snapshot: snap}, "", "  ")
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
