//go:build unix

package pgstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// cpuTime returns the processor time of this process, which is not the server's.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// calls makes the seven writes to the store of a sync in which nothing changed:
// the claim, four commits, a renewal with a note, and the release.
func calls(ctx context.Context, s *pgstore.Store) error {
	claimed, err := s.Claim(ctx, state.ClaimRequest{Owner: "worker", For: time.Minute, Limit: 1})
	if err != nil {
		return err
	}
	if len(claimed.Leases) == 0 {
		return errors.New("no tenant is due")
	}
	r := claimed.Leases[0].Record
	run := state.Run{ID: fmt.Sprint("run-", r.Version), Status: state.Starting, Started: claimed.Now, Actor: "timer"}
	for i, ev := range []state.Event{state.Start, state.Begin, "", state.Succeed} {
		req := state.CommitRequest{Record: r, Fence: r.Fence, WakeIn: time.Microsecond, Entries: []state.Entry{{Type: "step", Run: run.ID, Data: json.RawMessage(`{"v":1}`)}}}
		req.Record.Run = run.ID
		switch {
		case ev != "":
			req.Events, req.Runs = []state.Event{ev}, []state.Run{run}
		default:
			note := state.RenewRequest{Tenant: r.Tenant, Fence: r.Fence, For: time.Minute, Note: json.RawMessage(`{"phase":"plan"}`)}
			if _, err := s.Renew(ctx, note); err != nil {
				return err
			}
		}
		done, err := s.Commit(ctx, req)
		if err != nil {
			return fmt.Errorf("commit %d: %w", i, err)
		}
		r = done.Record
	}
	return s.Release(ctx, state.ReleaseRequest{Tenant: r.Tenant, Fence: r.Fence})
}

// BenchmarkSyncCalls makes the store's calls of syncs by several workers, in
// turn with bare commits: a sixth of their rate is what these calls could reach.
// CPU is of this process.
func BenchmarkSyncCalls(b *testing.B) {
	const workers = 16
	o := openStore(b, nil)
	pool := openPool(b, o.dsn, func(cfg *pgxpool.Config) { cfg.MaxConns = workers })
	s := open(b, pgstore.Config{Pool: pool})
	var syncs, commits []func(context.Context) error
	for i := range workers {
		// More tenants than workers, so that each claim finds one.
		for j := range 4 {
			r := due(fmt.Sprintf("tenant-%d-%d", i, j))
			r.Data = json.RawMessage(fmt.Sprintf(`{"v":1,"text":"%0500d"}`, 0))
			commit(b, s, state.CommitRequest{Record: r})
		}
		syncs = append(syncs, func(ctx context.Context) error { return calls(ctx, s) })
		r := newRecord(fmt.Sprint("bare-", i))
		r.Data = json.RawMessage(fmt.Sprintf(`{"v":1,"text":"%0500d"}`, 0))
		r = commit(b, s, state.CommitRequest{Record: r, Events: []state.Event{state.Start, state.Begin}})
		c := &committer{store: s, pool: pool, req: state.CommitRequest{Record: r, WakeIn: time.Hour, Entries: []state.Entry{{Type: "step", Run: "run-1", Data: json.RawMessage(`{"v":1}`)}}}}
		commits = append(commits, c.peer)
	}
	round(b, syncs, 5)
	round(b, commits, 20)
	var rates, ratios, cpu []float64
	for b.Loop() {
		for range rounds(5) {
			before := cpuTime(b)
			rate := round(b, syncs, 20)
			cpu = append(cpu, float64((cpuTime(b)-before).Microseconds())/1000/(20*workers))
			rates, ratios = append(rates, rate), append(ratios, rate/(round(b, commits, 100)/6))
		}
	}
	b.ReportMetric(median(rates), "syncs/s")
	b.ReportMetric(median(ratios), "x-commits/6")
	b.ReportMetric(median(cpu), "cpu-ms/sync")
	b.ReportMetric(0, "ns/op")
}
