package graph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// pagesUntil answers with so many pages, and then with 404.
type pagesUntil struct{ left int }

func (p *pagesUntil) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if p.left--; p.left >= 0 {
		fmt.Fprintf(w, `{"value":[{"id":"i%d"}],"@odata.nextLink":"https://%s%s?page=%d"}`, p.left, r.Host, r.URL.Path, p.left)
	} else {
		w.WriteHeader(http.StatusNotFound)
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

// Where the entry says that 404 is the answer to nothing, a kind without objects is read
// completely. A page that is not found is another thing.
func TestNotFoundIsEmpty(t *testing.T) {
	empty := func(e *catalogue.Entry) { e.List.NotFoundIsEmpty = true }
	one := func(e *catalogue.Entry) { e.Singleton = true }
	for _, tt := range []struct {
		name  string
		edits []func(*catalogue.Entry)
		pages int
		want  tenant.Completeness
	}{
		{"a list", []func(*catalogue.Entry){empty}, 0, tenant.Complete},
		{"a list whose second page is not found", []func(*catalogue.Entry){empty}, 1, tenant.Partial},
		{"another list", nil, 0, tenant.Failed},
		{"a singleton", []func(*catalogue.Entry){empty, one}, 0, tenant.Complete},
		{"another singleton", []func(*catalogue.Entry){one}, 0, tenant.Failed},
	} {
		e := entry("things", func(e *catalogue.Entry) {
			for _, edit := range tt.edits {
				edit(e)
			}
		})
		c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
			cfg.Catalogue, cfg.HTTPClient = &catalogue.Catalogue{Entries: []catalogue.Entry{e}}, &http.Client{Transport: &pagesUntil{tt.pages}}
		})
		if ids, res := readAll(t, c, "things"); res.Completeness != tt.want || len(ids) != tt.pages {
			t.Errorf("%s: got %d objects, %+v, want %s", tt.name, len(ids), res, tt.want)
		}
	}
}
