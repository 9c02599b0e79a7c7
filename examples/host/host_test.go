package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

const want = `ann asks to create notes/Welcome
contoso is Idle after deployed
into the repository: Opening hours
into the tenant: Welcome applied
`

func TestHost(t *testing.T) {
	for name, ownStore := range map[string]bool{"a store of the library": false, "its own store": true} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := run(t.Context(), &out, ownStore); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestClient(t *testing.T) {
	tenanttest.TestClient(t, func(*testing.T) tenanttest.ClientFixture {
		return tenanttest.ClientFixture{Client: &noteClient{notes: map[string]json.RawMessage{}}, Kind: noteKind.Name}
	})
}

// newFixture returns an empty store for the kits.
func newFixture(*testing.T) statetest.Fixture {
	s := newMapStore()
	return statetest.Fixture{
		Store: s, Leaser: s, Blobs: s,
		Pass: func(d time.Duration) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.ahead += d
		},
		Damage: func(ref state.BlobRef) { s.blobs[ref.Name()] = []byte("damaged") },
	}
}

func TestStore(t *testing.T)  { statetest.TestStore(t, newFixture) }
func TestLeaser(t *testing.T) { statetest.TestLeaser(t, newFixture) }
func TestBlobs(t *testing.T)  { statetest.TestBlobs(t, newFixture) }
