package crashtest_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/crashtest"
	"github.com/tenantsync/tenantsync/state"
)

// withoutTables is a store in memory.
type withoutTables struct{ *state.Memory }

func (withoutTables) Migrate(context.Context) error { return nil }

// A lease that is left behind must run out, on the store's clock, within the
// length of a lease.
func TestAwaitLeases(t *testing.T) {
	const length = 3 * time.Second
	for name, tt := range map[string]struct {
		lasts, renewed time.Duration // renewed by a worker that still lives, after a second
		want           string        // part of the error
	}{
		"no lease":              {},
		"runs out":              {lasts: length},
		"lasts longer":          {lasts: length + time.Millisecond, want: "the lease of a on contoso lasts until"},
		"is renewed":            {lasts: length, renewed: length, want: "the lease of a on contoso lasts until"},
		"is renewed for a rest": {lasts: length, renewed: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := state.NewMemory()
				f := &crashtest.Fleet{Store: withoutTables{store}}
				_, err := store.Commit(t.Context(), state.CommitRequest{Record: state.Record{Tenant: "contoso", Data: []byte("{}")}})
				if err != nil {
					t.Fatal(err)
				}
				if tt.lasts > 0 {
					lease, err := store.Acquire(t.Context(), state.AcquireRequest{Tenant: "contoso", Owner: "a", For: tt.lasts})
					if err != nil {
						t.Fatal(err)
					}
					time.AfterFunc(time.Second, func() {
						if tt.renewed > 0 {
							_, _ = store.Renew(t.Context(), state.RenewRequest{Tenant: "contoso", Fence: lease.Record.Fence, For: tt.renewed})
						}
					})
				}
				began := time.Now()
				err = f.AwaitLeases(t.Context(), length)
				if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				if held, _ := f.Held(t.Context(), ""); err == nil && len(held) > 0 {
					t.Errorf("after %s the lease is still there", time.Since(began))
				}
			})
		})
	}
}
