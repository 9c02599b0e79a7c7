package syncer_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// modelChecks is how many sequences are drawn unless -rapid.checks says
// otherwise, and modelSteps how many commands they have about.
const (
	modelChecks = 250
	modelSteps  = 40
)

// TestModel draws what people, the tenant, the repository and the workers do,
// and holds what the engine makes of it against the model, after each step. In
// the end all is mended and everybody answers, and then the tenant must come
// to rest. What fails is printed as a script, as small as it was found.
func TestModel(t *testing.T) {
	s := newStats()
	var smallest *play
	defer func() {
		t.Log(s)
		if smallest != nil {
			smallest = smaller(t, smallest, time.Now().Add(*modelShrink))
			t.Logf("%s\n\nTo keep the story, save it in testdata:\n\n%s", smallest.m.broken, smallest.story())
		}
	}()
	defaults(t, "rapid.checks", modelChecks/stride)
	defaults(t, "rapid.steps", modelSteps)
	rapid.Check(t, func(rt *rapid.T) {
		p := playIn(t, s, func(p *play) { p.random(rt) })
		if p.m.broken != nil {
			if smallest != nil && p.m.broken.rule != smallest.m.broken.rule {
				return // what is made smaller stays the same
			}
			if smallest == nil || len(p.told) < len(smallest.told) {
				smallest = p
			}
			rt.Fatal(p.m.broken.rule)
		}
		s.checks++
	})
	s.complete(t)
}

// defaults sets a flag of rapid that was not given.
func defaults(t *testing.T, name string, value int) {
	f, given := flag.Lookup(name), false
	flag.Visit(func(g *flag.Flag) { given = given || g.Name == name })
	if given {
		return
	}
	old := f.Value.String()
	if err := f.Value.Set(fmt.Sprint(value)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(old) })
}

// play is one sequence of commands, and what they printed.
type play struct {
	t    *testing.T
	w    *world
	m    *model
	told []script.Step
	// workers are the names of those that may run in the background.
	workers string
	// plain: nothing races, so that the same comes of it each time.
	plain bool
}

// playIn plays in a bubble of its own. What is panicked with inside, as rapid
// does, is panicked with outside.
func playIn(t *testing.T, s *stats, do func(*play)) *play {
	var p *play
	var panicked any
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.end()
		defer func() { panicked = recover() }()
		p = &play{t: t, w: w, m: watch(w, s), workers: "a b c"}
		p.m.begin()
		do(p)
	})
	if panicked != nil {
		panic(panicked)
	}
	return p
}

// do carries out commands, with blank lines between them.
func (p *play) do(lines string) {
	for line := range strings.SplitSeq(lines, "\n\n") {
		first, input, _ := strings.Cut(line, "\n")
		c := parseLine(first, fmt.Sprintf("model:%d", len(p.told)+1))
		if input != "" {
			c.Input = input + "\n"
		}
		p.exec(c)
	}
}

// exec carries out a command, and looks at what came of it. Once a rule is
// broken nothing more is done.
func (p *play) exec(c script.Command) string {
	// Other goroutines change the model while the command runs. The lock orders
	// the reads of this goroutine, which draws the commands, before their writes.
	p.m.mu.Lock()
	broken := p.m.broken
	p.m.mu.Unlock()
	if broken != nil {
		return ""
	}
	worker, told := option(c, "worker", "a"), c
	told.Options = maps.Clone(c.Options) // some commands take what they use
	p.m.stats.stepped(c.Name)
	p.m.calm.doing(c.Name, worker)
	out := p.w.exec(c)
	if c.Name == "config" {
		p.m.begin()
	}
	p.m.calm.done(c.Name, worker)
	p.m.observe()
	p.m.agree()
	p.m.calm.check()
	p.told = append(p.told, script.Step{Command: told, Output: out})
	return out
}

// random plays what is drawn, and then brings it to rest.
func (p *play) random(rt *rapid.T) {
	d := drawing{rt, p}
	p.do(d.config())
	p.do("file groups A kind=security")
	for range d.number("edits before", 0, 4) {
		p.do(d.among("before", []weighted{{3, drawing.edit}, {2, drawing.tenant}}))
	}
	if d.chance("a worker", 85) {
		p.do("go worker=a")
	}
	rt.Repeat(map[string]func(*rapid.T){"do": func(rt *rapid.T) {
		if p.m.broken == nil {
			p.do(drawing{rt, p}.next())
		}
	}})
	p.mended()
}

// mended mends everything, lets everybody answer, and expects the tenant to
// come to rest, and then to be synced until there is nothing left to do.
func (p *play) mended() {
	p.do("mend\n\nrestart worker=last\n\ngo worker=last\n\npeople signs-in:5s")
	p.rest()
	for range 10 {
		if err := p.m.row.Error; err != nil && err.Class == "wrong_tenant" {
			p.do("revoke") // somebody is signed in to another directory
		}
		p.do("start worker=host actor=ann")
		p.rest()
		if p.m.broken != nil || p.m.o.Run().Outcome == syncer.Rejected { // an approver who rejects everything
			return
		}
		rep, err := p.m.front.Report(p.t.Context(), syncer.RunRef{Tenant: p.w.tenant})
		if err != nil || slices.ContainsFunc(rep.Notes, unplannable) {
			return // something that cannot be planned
		}
		if rep.Outcome == syncer.NoChanges {
			p.m.checkAgreement()
			return
		}
	}
	p.m.must(false, "a tenant that is synced again and again has nothing left to do", "%s (%s)", p.m.o.Status(), p.m.o.Run().Outcome)
}

// unplannable reports whether a note tells of something that syncs do not mend:
// what cannot be planned, and ids that lead nowhere, which a tenant may refuse.
func unplannable(n plan.Note) bool {
	return n.Class.Failure() || n.Class == plan.Unsupported || n.Class == plan.Dangling
}

// rest lets everybody answer until the tenant rests.
func (p *play) rest() {
	for n := 0; p.m.o.Status().Active() && n < 100; n++ {
		for _, holder := range slices.Sorted(maps.Keys(p.m.o.Paused())) {
			p.do("resume worker=host holder=" + holder)
		}
		if p.m.o.Status() == state.PendingApproval {
			p.do(fmt.Sprintf("approve worker=host actor=person-%d accept=max-deletes,protected,empty-desired,assignments-removed", n))
		}
		if p.m.o.Status().Active() {
			p.do("wait 5m")
		}
	}
	for _, holder := range slices.Sorted(maps.Keys(p.m.o.Paused())) {
		p.do("resume worker=host holder=" + holder)
	}
	p.m.must(p.m.o.Status().Resting(), "everything comes to rest", "%s, %s", p.m.o.Status(), p.m.row.Phase)
}
