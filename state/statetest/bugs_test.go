package statetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// bug is a fault that an implementation might have, planted into a correct one.
type bug struct {
	name string
	// caughtBy is the case for this bug; others may fail too.
	caughtBy string
	plant    func(m *state.Memory, f *Fixture)
}

type (
	commitFunc  = func(context.Context, state.CommitRequest) (state.Committed, error)
	listFunc    = func(context.Context, state.ListRequest) (state.Page, error)
	historyFunc = func(context.Context, state.HistoryRequest) (state.HistoryPage, error)
	loadFunc    = func(context.Context, state.LoadRequest) (state.Loaded, error)
)

// The functions below plant a method that is made from the correct store.

func brokenCommit(broken func(m *state.Memory) commitFunc) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) { f.Store = brokenStore{Records: m, commit: broken(m)} }
}

func brokenList(broken func(m *state.Memory) listFunc) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) { f.Store = brokenStore{Records: m, list: broken(m)} }
}

func brokenHistory(broken func(m *state.Memory) historyFunc) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) { f.Store = brokenStore{Records: m, history: broken(m)} }
}

func brokenLoad(broken func(m *state.Memory) loadFunc) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) { f.Store = brokenStore{Records: m, load: broken(m)} }
}

// changedCommit is a Commit that changes its request.
func changedCommit(change func(*state.CommitRequest)) func(*state.Memory, *Fixture) {
	return brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			req.Entries = slices.Clone(req.Entries)
			change(&req)
			return m.Commit(ctx, req)
		}
	})
}

// changedList is a List that changes its request.
func changedList(change func(*state.ListRequest)) func(*state.Memory, *Fixture) {
	return brokenList(func(m *state.Memory) listFunc {
		return func(ctx context.Context, req state.ListRequest) (state.Page, error) {
			change(&req)
			return m.List(ctx, req)
		}
	})
}

// changedHistory is a History that changes its request.
func changedHistory(change func(*state.HistoryRequest)) func(*state.Memory, *Fixture) {
	return brokenHistory(func(m *state.Memory) historyFunc {
		return func(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
			change(&req)
			return m.History(ctx, req)
		}
	})
}

var bugs = slices.Concat(commitBugs, timeBugs, listBugs, historyBugs, callerBugs, leaserBugs, blobBugs, prunerBugs)

var commitBugs = []bug{
	{"the update of another is lost", "commit/no lost update", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			for {
				got, err := m.Commit(ctx, req)
				if !errors.Is(err, state.ErrConflict) || req.Fence != 0 {
					return got, err
				}
				loaded, _ := m.Load(ctx, state.LoadRequest{Tenant: req.Record.Tenant})
				req.Record.Version = loaded.Record.Version
			}
		}
	})},
	{"a conflict is reported as success", "commit/conflicts", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			got, err := m.Commit(ctx, req)
			if errors.Is(err, state.ErrConflict) {
				return state.Committed{Record: req.Record, Now: got.Now}, nil
			}
			return got, err
		}
	})},
	{"creating a tenant replaces it", "commit/creates once", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			if loaded, err := m.Load(ctx, state.LoadRequest{Tenant: req.Record.Tenant}); err == nil && req.Record.Version == 0 {
				req.Record.Version = loaded.Record.Version
			}
			return m.Commit(ctx, req)
		}
	})},
	{"entries are written although the record conflicts", "commit/conflicts", func(m *state.Memory, f *Fixture) {
		var lost []state.Entry
		f.Store = brokenStore{
			Records: m,
			commit: func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
				got, err := m.Commit(ctx, req)
				if errors.Is(err, state.ErrConflict) {
					lost = append(lost, req.Entries...)
				}
				return got, err
			},
			history: func(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
				page, err := m.History(ctx, req)
				if req.Cursor == "" {
					page.Entries = append(page.Entries, lost...)
				}
				return page, err
			},
		}
	}},
	{"entries are written after the record", "commit/record and history as one", func(m *state.Memory, f *Fixture) {
		// The entries of a commit become visible at the next commit.
		hidden := make(chan int64, 1)
		hidden <- 0
		f.Store = brokenStore{
			Records: m,
			commit: func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
				got, err := m.Commit(ctx, req)
				<-hidden
				hidden <- got.Record.Version
				return got, err
			},
			history: func(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
				last := <-hidden
				hidden <- last
				page, err := m.History(ctx, req)
				page.Entries = slices.DeleteFunc(page.Entries, func(e state.Entry) bool { return last > 1 && e.Version >= last })
				return page, err
			},
		}
	}},
	{"only the first entries are written", "commit/many entries", changedCommit(func(req *state.CommitRequest) {
		req.Entries = req.Entries[:min(len(req.Entries), 500)]
	})},
	{"a new record keeps the caller's owner", "commit/creates", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			got, err := m.Commit(ctx, req)
			got.Record.LeaseOwner = req.Record.LeaseOwner
			return got, err
		}
	})},
	{"labels are merged", "commit/replaces", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			if loaded, err := m.Load(ctx, state.LoadRequest{Tenant: req.Record.Tenant}); err == nil && req.Record.Labels == nil {
				req.Record.Labels = loaded.Record.Labels
			}
			return m.Commit(ctx, req)
		}
	})},
	{"numbers are rounded", "commit/data", changedCommit(func(req *state.CommitRequest) {
		if strings.HasPrefix(string(req.Record.Data), "123456789") {
			req.Record.Data = []byte("1.2345678901234568e22")
		}
	})},
	{"names are trimmed", "commit/names", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			if trimmed := strings.TrimSpace(req.Record.Tenant); trimmed != "" {
				req.Record.Tenant = trimmed
			}
			return m.Commit(ctx, req)
		}
	})},
	{"a missing record is an empty one", "load/missing", brokenLoad(func(m *state.Memory) loadFunc {
		return func(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
			got, err := m.Load(ctx, req)
			if errors.Is(err, state.ErrNotFound) {
				err = nil
			}
			return got, err
		}
	})},
	{"a missing record has no Now", "load/missing", brokenLoad(func(m *state.Memory) loadFunc {
		return func(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
			got, err := m.Load(ctx, req)
			if err != nil {
				got.Now = time.Time{}
			}
			return got, err
		}
	})},
	{"the fence is ignored", "fence/raised", changedCommit(func(req *state.CommitRequest) { req.Fence = 0 })},
	{"the fence is ignored where there is no record", "fence/new tenant", changedCommit(func(req *state.CommitRequest) {
		if req.Record.Version == 0 {
			req.Fence = 0
		}
	})},
	{"the fence is good for the time of its lease only", "fence/current", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			loaded, err := m.Load(ctx, state.LoadRequest{Tenant: req.Record.Tenant})
			if err == nil && req.Fence != 0 && !loaded.Now.Before(loaded.Record.LeaseUntil) {
				return state.Committed{}, state.ErrConflict
			}
			return m.Commit(ctx, req)
		}
	})},
	{"a commit ends the lease", "fence/without", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			got, err := m.Commit(ctx, req)
			if err == nil && got.Record.Fence > 0 {
				_ = m.Release(ctx, state.ReleaseRequest{Tenant: got.Record.Tenant, Fence: got.Record.Fence})
			}
			return got, err
		}
	})},
}
