package syncer

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/tenantsync/tenantsync/plan"
)

// Secret is a byte slice that never shows its content when it is printed, logged or
// encoded as text.
type Secret []byte

// Format writes a fixed word in place of the secret, for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, plan.Redacted) }

// MarshalText returns what [Secret.Format] writes.
func (s Secret) MarshalText() ([]byte, error) { return []byte(plan.Redacted), nil }

// LogValue returns what [Secret.Format] writes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(plan.Redacted) }
