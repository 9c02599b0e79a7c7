package syncer

import (
	"context"
	"fmt"
	"iter"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/state"
)

// journalLines reads a run's intents and results. A line of another type is left
// out, also one of an unknown type. A line of a newer format ends the reading
// with ErrNewerFormat, whatever its type, because it may be part of a journal
// that this version cannot read.
func (s *Syncer) journalLines(ctx context.Context, tenantName, run string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for e, err := range s.entries(ctx, tenantName, run) {
			if err == nil && e.Type != EntryIntent && e.Type != EntryResult {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// entries reads a run's entries of some types, or all, oldest first, page by
// page.
func (s *Syncer) entries(ctx context.Context, tenantName, run string, types ...EntryType) iter.Seq2[Entry, error] {
	req := state.HistoryRequest{Tenant: tenantName, Run: run, Limit: 1000}
	for _, t := range types {
		req.Types = append(req.Types, string(t))
	}
	return func(yield func(Entry, error) bool) {
		for {
			page, err := retry.Do(ctx, s.cfg.MaxAttempts, storageTransient, func() (state.HistoryPage, error) { return s.cfg.Store.History(ctx, req) })
			if err != nil {
				yield(Entry{}, &failure.Storage{Err: err})
				return
			}
			for _, raw := range page.Entries {
				e, err := decodeEntry(raw)
				if err != nil {
					err = fmt.Errorf("syncer: %s: run %s: entry %d/%d: %w", tenantName, run, raw.Version, raw.N, err)
				}
				if !yield(e, err) || err != nil {
					return
				}
			}
			if req.Cursor = page.Next; req.Cursor == "" {
				return
			}
		}
	}
}
