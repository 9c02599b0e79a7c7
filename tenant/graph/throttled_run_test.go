package graph_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// A run waits as long as the service asks: the client pauses within the read, so that
// the engine gets a whole read and no pause to keep. A pause beyond the budget ends the
// read; the reason names it, and the engine does not read the kind again.
func TestARunWaitsAsTheServiceAsks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pause time.Duration
		whole bool
	}{{"within the budget", 100 * time.Second, true}, {"beyond the budget", 3 * time.Hour, false}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newApprovals(t, func(c *syncer.Config) { c.Settings.Scopes = map[string]tenant.Scope{"roleScopeTags": tenant.All} })
				a.server.Fake.Seed("roleScopeTags", `{"displayName":"T"}`)
				a.server.Fail(http.MethodGet, "roleScopeTags", 0, graphtest.Fault{Status: http.StatusTooManyRequests, RetryAfter: tt.pause})
				row, err := a.engine.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
				if err != nil {
					t.Fatal(err)
				}
				row = a.advance(t, row.Run)
				var asked []time.Time
				for _, r := range a.server.Requests() {
					if r.Method == http.MethodGet && strings.Contains(r.Path, "/roleScopeTags") {
						asked = append(asked, r.Time)
					}
				}
				report, err := a.engine.Report(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
				if err != nil {
					t.Fatal(err)
				}
				i := slices.IndexFunc(report.Kinds, func(k syncer.KindReport) bool { return k.Kind == "roleScopeTags" })
				kind := report.Kinds[i]
				switch {
				case tt.whole && (len(asked) < 2 || asked[1].Sub(asked[0]) < tt.pause || kind.Completeness != tenant.Complete):
					t.Errorf("asked at %v; the kind is %+v", asked, kind)
				case !tt.whole && (len(asked) != 1 || kind.Completeness != tenant.Failed || !strings.Contains(kind.Reason, "3h0m0s")):
					t.Errorf("asked at %v; the kind is %+v", asked, kind)
				}
			})
		})
	}
}
