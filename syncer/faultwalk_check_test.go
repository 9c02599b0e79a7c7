package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/oracle"
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
	base, err := baseOf(s.h.Store, s.record())
	if err != nil {
		s.t.Fatal(err)
	}
	return base
}

// baseOf reads the base that a record names.
func baseOf(store state.Store, rec state.Record) (*diff.Base, error) {
	base, err := baseline.OfRecord(context.Background(), store, rec)
	if err == nil && base == nil {
		err = errors.New("the record has no base")
	}
	return base, err
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
// whatever happened to it, and of the walk's.
func (s *stage) check() {
	s.poll()
	s.oracle.Shown(s.row())
	rep := s.report()
	for _, it := range rep.Items {
		if it.Status == syncer.ItemUnknown && !s.unknowable(it) {
			s.t.Errorf("report says that %s is unknown: %s", it.Item, it.Message)
		}
	}
	s.checkLease()
	rec, now, err := s.oracle.Present(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.oracle.Rest(rec, now)
	s.oracle.Reachable(rec)
	s.judged()
}

// stageOracle is what the stage's runs are held against. Nobody else writes.
func stageOracle(h *syncertest.Harness, conf syncer.Config) oracle.Config {
	held := oracleConfig(h, "contoso", conf)
	held.Exclusive, held.Never = true, []string{"internal"}
	return held
}

// poll shows the oracle what has happened since.
func (s *stage) poll() {
	if err := s.oracle.Poll(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// judged fails the test for what the oracle has found.
func (s *stage) judged() {
	for _, v := range s.oracle.Violations() {
		s.t.Error(v)
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
	s.poll()
	s.oracle.Configure(stageOracle(s.h, syncer.Config{})) // the workers below have no rules of their own
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
