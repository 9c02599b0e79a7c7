//go:build unix

package sqlitestore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// cpuTime returns the processor time of this process.
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
func calls(ctx context.Context, s *sqlitestore.Store) error {
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
func BenchmarkSyncCalls(b *testing.B) {
	const workers, syncs = 16, 100
	path := filepath.Join(b.TempDir(), "state.db")
	s := openPath(b, path)
	for i := range 4 * workers { // more than workers, so that each claim finds one
		r := newRecord(fmt.Sprint("due-", i))
		r.WakeAt, r.Data = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), someData
		commit(b, s, state.CommitRequest{Record: r})
	}
	const commits = 200
	next := 0
	bare := newRaw(b, path)
	var rates, ratios, cpu []float64
	for b.Loop() {
		rounds := 5
		if testing.Short() {
			rounds = 1 // it only has to run
		}
		for range rounds {
			before := cpuTime(b)
			got := rate(b, workers, syncs, func(int) error { return calls(b.Context(), s) })
			cpu = append(cpu, float64((cpuTime(b)-before).Microseconds())/1000/syncs)
			first := next
			next += commits
			for i := range commits {
				commit(b, s, state.CommitRequest{Record: newRecord(tenantName(first + i))})
			}
			base := rate(b, workers, commits, func(i int) error { return bare.commit(tenantName(first + i)) })
			rates, ratios = append(rates, got), append(ratios, got/(base/6))
		}
	}
	b.ReportMetric(median(rates), "syncs/s")
	b.ReportMetric(median(ratios), "x-commits/6")
	b.ReportMetric(median(cpu), "cpu-ms/sync")
	b.ReportMetric(0, "ns/op")
}
