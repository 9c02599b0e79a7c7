package graphtest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// A server that keeps some requests keeps the last ones.
func TestKeepRequests(t *testing.T) {
	server := graphtest.New(graphtest.Config{KeepRequests: 3})
	for i := range 20 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/v1.0/groups/%d", server.URL(), i), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer anything")
		res, err := server.HTTPClient().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		got := server.Requests()
		if want := min(i+1, 3); len(got) != want {
			t.Fatalf("after %d requests %d are kept, want %d", i+1, len(got), want)
		}
		if last, want := got[len(got)-1].Path, fmt.Sprintf("/v1.0/groups/%d", i); last != want {
			t.Errorf("the last one is of %s, want %s", last, want)
		}
	}
}
