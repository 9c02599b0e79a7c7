package syncer_test

import (
	"cmp"
	"context"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// oracleConfig is what the runs of a harness's tenant are held against.
func oracleConfig(h *syncertest.Harness, name string, conf syncer.Config) oracle.Config {
	return oracle.Config{
		Tenant: name, Store: h.Store, Fake: h.Tenant(name),
		AuthTimeout:     cmp.Or(conf.Settings.AuthTimeout, syncer.AuthTimeoutDefault),
		ApprovalTimeout: cmp.Or(conf.Settings.Approval.Timeout, syncer.ApprovalTimeoutDefault),
		RunTimeout:      cmp.Or(conf.Settings.RunTimeout, syncer.RunTimeoutDefault),
		Person:          syncer.ActorKey,
		MoreRules:       len(conf.Settings.Approval.Rules) > 0,
		Approvals:       conf.Settings.Approval.Approvals, AllowRequester: conf.Settings.Approval.AllowRequester,
	}
}

// watched holds every write of an engine against the stored intents.
func watched(o *oracle.Oracle, conf *syncer.Config) {
	conf.Connector = heldConnector{conf.Connector, o}
}

type heldConnector struct {
	syncer.Connector
	o *oracle.Oracle
}

func (c heldConnector) Connect(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
	client, err := c.Connector.Connect(ctx, req)
	if err != nil {
		return nil, err
	}
	return c.o.Client(client), nil
}

// configured is the configuration of the workers that are made now.
func (w *world) configured() (conf syncer.Config) {
	for _, edit := range w.edits {
		edit(&conf)
	}
	return conf
}

// hold holds what happens from now on against the present configuration.
func (w *world) hold() {
	if err := w.oracle.Poll(context.Background()); err != nil {
		w.t.Error(err)
	}
	w.oracle.Configure(oracleConfig(w.h, "contoso", w.configured()))
}

// check holds all that has happened against what must be true of every story.
func (w *world) check() {
	ctx := context.Background()
	if err := w.oracle.Poll(ctx); err != nil {
		w.t.Error(err)
	}
	rec, now, err := w.oracle.Present(ctx)
	if err != nil {
		w.t.Error(err)
	}
	if rec.Status.Resting() {
		w.oracle.Rest(rec, now)
	}
	w.oracle.Reachable(rec)
	for _, v := range w.oracle.Violations() {
		w.t.Error(v)
	}
}
