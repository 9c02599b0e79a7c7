package graph_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// exportCatalogue is a kind in three ways: bodies in the list, bodies by id, and
// bodies by id where the limit of requests is not known.
func exportCatalogue() *catalogue.Catalogue {
	read := catalogue.Scopes{Delegated: [][]string{{"Read"}}}
	kind := func(name, throttle string) tenant.Kind {
		return tenant.Kind{Name: name, ReadOnly: []string{"/id"}, Throttle: throttle}
	}
	return &catalogue.Catalogue{
		Entries: []catalogue.Entry{
			{Kind: kind("listed", "known"), Endpoint: "/listed", Version: "v1.0", Read: read},
			{Kind: kind("single", "known"), Endpoint: "/single", Version: "v1.0", Read: read, List: catalogue.List{Single: true}},
			{Kind: kind("surprise", "unknown"), Endpoint: "/surprise", Version: "v1.0", Read: read, List: catalogue.List{Single: true}},
		},
		Throttles: []catalogue.Throttle{{Name: "known", Requests: 300, PerSeconds: 10, AtOnce: 16}, {Name: "unknown", AtOnce: 16}},
	}
}

// An export of 1,000 objects under a limit of 300 requests per 10 s, 50 ms each:
// how long it takes against the ideal, which is the longest of what the limit
// allows, what the latency takes at that concurrency, and the chain of pages;
// and how many requests are refused. The time is the bubble's.
func TestExportUnderThrottling(t *testing.T) {
	const (
		objects = 1000
		pages   = 10
		latency = 50 * time.Millisecond
	)
	tests := []struct {
		kind     string
		requests int           // that count against the limit
		ideal    time.Duration // see above
		slower   float64       // at most
		refused  float64       // at most, of the requests
	}{
		{"listed", pages, pages * latency, 1.05, 0.02},
		// 1,010 requests: 300 at once, and 300 more every 10 seconds.
		{"single", objects + pages, 30 * time.Second, 1.05, 0.02},
		// The first refusals teach nothing but to wait: what is under way then
		// is refused too.
		{"surprise", objects + pages, 30 * time.Second, 1.2, 0.1},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := graphtest.New(graphtest.Config{Catalogue: exportCatalogue(), Latency: latency, PageSize: objects / pages})
				seedMany(server, tt.kind, objects)
				server.Throttle("", 300, 10*time.Second, false)
				c := newClient(t, server, func(cfg *graph.Config) { cfg.Catalogue = exportCatalogue() })
				began := time.Now()
				ids, res := readAll(t, c, tt.kind)
				took := time.Since(began)
				if res.Completeness != tenant.Complete || len(ids) != objects {
					t.Fatalf("got %d objects, %+v", len(ids), res)
				}
				slower, refused := float64(took)/float64(tt.ideal), float64(server.Rejected())/float64(tt.requests+server.Rejected())
				t.Logf("%s: %d requests to the service, %.3f × the ideal %s, %.1f %% refused", tt.kind, len(server.Requests()), slower, tt.ideal, 100*refused)
				if slower > tt.slower || refused > tt.refused {
					t.Errorf("want at most %.2f × and %.0f %%", tt.slower, 100*tt.refused)
				}
			})
		})
	}
}

// BenchmarkExport reads lists of very different length. The memory that is in
// use at the most ("peak-bytes") must not grow with them.
func BenchmarkExport(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("objects=%d", n), func(b *testing.B) {
			server := graphtest.New(graphtest.Config{Catalogue: exportCatalogue(), PageSize: 100, KeepRequests: 10})
			server.Generate("listed", n, func(i int) string {
				return fmt.Sprintf(`{"id":"%d","displayName":"Object %d","description":"%0500d"}`, i, i, i)
			})
			cat := exportCatalogue()
			cat.Throttles = nil
			c, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL(), HTTPClient: server.HTTPClient(), Catalogue: cat})
			if err != nil {
				b.Fatal(err)
			}
			var peak uint64
			for b.Loop() {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				before, read := m.HeapAlloc, 0
				res, err := c.Read(b.Context(), tenant.ReadRequest{Kind: "listed", All: true}, func(tenant.Resource) error {
					if read++; read%1000 == 0 {
						runtime.GC() // what is left is in use
						runtime.ReadMemStats(&m)
						if m.HeapAlloc > before {
							peak = max(peak, m.HeapAlloc-before)
						}
					}
					return nil
				})
				if err != nil || res.Completeness != tenant.Complete || read != n {
					b.Fatalf("read %d objects, %+v, %v", read, res, err)
				}
			}
			b.ReportMetric(float64(peak), "peak-bytes")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/object")
		})
	}
}
