package statetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"

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

func isConflict(err error) bool { return errors.Is(err, state.ErrConflict) }

func increment(count string) string {
	n, _ := strconv.Atoi(count) // the empty text counts as 0
	return strconv.Itoa(n + 1)
}

// commitOnce commits a record with one entry.
func commitOnce(k *kit, r state.Record) error {
	_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
	return err
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

// newest returns the version of the newest entries, of which there must be two.
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
