package state_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
)

// The limits of a store that is built on the requests' methods.
const (
	ownStoreLines = 200
	ownStoreNames = 22
)

func TestOwnStoreConforms(t *testing.T) {
	factory := func(*testing.T) statetest.Fixture {
		s := newMapStore()
		return statetest.Fixture{
			Store: s, Leaser: s, Blobs: s,
			Pass: func(d time.Duration) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.passed += d
			},
			Damage: func(ref state.BlobRef) { s.blobs[ref.Name()] = []byte("damaged") },
		}
	}
	statetest.TestStore(t, factory)
	statetest.TestLeaser(t, factory)
	statetest.TestBlobs(t, factory)
}

// A host that writes a store writes little, and learns few names for it.
func TestOwnStoreIsSmall(t *testing.T) {
	text, err := os.ReadFile("example_ownstore_test.go")
	if err != nil {
		t.Fatal(err)
	}
	store, _, found := strings.Cut(string(text), "\nfunc Example_")
	if !found {
		t.Fatal("the example is missing")
	}
	lines, names := strings.Count(store, "\n"), map[string]bool{}
	for _, name := range regexp.MustCompile(`\bstate\.[A-Z]\w*`).FindAllString(store, -1) {
		names[name] = true
	}
	if lines >= ownStoreLines {
		t.Errorf("the store has %d lines, want less than %d", lines, ownStoreLines)
	}
	if len(names) > ownStoreNames {
		t.Errorf("the store uses %d names, want %d at most: %q", len(names), ownStoreNames, slices.Sorted(maps.Keys(names)))
	}
	t.Logf("%d lines, %d names", lines, len(names))
}
