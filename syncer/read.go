package syncer

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Row is one tenant as people see it.
type Row struct {
	Tenant string       `json:"tenant"`
	Status state.Status `json:"status"`
	// Label is the status's text for people.
	Label string `json:"label"`
	// Run is the current or last run; Outcome and Reason say how it ended.
	Run     string  `json:"run,omitempty"`
	Actor   string  `json:"actor,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	Reason  string  `json:"reason,omitempty"`
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
	// LastSuccess is when a run last ended in Idle.
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	// Error is why the last run did not succeed.
	Error *ErrorInfo `json:"error,omitempty"`
	// Missing and ConsentURL say which permissions an administrator has to
	// grant, and where.
	Missing    []MissingPermission `json:"missing,omitempty"`
	ConsentURL string              `json:"consentUrl,omitempty"`
	// Cancelling: somebody has asked to end the run.
	Cancelling bool `json:"cancelling,omitempty"`
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
		Tenant: l.rec.Tenant, Status: l.rec.Status, Label: l.rec.Status.Label(), Deadline: l.rec.Deadline,
		LastSuccess: l.d.LastSuccess, Missing: l.d.Missing, ConsentURL: l.d.ConsentURL, Paused: l.d.Paused,
		Directory: l.d.Directory, Labels: l.rec.Labels, Version: l.rec.Version, UpdatedAt: l.rec.UpdatedAt,
	}
	if r := l.d.Run; r != nil {
		row.Run, row.Actor, row.Outcome, row.Reason, row.Error = r.ID, r.Actor, r.Outcome, r.Reason, r.Error
		row.Digest, row.Counts = r.Digest, r.Counts
		if l.rec.Status.Active() {
			row.Phase, row.Progress, row.Prompt, row.Votes = r.Phase, r.Progress, r.Prompt, r.Votes
			row.Cancelling = r.Cancel != nil
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
// [state.ListRequest]. Ordered by update and continued from the last page's
// cursor it is a feed of changes that can be resumed: each tenant appears
// again after it has changed, as it then is.
type StatusesRequest = state.ListRequest

// Statuses returns a page of tenants, and the cursor of the next page, empty
// after the last. A record that a newer version of this library wrote shows
// its status and nothing else.
func (s *Syncer) Statuses(ctx context.Context, req StatusesRequest) (rows []Row, next string, err error) {
	page, err := retry(ctx, s.cfg.Attempts, func() (state.Page, error) { return s.cfg.Store.List(ctx, req) })
	if err != nil {
		return nil, "", fmt.Errorf("syncer: statuses: %w", err)
	}
	for _, rec := range page.Records {
		cur, err := newLoaded(rec, page.Now)
		if err != nil {
			rows = append(rows, Row{Tenant: rec.Tenant, Status: rec.Status, Label: rec.Status.Label(), Run: rec.Run,
				Version: rec.Version, UpdatedAt: rec.UpdatedAt, Labels: rec.Labels, Reason: err.Error()})
			continue
		}
		rows = append(rows, rowOf(cur))
	}
	return rows, page.Next, nil
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

// History returns a page of a tenant's history, and the cursor of the next
// page, empty after the last. Of an entry that a newer version of this library
// wrote in another format it has who, when and of which type; the message says
// so.
func (s *Syncer) History(ctx context.Context, req HistoryRequest) (entries []Entry, next string, err error) {
	raw := state.HistoryRequest{Tenant: req.Tenant, Run: req.Run, Newest: req.Newest, Cursor: req.Cursor, Limit: req.Limit}
	for _, t := range req.Types {
		raw.Types = append(raw.Types, string(t))
	}
	page, err := retry(ctx, s.cfg.Attempts, func() (state.HistoryPage, error) { return s.cfg.Store.History(ctx, raw) })
	if err != nil {
		return nil, "", fmt.Errorf("syncer: %s: history: %w", req.Tenant, err)
	}
	for _, e := range page.Entries {
		entry, err := decodeEntry(e)
		if isNewer(err) {
			entry.Message, err = err.Error(), nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("syncer: %s: history: decode entry %d/%d: %w", req.Tenant, e.Version, e.N, err)
		}
		entries = append(entries, entry)
	}
	return entries, page.Next, nil
}

// runOrLast resolves an empty run to the tenant's current or last one.
func (s *Syncer) runOrLast(ctx context.Context, tenantName, run string) (string, loaded, error) {
	cur, err := s.load(ctx, tenantName)
	if err != nil {
		return "", loaded{}, err
	}
	if cur.d.Run == nil {
		return "", cur, fmt.Errorf("%w: %s has had no run", ErrNotFound, tenantName)
	}
	if run == "" {
		run = cur.d.Run.ID
	}
	return run, cur, nil
}

// Plan returns the plan of the tenant's current or last run. It returns
// ErrNotFound when that run has made none (yet).
func (s *Syncer) Plan(ctx context.Context, tenantName string) (*plan.Plan, error) {
	_, cur, err := s.runOrLast(ctx, tenantName, "")
	if err != nil {
		return nil, err
	}
	return s.readPlan(ctx, cur.d.Run)
}

// Artifacts writes a zip archive of what the tenant's last run made, as far as
// it came: before.json and after.json (snapshots), plan.json, plan.md,
// report.json, report.txt and log.jsonl. The archive is the same each time.
func (s *Syncer) Artifacts(ctx context.Context, tenantName string, w io.Writer) error {
	_, cur, err := s.runOrLast(ctx, tenantName, "")
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, part := range s.artifacts(ctx, cur) {
		content, err := part.content()
		if err != nil {
			return fmt.Errorf("syncer: %s: artifacts: %s: %w", tenantName, part.name, err)
		}
		if content == nil {
			continue
		}
		f, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate, Modified: cur.d.Run.Started.UTC()})
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

func (s *Syncer) artifacts(ctx context.Context, cur loaded) []artifact {
	r := cur.d.Run
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
		{"before.json", blob(r.Snapshot)},
		{"after.json", blob(r.After)},
		{"plan.json", blob(r.Plan)},
		{"plan.md", func() ([]byte, error) {
			if r.Plan == nil {
				return nil, nil
			}
			p, err := s.readPlan(ctx, r)
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
			rep, err := s.Report(ctx, cur.rec.Tenant, r.ID)
			if err != nil {
				return nil, err
			}
			var out bytes.Buffer
			err = rep.Text(&out)
			return out.Bytes(), err
		}},
		{"log.jsonl", func() ([]byte, error) { return s.Logs(ctx, cur.rec.Tenant, r.ID) }},
	}
}
