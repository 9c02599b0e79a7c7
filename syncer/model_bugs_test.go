package syncer_test

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// bug is something that is wrong with an engine.
type bug struct {
	// seed is where to begin to look for it, so that it is found soon.
	seed int
	// commit changes what is committed.
	commit func(req *state.CommitRequest)
	// loaded changes a record as workers see it.
	loaded func(rec *state.Record)
	// ahead is how far what a lease says of the store's time runs ahead, and
	// hold, if not 0, how long leases really last.
	ahead, hold time.Duration
	// decides changes a decision before it is looked at.
	decides func(row syncer.Row, d *syncer.Decision)
	// lost is the kind of blobs that are lost.
	lost string
	// apply changes the answer of a write.
	apply func(err error) error
}

// data changes the engine's data in a record.
func data(rec *state.Record, change func(data, run map[string]any)) {
	var d map[string]any
	if json.Unmarshal(rec.Data, &d) != nil {
		return
	}
	run, _ := d["run"].(map[string]any)
	change(d, run)
	rec.Data, _ = json.Marshal(d)
}

// onData is a commit whose data is changed.
func onData(change func(rec *state.Record, data, run map[string]any)) func(*state.CommitRequest) {
	return func(req *state.CommitRequest) {
		data(&req.Record, func(d, run map[string]any) { change(&req.Record, d, run) })
	}
}

func has(req *state.CommitRequest, typ syncer.EntryType) bool {
	return slices.ContainsFunc(req.Entries, func(e state.Entry) bool { return e.Type == string(typ) })
}

// without leaves lines out of the history.
func without(typ syncer.EntryType) func(*state.CommitRequest) {
	return func(req *state.CommitRequest) {
		req.Entries = slices.DeleteFunc(slices.Clone(req.Entries), func(e state.Entry) bool { return e.Type == string(typ) })
	}
}

// bugs by what is wrong.
var bugs = map[string]bug{
	"pauses are not kept":         {seed: 1, commit: onData(func(_ *state.Record, d, _ map[string]any) { delete(d, "paused") })},
	"workers do not see pauses":   {seed: 1, loaded: func(rec *state.Record) { data(rec, func(d, _ map[string]any) { delete(d, "paused") }) }},
	"requests to cancel are lost": {seed: 0, commit: onData(func(_ *state.Record, _, run map[string]any) { delete(run, "cancel") })},
	"votes are lost":              {seed: 0, commit: onData(func(_ *state.Record, _, run map[string]any) { delete(run, "votes") })},
	"a part approved is the whole": {seed: 104, commit: onData(func(_ *state.Record, _, run map[string]any) {
		drop(run, "decision", "list")
		for _, v := range objectsIn(run["votes"]) {
			delete(v, "list")
		}
	})},
	"where a tenant rests is lost":   {seed: 14, commit: onData(func(_ *state.Record, d, _ map[string]any) { delete(d, "restsIn") })},
	"deadlines are not held":         {seed: 87, commit: func(req *state.CommitRequest) { req.BeforeDeadline = false }},
	"deadlines are lost":             {seed: 0, commit: func(req *state.CommitRequest) { req.DeadlineIn = 0 }},
	"each code has its own deadline": {seed: 1, commit: func(req *state.CommitRequest) { again(req, syncer.EntryPrompt) }},
	"a run in work is not due": {seed: 0, commit: func(req *state.CommitRequest) {
		if req.Record.Status == state.InProgress {
			req.Record.WakeAt = time.Time{}
		}
	}},
	"a status is left out": {seed: 0, commit: func(req *state.CommitRequest) {
		if req.Record.Status == state.Starting {
			req.Events = append(slices.Clone(req.Events), state.Begin)
		}
	}},
	"an unattended run asks":        {seed: 11, commit: onData(func(_ *state.Record, _, run map[string]any) { set(run, "options", "interactive", true) })},
	"every run is a full one":       {seed: 1, commit: onData(func(_ *state.Record, _, run map[string]any) { set(run, "options", "mode", "full") })},
	"intents are not stored":        {seed: 0, commit: without(syncer.EntryIntent)},
	"results are not stored":        {seed: 403, commit: without(syncer.EntryResult)},
	"moves are not stored":          {seed: 0, commit: without(syncer.EntryMove)},
	"the store's clock runs ahead":  {seed: 24, ahead: 30 * time.Second},
	"the store's clock runs behind": {seed: 19, ahead: -2 * time.Minute},
	"leases are over in a moment":   {seed: 46, hold: time.Millisecond},
	"decisions of any plan count":   {seed: 24, decides: func(row syncer.Row, d *syncer.Decision) { d.Digest = row.Digest }},
	"decisions of any run count":    {seed: 16, decides: func(row syncer.Row, d *syncer.Decision) { d.Run = row.Run }},
	"anybody approves":              {seed: 0, decides: func(_ syncer.Row, d *syncer.Decision) { d.Actor += "x" }},
	"broken rules are no obstacle": {seed: 36, decides: func(_ syncer.Row, d *syncer.Decision) {
		d.Accept = []string{"protected", "max-deletes", "empty-desired", "assignments-removed"}
	}},
	"no verdict is a rejection":      {seed: 24, decides: func(_ syncer.Row, d *syncer.Decision) { d.Verdict = cmp.Or(d.Verdict, syncer.Reject) }},
	"reports are lost":               {seed: 0, lost: "report"},
	"what is unknown is tried again": {seed: 73, apply: known},
	"what failed is called applied":  {seed: 73, apply: func(error) error { return nil }},
}

