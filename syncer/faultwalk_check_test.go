package syncer_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// left is what a run has left behind, in a form that compares between stages.
// What the next sync does follows from it.
type left struct {
	Status  state.Status
	Outcome syncer.Outcome
	Error   string
	Tenant  []string
	Desired []string
	Base    []string
	Writes  []string
	Items   []string
	Adopted []string
	Counts  []string
	Lines   []string // the revisions of both lines
}

// salted are the sums of secrets, which are others each time.
var salted = regexp.MustCompile(`\$\{secret:[^}]*\}`)

func (s *stage) left() left {
	row := s.row()
	out := left{Status: row.Status, Outcome: row.Outcome}
	if row.Error != nil {
		out.Error = string(row.Error.Class)
	}
	names := s.names()
	for _, k := range stageKinds() {
		for _, r := range s.tenant().Objects(k.Name) {
			out.Tenant = append(out.Tenant, k.Name+": "+names.Replace(show(r.Body)))
		}
	}
	for _, r := range s.desired().Resources {
		out.Desired = append(out.Desired, fmt.Sprintf("%s/%s: %s", r.Kind, r.Key, show(r.Body)))
	}
	for _, o := range s.base().Objects {
		out.Base = append(out.Base, fmt.Sprintf("%s/%s is %s: %s", o.Kind, o.Key, names.Replace(o.ID), salted.ReplaceAllString(show(o.Body), "<secret>")))
	}
	for _, w := range s.writes() {
		out.Writes = append(out.Writes, writeOf(w))
	}
	for _, line := range []tenant.Line{tenant.DesiredLine, tenant.BackupLine} {
		for _, r := range s.revisions(line) {
			out.Lines = append(out.Lines, r.Message+" by "+r.Author)
		}
	}
	rep := s.report()
	for _, it := range rep.Items {
		out.Items = append(out.Items, fmt.Sprintf("%s %s: %s %s, verified %v", it.Verb, it.Item, it.Status, it.Class, it.Verified))
	}
	for _, a := range rep.Adopted {
		out.Adopted = append(out.Adopted, a.Kind+"/"+a.Key)
	}
	for _, k := range rep.Kinds {
		out.Counts = append(out.Counts, fmt.Sprintf("%+v", k))
	}
	for _, list := range [][]string{out.Tenant, out.Desired, out.Writes} {
		slices.Sort(list)
	}
	return out
}

// names replaces the tenant's ids by names.
func (s *stage) names() *strings.Replacer {
	var pairs []string
	for _, k := range stageKinds() {
		for _, r := range s.tenant().Objects(k.Name) {
			pairs = append(pairs, r.ID, "<"+nameOf(r.Body)+">")
		}
	}
	return strings.NewReplacer(pairs...)
}

// record is the tenant's record as the store has it.
func (s *stage) record() state.Record {
	got, err := s.h.Store.Load(s.t.Context(), state.LoadRequest{Tenant: "contoso"})
	if err != nil {
		s.t.Fatal(err)
	}
	return got.Record
}

// base is what both sides last agreed on.
func (s *stage) base() *diff.Base {
	var d struct {
		Base *state.BlobRef `json:"base"`
	}
	if err := json.Unmarshal(s.record().Data, &d); err != nil || d.Base == nil {
		s.t.Fatalf("the record has no base: %v", err)
	}
	raw, err := s.h.Store.Get(s.t.Context(), *d.Base)
	if err != nil {
		s.t.Fatal(err)
	}
	base, err := diff.DecodeBase(raw)
	if err != nil {
		s.t.Fatal(err)
	}
	return base
}

func (s *stage) report() *syncer.Report {
	rep, err := s.front.Report(s.t.Context(), syncer.RunRef{Tenant: "contoso", Run: s.run})
	if err != nil {
		s.t.Fatalf("report: %v", err)
	}
	return rep
}

// writes are those of the run.
func (s *stage) writes() []tenanttest.Write {
	return slices.DeleteFunc(s.tenant().Writes(), func(w tenanttest.Write) bool { return !strings.HasPrefix(w.IdempotencyKey, s.run+"/") })
}

// writeOf names a write by what it is about, ids apart.
func writeOf(w tenanttest.Write) string {
	name := nameOf(w.After)
	if name == "" {
		name = nameOf(w.Before)
	}
	return fmt.Sprintf("%s %s/%s", w.Verb, w.Kind, name)
}

