package pgstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// Data comes back byte for byte, even if jsonb would change or refuse it.
func TestDataByteForByte(t *testing.T) {
	o := openStore(t, nil)
	r := newRecord("contoso")
	for i, data := range []string{
		`{"b":1,  "a":2, "a":3}`, `"nul \u0000, half a pair \ud800"`, `1e400`, `-0.0`, "\t[ ]\n", `"` + "\u2028\U0010ffff" + `"`,
		strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		`"` + strings.Repeat("x", 20<<20) + `"`,
	} {
		r.Data = json.RawMessage(data)
		r = commit(t, o, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t", Data: r.Data}, {Type: "none"}}})
		if got := load(t, o, "contoso").Data; string(got) != data || string(r.Data) != data {
			t.Errorf("data %d of the record: got %.80q, want %.80q", i, got, data)
		}
		page, err := o.History(t.Context(), state.HistoryRequest{Tenant: "contoso", Newest: true, Limit: 2})
		if err != nil || len(page.Entries) != 2 || page.Entries[0].Data != nil || string(page.Entries[1].Data) != data {
			t.Errorf("data %d of an entry: %v", i, err)
		}
	}
}

// The contract does not limit these texts, but indexes do.
func TestLongTexts(t *testing.T) {
	o := openStore(t, nil)
	long := strings.Repeat("lang € ", 20_000)
	tenant := strings.Repeat("x", 256)
	r := newRecord(tenant)
	r.Run, r.Labels = long, map[string]string{"long": long, long: "long", "": ""}
	delete(r.Labels, "")
	put := state.PutRequest{Tenant: tenant, Run: long, Kind: long, Data: []byte("data")}
	ref, err := o.Put(t.Context(), put)
	if err != nil {
		t.Fatal(err)
	}
	r.Refs = []state.BlobRef{ref}
	r = commit(t, o, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: long, Run: long}, {Type: "t", Run: long + "2"}}})
	page, err := o.List(t.Context(), state.ListRequest{Labels: map[string]string{"long": long, long: "long"}})
	if err != nil || len(page.Records) != 1 || page.Records[0].Refs[0] != ref || page.Records[0].Run != long {
		t.Errorf("List by long labels: %d records, %v", len(page.Records), err)
	}
	entries, err := o.History(t.Context(), state.HistoryRequest{Tenant: tenant, Run: long, Types: []string{long}})
	if err != nil || len(entries.Entries) != 1 {
		t.Errorf("History of a run with a long name: %d entries, %v", len(entries.Entries), err)
	}
	if got, err := o.Get(t.Context(), ref); err != nil || !bytes.Equal(got, put.Data) {
		t.Errorf("Get of a blob with a long name: %q, %v", got, err)
	}
	r.Labels = nil
	commit(t, o, state.CommitRequest{Record: r})
	if n := scalar[int](t, o.pool, "select count(*) from tenantsync.label"); n != 0 {
		t.Errorf("%d labels are left of a record that has none", n)
	}
}

// The clock is read after the lock: a commit that waits for a row until its
// deadline has passed is late.
func TestDeadlinePassesInTheQueue(t *testing.T) {
	o := openStore(t, nil)
	r := commit(t, o, state.CommitRequest{Record: newRecord("contoso"), DeadlineIn: 2 * time.Second})
	unlock := lockTenant(t, o.pool, "contoso")
	result := make(chan error, 1)
	go func() {
		_, err := o.Commit(t.Context(), state.CommitRequest{Record: r, BeforeDeadline: true})
		result <- err
	}()
	waitFor(t, o.pool, waitsForLock)
	waitFor(t, o.pool, "select clock_timestamp() > $1", r.Deadline)
	unlock()
	if err := <-result; !errors.Is(err, state.ErrExpired) {
		t.Errorf("got error %v, want ErrExpired", err)
	}

	// A lease does not begin before the store has granted it.
	unlock = lockTenant(t, o.pool, "contoso")
	leases := make(chan state.Lease, 1)
	go func() {
		lease, err := o.Acquire(t.Context(), state.AcquireRequest{Tenant: "contoso", For: time.Minute})
		if err != nil {
			t.Error(err)
		}
		leases <- lease
	}()
	waitFor(t, o.pool, waitsForLock)
	before := scalar[time.Time](t, o.pool, "select clock_timestamp()")
	unlock()
	if lease := <-leases; lease.Now.Before(before) || !lease.Record.LeaseUntil.Equal(lease.Now.Add(time.Minute)) {
		t.Errorf("a lease until %v, given at %v, after %v", lease.Record.LeaseUntil, lease.Now, before)
	}
}

