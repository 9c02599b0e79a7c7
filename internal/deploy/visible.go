package deploy

import (
	"context"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// visibility remembers which created objects the reads already show.
type visibility struct {
	client  tenant.Client
	view    *view
	journal *journal

	mu   sync.Mutex
	seen map[string]bool // by item ID: a read showed it, or the wait timed out
}

// await waits until reads show the created objects that an item refers to.
// Until then the tenant may refuse references to them. await stops waiting
// after the kind's consistency bound, and the tenant decides.
func (s *visibility) await(ctx context.Context, it *plan.Item) error {
	for _, dep := range it.DependsOn {
		res, ok := s.journal.result(dep)
		if !ok || res.Verb != tenant.Create {
			continue
		}
		until := time.Now().Add(Consistency(s.view.job.Kinds, res.Kind))
		for n := 1; !s.known(dep); n++ {
			r, err := s.client.Get(ctx, tenant.GetRequest{Kind: res.Kind, ID: res.TenantID})
			found, failed := s.view.answer(ctx, "deploy "+it.ID+": read what it refers to", r, err)
			if found != nil || !time.Now().Before(until) {
				s.remember(dep)
				break
			}
			if failed != nil && failed.Disposition == Ends {
				return failed.Err
			}
			if n == 1 {
				s.view.job.Log.Info("waiting until the tenant shows a created object", "item", it.ID, "refers to", dep, "until", until)
			}
			if err := retry.Pause(ctx, retry.Backoff(n, 200*time.Millisecond, 5*time.Second)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *visibility) known(item string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[item]
}

func (s *visibility) remember(item string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[item] = true
}
