package statetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tenantsync/tenantsync/state"
)

// inParallel runs f n times at once, and reports the errors that it returns.
func (k *kit) inParallel(n int, f func(i int) error) {
	k.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		k.errorf("at the same time: %v", err)
	}
}

// commitAtOnce commits one record with an entry from n goroutines at the same
// time, and returns how many succeeded. The others must conflict.
func (k *kit) commitAtOnce(n int, r state.Record) int64 {
	k.Helper()
	var won atomic.Int64
	k.inParallel(n, func(int) error {
		_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
		if err == nil {
			won.Add(1)
		} else if !errors.Is(err, state.ErrConflict) {
			return err
		}
		return nil
	})
	return won.Load()
}

// readBoth reads a tenant whose every commit has two entries: the newest of
// its history, the record, and the newest again. Both times the history must
// fit the record.
func readBoth(k *kit, tenant string) error {
	before, err := newest(k, tenant)
	if err != nil {
		return err
	}
	loaded, err := k.Store.Load(k.Context(), state.LoadRequest{Tenant: tenant})
	if err != nil {
		return err
	}
	after, err := newest(k, tenant)
	if err != nil {
		return err
	}
	if version := loaded.Record.Version; before > version || after < version {
		return fmt.Errorf("the record is at version %d, the history was at %d before that and at %d after", version, before, after)
	}
	return nil
}

// newest returns the version of the newest entries. There must be two.
func newest(k *kit, tenant string) (int64, error) {
	page, err := k.Store.History(k.Context(), state.HistoryRequest{Tenant: tenant, Newest: true, Limit: 2})
	if err != nil {
		return 0, err
	}
	if len(page.Entries) != 2 || page.Entries[0].Version != page.Entries[1].Version {
		return 0, fmt.Errorf("the newest entries are %v, want two of one version", page.Entries)
	}
	return page.Entries[0].Version, nil
}
