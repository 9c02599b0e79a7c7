package tenanttest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// recorder is a tb that keeps what a case reports.
type recorder struct {
	ctx     context.Context
	mu      sync.Mutex
	reports []string
	skipped bool
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skipf(string, ...any) {
	r.skipped = true
	runtime.Goexit()
}

// record runs a case on a fixture and returns what it reported.
func recordCase[F any](t *testing.T, c kitCase[F], f F) *recorder {
	r := &recorder{ctx: t.Context()}
	var wg sync.WaitGroup
	wg.Go(func() { c.run(&kit[F]{fixture: f, tb: r, explanation: c.explanation}) })
	wg.Wait()
	return r
}

// bug is a fault that an implementation might have, planted into a sound one.
type bug[F any] struct {
	name string
	// caughtBy is the case that is about it; others may fail too.
	caughtBy string
	fixture  func() F
}

// checkBugs fails unless each bug is caught by the case that is about it, with
// the explanation, and each case catches a bug.
func checkBugs[F any](t *testing.T, bugs []bug[F], cases []kitCase[F]) {
	caught := make(map[string]bool)
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			var by []string
			for _, c := range cases {
				r := recordCase(t, c, b.fixture())
				if len(r.reports) == 0 {
					continue
				}
				by = append(by, c.name)
				caught[c.name] = true
				if !strings.Contains(strings.Join(r.reports, "\n"), c.explanation) {
					t.Errorf("the case %q failed without its explanation: %q", c.name, r.reports)
				}
			}
			if !slices.Contains(by, b.caughtBy) {
				t.Errorf("caught by the cases %q, want %q among them", by, b.caughtBy)
			}
		})
	}
	for _, c := range cases {
		if !caught[c.name] {
			t.Errorf("no planted bug makes the case %q fail: is there one?", c.name)
		}
	}
}

var (
	kitGroups = tenant.Kind{Name: "groups", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id", "/createdDateTime"}}
	kitRoles  = tenant.Kind{Name: "roles"}
	kitPolicy = tenant.Kind{Name: "policy", Singleton: true, Create: true, Update: true, Delete: true}
)

// fakeFixture is a fixture over a fake tenant, with all hooks.
func fakeFixture(faults *Injector) (ClientFixture, *Fake) {
	fake := NewFake(Config{
		Kinds: []tenant.Kind{kitGroups, kitRoles, kitPolicy}, Faults: faults,
		Permissions: []tenant.Permission{
			{AnyOf: []string{"Group.Read.All", "Group.ReadWrite.All"}, Kinds: []string{"groups"}},
			{AnyOf: []string{"Group.ReadWrite.All"}, Kinds: []string{"groups"}, Write: true},
			{AnyOf: []string{"Role.Read.All"}, Kinds: []string{"roles"}},
		},
		Granted: []string{"Group.ReadWrite.All", "Role.Read.All"},
	})
	client := fake.Client(ClientConfig{})
	return ClientFixture{
		Client: client, Kind: "groups", Singleton: "policy", ReadOnly: "roles",
		Forbid:    func() { fake.Forbid("groups") },
		Unlicense: func() { fake.Unlicense("groups") },
		Fail:      func() { fake.FailReads("groups", tenant.Transient) },
		Cut:       func(n int) { fake.CutReads("groups", n) },
		Throttle:  func() { fake.Throttle(1, time.Millisecond) },
		Revoke:    fake.RevokeCredentials,
		Lose: func() {
			fake.FailWrite(func(tenant.Operation) WriteFault { return LostAnswer() })
		},
		Attempts: func() int {
			n := 0
			for _, c := range fake.Calls() {
				if c.Method == "Apply" {
					n++
				}
			}
			return n
		},
	}, fake
}

func TestFakePasses(t *testing.T) {
	TestClient(t, func(*testing.T) ClientFixture {
		f, _ := fakeFixture(nil)
		return f
	})
}

// A client that does not show all contents passes too: it says so.
func TestFakeThatHidesContentsPasses(t *testing.T) {
	TestClient(t, func(*testing.T) ClientFixture {
		f, fake := fakeFixture(nil)
		fake.Unread("groups", "neverShown")
		return f
	})
}

// Without hooks the cases that need them are skipped, and no others.
func TestKitsSkip(t *testing.T) {
	f, _ := fakeFixture(nil)
	skipped := 0
	for _, c := range clientCases() {
		f2, _ := fakeFixture(nil)
		r := recordCase(t, c, ClientFixture{Client: f2.Client, Kind: f.Kind})
		if len(r.reports) > 0 {
			t.Errorf("%s: %q", c.name, r.reports)
		}
		if r.skipped {
			skipped++
		}
	}
	if skipped != 11 {
		t.Errorf("%d cases of clients were skipped, want 11", skipped)
	}
	skipped = 0
	for _, c := range repositoryCases() {
		r := recordCase(t, c, RepositoryFixture{Repository: tenant.NewMemoryRepository()})
		if len(r.reports) > 0 {
			t.Errorf("%s: %q", c.name, r.reports)
		}
		if r.skipped {
			skipped++
		}
	}
	if skipped != 3 {
		t.Errorf("%d cases of repositories were skipped, want 3", skipped)
	}
}
