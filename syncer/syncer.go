package syncer

import (
	"fmt"

	"github.com/tenantsync/tenantsync/internal/lease"
	"github.com/tenantsync/tenantsync/internal/telemetry"
)

// Syncer is the engine. Make one with [New]; it is safe for concurrent use. Any
// number of them, in any number of processes, may work on one Store.
type Syncer struct {
	*records
}

// New returns a Syncer, or an error that names every field of cfg that cannot
// be used.
func New(cfg Config) (*Syncer, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	tel, err := telemetry.New(cfg.TracerProvider, cfg.MeterProvider)
	if err != nil {
		return nil, fmt.Errorf("syncer: config: %w", err)
	}
	return &Syncer{&records{
		cfg:       cfg,
		telemetry: tel,
		held:      make(map[string]*lease.Hold),
		watchers:  make(map[chan string]struct{}),
	}}, nil
}
