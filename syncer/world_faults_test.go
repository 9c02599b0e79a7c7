package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// faults are what is to happen at workers' calls, and what was said when it did.
type faults struct {
	mu    sync.Mutex
	hooks []*hook
	lines []string
	sleep map[string]time.Time // until when a worker is frozen
	until time.Time            // until when the last fault lasted
	stops map[string]context.CancelFunc
}

// hook is what happens at one call of a worker, once.
type hook struct {
	worker string
	op     string
	left   int // calls to let through before
	fault  statetest.Fault
	kill   bool
	after  bool // killed after the call's effect
	freeze time.Duration
	run    []script.Command
}

// take returns the hook that strikes a worker's call, if one does.
func (f *faults) take(worker, op string) *hook {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, h := range f.hooks {
		if h.worker != worker || h.op != op {
			continue
		}
		if h.left > 0 {
			h.left--
			continue
		}
		f.hooks = slices.Delete(f.hooks, i, i+1)
		if until := time.Now().Add(max(h.freeze, h.fault.Delay)); until.After(f.until) {
			f.until = until
		}
		return h
	}
	return nil
}

// freeze makes all of a worker's calls wait from now on, for so long.
func (f *faults) freeze(worker string, d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sleep == nil {
		f.sleep = map[string]time.Time{}
	}
	f.sleep[worker] = time.Now().Add(d)
}

// frozen returns for how long a worker will be frozen yet.
func (f *faults) frozen(worker string) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Until(f.sleep[worker])
}

// lastStruck is until when the last fault lasted.
func (f *faults) lastStruck() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.until
}

// due reports whether anything is still to happen to a worker.
func (f *faults) due(worker string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Before(f.sleep[worker]) || slices.ContainsFunc(f.hooks, func(h *hook) bool { return h.worker == worker })
}

// drop forgets what was to happen to a worker.
func (f *faults) drop(worker string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hooks = slices.DeleteFunc(f.hooks, func(h *hook) bool { return h.worker == worker })
}

// say keeps what a command printed that ran in the middle of a call.
func (f *faults) say(line string) {
	if line == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, line)
}

// said returns what was kept since it was last asked.
func (f *faults) said() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := strings.Join(f.lines, "")
	f.lines = nil
	return out
}

// arm makes the hooks strike the worker's calls. A hook that runs commands
// delays the call, so that they are carried out in the middle of it.
func (w *world) arm(name string) {
	worker := w.workers[name]
	worker.Strike(func(c statetest.Call) statetest.Fault {
		if left := w.faults.frozen(name); left > 0 {
			return statetest.Fault{Delay: left}
		}
		h := w.faults.take(name, c.Op)
		if h == nil {
			return statetest.Fault{}
		}
		if h.kill {
			return worker.Dies(h.after)
		}
		if h.freeze > 0 {
			w.faults.freeze(name, h.freeze)
			h.fault.Delay = h.freeze
		}
		if len(h.run) > 0 {
			w.going.Go(func() {
				<-time.After(207 * time.Millisecond) // when nothing else happens
				for _, cmd := range h.run {
					if out := commands[cmd.Name](w, cmd); out != "" {
						w.faults.say(fmt.Sprintf("  meanwhile, %s: %s", cmd.Name, out))
					}
				}
			})
		}
		return h.fault
	})
}

