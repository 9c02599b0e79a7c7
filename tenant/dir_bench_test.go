package tenant_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/sample"
	"github.com/tenantsync/tenantsync/tenant"
)

// benchPolicies returns the number of the tenant's policies, beside which it has a group
// for each 20: few with -short, which shows that the benchmarks run.
func benchPolicies() int {
	if testing.Short() {
		return 1000
	}
	return 10_000
}

// gitCommand is git without the settings of this machine.
func gitCommand(dir string, args ...string) *exec.Cmd {
	// Nothing goes on in the background after the turn.
	c := exec.Command("git", append([]string{"-c", "gc.auto=0", "-c", "maintenance.auto=false"}, args...)...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	return c
}

func git(b *testing.B, dir string, args ...string) {
	b.Helper()
	if out, err := gitCommand(dir, args...).CombinedOutput(); err != nil {
		b.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func needGit(b *testing.B) {
	b.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		b.Skip("git is not installed: it is the peer of this benchmark; install the package git")
	}
}

func benchSnapshot(resources []tenant.Resource) tenant.Snapshot {
	s := tenant.Snapshot{Taken: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), Resources: resources}
	for _, kind := range []string{"groups", "conditionalAccessPolicies"} {
		s.Kinds = append(s.Kinds, tenant.KindState{Kind: kind, Completeness: tenant.Complete, Scope: tenant.All})
	}
	return s
}

// cost is what a turn took.
type cost struct{ elapsed, cpu time.Duration }

// measured calls f and returns what it took, with the programs that it ran.
func measured(f func()) cost {
	start, used := time.Now(), cpuTime()
	f()
	return cost{time.Since(start), cpuTime() - used}
}

// median returns the middle one of some numbers.
func median(numbers []float64) float64 {
	slices.Sort(numbers)
	return numbers[len(numbers)/2]
}

// beside runs ours and a peer in turns. It reports the medians of our time, of
// its ratio to the peer's, and of the ratio of the times of all processors, which
// depends less on what else the machine does.
func beside(b *testing.B, name string, ours, peer func(turn int) cost) {
	var own, elapsed, cpu []float64
	for turn := range b.N {
		o, p := ours(turn), peer(turn)
		own = append(own, o.elapsed.Seconds()*1000)
		elapsed = append(elapsed, o.elapsed.Seconds()/p.elapsed.Seconds())
		cpu = append(cpu, o.cpu.Seconds()/p.cpu.Seconds())
	}
	b.ReportMetric(median(own), "ms")
	b.ReportMetric(median(elapsed), "x-"+name)
	b.ReportMetric(median(cpu), "x-"+name+"-cpu")
	b.ReportMetric(0, "ns/op")
}

func openBench(b *testing.B, root string) *tenant.DirRepository {
	b.Helper()
	d, err := tenant.NewDirRepository(root)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	return d
}

func benchBackup(b *testing.B, d *tenant.DirRepository, req tenant.BackupRequest) string {
	b.Helper()
	req.Tenant = "contoso"
	r, err := d.Backup(b.Context(), req)
	if err != nil {
		b.Fatal(err)
	}
	return r.ID
}

// BenchmarkDirFirstBackup is the first backup of a tenant. Its peer is git
// fast-import of the same files, which makes no files that people see.
func BenchmarkDirFirstBackup(b *testing.B) {
	needGit(b)
	resources := sample.Policies(benchPolicies()).Desired()
	ours := func(int) cost {
		d := openBench(b, b.TempDir())
		req := tenant.BackupRequest{Key: "one", Snapshot: benchSnapshot(resources)}
		return measured(func() { benchBackup(b, d, req) })
	}
	stream := importStream(resources)
	peer := func(int) cost {
		dir := b.TempDir()
		git(b, dir, "init", "-q", "--bare")
		c := gitCommand(dir, "-c", "core.fsync=all", "fast-import", "--quiet")
		c.Stdin = bytes.NewReader(stream)
		return measured(func() {
			if out, err := c.CombinedOutput(); err != nil {
				b.Fatalf("git fast-import: %v\n%s", err, out)
			}
		})
	}
	beside(b, "fast-import", ours, peer)
}

func importStream(resources []tenant.Resource) []byte {
	var s bytes.Buffer
	for i, r := range resources {
		fmt.Fprintf(&s, "blob\nmark :%d\ndata %d\n%s\n", i+1, len(r.Body), r.Body)
	}
	fmt.Fprintf(&s, "commit refs/heads/main\ncommitter a <a@example.com> 1 +0000\ndata 1\nx\n")
	for i, r := range resources {
		fmt.Fprintf(&s, "M 100644 :%d %s/%s\n", i+1, r.Kind, tenant.FilePath(r.Key, false))
	}
	return s.Bytes()
}

// BenchmarkDirBackup is a backup as a sync makes it: a delta. Its peer is the git
// command line, which adds and commits the same files.
func BenchmarkDirBackup(b *testing.B) {
	needGit(b)
	for _, changed := range []int{0, 100} {
		b.Run(fmt.Sprintf("%d changed", changed), func(b *testing.B) {
			resources := sample.Policies(benchPolicies()).Desired()
			d := openBench(b, b.TempDir())
			parent := benchBackup(b, d, tenant.BackupRequest{Key: "one", Snapshot: benchSnapshot(resources)})
			work := b.TempDir()
			git(b, work, "init", "-q")
			put := func(r tenant.Resource, body []byte) {
				file := filepath.Join(work, r.Kind, tenant.FilePath(r.Key, false))
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					b.Fatal(err)
				}
				if err := os.WriteFile(file, body, 0o644); err != nil {
					b.Fatal(err)
				}
			}
			for _, r := range resources {
				put(r, r.Body)
			}
			git(b, work, "add", "-A")
			git(b, work, "commit", "-q", "-m", "one")
			edited := func(turn int) (edited []tenant.Resource) {
				for i := range changed {
					r := resources[i*7]
					r.Body = bytes.Replace(r.Body, []byte("{"), []byte(fmt.Sprintf(`{"edited": "%d %d",`, turn, b.N)), 1)
					edited = append(edited, r)
				}
				return edited
			}
			ours := func(turn int) cost {
				s := benchSnapshot(edited(turn))
				s.Taken = s.Taken.Add(time.Duration(turn+1) * time.Hour)
				req := tenant.BackupRequest{Key: fmt.Sprint(b.N, " ", turn), Parent: parent, Snapshot: s}
				return measured(func() { parent = benchBackup(b, d, req) })
			}
			peer := func(turn int) cost {
				files := edited(turn)
				return measured(func() {
					for _, r := range files {
						put(r, r.Body)
					}
					git(b, work, "add", "-A")
					git(b, work, "commit", "-q", "--allow-empty", "-m", "next")
				})
			}
			beside(b, "git", ours, peer)
		})
	}
}

// BenchmarkDirDesired reads a desired line in which nothing has changed.
func BenchmarkDirDesired(b *testing.B) {
	d := openBench(b, b.TempDir())
	var changes []tenant.Change
	for _, r := range sample.Policies(benchPolicies()).Desired() {
		changes = append(changes, tenant.Change{Kind: r.Kind, Key: r.Key, Body: r.Body})
	}
	empty, err := d.Desired(b.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := d.Update(b.Context(), tenant.UpdateRequest{Tenant: "contoso", Key: "one", Parent: empty.Revision, Changes: changes}); err != nil {
		b.Fatal(err)
	}
	read := func() {
		if _, err := d.Desired(b.Context(), tenant.DesiredRequest{Tenant: "contoso"}); err != nil {
			b.Fatal(err)
		}
	}
	read() // so that the files are in the index
	var own, used []float64
	for range b.N {
		c := measured(read)
		own, used = append(own, c.elapsed.Seconds()*1000), append(used, c.cpu.Seconds()*1000)
	}
	b.ReportMetric(median(own), "ms")
	b.ReportMetric(median(used), "ms-cpu")
	b.ReportMetric(0, "ns/op")
}