// Durations that a host may pass by mistake cause no error of the database.
func TestLongDurations(t *testing.T) {
	o := openStore(t, nil)
	r := commit(t, o, state.CommitRequest{Record: newRecord("contoso"), WakeIn: math.MaxInt64, DeadlineIn: 1})
	if y := r.WakeAt.Year(); y < 2300 || !r.Deadline.After(r.UpdatedAt) {
		t.Errorf("WakeAt is %v, Deadline %v after %v", r.WakeAt, r.Deadline, r.UpdatedAt)
	}
	lease, err := o.Acquire(t.Context(), state.AcquireRequest{Tenant: "contoso", For: math.MaxInt64})
	if err != nil || lease.Record.LeaseUntil.Year() < 2300 {
		t.Errorf("an endless lease: %v, %v", lease.Record.LeaseUntil, err)
	}
	if _, err := o.Prune(t.Context(), state.PruneRequest{Age: math.MaxInt64}); err != nil {
		t.Errorf("Prune with an endless age: %v", err)
	}
	odd := newRecord("odd")
	odd.WakeAt = time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC) // cut off, it is the zero time
	odd.Deadline = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	got := commit(t, o, state.CommitRequest{Record: odd})
	if loaded := load(t, o, "odd"); !loaded.WakeAt.Equal(got.WakeAt) || !loaded.Deadline.Equal(got.Deadline) || got.Deadline.Year() != 9999 {
		t.Errorf("the first and the last time: %v and %v, loaded %v and %v", got.WakeAt, got.Deadline, loaded.WakeAt, loaded.Deadline)
	}
}

// In the isolation levels that roll transactions back, many writers of the same
// tenants get only success and conflicts.
func TestStrictIsolation(t *testing.T) {
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			o := openStore(t, nil)
			pool := openPool(t, o.dsn, func(cfg *pgxpool.Config) {
				cfg.MaxConns = 8
				cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = level
			})
			s := open(t, pgstore.Config{Pool: pool})
			s.ForgetIsolation() // it detects the level again
			for i := range 3 {
				commit(t, s, state.CommitRequest{Record: due(fmt.Sprint("tenant-", i))})
			}
			var acknowledged atomic.Int64
			var wg sync.WaitGroup
			for worker := range 8 {
				wg.Go(func() {
					for range 25 {
						if err := contend(t, s, fmt.Sprint("tenant-", worker%3), &acknowledged); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			var versions int64
			for i := range 3 {
				tenant := fmt.Sprint("tenant-", i)
				versions += load(t, s, tenant).Version - 1
				if got, want := int64(len(history(t, s, tenant))), load(t, s, tenant).Version-1; got != want {
					t.Errorf("%s has %d entries, want %d", tenant, got, want)
				}
			}
			if versions != acknowledged.Load() {
				t.Errorf("%d commits are stored, %d were acknowledged", versions, acknowledged.Load())
			}
			t.Logf("%d commits", versions)
		})
	}
}

// contend commits once and changes a lease. It returns an error other than a
// conflict.
func contend(t *testing.T, s *pgstore.Store, tenant string, acknowledged *atomic.Int64) error {
	loaded, err := s.Load(t.Context(), state.LoadRequest{Tenant: tenant})
	if err != nil {
		return err
	}
	_, err = s.Commit(t.Context(), state.CommitRequest{Record: loaded.Record, Entries: []state.Entry{{Type: "t"}}})
	if err == nil {
		acknowledged.Add(1)
	} else if !errors.Is(err, state.ErrConflict) {
		return err
	}
	claimed, err := s.Claim(t.Context(), state.ClaimRequest{For: time.Minute, Limit: 2})
	if err != nil {
		return err
	}
	for _, lease := range claimed.Leases {
		if err := s.Release(t.Context(), state.ReleaseRequest{Tenant: lease.Record.Tenant, Fence: lease.Record.Fence}); err != nil {
			return err
		}
	}
	return nil
}

// Prune must keep an old blob that is put again.
func TestPutAgainDuringPrune(t *testing.T) {
	o := openStore(t, nil)
	put := state.PutRequest{Tenant: "contoso", Run: "run-1", Kind: "plan", Data: []byte("data")}
	ref, err := o.Put(t.Context(), put)
	if err != nil {
		t.Fatal(err)
	}
	gone := 0
	for range 150 {
		runSQL(t, o.pool, "update tenantsync.blob set put_at = put_at - interval '2 days'")
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := o.Put(t.Context(), put); err != nil {
				t.Errorf("Put: %v", err)
			}
		})
		wg.Go(func() {
			pruned, err := o.Prune(t.Context(), state.PruneRequest{})
			if err != nil {
				t.Errorf("Prune: %v", err)
			}
			gone += pruned.Blobs
		})
		wg.Wait()
		if _, err := o.Get(t.Context(), ref); err != nil {
			t.Fatalf("Get of a blob that was put again: %v", err)
		}
	}
	t.Logf("it was pruned before %d of 150 Puts", gone)
}