// at OP NTH kill-before|kill-after|fail-before|fail-after|unknown-before|unknown-after|gone|delay:DURATION|freeze:DURATION|run [worker=NAME]:
// what happens at the worker's NTH call of OP from now on, counted from 0. A
// frozen worker's calls all wait. The commands to run stand below; they have a
// second for it.
func (w *world) at(c script.Command) string {
	w.worker(c)
	h := &hook{worker: option(c, "worker", "a"), op: arg(c, 0), left: w.number(c, arg(c, 1))}
	boom := errors.New("boom")
	how, param, _ := strings.Cut(arg(c, 2), ":")
	switch how {
	case "kill-before":
		h.kill = true
	case "kill-after":
		h.kill, h.after = true, true
	case "fail-before":
		h.fault.Before = boom
	case "fail-after":
		h.fault.After = boom
	case "unknown-before":
		h.fault.Before = state.ErrUnknown
	case "unknown-after":
		h.fault.After = state.ErrUnknown
	case "gone":
		h.fault.Before = state.ErrNotFound
	case "delay":
		h.fault.Delay = w.duration(c, param)
	case "freeze":
		h.freeze = w.duration(c, param)
	case "run":
		h.fault.Delay = time.Second
		for line := range strings.Lines(c.Input) {
			h.run = append(h.run, parseLine(strings.TrimSuffix(line, "\n"), c.Pos))
		}
	default:
		w.t.Fatalf("%s: unknown fault %q", c.Pos, arg(c, 2))
	}
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	w.faults.hooks = append(w.faults.hooks, h)
	return ""
}

// parseLine reads a command within a command: words and key=value only.
func parseLine(line, pos string) script.Command {
	words := strings.Fields(line)
	c := script.Command{Name: words[0], Pos: pos, Options: map[string]string{}}
	for _, word := range words[1:] {
		if k, v, ok := strings.Cut(word, "="); ok {
			c.Options[k] = v
		} else {
			c.Args = append(c.Args, word)
		}
	}
	return c
}

// go [worker=NAME]: a worker runs in the background until it is killed or stopped.
func (w *world) background(c script.Command) string {
	worker := w.worker(c)
	ctx, stop := context.WithCancel(worker.Context())
	w.faults.mu.Lock()
	if w.faults.stops == nil {
		w.faults.stops = map[string]context.CancelFunc{}
	}
	w.faults.stops[option(c, "worker", "a")] = stop
	w.faults.mu.Unlock()
	w.going.Go(func() {
		defer stop()
		if err := worker.Run(ctx); err != nil {
			w.t.Errorf("%s: Run: %v", c.Pos, err)
		}
	})
	synctest.Wait()
	return ""
}

// stop [worker=NAME]: a worker that runs in the background is asked to end, as
// a deployment of a new version does it.
func (w *world) stop(c script.Command) string {
	w.faults.mu.Lock()
	stop := w.faults.stops[option(c, "worker", "a")]
	w.faults.mu.Unlock()
	if stop == nil {
		return "it does not run\n"
	}
	stop()
	return ""
}

// kill [worker=NAME]: as a power cut would.
func (w *world) kill(c script.Command) string {
	w.worker(c).Kill()
	synctest.Wait()
	return ""
}

// restart [worker=NAME]: the process is gone and a new one takes its place.
func (w *world) restart(c script.Command) string {
	name := option(c, "worker", "a")
	if old := w.workers[name]; old != nil {
		old.Kill()
	}
	delete(w.workers, name)
	w.faults.drop(name)
	w.worker(c)
	return ""
}

// lag DURATION: from now on, reads see writes only so long after.
func (w *world) lag(c script.Command) string {
	d := w.duration(c, arg(c, 0))
	w.lags.Store(d > 0)
	w.fake().Lag(d)
	return ""
}

// slow reads|writes DURATION: from now on, each takes so long.
func (w *world) slow(c script.Command) string {
	d := w.duration(c, arg(c, 1))
	switch arg(c, 0) {
	case "reads":
		w.fake().SlowReads(d)
	case "writes":
		w.fake().SlowWrites(d)
	default:
		w.t.Fatalf("%s: reads or writes, not %q", c.Pos, arg(c, 0))
	}
	return ""
}

// throttle N RETRY-AFTER: the tenant refuses the next N requests.
func (w *world) throttle(c script.Command) string {
	w.fake().Throttle(w.number(c, arg(c, 0)), w.duration(c, arg(c, 1)))
	return ""
}

// writeFault names what goes wrong with a write.
func writeFault(how string) tenanttest.WriteFault {
	switch how {
	case "lost-before":
		return tenanttest.Unknown(false)
	case "lost-after":
		return tenanttest.LostAnswer()
	case "late":
		return tenanttest.LateEffect(20 * time.Second)
	}
	return tenanttest.Refused(tenant.Class(how))
}