// check holds what a run has left behind against what is true of every run,
// whatever happened to it.
func (s *stage) check() {
	s.checkWrites()
	s.checkHistory()
	s.checkReport()
	s.checkBlobs()
	s.checkLease()
}

// checkWrites: nothing was written twice, or by two workers at a time.
func (s *stage) checkWrites() {
	for _, w := range s.tenant().Repeated() {
		s.t.Errorf("applied twice: %s", writeOf(w))
	}
	for _, o := range s.tenant().Overlapping() {
		s.t.Errorf("writes of %s and %s overlap", o.FirstWorker, o.SecondWorker)
	}
}

// checkHistory holds the history against the record: the moves follow from one
// another and end where the record is; every attempt has one intent and one
// result, in turn, and the last result is the report's.
func (s *stage) checkHistory() {
	t, row := s.t, s.row()
	status, ends, reports := state.Idle, 0, 0
	open, last := map[string]bool{}, map[string]syncer.ItemStatus{}
	for _, e := range s.history() {
		switch {
		case e.Type == syncer.EntryMove:
			if e.From != status {
				t.Errorf("history: a move from %s while in %s", e.From, status)
			}
			if status = e.To; status.Resting() && e.From.Active() {
				ends++
			}
			if e.Report != nil {
				reports++
			}
		case e.Intent != nil:
			if open[e.Intent.Item] {
				t.Errorf("history: %s was begun again before it was known what became of it", e.Intent.Item)
			}
			open[e.Intent.Item] = true
		case e.Result != nil:
			if r := e.Result; !open[r.Item] && (r.Status == syncer.ItemApplied || r.Status == syncer.ItemUnknown) {
				t.Errorf("history: %s is %s without having been begun", r.Item, r.Status)
			}
			open[e.Result.Item] = false
			last[e.Result.Item] = e.Result.Status
		}
	}
	if status != row.Status || ends != 1 || reports != 1 {
		t.Errorf("history ends in %s with %d ends and %d reports, the record is %s", status, ends, reports, row.Status)
	}
	for _, it := range s.report().Items {
		want := last[it.Item]
		switch {
		case open[it.Item]:
			want = syncer.ItemUnknown
		case want == "" || want == syncer.ItemRetry:
			want = syncer.ItemNotAttempted
		}
		if it.Status != want {
			t.Errorf("report says %s of %s, the journal %s", it.Status, it.Item, want)
		}
	}
}

func (s *stage) history() []syncer.Entry {
	listed, err := s.front.History(s.t.Context(), syncer.HistoryRequest{Tenant: "contoso", Run: s.run, Limit: 1000})
	entries, next := listed.Items, listed.Next
	if err != nil || next != "" {
		s.t.Fatalf("history: more than 1000 entries, or %v", err)
	}
	return entries
}

// checkReport holds the report against the record and against the tenant: what
// it calls applied was written, once; what it calls anything else was not; and
// unknown is only what nobody can find out.
func (s *stage) checkReport() {
	t, row, rep := s.t, s.row(), s.report()
	if rep.Status != row.Status && s.v.rests == nil || rep.Outcome != row.Outcome || rep.Run != row.Run || rep.Reason != row.Reason || !cmp.Equal(rep.Error, row.Error) {
		t.Errorf("report says %s, %s, %q, %+v of run %s, the record %s, %s, %q, %+v of run %s",
			rep.Status, rep.Outcome, rep.Reason, rep.Error, rep.Run, row.Status, row.Outcome, row.Reason, row.Error, row.Run)
	}
	written := map[string]int{}
	for _, w := range s.writes() {
		written[strings.TrimPrefix(w.IdempotencyKey, s.run+"/")+" "+string(w.Verb)]++
	}
	counts := map[string]int{}
	for _, it := range rep.Items {
		n := written[it.Item+" "+string(it.Verb)]
		delete(written, it.Item+" "+string(it.Verb))
		switch {
		case it.Status == syncer.ItemApplied && n != 1:
			t.Errorf("report says that %s was applied, and the tenant has carried it out %d times", it.Item, n)
		case it.Status == syncer.ItemUnknown && !s.unknowable(it):
			t.Errorf("report says that %s is unknown: %s", it.Item, it.Message)
		case it.Status != syncer.ItemApplied && it.Status != syncer.ItemUnknown && n != 0:
			t.Errorf("report says that %s is %s, and the tenant has carried it out", it.Item, it.Status)
		}
		counts[it.Kind+" "+string(it.Verb)+" "+string(it.Status)]++
	}
	if p := row.Counts; len(rep.Items) > 0 && len(rep.Decision.Items) == 0 && len(rep.Items) != p.Create+p.Update+p.Delete {
		t.Errorf("report lists %d items, the record counts %+v", len(rep.Items), *p)
	}
	for item := range written {
		t.Errorf("report does not name %s, which the tenant has carried out", item)
	}
	for _, k := range rep.Kinds {
		for _, verb := range []struct {
			verb tenant.Verb
			n    int
		}{{tenant.Create, k.Created}, {tenant.Update, k.Updated}, {tenant.Delete, k.Deleted}} {
			if want := counts[k.Kind+" "+string(verb.verb)+" applied"]; verb.n != want {
				t.Errorf("report counts %d %s of %s, and lists %d", verb.n, verb.verb, k.Kind, want)
			}
		}
	}
}

