package tcm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/tcm"
	"github.com/tenantsync/tenantsync/tenant/graph/tcm/tcmtest"
)

// many gives the tenant so many transport rules.
func many(s *tcmtest.Server, n int) {
	properties := make([]string, n)
	for i := range properties {
		properties[i] = fmt.Sprintf(`{"Name":"R%d"}`, i)
	}
	s.Set(ruleType, properties...)
}

// A snapshot that would use up the month is refused before it is taken, and the numbers
// are in the reason.
func TestMonthIsKept(t *testing.T) {
	for name, tt := range map[string]struct {
		own, others int
		edit        func(*tcm.Config)
		want        string
	}{
		"own":       {own: 4001, want: "up to 20005 a month"},
		"a limit":   {own: 100, edit: func(c *tcm.Config) { c.Monthly = 400 }, want: "the 400 that Config.Monthly allows"},
		"of others": {own: 2000, others: 16_001, want: "have 18001 resources"},
		"fits":      {own: 3999, others: 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				many(s, tt.own)
				s.Set(meetType)
				read(t, newClient(t, s, tt.edit), rules)
				<-time.After(tcm.EveryDefault)
				if tt.others > 0 {
					s.AddJob("Other tool", tt.others)
					<-time.After(time.Minute)
				}
				_, result := read(t, newClient(t, s, tt.edit), rules)
				if tt.want == "" {
					if result.Completeness != tenant.Complete || s.Created() != 3 {
						t.Errorf("%+v, %d snapshots", result, s.Created())
					}
					return
				}
				if result.Completeness != tenant.Failed || !strings.Contains(result.Reason, tt.want) {
					t.Errorf("%+v, want %q", result, tt.want)
				}
				if slices.ContainsFunc(s.Requests()[6:], func(r string) bool { return strings.HasPrefix(r, "POST") }) {
					t.Error("a snapshot was taken")
				}
			})
		})
	}
}

// Where 12 jobs are visible, the client's own oldest makes room, and never a job of
// others.
func TestVisibleJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.AddJob("Oldest of another tool", 1)
		<-time.After(time.Hour)
		read(t, newClient(t, s, nil), rules)
		own := s.Jobs()[1]
		<-time.After(tcm.EveryDefault)
		for i := range 10 {
			s.AddJob(fmt.Sprintf("Other tool %d", i), 1)
		}
		if ids, result := read(t, newClient(t, s, nil), rules); len(ids) != 2 {
			t.Fatalf("%q, %+v", ids, result)
		}
		if jobs := s.Jobs(); len(jobs) != 12 || slices.Contains(jobs, own) || !strings.HasPrefix(jobs[11], "tenantsync ") {
			t.Errorf("the jobs are %q", jobs)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		for i := range 11 {
			s.AddJob(fmt.Sprintf("Other tool %d", i), 1)
		}
		s.AddJob("tenantsync of ours", 1) // not a name of the client's
		_, result := read(t, newClient(t, s, nil), rules)
		if result.Completeness != tenant.Failed || !strings.Contains(result.Reason, "12 snapshot jobs") || len(s.Jobs()) != 12 {
			t.Errorf("%+v, jobs %q", result, s.Jobs())
		}
	})
}
