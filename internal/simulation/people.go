package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// acting is a person, or a schedule, that does something about a tenant.
type acting struct {
	s    *subject
	name string
	ctx  context.Context
	r    draw
}

// act lets somebody do something, at a time of their own and in their own time.
func (s *subject) act(name string, do func(a *acting)) {
	w := s.w
	w.mu.Lock()
	n := s.actions
	s.actions++
	w.mu.Unlock()
	w.acting.Go(func() {
		lane := n % peopleLanes
		pauseFor(context.Background(), time.Until(onLane(time.Now(), int64((s.index+1)*tenantLanes+peopleFrom+lane), 0)))
		ctx := context.WithValue(context.Background(), actorKey{}, actor{name, lane})
		do(&acting{s: s, name: name, ctx: ctx, r: drawOf(w.cfg.Seed, uint64(w.cfg.Part), uint64(s.index), uint64(n), word("act"))})
	})
}

// engine is that of some process: any takes a person's action.
func (a *acting) engine() *syncer.Syncer {
	w := a.s.w
	if k := w.places[a.r.n(len(w.places))].worker(); k != nil && a.r.chance(0.6) {
		return k.engine
	}
	return w.front.engine
}

// said notes what came of an action.
func (a *acting) said(did string, err error) {
	w := a.s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	what := "done"
	if err != nil {
		what = err.Error()
	}
	if errors.Is(err, syncer.ErrStalePlan) { // its text has the digest, and digests are keyed at random where there are secrets
		what = syncer.ErrStalePlan.Error()
	}
	w.trace.add(a.s, event{at: time.Now(), who: a.name, op: did, what: what})
	act, _, _ := strings.Cut(did, " ")
	for _, known := range []error{syncer.ErrActive, syncer.ErrPaused, syncer.ErrStalePlan, syncer.ErrNotPending, syncer.ErrExpired,
		syncer.ErrSelfApproval, syncer.ErrAlreadyVoted, syncer.ErrNothingFailed, syncer.ErrBusy, syncer.ErrNotFound} {
		if errors.Is(err, known) {
			w.count1("people: "+act+" refused: "+strings.TrimPrefix(known.Error(), "syncer: "), 1)
			return
		}
	}
	if err != nil {
		w.count1("people: "+act+" failed", 1)
	} else {
		w.count1("people: "+act, 1)
	}
}

// start asks for a sync.
func (a *acting) start(req syncer.StartRequest) {
	req.Tenant, req.Actor = a.s.name, a.name
	_, err := a.engine().Start(a.ctx, req)
	a.said(fmt.Sprintf("starts %s", req.Mode), err)
}

// rollBack asks for what a former backup has, of everything or of one kind.
func (a *acting) rollBack() {
	revs, err := a.s.w.repository.History(a.ctx, tenant.RepositoryHistoryRequest{Tenant: a.s.name, Line: tenant.BackupLine, Limit: 10})
	if err != nil || len(revs) == 0 {
		return
	}
	o := syncer.Options{DesiredFrom: revs[a.r.n(len(revs))].ID}
	if a.r.chance(0.5) {
		o.Targets = []plan.Target{{Kind: pick(&a.r, kindNames...)}}
	}
	a.s.w.count("people: asks for a roll back")
	a.start(syncer.StartRequest{Options: o})
}

// decide sends a decision.
func (a *acting) decide(d syncer.Decision) {
	d.Tenant, d.Actor = a.s.name, a.name
	a.s.offer(d)
	_, err := a.engine().Decide(a.ctx, d)
	a.said(fmt.Sprintf("decides %s %v", d.Verdict, d.Items), err)
}

// offer notes that a decision was sent.
func (s *subject) offer(d syncer.Decision) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.oracle.Offer(d)
}

