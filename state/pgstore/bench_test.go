package pgstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// committer is one worker of BenchmarkCommit, which commits to a tenant of its
// own.
type committer struct {
	store *pgstore.Store
	pool  *pgxpool.Pool
	req   state.CommitRequest
}

// through commits through the store.
func (c *committer) through(ctx context.Context) error {
	got, err := c.store.Commit(ctx, c.req)
	c.req.Record = got.Record
	return err
}

// same sends the store's own statement through the pool.
func (c *committer) same(ctx context.Context) error {
	sql, args, err := c.store.CommitSQL(c.req)
	if err != nil {
		return err
	}
	return c.send(ctx, sql, args...)
}

// smallest is the shortest statement with the promise of a commit: it changes
// the record and adds the entries if version, fence, deadline and status allow
// that. If not, it does not say why.
const smallest = `
with done as (
	update tenantsync.tenant t set version = t.version + 1, status = $2, run = $3,
		wake = clock_timestamp() + $4 * interval '1 microsecond', deadline = $5,
		labels = $6::text::jsonb, data = $7, refs = $8::text::jsonb, updated_at = clock_timestamp()
	where t.tenant = $1 and t.version = $9 and t.fence = $10 and t.status = any ($11::text[])
		and (t.deadline is null or t.deadline > clock_timestamp())
	returning t.version, t.wake, t.fence, t.lease_owner, t.lease_until, t.updated_at
), entries as (
	insert into tenantsync.entry (tenant, version, n, type, run, data, time)
	select $1, d.version, e.n - 1, e.type, e.run, e.data, d.updated_at
	from done d, unnest($12::text[], $13::text[], $14::text[]) with ordinality as e (type, run, data, n)
)
select * from done`

// peer sends the shortest statement through the pool.
func (c *committer) peer(ctx context.Context) error {
	r, e := c.req.Record, c.req.Entries[0]
	return c.send(ctx, smallest, r.Tenant, string(state.InProgress), r.Run, c.req.WakeIn.Microseconds(), nil, `{"region":"eu"}`, string(r.Data), "[]",
		r.Version, r.Fence, []string{string(state.InProgress)}, []string{e.Type}, []string{e.Run}, []string{string(e.Data)})
}

// send sends a statement that changes the record, and reads all that it returns.
func (c *committer) send(ctx context.Context, sql string, args ...any) error {
	rows, err := c.pool.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		if _, err := rows.Values(); err != nil {
			return err
		}
		n++
	}
	c.req.Record.Version++
	if rows.Err() == nil && n != 1 {
		return fmt.Errorf("the statement changed nothing at version %d", c.req.Record.Version)
	}
	return rows.Err()
}

// BenchmarkCommit compares commits with one entry through the store with the
// same statement without the store, and with the shortest statement, through
// the same pool. An iteration is nine rounds of the three in turn, so that
// other load on the machine slows all of them. The results are medians.
func BenchmarkCommit(b *testing.B) {
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			o := openStore(b, nil)
			pool := openPool(b, o.dsn, func(cfg *pgxpool.Config) { cfg.MaxConns = 16 })
			s := open(b, pgstore.Config{Pool: pool})
			var through, same, peer []func(context.Context) error
			for i := range workers {
				worker := func(name string) *committer {
					r := newRecord(fmt.Sprintf("%s-%d", name, i))
					r.Labels = map[string]string{"region": "eu"}
					r.Data = json.RawMessage(fmt.Sprintf(`{"v":1,"text":"%0500d"}`, 0))
					r = commit(b, s, state.CommitRequest{Record: r, Events: []state.Event{state.Start, state.Begin}})
					lease, err := s.Acquire(b.Context(), state.AcquireRequest{Tenant: r.Tenant, For: time.Hour})
					if err != nil {
						b.Fatal(err)
					}
					return &committer{store: s, pool: pool, req: state.CommitRequest{
						Record: lease.Record, Fence: lease.Record.Fence, WakeIn: time.Minute,
						Entries: []state.Entry{{Type: "step", Run: "run-1", Data: json.RawMessage(`{"v":1}`)}},
					}}
				}
				through = append(through, worker("store").through)
				same = append(same, worker("same").same)
				peer = append(peer, worker("peer").peer)
			}
			for _, do := range [][]func(context.Context) error{through, same, peer} {
				round(b, do, 50) // until every connection has prepared it
			}
			var rates, peers, ofSame, ofPeer []float64
			for b.Loop() {
				for range rounds(9) {
					x, y, z := round(b, through, 100), round(b, same, 100), round(b, peer, 100)
					rates, peers, ofSame, ofPeer = append(rates, x), append(peers, z), append(ofSame, x/y), append(ofPeer, x/z)
				}
			}
			b.ReportMetric(median(rates), "commits/s")
			b.ReportMetric(median(peers), "smallest/s")
			b.ReportMetric(median(ofSame), "x-same")
			b.ReportMetric(median(ofPeer), "x-smallest")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// rounds is n, or 1 where the benchmark only has to run.
func rounds(n int) int {
	if testing.Short() {
		return 1
	}
	return n
}

// round does each of the functions n times, all at once, and returns how many
// were done in a second.
func round(b *testing.B, do []func(context.Context) error, n int) float64 {
	var wg sync.WaitGroup
	start := time.Now()
	for _, f := range do {
		wg.Go(func() {
			for range n {
				if err := f(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(n*len(do)) / time.Since(start).Seconds()
}

func median(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// BenchmarkMany pages through 100,000 tenants.
func BenchmarkMany(b *testing.B) {
	o := filled(b)
	for _, order := range []state.Order{state.ByTenant, state.ByUpdated, state.ByWake} {
		b.Run("list by "+string(order), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				seen := 0
				for req := (state.ListRequest{Order: order, Limit: 100}); ; {
					start := time.Now()
					page, err := o.List(b.Context(), req)
					took = append(took, time.Since(start))
					if err != nil {
						b.Fatal(err)
					}
					seen += len(page.Records)
					if req.Cursor = page.Next; req.Cursor == "" {
						break
					}
				}
				if seen != many {
					b.Fatalf("%d records, want %d", seen, many)
				}
			}
			report(b, took, "page")
		})
	}
	b.Run("history", func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			for req := (state.HistoryRequest{Tenant: "t-000000", Newest: true}); ; {
				start := time.Now()
				page, err := o.History(b.Context(), req)
				took = append(took, time.Since(start))
				if err != nil {
					b.Fatal(err)
				}
				if req.Cursor = page.Next; req.Cursor == "" {
					break
				}
			}
		}
		report(b, took, "page")
	})
}

// report reports the median and the 99th percentile of durations.
func report(b *testing.B, took []time.Duration, what string) {
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(took[len(took)/2]), "ms/"+what)
	b.ReportMetric(ms(took[len(took)*99/100]), "ms-p99/"+what)
}
