package deploy

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Job holds the items to carry out, and the settings that stay the same for all
// of them.
type Job struct {
	// Run is the run's ID, which idempotency keys begin with.
	Run string
	// Items are the approved items, in the plan's order: by wave.
	Items []*plan.Item
	// KeyID names the key that the plan's hashes of secrets were made with. It is
	// empty for a plan without such hashes.
	KeyID string
	// Key is the tenant's key for hashes.
	Key string
	// Kinds are the client's kinds.
	Kinds  *schema.Kinds
	Client tenant.Client
	// Bindings has the ids of the objects that were known when the plan was made.
	// The deployment owns the map and adds the ids of created objects.
	Bindings reference.Bindings
	// Requests are the requests for approval that earlier runs have filed, by item ID.
	Requests map[string]Request
	// Variables are the tenant's variables, by name.
	Variables map[string]string
	Log       *slog.Logger
	Options
}

// Options are the host's choices.
type Options struct {
	// ReadConcurrency and WriteConcurrency limit the calls at one time.
	ReadConcurrency, WriteConcurrency int
	// MaxAttempts is how often a write, or a read that fails, is attempted.
	MaxAttempts int
	// WriteTimeout is the longest that a write may take.
	WriteTimeout time.Duration
	// VerifyTimeout is how long an object is read back until it shows the written
	// values.
	VerifyTimeout time.Duration
	// StopOnFailure: after an item that was not applied, no other item is
	// attempted.
	StopOnFailure bool
}

// OwnKey reports whether hashes that were made with the key of this ID can be
// compared with hashes that are made with key. An empty ID means that there are
// no hashes.
func OwnKey(keyID, key string) bool { return keyID == "" || keyID == schema.KeyID(key) }

// consistencyDefault is how long new objects may stay invisible, for kinds
// without a bound of their own.
const consistencyDefault = time.Minute

// Consistency returns how long reads of a kind may lag behind writes.
func Consistency(kinds *schema.Kinds, name string) time.Duration {
	return cmp.Or(kinds.Kind(name).Consistency, consistencyDefault)
}