// whoSignsIn is who answers the next code.
func (s *subject) whoSignsIn() (authtest.Person, string) {
	r := drawOf(s.w.cfg.Seed, uint64(s.w.cfg.Part), uint64(s.index), uint64(time.Now().UnixNano()), word("person"))
	if s.w.isCalm() {
		return authtest.SignsIn(20 * time.Second), "somebody signs in soon"
	}
	how := r.weighted(35, 10, 10, 10, 10, 25)
	s.w.count("people: " + []string{"signs in in time", "signs in too late", "declines to sign in", "never signs in", "signs in elsewhere", "signs in at the last moment"}[how])
	switch how {
	case 0:
		return authtest.SignsIn(r.between(5*time.Second, 170*time.Second)), "somebody signs in in time"
	case 1:
		return authtest.SignsIn(r.between(181*time.Second, 10*time.Minute)), "somebody signs in too late"
	case 2:
		return authtest.Declines(r.between(5*time.Second, 170*time.Second)), "somebody declines"
	case 3:
		return authtest.NeverComes(), "nobody signs in"
	case 5:
		return authtest.SignsIn(r.between(179_960*time.Millisecond, 180_040*time.Millisecond)), "somebody signs in at the last moment"
	}
	p := authtest.SignsIn(r.between(5*time.Second, 170*time.Second))
	p.Directory = authtest.DirectoryOf("elsewhere")
	return p, "somebody signs in elsewhere"
}

// look is a person's look at a tenant in the morning.
func (d *director) look(s *subject, r *draw) {
	calm := s.w.isCalm()
	s.act(pick(r, "bob", "carol"), func(a *acting) {
		row, err := a.engine().Status(a.ctx, s.name)
		if err != nil {
			return
		}
		if row.Status.Resting() && row.Error != nil && (calm || a.r.chance(0.3)) {
			if rep, err := a.engine().Report(a.ctx, syncer.RunRef{Tenant: s.name}); err == nil {
				a.mend(rep.Notes)
				for _, it := range rep.Items {
					if it.Verb == tenant.Create && it.Status == syncer.ItemConflict {
						a.rename(s.head(), it.Kind, it.Key)
					}
				}
			}
		}
		switch {
		case row.Status == state.PendingApproval:
			a.review(row, calm)
		case row.Status == state.NewError && row.Error != nil && row.Error.Class == "wrong_tenant":
			s.w.noteOf(s, a.name, "signs out", "the account of another directory")
			s.auth.Revoke(s.name)
			a.startAndReview(calm)
		case row.Status == state.NewError && row.Error != nil && row.Error.Class == "sign_in_needed" && (calm || a.r.chance(0.7)):
			a.startAndReview(calm)
		case (row.Status == state.NewError || row.Status == state.PartiallySuccessful) && !calm && a.r.chance(0.3):
			_, err := a.engine().Retry(a.ctx, syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: s.name}, Actor: a.name})
			a.said("retries", err)
		}
	})
}

// startAndReview signs in, and looks at the plan that comes of it. Whoever asks
// for a run cannot approve it, and somebody else may have to.
func (a *acting) startAndReview(calm bool) {
	a.start(syncer.StartRequest{Options: syncer.Options{Interactive: true}})
	pauseFor(a.ctx, a.r.between(5*time.Minute, 30*time.Minute))
	row, err := a.engine().Status(a.ctx, a.s.name)
	if err != nil || row.Status != state.PendingApproval {
		return
	}
	a.review(row, calm)
	a.s.act("dave", func(b *acting) { b.review(row, calm) })
}

