package simulation

import (
	"context"
	"errors"
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/syncer"
)

// approver is one worker's connection to a ticket system that approves plans.
type approver struct {
	gate     *gate
	tenants  *roster
	calendar calendar
}

var _ syncer.Approver = (*approver)(nil)

// Review is part of [syncer.Approver].
func (p *approver) Review(ctx context.Context, rv syncer.Review) (syncer.Decision, error) {
	s := p.tenants.of(rv.Tenant)
	return through(ctx, p.gate, s.call(opReview), func(ctx context.Context) (syncer.Decision, error) {
		r := p.calendar.Stream(uint64(s.index), uint64(time.Now().UnixNano()), chance.Word("review"))
		how := r.Weighted(40, 40, 10, 10)
		if p.calendar.isCalm() {
			how = 0
		}
		switch how {
		case 0:
			d := rv.Approve("ticket", "")
			for _, b := range rv.Plan.Broken {
				d.Accept = append(d.Accept, b.Rule)
			}
			s.witness.offered(d)
			return d, nil
		case 2:
			return syncer.Decision{}, errors.New("the ticket system is down")
		case 3: // the ticket system blocks for a while
			pauseFor(ctx, r.Between(time.Second, 10*time.Minute))
			return syncer.Decision{}, ctx.Err()
		}
		return syncer.Decision{}, nil
	})
}
