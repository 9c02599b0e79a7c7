package graph_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

const location = `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"Office","isTrusted":true,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"192.0.2.0/24"}]}`

// A named location counts as created when it shows, and a trusted one is deleted when
// it shows that it no longer is: policies that refer to it are refused before.
func TestVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := graphtest.New(graphtest.Config{})
		server.Fake.Lag(10 * time.Second)
		c, lines := writer(t, server, nil)
		began := time.Now()
		applied, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "namedLocations", After: json.RawMessage(location)})
		if err != nil || applied.Resource.ID == "" || time.Since(began) < 10*time.Second {
			t.Fatalf("got %+v, %v after %s, want a location that shows", applied, err, time.Since(began))
		}
		before, err := c.Get(t.Context(), tenant.GetRequest{Kind: "namedLocations", ID: applied.Resource.ID})
		if err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		if _, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Delete, Kind: "namedLocations", ID: applied.Resource.ID, Before: before.Body}); err != nil {
			t.Errorf("%v after %q", err, *lines)
		}
		if time.Since(began) < 10*time.Second {
			t.Errorf("it was deleted after %s, before it showed that it is not trusted", time.Since(began))
		}
	})
}

// Waiting has an end. A location that does not show is created all the same; one that
// still shows as trusted is not deleted, and the outcome is unknown.
func TestNeverVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := graphtest.New(graphtest.Config{})
		id := server.Fake.Seed("namedLocations", location)
		server.Fake.Lag(time.Hour)
		c, lines := writer(t, server, nil)
		began := time.Now()
		applied, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "namedLocations", After: json.RawMessage(location)})
		if took := time.Since(began); err != nil || applied.Resource.ID == "" || took < 30*time.Second || took > 2*time.Minute {
			t.Errorf("got %+v, %v after %s, want an object after a minute", applied, err, took)
		}
		_, err = c.Apply(t.Context(), tenant.Operation{Verb: tenant.Delete, Kind: "namedLocations", ID: id, Before: json.RawMessage(location)})
		if tenant.ClassOf(err) != tenant.Transient || !tenant.MaybeApplied(err) || !strings.Contains(err.Error(), "was not deleted: sync again later") {
			t.Errorf("got %v, want a transient error and an unknown outcome, and what to do", err)
		}
		for _, line := range *lines {
			if line[:6] == http.MethodDelete {
				t.Errorf("sent %s", line)
			}
		}
	})
}
