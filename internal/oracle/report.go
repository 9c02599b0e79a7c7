package oracle

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// reports checks that the report of a run tells the truth.
type reports struct {
	*book
	cfg *Config
}

// read reads the report of a run that ends, and compares it with the move that
// ends the run.
func (c reports) read(r *Run, d syncer.EntryData) {
	if d.Report == nil {
		c.violate(Truth, "run %s ends without a report", r.ID)
		return
	}
	raw, err := c.cfg.Store.Get(context.Background(), *d.Report)
	var rep *syncer.Report
	if err == nil {
		rep, err = syncer.DecodeReport(raw)
	}
	if err != nil {
		c.violate(Truth, "the report of run %s cannot be read: %v", r.ID, err)
		return
	}
	r.Report = rep
	for _, it := range rep.Items {
		r.unknown[it.Item] = it.Status == syncer.ItemUnknown
	}
	if rep.Run != r.ID || rep.Status != d.To || rep.Outcome != d.Outcome || rep.Reason != d.Message || !reflect.DeepEqual(rep.Error, d.Error) {
		c.violate(Truth, "the report says %s (%s: %s) of run %s, error %+v; the history %s (%s: %s) of run %s, error %+v",
			rep.Status, rep.Outcome, rep.Reason, rep.Run, rep.Error, d.To, d.Outcome, d.Message, r.ID, d.Error)
	}
}

// check compares the report of a run with its journal and its effects.
func (c reports) check(r *Run) {
	c.items(r)
	c.counts(r)
	c.adopted(r)
}

// items checks that the report agrees with the journal and the tenant about
// each item.
func (c reports) items(r *Run) {
	told := map[string]bool{}
	for _, it := range r.Report.Items {
		told[it.Item] = true
		_, open := r.open[it.Item]
		want := r.results[it.Item].Status
		switch {
		case open:
			want = syncer.ItemUnknown
		case want == "":
			want = syncer.ItemNotAttempted
		}
		if it.Status != want {
			c.violate(Truth, "the report says that %s is %s, and the journal %s", it.Item, it.Status, want)
		}
		if it.Status != syncer.ItemApplied && it.Status != syncer.ItemUnknown && c.cfg.standing(r, it.Item, r.Ended) > 0 {
			c.violate(Truth, "the report says that %s is %s, and the tenant has carried it out", it.Item, it.Status)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.effects)) {
		if !told[id] {
			c.violate(Truth, "the report does not have %s, which the tenant has carried out", id)
		}
	}
	if r.Plan == nil || r.Verdict != syncer.Approve || len(r.Report.Lost) > 0 {
		return // a report that names lost parts may lack items that were not begun
	}
	for _, it := range r.Plan.Items {
		if r.covers(it.ID) && !told[it.ID] {
			c.violate(Truth, "the report does not have %s, which was approved", it.ID)
		}
	}
}

// counts checks that the report counts the items that it lists.
func (c reports) counts(r *Run) {
	type what struct {
		kind string
		verb tenant.Verb
	}
	applied := map[what]int{}
	for _, it := range r.Report.Items {
		if it.Status == syncer.ItemApplied {
			applied[what{it.Kind, it.Verb}]++
		}
	}
	for _, k := range r.Report.Kinds {
		for verb, n := range map[tenant.Verb]int{tenant.Create: k.Created, tenant.Update: k.Updated, tenant.Delete: k.Deleted} {
			if want := applied[what{k.Kind, verb}]; n != want {
				c.violate(Truth, "the report counts %d %s of %s, and lists %d", n, verb, k.Kind, want)
			}
		}
	}
}

// adopted checks that the report lists the changes that the run has adopted.
func (c reports) adopted(r *Run) {
	if !r.updates {
		return
	}
	told := map[string]bool{}
	for _, a := range r.Report.Adopted {
		told[a.Kind+"/"+a.Key] = true
	}
	for _, id := range slices.Sorted(maps.Keys(r.adopted)) {
		if !told[id] && len(r.Report.Lost) == 0 {
			c.violate(Truth, "%s was adopted, and the report does not say so", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(told)) {
		if !r.adopted[id] {
			c.violate(Truth, "the report says that %s was adopted, and it was not", id)
		}
	}
}
