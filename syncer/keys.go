package syncer

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// Secret is bytes that no form of output shows. It is converted from []byte.
type Secret []byte

// Format writes that there is a secret, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, plan.Redacted) }

// MarshalText returns what [Secret.Format] writes.
func (s Secret) MarshalText() ([]byte, error) { return []byte(plan.Redacted), nil }

// LogValue returns what [Secret.Format] writes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(plan.Redacted) }

// keys are those of a tenant's hashes of secrets.
func (s *Syncer) keys(tenant string) schema.Keys { return schema.DeriveKeys(s.cfg.Secret, tenant) }

// checkKey refuses to approve a plan whose hashes of secrets were made with
// another key than this process's: they cannot be compared with anything.
func (s *Syncer) checkKey(p *plan.Plan, d Decision) error {
	if d.Verdict == Approve && !deploy.OwnKey(p.KeyID, s.keys(p.Tenant).Tenant) {
		return fmt.Errorf("%w: %s: its hashes of secrets were made with another secret of the configuration (Config.Secret); start the sync again for a fresh plan", ErrStalePlan, d.Tenant)
	}
	return nil
}