// mend does what the last report, or a plan, asks for: spoilt files are written anew,
// secrets are given, and files that could be meant for several objects get names of their own.
func (a *acting) mend(notes []plan.Note) {
	line := a.s.head()
	for _, n := range notes {
		if spoilt := slices.ContainsFunc(line.Problems, func(e tenant.FileError) bool { return e.Kind == n.Kind && e.Key == n.Key }); spoilt && n.Class == plan.BadFile {
			a.s.w.count("edit: file mended")
			a.s.writeFile(n.Kind, n.Key, a.s.newBody(&a.r, n.Kind, n.Key, "r"))
			continue
		}
		b := fileOf(line, n.Kind, n.Key)
		if n.Class == plan.SecretNeeded && b != nil {
			a.s.w.count("edit: file given a secret")
			b["secret"] = a.s.value(secretValue + "r")
			a.s.writeFile(n.Kind, n.Key, b)
			continue
		}
		if n.Class == plan.Unresolved && b != nil && n.Kind == "policies" {
			a.s.w.count("edit: file's references mended")
			a.s.newReferences(&a.r, b, "r")
			a.s.writeFile(n.Kind, n.Key, b)
			continue
		}
		if n.Class == plan.Unresolved && (n.Kind == "groups" || n.Kind == "locations") { // it is to be deleted
			a.s.w.count("edit: references to what is to be deleted taken out")
			a.s.takeOut(n.Kind)
			continue
		}
		if n.Class != plan.Ambiguous || b == nil {
			continue
		}
		a.rename(line, n.Kind, n.Key)
	}
}

// rename gives a file a name that nothing else has.
func (a *acting) rename(line tenant.Desired, kind, key string) {
	b := fileOf(line, kind, key)
	if b == nil {
		return
	}
	a.s.w.count("edit: file given a name of its own")
	own := title[kind] + " " + a.s.value("r")
	b["displayName"] = own
	a.s.writeFile(kind, key, nil)
	a.s.writeFile(kind, own, b)
}

// review decides on what waits, or not, or later.
func (a *acting) review(row syncer.Row, calm bool) {
	s := a.s
	p, err := a.engine().Plan(a.ctx, syncer.RunRef{Tenant: s.name})
	if err != nil || p.Digest != row.Digest {
		return // it has changed between two looks
	}
	d := syncer.Decision{RunRef: syncer.RunRef{Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve}
	for _, b := range p.Broken {
		if calm || a.r.chance(0.9) {
			d.Accept = append(d.Accept, b.Rule)
		}
	}
	if calm {
		a.mend(p.Notes)
		a.decideAll(d)
		return
	}
	switch a.r.weighted(50, 10, 10, 8, 8, 14, 6) {
	case 0:
		a.decideAll(d)
	case 1: // a part
		for _, it := range p.Items {
			if a.r.chance(0.6) {
				d.Items = append(d.Items, it.ID)
			}
		}
		if len(d.Items) > 0 {
			a.decideAll(d)
		}
	case 2:
		d.Verdict, d.Accept = syncer.Reject, nil
		a.decide(d)
	case 3:
		d.Verdict, d.Accept = syncer.RejectAndRevert, nil
		a.decide(d)
	case 4: // two who do not agree, at the same time
		other := pick(&a.r, syncer.Reject, syncer.RejectAndRevert, syncer.Approve)
		s.act("dave", func(b *acting) {
			o := d
			if o.Verdict = other; other != syncer.Approve {
				o.Accept = nil
			}
			b.decide(o)
		})
		a.decideAll(d)
	case 5: // much later: the plan may be another by then
		pauseFor(a.ctx, a.r.between(time.Hour, 3*day))
		if s.w.isClosed() {
			return
		}
		if now, err := a.engine().Status(a.ctx, s.name); err == nil && a.r.chance(0.5) {
			d.Run = now.Run // a page that knows of the new run and still shows the old plan
		}
		a.decideAll(d)
	case 6: // never
	}
}

// decideAll has as many people decide as it takes.
func (a *acting) decideAll(d syncer.Decision) {
	a.decide(d)
	for n := 1; n < a.s.w.cfg.approvals; n++ {
		other := acting{s: a.s, name: fmt.Sprintf("second-%d", n), ctx: a.ctx, r: a.r}
		other.decide(d)
	}
	if a.s.w.isCalm() {
		return
	}
	switch a.r.weighted(70, 15, 15) { // a change of mind, while it is being carried out
	case 1:
		pauseFor(a.ctx, a.r.between(0, pick(&a.r, 500*time.Millisecond, 10*time.Second)))
		a.cancel()
	case 2:
		pauseFor(a.ctx, a.r.between(0, pick(&a.r, 500*time.Millisecond, 10*time.Second)))
		a.pause(10 * time.Minute)
	}
}

// cancel ends the run under way, if there is one.
func (a *acting) cancel() {
	_, err := a.engine().Cancel(a.ctx, syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: a.s.name}, Actor: a.name})
	a.said("cancels", err)
}

