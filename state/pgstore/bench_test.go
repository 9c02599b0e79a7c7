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

// benchCommit is one worker of BenchmarkCommit.
type benchCommit struct {
	store   *pgstore.Store
	pool    *pgxpool.Pool
	record  state.Record
	entries []state.Entry
}

func (c *benchCommit) request() state.CommitRequest {
	return state.CommitRequest{Record: c.record, Entries: c.entries, WakeIn: time.Minute}
}

// through commits through the store.
func (c *benchCommit) through(ctx context.Context) error {
	got, err := c.store.Commit(ctx, c.request())
	c.record = got.Record
	return err
}

// raw sends the same statement without the store. The store's own function
// makes its values, and only the store's side counts the time for that. So the
// store can look a little worse here, and never better.
func (c *benchCommit) raw(sql string, args []any) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		args[14] = c.record.Version
		var now time.Time
		var current bool
		var version, fence *int64
		var wakeAt, deadline, until, updated *time.Time
		var owner *string
		err := c.pool.QueryRow(ctx, sql, args...).Scan(&now, &current, &version, &wakeAt, &deadline, &fence, &owner, &until, &updated)
		if err == nil && version == nil {
			err = fmt.Errorf("nothing was written at version %d", c.record.Version)
		}
		c.record.Version++
		return err
	}
}

// BenchmarkCommit compares commits with one entry through the store with the
// same statement without the store, through the same pool. An iteration is nine
// pairs of rounds, at the same time, so that other load on the machine slows
// both. The results are medians.
func BenchmarkCommit(b *testing.B) {
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			o := openStore(b, nil)
			pool := openPool(b, o.dsn, func(cfg *pgxpool.Config) { cfg.MaxConns = 16 })
			s := open(b, pgstore.Config{Pool: pool})
			through, raw := make([]func(context.Context) error, workers), make([]func(context.Context) error, workers)
			for i := range workers {
				for j, tenant := range []string{"store", "raw"} {
					r := newRecord(fmt.Sprintf("%s-%d", tenant, i))
					r.Labels = map[string]string{"region": "eu"}
					r.Data = json.RawMessage(fmt.Sprintf(`{"v":1,"text":"%0500d"}`, 0))
					c := &benchCommit{store: s, pool: pool, record: commit(b, s, state.CommitRequest{Record: r})}
					c.entries = []state.Entry{{Type: "step", Run: "run-1", Data: json.RawMessage(`{"v":1}`)}}
					if j == 0 {
						through[i] = c.through
						continue
					}
					sql, args, err := s.CommitSQL(c.request())
					if err != nil {
						b.Fatal(err)
					}
					raw[i] = c.raw(sql, args)
				}
			}
			round(b, through, 50) // until every connection has prepared both
			round(b, raw, 50)
			var ratios, rates, rawRates []float64
			for b.Loop() {
				for range 9 {
					x, y := round(b, through, 100), round(b, raw, 100)
					rates, rawRates, ratios = append(rates, x), append(rawRates, y), append(ratios, x/y)
				}
			}
			b.ReportMetric(median(rates), "commits/s")
			b.ReportMetric(median(rawRates), "raw/s")
			b.ReportMetric(median(ratios), "x-raw")
		})
	}
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

// BenchmarkMany claims from 100,000 tenants that wait, and pages through them.
func BenchmarkMany(b *testing.B) {
	o := filled(b)
	b.Run("claim", func(b *testing.B) {
		var took []time.Duration
		for i := 0; b.Loop(); i++ {
			for j := range 100 {
				b.StopTimer()
				first := (i*100 + j) * 7919 % (many - 10)
				at := "update tenantsync.tenant set lease_until = null, wake_at = %s where tenant between 't-' || lpad($1::text, 6, '0') and 't-' || lpad($2::text, 6, '0')"
				runSQL(b, o.pool, fmt.Sprintf(at, "'2001-01-01'"), fmt.Sprint(first), fmt.Sprint(first+9))
				b.StartTimer()
				start := time.Now()
				got, err := o.Claim(b.Context(), state.ClaimRequest{Owner: "worker", For: time.Minute, Limit: 10})
				took = append(took, time.Since(start))
				if err != nil || len(got.Leases) != 10 {
					b.Fatalf("Claim: %d leases, %v", len(got.Leases), err)
				}
				b.StopTimer()
				runSQL(b, o.pool, fmt.Sprintf(at, "clock_timestamp() + interval '1 day'"), fmt.Sprint(first), fmt.Sprint(first+9))
				b.StartTimer()
			}
		}
		report(b, took, "claim")
	})
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
