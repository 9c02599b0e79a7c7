package sqlitestore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// many is the number of tenants in the benchmarks' database.
const many = 100_000

// someData is a record's data, of the size that an engine's has.
var someData = json.RawMessage(`{"v":1,"plan":"` + strings.Repeat("x", 500) + `"}`)

// filled returns the path of a fresh copy of a file with many tenants. All of
// them wait for a worker, in another order than that of their names.
func filled(b *testing.B) string {
	b.Helper()
	template, err := fillOnce()
	if err != nil {
		b.Fatal(err)
	}
	data, err := os.ReadFile(template)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "state.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// fillOnce makes the file that filled copies. TestMain removes its folder.
var fillOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sqlitestore")
	if err != nil {
		return "", err
	}
	scratch = dir
	path := filepath.Join(dir, "filled.db")
	ctx := context.Background()
	s, err := sqlitestore.New(ctx, sqlitestore.Config{Path: path})
	if err != nil {
		return "", err
	}
	if err := s.Migrate(ctx); err != nil {
		return "", err
	}
	if err := s.Close(); err != nil {
		return "", err
	}
	db, err := sql.Open("sqlite", dsn(path, ""))
	if err != nil {
		return "", err
	}
	defer db.Close() // so that SQLite moves the WAL into the file
	tx, err := db.Begin()
	if err != nil {
		return "", err
	}
	defer tx.Rollback()
	record, err := tx.Prepare(`INSERT INTO tenantsync_record (id, tenant, version, status, run, wake_at, updated_at, data)
		VALUES (?, ?, 1, ?, '', ?, ?, ?)`)
	if err != nil {
		return "", err
	}
	at := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	for i := range many {
		shuffled := at + int64(i*7919%many)
		status := state.Statuses()[i%len(state.Statuses())]
		if _, err := record.Exec(i+1, tenantName(i), string(status), shuffled, shuffled, string(someData)); err != nil {
			return "", err
		}
	}
	return path, tx.Commit()
})

// scratch is the folder of fillOnce.
var scratch string