// drop deletes a field of an object in an object.
func drop(o map[string]any, object, field string) {
	if inner, ok := o[object].(map[string]any); ok {
		delete(inner, field)
	}
}

// objectsIn returns the objects of a list.
func objectsIn(v any) (objects []map[string]any) {
	all, _ := v.([]any)
	for _, o := range all {
		if object, ok := o.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

func set(o map[string]any, object, field string, value any) {
	if inner, ok := o[object].(map[string]any); ok {
		inner[field] = value
	}
}

// again sets the deadline again with each such line.
func again(req *state.CommitRequest, typ syncer.EntryType) {
	if has(req, typ) {
		req.DeadlineIn = syncer.AuthTimeoutDefault
	}
}

// known turns a write's unknown outcome into a failure without effect.
func known(err error) error {
	if err != nil && tenant.MaybeApplied(err) {
		return &tenant.Error{Class: tenant.Transient, Message: err.Error()}
	}
	return err
}

// plant makes the bug the workers'. The model looks on with sound eyes.
func (b bug) plant(p *play) {
	p.w.planted = func(conf *syncer.Config) {
		conf.Store = buggyStore{conf.Store, b}
		conf.Store = buggyLeaser{conf.Store, b}
		conf.Store = buggyBlobs{conf.Store, b}
		connector := conf.Connector
		conf.Connector = syncer.ConnectorFunc(func(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
			client, err := connector.Connect(ctx, req)
			return buggyClient{client, b}, err
		})
	}
	if b.decides != nil {
		see := p.w.decides
		p.w.decides = func(c script.Command, d *syncer.Decision) {
			see(c, d)
			b.decides(p.m.look(), d)
		}
	}
}

type buggyStore struct {
	state.Store
	bug bug
}

func (s buggyStore) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	got, err := s.Store.Load(ctx, req)
	if err == nil && s.bug.loaded != nil {
		s.bug.loaded(&got.Record)
	}
	return got, err
}

func (s buggyStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	if s.bug.commit != nil {
		s.bug.commit(&req)
	}
	return s.Store.Commit(ctx, req)
}

type buggyLeaser struct {
	state.Store
	bug bug
}

func (l buggyLeaser) lease(got state.Lease) state.Lease {
	got.Now = got.Now.Add(l.bug.ahead)
	if l.bug.loaded != nil {
		l.bug.loaded(&got.Record)
	}
	return got
}

// length is how long a lease lasts in truth.
func (l buggyLeaser) length(d time.Duration) time.Duration {
	if l.bug.hold != 0 {
		return l.bug.hold
	}
	return d
}

func (l buggyLeaser) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	req.For = l.length(req.For)
	got, err := l.Store.Claim(ctx, req)
	for i := range got.Leases {
		got.Leases[i] = l.lease(got.Leases[i])
	}
	return got, err
}

func (l buggyLeaser) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	req.For = l.length(req.For)
	got, err := l.Store.Acquire(ctx, req)
	return l.lease(got), err
}

func (l buggyLeaser) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	req.For = l.length(req.For)
	got, err := l.Store.Renew(ctx, req)
	return l.lease(got), err
}

type buggyBlobs struct {
	state.Store
	bug bug
}

func (b buggyBlobs) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	if req.Kind == b.bug.lost {
		return req.Ref(), nil
	}
	return b.Store.Put(ctx, req)
}

type buggyClient struct {
	tenant.Client
	bug bug
}

func (c buggyClient) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	applied, err := c.Client.Apply(ctx, op)
	if err != nil && c.bug.apply != nil {
		err = c.bug.apply(err)
	}
	return applied, err
}

// TestModelFindsBugs plants bugs and lets the model look for them. Each is to
// be found within so many sequences, the same each time.
func TestModelFindsBugs(t *testing.T) {
	if stride > 1 {
		t.Skip("finds no more with the race detector")
	}
	const within = 500
	for name, b := range bugs {
		t.Run(name, func(t *testing.T) {
			for n := range within {
				p := example(t, b.seed+n, b.plant)
				if p.m.broken != nil {
					t.Logf("found in sequence %d, seed %d, step %d: %s", n+1, b.seed+n, len(p.told), p.m.broken)
					return
				}
			}
			t.Errorf("not found in %d sequences", within)
		})
	}
}
