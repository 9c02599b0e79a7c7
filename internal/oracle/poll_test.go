package oracle_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

var clientConfig = tenanttest.ClientConfig{Worker: "a"}

// overlapping lets two workers write at once.
func overlapping(st *story) {
	st.until("begin")
	st.after("begin", func(s *stage) {
		synctest.Test(s.t, func(t *testing.T) {
			s.fake.SlowWrites(time.Minute)
			for key, worker := range map[string]string{"1": "a", "2": "b"} {
				go func() {
					if worker == "b" {
						<-time.After(time.Second)
					}
					_, err := s.fake.Client(tenanttest.ClientConfig{Worker: worker}).Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "groups",
						After: json.RawMessage(`{"displayName":"` + key + `"}`), IdempotencyKey: key})
					if err != nil {
						t.Error(err)
					}
				}()
			}
			<-time.After(2 * time.Minute)
		})
		if err := s.o.Poll(ctx()); err != nil {
			s.t.Fatal(err)
		}
	})
}
