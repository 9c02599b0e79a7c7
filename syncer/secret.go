package syncer

import (
	"fmt"
	"io"
	"log/slog"

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