// The rate of commits must be at least 0.8 of the rate of the same statements
// on a bare connection. The benchmark measures both in turn on one file, and
// reports the median of the rounds (-benchtime 7x makes seven).
func BenchmarkCommit(b *testing.B) {
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			path := filled(b)
			s := openPath(b, path)
			raw := newRaw(b, path)
			const commits = 800
			var ratios, rates []float64
			next := 0
			for b.Loop() {
				// Tenants without changes, so that both have the same work.
				first := next
				next += 2 * commits
				base := rate(b, workers, commits, func(i int) error { return raw.commit(tenantName((first + 2*i) % many)) })
				got := rate(b, workers, commits, func(i int) error { return commitOne(b.Context(), s, tenantName((first+2*i+1)%many)) })
				ratios, rates = append(ratios, got/base), append(rates, got)
			}
			b.ReportMetric(median(rates), "commits/s")
			b.ReportMetric(median(ratios), "x-raw")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// rate runs n calls by some workers and returns how many a second were made.
func rate(b *testing.B, workers, n int, f func(i int) error) float64 {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	began := time.Now()
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(began).Seconds()
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// commitOne commits to a tenant as it was filled: the record and one entry.
func commitOne(ctx context.Context, s *sqlitestore.Store, tenant string) error {
	r := state.Record{Tenant: tenant, Version: 1, Status: state.InProgress, Run: "run-1", Data: someData}
	_, err := s.Commit(ctx, state.CommitRequest{
		Record: r, WakeIn: time.Minute, DeadlineIn: time.Hour,
		Entries: []state.Entry{{Type: "move", Run: "run-1", Data: json.RawMessage(`{"v":1}`)}},
	})
	return err
}

// raw commits by the statements alone: a read, a compare-and-swap, an entry.
type raw struct {
	mu                            sync.Mutex
	begin, read, swap, add, commi *sql.Stmt
}

func newRaw(b *testing.B, path string) *raw {
	b.Helper()
	conn, err := hostDB(b, path, "_synchronous=FULL&_busy_timeout=10000").Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	prepare := func(text string) *sql.Stmt {
		stmt, err := conn.PrepareContext(b.Context(), text)
		if err != nil {
			b.Fatal(err)
		}
		return stmt
	}
	return &raw{
		begin: prepare("BEGIN IMMEDIATE"),
		read: prepare(`SELECT r.id, r.version, r.deadline, r.labels, l.fence, l.owner, l.until FROM tenantsync_record AS r
			LEFT JOIN tenantsync_lease AS l ON l.id = r.id WHERE r.tenant = ?`),
		swap: prepare(`UPDATE tenantsync_record SET version = ?, status = ?, run = ?, wake_at = ?, deadline = ?, updated_at = ?,
			labels = ?, refs = ?, data = ? WHERE id = ? AND version = ?`),
		add:   prepare("INSERT INTO tenantsync_entry (record, version, n, run, type, time, data) VALUES (?, ?, ?, ?, ?, ?, ?)"),
		commi: prepare("COMMIT"),
	}
}

func (r *raw) commit(tenant string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.begin.Exec(); err != nil {
		return err
	}
	var id, version int64
	var deadline, fence, until *int64
	var labels, owner *string
	if err := r.read.QueryRow(tenant).Scan(&id, &version, &deadline, &labels, &fence, &owner, &until); err != nil {
		return err
	}
	now := time.Now().UnixMicro()
	done, err := r.swap.Exec(version+1, string(state.InProgress), "run-1", now+60e6, now+3600e6, now, nil, nil, string(someData), id, version)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("%d rows, %v", n, err)
	}
	if _, err := r.add.Exec(id, version+1, 0, "run-1", "move", now, `{"v":1}`); err != nil {
		return err
	}
	_, err = r.commi.Exec()
	return err
}

// Workers claim ten at a time while many tenants wait.
func BenchmarkClaim(b *testing.B) {
	s := openPath(b, filled(b))
	for b.Loop() {
		got, err := s.Claim(b.Context(), state.ClaimRequest{Owner: "worker", For: time.Hour, Limit: 10})
		if err != nil || len(got.Leases) != 10 {
			b.Fatalf("Claim: %d leases, %v", len(got.Leases), err)
		}
	}
}

// A claim that finds nothing does not take the write lock.
func BenchmarkClaimNothing(b *testing.B) {
	path := filled(b)
	s := openPath(b, path)
	if _, err := hostDB(b, path, "").Exec("UPDATE tenantsync_record SET wake_at = wake_at + 100 * 365 * 86400 * 1000000"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		got, err := s.Claim(b.Context(), state.ClaimRequest{Owner: "worker", For: time.Hour, Limit: 10})
		if err != nil || len(got.Leases) != 0 {
			b.Fatalf("Claim: %d leases, %v", len(got.Leases), err)
		}
	}
}

// One op is all pages of 1000 of many tenants.
func BenchmarkListAll(b *testing.B) {
	s := openPath(b, filled(b))
	for _, order := range []state.Order{state.ByTenant, state.ByUpdated, state.ByWake} {
		b.Run(string(order), func(b *testing.B) {
			var pages []float64
			for b.Loop() {
				seen := 0
				for req := (state.ListRequest{Order: order, Limit: 1000}); ; {
					began := time.Now()
					page, err := s.List(b.Context(), req)
					if err != nil {
						b.Fatal(err)
					}
					pages = append(pages, float64(time.Since(began).Microseconds())/1000)
					seen += len(page.Records)
					if req.Cursor = page.Next; req.Cursor == "" {
						break
					}
				}
				if seen != many {
					b.Fatalf("saw %d tenants, want %d", seen, many)
				}
			}
			slices.Sort(pages)
			b.ReportMetric(median(pages), "ms/page")
			b.ReportMetric(pages[len(pages)-1], "ms/slowest-page")
		})
	}
}

// A page of those in one status, from the middle.
func BenchmarkListStatus(b *testing.B) {
	s := openPath(b, filled(b))
	for _, order := range []state.Order{state.ByTenant, state.ByUpdated, state.ByWake} {
		b.Run(string(order), func(b *testing.B) {
			middle := state.Record{Tenant: tenantName(many / 2)}
			middle.UpdatedAt = time.Date(2001, 1, 1, 0, 0, 0, many/2*1000, time.UTC)
			middle.WakeAt = middle.UpdatedAt
			req := state.ListRequest{Order: order, Statuses: []state.Status{state.PendingApproval}, Cursor: state.NewListCursor(order, middle).Encode()}
			for b.Loop() {
				if page, err := s.List(b.Context(), req); err != nil || len(page.Records) != 100 {
					b.Fatalf("List: %d records, %v", len(page.Records), err)
				}
			}
		})
	}
}
