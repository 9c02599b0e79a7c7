package deploy_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/internal/deploy"
)

// An attempt that ended between the two requests of a delete leaves an object that the
// delete itself has changed. The next attempt deletes it. An object that someone else has
// changed stays.
func TestDeleteThatHasBegun(t *testing.T) {
	for name, tt := range map[string]struct {
		changed string
		want    deploy.Status
	}{
		"the delete's own change": {`{"trusted":false}`, deploy.Applied},
		"its form of absence":     {`{"trusted":null}`, deploy.Applied},
		"and another":             {`{"trusted":false,"description":"theirs"}`, deploy.Conflict},
		"another":                 {`{"description":"theirs"}`, deploy.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				it := w.remove("places", "A")
				w.strike = func(call string, nth int) fault {
					if call == "apply" && nth == 1 {
						w.fake.Set("places", it.TenantID, tt.changed)
						return fault{before: errDead}
					}
					return fault{}
				}
				if err := w.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := w.result(it.ID); got.Status != tt.want {
					t.Errorf("got %s: %s, want %s", got.Status, got.Message, tt.want)
				}
				if gone := w.fake.Object("places", it.TenantID) == nil; gone != (tt.want == deploy.Applied) {
					t.Errorf("the object is gone: %v", gone)
				}
				for _, r := range w.retries(it.ID) {
					if !strings.Contains(r.Message, "changed for its delete") {
						t.Errorf("a retry says %q", r.Message)
					}
				}
			})
		})
	}
}
