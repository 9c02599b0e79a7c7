package simulation

import (
	"context"
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
)

const day = 24 * time.Hour

// calendar holds the days of a part of a world, and the level of faults of each
// day.
type calendar struct {
	chance.Source
	begun time.Time
	days  int // number of all days
	calm  int // number of the last days, which have no faults
}

// noon returns when a day begins. Days begin at noon, so that a night is whole.
func (c calendar) noon(n int) time.Time { return c.begun.Add(time.Duration(n) * day) }

// end returns when the last day is over.
func (c calendar) end() time.Time { return c.noon(c.days) }

// calmFrom returns when the faults stop.
func (c calendar) calmFrom() time.Time { return c.noon(c.days - c.calm) }

func (c calendar) isCalm() bool { return !time.Now().Before(c.calmFrom()) }

// level returns the level of faults of the present day for the tenant with that
// number, or for all tenants together (0). Most days are quiet.
func (c calendar) level(number int) float64 {
	if c.isCalm() {
		return 0
	}
	today := uint64(time.Since(c.begun) / day)
	r := c.Stream(today, uint64(number), chance.Word("level"))
	return []float64{0, 1, 6}[r.Weighted(5, 4, 1)]
}

// pauseFor waits for d, or until ctx ends.
func pauseFor(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