// pause holds the tenant for a while.
func (a *acting) pause(atMost time.Duration) {
	_, err := a.engine().Pause(a.ctx, syncer.PauseRequest{Tenant: a.s.name, Actor: a.name, Reason: "a whim"})
	a.said("pauses", err)
	for {
		pauseFor(a.ctx, a.r.between(time.Second, atMost))
		_, err := a.engine().Resume(a.ctx, syncer.ResumeRequest{Tenant: a.s.name, Actor: a.name})
		a.said("resumes", err)
		if err == nil || a.s.w.isClosed() {
			return
		}
	}
}

// review is the approver's, where there is one.
func (p *ports) review(ctx context.Context, rv syncer.Review) (syncer.Decision, error) {
	s := p.w.subject(rv.Tenant)
	return through(ctx, p, call{op: opReview, s: s}, func(ctx context.Context) (syncer.Decision, error) {
		r := drawOf(p.w.cfg.Seed, uint64(p.w.cfg.Part), uint64(s.index), uint64(time.Now().UnixNano()), word("review"))
		how := r.weighted(40, 40, 10, 10)
		if p.w.isCalm() {
			how = 0
		}
		switch how {
		case 0:
			d := rv.Approve("ticket", "")
			for _, b := range rv.Plan.Broken {
				d.Accept = append(d.Accept, b.Rule)
			}
			s.offer(d)
			return d, nil
		case 2:
			return syncer.Decision{}, errors.New("the ticket system is down")
		case 3: // it blocks for a while
			pauseFor(ctx, r.between(time.Second, 10*time.Minute))
			return syncer.Decision{}, ctx.Err()
		}
		return syncer.Decision{}, nil
	})
}

// whims are what people do now and then.
func (d *director) whims(s *subject, n int, r *draw, when func(*draw, time.Duration, time.Duration) time.Time) {
	any := func(p float64, name string, do func(a *acting)) {
		if r.chance(p) {
			d.at(when(r, 0, day-time.Hour), func(*draw) { s.act(name, do) })
		}
	}
	any(0.05, "ann", func(a *acting) { a.startAndReview(false) })
	any(0.01, "ann", func(a *acting) { a.start(syncer.StartRequest{Options: syncer.Options{Mode: syncer.Preview}}) })
	any(0.01, "ann", func(a *acting) { a.start(syncer.StartRequest{Options: syncer.Options{Mode: syncer.BackupOnly}}) })
	any(0.01, "ann", func(a *acting) {
		a.start(syncer.StartRequest{Options: syncer.Options{Targets: []plan.Target{{Kind: pick(&a.r, listed...)}}}})
	})
	any(0.01, "ann", func(a *acting) { a.cancel() })
	any(0.01, "ann", func(a *acting) { // soon after the start, while it works
		a.start(syncer.StartRequest{Options: syncer.Options{Interactive: true}})
		pauseFor(a.ctx, a.r.between(0, 3*time.Second))
		a.cancel()
	})
	any(0.01, "ann", func(a *acting) { // twice
		a.start(syncer.StartRequest{Supersede: true, Options: syncer.Options{Interactive: true}})
		pauseFor(a.ctx, a.r.between(0, time.Second))
		a.start(syncer.StartRequest{Supersede: true, Options: syncer.Options{Interactive: true}})
	})
	any(0.01, "ann", func(a *acting) { a.rollBack() })
	any(0.01, "ann", func(a *acting) {
		_, err := a.engine().Recheck(a.ctx, syncer.RecheckRequest{Tenant: s.name, Actor: a.name})
		a.said("rechecks", err)
	})
	any(0.01, "eve", func(a *acting) { a.pause(12 * time.Hour) })
}
