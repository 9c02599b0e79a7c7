package simulation

import (
	"fmt"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
)

// event is an event in the history of a tenant or of the world.
type event struct {
	at            time.Time
	who, op, what string
}

func (e event) String() string {
	return fmt.Sprintf("%s  %-10s %-18s %s", e.at.UTC().Format("Jan 02 15:04:05.000000000"), e.who, e.op, e.what)
}

// shown is the number of a tenant's last events that a violation shows.
const shown = 40

// recent are the last events of one tenant.
type recent struct {
	last  [shown]event
	count int
}

// trace records all events as a hash, and the last events as text. It is not
// safe for concurrent use.
//
// The hash is the sum of the events' hashes, so it does not depend on the order
// of events at equal times. Each event's hash includes its time.
type trace struct {
	sum     uint64
	count   int
	tenants map[string]*recent
	// log, if not nil, receives every event as it comes.
	log func(line string)
}

// add records an event of a tenant, or of the whole world ("").
func (t *trace) add(tenant string, e event) {
	if tenant == "" {
		tenant = "-"
	}
	r := t.tenants[tenant]
	if r == nil {
		r = &recent{}
		t.tenants[tenant] = r
	}
	r.last[r.count%shown] = e
	r.count++
	t.sum += chance.Hash(uint64(e.at.UnixNano()), chance.Word(tenant), chance.Word(e.who), chance.Word(e.op), chance.Word(e.what))
	t.count++
	if t.log != nil {
		t.log(tenant + "  " + e.String())
	}
}

// history returns a tenant's last events, the oldest first.
func (t *trace) history(tenant string) string {
	r := t.tenants[tenant]
	if r == nil {
		return ""
	}
	var b strings.Builder
	for i := max(0, r.count-shown); i < r.count; i++ {
		fmt.Fprintf(&b, "  %s\n", r.last[i%shown])
	}
	return b.String()
}
