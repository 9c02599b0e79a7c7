package simulation

import (
	"context"
	"log/slog"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// worker is a process with an engine.
type worker struct {
	*process
	engine *syncer.Syncer
}

// connections holds the services that the engines of a part connect to.
type connections struct {
	border     *border
	calendar   calendar
	journal    *journal
	store      *state.Memory
	repository *tenant.MemoryRepository
	tenants    *roster
	approver   bool // a ticket system approves
}

// newWorker returns a worker in a process. conf is the common configuration of
// all engines.
func (c *connections) newWorker(p *process, conf syncer.Config) *worker {
	g := &gate{c.border, p}
	records := &storePort{gate: g, store: c.store, tenants: c.tenants}
	conf.Store = state.Split{Records: records, Leaser: records, Blobs: &blobPort{gate: g, store: c.store, tenants: c.tenants}}
	conf.Repository = &repositoryPort{gate: g, repository: c.repository, tenants: c.tenants}
	conf.Authenticator = &authPort{gate: g, tenants: c.tenants, calendar: c.calendar, journal: c.journal}
	conf.Connector = &connector{gate: g, tenants: c.tenants}
	conf.SettingsFor = c.settings(g, conf.Settings)
	conf.WorkerID = p.name
	conf.Logger = slog.New(slowLog{gate: g, tenants: c.tenants})
	if c.approver {
		conf.Approver = &approver{gate: g, tenants: c.tenants, calendar: c.calendar}
	}
	engine, err := syncer.New(conf)
	if err != nil {
		panic(err)
	}
	return &worker{p, engine}
}

// settings returns the function for a tenant's own settings. It replaces the
// common settings except the rules of approval, which are the same for all
// tenants.
func (c *connections) settings(g *gate, common syncer.Settings) func(context.Context, string) (syncer.Settings, error) {
	return func(ctx context.Context, name string) (syncer.Settings, error) {
		s := c.tenants.of(name)
		return through(ctx, g, s.call(opSettings).atOnce(), func(context.Context) (syncer.Settings, error) {
			set := s.settings
			set.Approval, set.RequireConsent, set.RunTimeout = common.Approval, common.RequireConsent, common.RunTimeout
			return set, nil
		})
	}
}
