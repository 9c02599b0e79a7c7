package syncer

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// A fleet whose runs end at once is not looked at at once: each tenant has its own
// time within a tenth of the interval, the same each day.
func TestLooksSpreadOut(t *testing.T) {
	set := Settings{}.withDefaults()
	const fleet = 1000
	tenths := map[int]int{}
	for i := range fleet {
		name := fmt.Sprintf("tenant-%d", i)
		got := set.lookInterval(name, state.Idle)
		if again := set.lookInterval(name, state.NewError); again != got {
			t.Errorf("%s: got %s and then %s, want the same", name, got, again)
		}
		more := got - 24*time.Hour
		if more < 0 || more >= 24*time.Hour/10 {
			t.Fatalf("%s: got %s, want 24h and less than a tenth more", name, got)
		}
		tenths[int(more*10/(24*time.Hour/10))]++
	}
	for i := range 10 {
		if n := tenths[i]; n < fleet/20 || n > fleet/5 {
			t.Errorf("%d of %d tenants in the %d. part of the time, want about a tenth", n, fleet, i)
		}
	}
	if got := set.lookInterval("contoso", state.PendingAdminConsent); got != time.Hour {
		t.Errorf("a missing permission: got %s, want an hour", got)
	}
}

// Looks that keep failing come ever later, and never later than the others.
func TestFailedLooksBackOff(t *testing.T) {
	set := Settings{}.withDefaults()
	last := time.Duration(0)
	for failed := 1; failed < 20; failed++ {
		d := &draft{rec: state.Record{Tenant: "contoso"}, d: &data{LooksFailed: failed}}
		d.lookLater(set, state.Idle)
		every := set.lookInterval("contoso", state.Idle)
		if d.wakeIn > every || d.wakeIn < every/32 || d.wakeIn < every/2 && d.wakeIn <= last {
			t.Errorf("after %d failures: got %s after %s, want more, up to %s", failed, d.wakeIn, last, every)
		}
		last = d.wakeIn
	}
}
