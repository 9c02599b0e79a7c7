package oracle

import (
	"context"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// watched is a client whose writes are compared with the stored intents before
// they are sent.
type watched struct {
	tenant.Client
	book *book
	cfg  *Config
}

func (w watched) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	w.sends(context.WithoutCancel(ctx), op)
	return w.Client.Apply(ctx, op)
}

// sends checks that the store has the open intent of a write.
func (w watched) sends(ctx context.Context, op tenant.Operation) {
	run, item := target(op.IdempotencyKey)
	page, err := w.cfg.Store.History(ctx, state.HistoryRequest{Tenant: w.cfg.Tenant, Run: run, Newest: true, Limit: 1000,
		Types: []string{string(syncer.EntryIntent), string(syncer.EntryResult)}})
	for _, e := range page.Entries {
		l, bad := lineOf(e)
		if bad != nil {
			w.book.violate(Ordering, "an entry of type %s cannot be read: %v", e.Type, bad)
		}
		if l.data.Result != nil && l.data.Result.Item == item {
			break
		}
		if l.data.Intent != nil && l.data.Intent.Key == op.IdempotencyKey {
			return
		}
	}
	w.book.violate(WriteAhead, "%s is about to be sent without a stored intent (%v)", op.IdempotencyKey, err)
}