// While a call changes a record, Prune keeps the data that may belong to it,
// and does not wait.
func TestPruneOfALockedTenant(t *testing.T) {
	o := openStore(t, nil)
	r := commit(t, o, state.CommitRequest{Record: newRecord("contoso"), Entries: []state.Entry{{Type: "t", Run: "run-1"}}})
	if _, err := o.Put(t.Context(), state.PutRequest{Tenant: "contoso", Run: "run-1", Kind: "plan"}); err != nil {
		t.Fatal(err)
	}
	runSQL(t, o.pool, "update tenantsync.blob set put_at = put_at - interval '2 days'")
	runSQL(t, o.pool, "update tenantsync.entry set time = time - interval '2 days'")
	unlock := lockTenant(t, o.pool, "contoso")
	if got, err := o.Prune(t.Context(), state.PruneRequest{}); err != nil || got.Entries+got.Blobs != 0 {
		t.Errorf("Prune beside a lock: %+v, %v", got, err)
	}
	unlock()
	r.Run = "run-1"
	r = commit(t, o, state.CommitRequest{Record: r})
	if got, err := o.Prune(t.Context(), state.PruneRequest{}); err != nil || got.Entries+got.Blobs != 0 {
		t.Errorf("Prune of what the record names: %+v, %v", got, err)
	}
	r.Run = "run-2"
	commit(t, o, state.CommitRequest{Record: r})
	if got, err := o.Prune(t.Context(), state.PruneRequest{}); err != nil || got.Entries != 1 || got.Blobs != 1 {
		t.Errorf("Prune of data that no record names: %+v, %v", got, err)
	}
}

// Renewals are heap-only, so that they do not touch an index. A claim moves its
// tenants in the queue.
func TestRenewalsTouchNoIndex(t *testing.T) {
	o := openStore(t, nil)
	for i := range 20 {
		commit(t, o, state.CommitRequest{Record: due(fmt.Sprint("tenant-", i))})
	}
	claimed, err := o.Claim(t.Context(), state.ClaimRequest{For: time.Minute, Limit: 20})
	if err != nil || len(claimed.Leases) != 20 {
		t.Fatalf("Claim: %d leases, %v", len(claimed.Leases), err)
	}
	for _, lease := range claimed.Leases {
		if _, err := o.Renew(t.Context(), state.RenewRequest{Tenant: lease.Record.Tenant, Fence: lease.Record.Fence, For: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	o.pool.Reset() // sessions report their statistics at the latest when they end
	waitFor(t, o.pool, "select n_tup_upd = 40 from pg_stat_user_tables where schemaname = 'tenantsync' and relname = 'tenant'")
	if hot := scalar[int](t, o.pool, "select n_tup_hot_upd from pg_stat_user_tables where schemaname = 'tenantsync' and relname = 'tenant'"); hot != 20 {
		t.Errorf("%d of 20 claims and 20 renewals were heap-only, want the renewals", hot)
	}
}

func TestBehindPrefix(t *testing.T) {
	for prefix, want := range map[string]string{
		"": "", "a": "b", "a\x7f": "a\u0080", "\ud7ff": "\ue000", "a\U0010ffff": "b", "\U0010ffff\U0010ffff": "", "é": "ê",
	} {
		if got := pgstore.BehindPrefix(prefix); got != want {
			t.Errorf("behind %q: got %q, want %q", prefix, got, want)
		}
	}
}

// A tenant that is being removed cannot be created again until the removal is
// done: the new tenant begins after its entries, which are not visible yet.
func TestCreateDuringARemoval(t *testing.T) {
	removing, done := make(chan struct{}), make(chan struct{})
	o := openStore(t, func(cfg *pgstore.Config) {
		cfg.OnCommit = func(_ context.Context, _ pgx.Tx, c state.Committed) error {
			if c.Record.Version == 0 {
				close(removing)
				<-done
			}
			return nil
		}
	})
	other := open(t, pgstore.Config{Pool: o.pool})
	r := commit(t, o, state.CommitRequest{Record: newRecord("contoso"), Entries: []state.Entry{{Type: "t"}}})
	result := make(chan error, 1)
	go func() {
		_, err := o.Commit(t.Context(), state.CommitRequest{Record: r, Remove: true, Entries: []state.Entry{{Type: "removed"}}})
		result <- err
	}()
	<-removing
	create := state.CommitRequest{Record: newRecord("contoso"), Entries: []state.Entry{{Type: "first"}}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // it does not wait for the removal
	defer cancel()
	if _, err := other.Commit(ctx, create); !errors.Is(err, state.ErrConflict) {
		t.Errorf("Commit during the removal: got error %v, want ErrConflict", err)
	}
	close(done)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if again := commit(t, other, create); again.Version != 3 || again.Fence != 2 {
		t.Errorf("the tenant was created at version %d with fence %d, want 3 and 2", again.Version, again.Fence)
	}
	if got := history(t, other, "contoso"); len(got) != 2 || got[0].Version != 2 || got[1].Version != 3 {
		t.Errorf("the history is %+v", got)
	}
}