// unknowable: what has no name cannot be looked for, once its create was sent
// or may have been; and the tenant may refuse to show what became of a write.
func (s *stage) unknowable(it syncer.ItemResult) bool {
	return slices.ContainsFunc(s.hits, func(h called) bool {
		nameless := it.Kind == "notes" && it.Verb == tenant.Create && (h.way.dies || h.way.freezes || h.Op == "Client.Apply")
		return nameless || h.way.partial && strings.HasPrefix(h.site, "deploy/resolve.go:")
	})
}

// checkBlobs: no reference leads nowhere.
func (s *stage) checkBlobs() {
	refs := s.record().Refs
	for _, e := range s.history() {
		for _, ref := range []*state.BlobRef{e.Log, e.Report} {
			if ref != nil {
				refs = append(refs, *ref)
			}
		}
	}
	for _, ref := range refs {
		if _, err := s.h.Store.Get(s.t.Context(), ref); err != nil {
			s.t.Errorf("the %s of run %s: %v", ref.Kind, ref.Run, err)
		}
	}
}

// checkLease: nobody holds the tenant any more, or not for long.
func (s *stage) checkLease() {
	struck := slices.ContainsFunc(s.hits, func(h called) bool { return h.way.dies || strings.HasPrefix(h.Op, "Leaser.") })
	if rec := s.record(); rec.LeaseOwner != "" && !struck {
		s.t.Errorf("%s still holds the tenant", rec.LeaseOwner)
	}
	<-time.After(syncer.LeaseDurationDefault)
	got, err := s.h.Store.Acquire(s.t.Context(), state.AcquireRequest{Tenant: "contoso", Owner: "next", For: time.Minute})
	if err == nil {
		err = s.h.Store.Release(s.t.Context(), state.ReleaseRequest{Tenant: "contoso", Fence: got.Record.Fence})
	}
	if err != nil {
		s.t.Errorf("nobody can take the tenant over: %v", err)
	}
}

// settled syncs until there is nothing left to do, and returns how often. The
// tenant refuses nothing any more, everybody approves, and somebody has looked
// after what is unknown.
func (s *stage) settled() int {
	f := s.tenant()
	f.FailWrite(nil)
	s.h.Auth.SignIn("contoso")
	for _, p := range s.v.permissions {
		f.Grant(p.AnyOf...)
	}
	if s.unknown("notes") {
		for _, note := range f.Objects("notes") {
			f.Remove("notes", note.ID)
		}
	}
	for n := range 6 {
		w := s.h.Worker(fmt.Sprintf("later-%d", n), syncertest.WorkerConfig{Approver: approves()})
		row, err := w.Sync(s.t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
		if err != nil {
			s.t.Fatal(err)
		}
		if row.Status == state.Idle && row.Outcome == syncer.NoChanges {
			return n
		}
	}
	s.t.Errorf("the tenant does not come to rest: %+v", s.row())
	return -1
}

// unknown reports whether the run says of anything, or of anything of a kind,
// that it is unknown.
func (s *stage) unknown(kind string) bool {
	return slices.ContainsFunc(s.report().Items, func(it syncer.ItemResult) bool {
		return it.Status == syncer.ItemUnknown && (kind == "" || kind == it.Kind)
	})
}
