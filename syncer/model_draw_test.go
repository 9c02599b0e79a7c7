package syncer_test

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// drawing draws what happens next, as lines of a script. What it draws depends
// on how things are, so that most of it makes sense, and some of it does not.
type drawing struct {
	*rapid.T
	p *play
}

// pick draws one of several values, each as likely as the others: rapid's own
// SampledFrom prefers the first ones.
func pick[V any](values []V) *rapid.Generator[V] {
	n := bits.Len(uint(len(values))) + 3
	return rapid.Custom(func(t *rapid.T) V {
		x := 0
		for range n {
			x <<= 1
			if rapid.Bool().Draw(t, "bit") {
				x++
			}
		}
		return values[x*len(values)>>n]
	})
}

// one draws one of several texts, separated by spaces; "" is written as -.
func (d drawing) one(label, texts string) string {
	s := pick(strings.Fields(texts)).Draw(d.T, label)
	if s == "-" {
		return ""
	}
	return s
}

// number draws a number from first to last.
func (d drawing) number(label string, first, last int) int {
	numbers := make([]int, last-first+1)
	for i := range numbers {
		numbers[i] = first + i
	}
	return pick(numbers).Draw(d.T, label)
}

// chance draws true in so many of a hundred cases.
func (d drawing) chance(label string, percent int) bool {
	return d.number(label, 0, 99) >= 100-percent
}

// weighted is a way to go on, as likely as its weight.
type weighted struct {
	weight int
	draw   func(drawing) string
}

func (d drawing) among(label string, ways []weighted) string {
	var way []int
	for i, w := range ways {
		way = append(way, slices.Repeat([]int{i}, w.weight)...)
	}
	return ways[pick(way).Draw(d.T, label)].draw(d)
}

// config draws how the workers are set up.
func (d drawing) config() string {
	atOnce := "1"
	if !d.p.plain && d.chance("several at once", 15) {
		atOnce = "4"
	}
	line := "config reads-at-once=" + atOnce + " writes-at-once=" + atOnce + " refuse=" + nobody
	add := func(percent int, name, values string) {
		if d.chance(name, percent) {
			line += " " + name + "=" + d.one(name, values)
		}
	}
	add(100, "approval-timeout", "20m 1h")
	add(100, "run-timeout", "3h 30m")
	add(100, "recheck", "10m -1s")
	add(40, "approvals", "2")
	add(30, "allow-requester", "yes")
	add(35, "approver", "approves rejects reverts passes blocks fails")
	add(20, "attempts", "2")
	add(15, "stop-on-failure", "yes")
	add(10, "require-consent", "yes")
	add(20, "drift", "enforce")
	add(25, "lease", "15s 3m")
	add(20, "max-deletes", "1")
	add(30, "protected", "groups policies/A")
	return line
}

// next draws what happens next.
func (d drawing) next() string {
	m := d.p.m
	ways := []weighted{
		{16, drawing.time}, {14, drawing.edit}, {6, drawing.tenant}, {9, drawing.condition},
		{8, drawing.people}, {7, drawing.worker}, {8, drawing.fault}, {6, drawing.read}, {6, drawing.foreground},
		{10, drawing.scene}, {3, drawing.start}, {3, drawing.decide}, {3, drawing.cancel}, {3, drawing.retry}, {4, drawing.recheck}, {4, drawing.pause},
	}
	if m.o.Status().Resting() {
		ways = append(ways, weighted{30, drawing.start}, weighted{4, drawing.retry}, weighted{3, drawing.recheck})
		if len(m.missing()) > 0 || m.o.Status() == state.PendingAdminConsent {
			ways = append(ways, weighted{20, drawing.recheck}, weighted{10, drawing.grant})
		}
		if m.record().LeaseUntil.After(time.Now()) {
			ways = append(ways, weighted{30, drawing.recheck})
		}
	} else {
		ways = append(ways, weighted{5, drawing.cancel}, weighted{6, drawing.start})
	}
	switch {
	case m.o.Status() == state.PendingApproval && !time.Now().Before(m.o.Until()):
		ways = append(ways, weighted{90, drawing.decide})
	case m.o.Status() == state.PendingApproval:
		ways = append(ways, weighted{60, drawing.decide}, weighted{15, drawing.until})
	case m.o.Status() == state.PendingAuthentication:
		ways = append(ways, weighted{25, drawing.until})
	}
	if len(m.o.Paused()) > 0 {
		ways = append(ways, weighted{15, drawing.pause})
	}
	if d.p.running() == 0 {
		ways = append(ways, weighted{25, drawing.worker})
	}
	return d.among("what", ways)
}

// scene is several commands that belong together, for what seldom comes about
// by chance.
func (d drawing) scene() string {
	proposed := d.edit() + "\n\nstart worker=host actor=ann supersede=yes\n\nwait 5s\n\n"
	permission := d.one("permission", strings.Join(permissions, " "))
	return d.among("scene", []weighted{
		{3, func(d drawing) string { return proposed + d.decide() }},
		{2, func(d drawing) string {
			return proposed + "approve worker=host actor=bob\n\napprove worker=host actor=bob"
		}},
		{3, func(d drawing) string {
			kill := ""
			for name := range strings.FieldsSeq(d.p.workers) {
				if d.p.runs(name) {
					kill += "kill worker=" + name + "\n\n"
				}
			}
			return proposed + kill + d.until() + "\n\n" + d.decide()
		}},
		{3, func(d drawing) string {
			recheck := d.recheck()
			return "permission deny " + permission + "\n\n" + recheck + "\n\npermission grant " + permission + "\n\n" + recheck
		}},
		{2, func(d drawing) string {
			level, kind := d.one("level", "low high"), d.one("value", "security mail guest")
			return "file settings settings level=" + level + "\n\nfile groups B kind=" + kind + "\n\nstart worker=host actor=ann supersede=yes\n\nwait 5s\n\n" +
				"approve worker=host actor=bob items=" + d.one("part", "groups/B settings/settings") + "\n\nwait 5s"
		}},
		{3, func(d drawing) string {
			two := "slow writes 8s\n\nkind work groups\n\n"
			for name := range strings.FieldsSeq(d.p.workers) {
				if w := d.p.w.workers[name]; !d.p.runs(name) && (w == nil || !w.Dead()) {
					two += "go worker=" + name + "\n\n"
				}
			}
			return two + d.edit() + "\n\n" + proposed + "approve worker=host actor=bob accept=protected\n\nwait " + d.one("how long", "10s 59s")
		}},
		{2, func(d drawing) string {
			return "at Leaser.Release 0 kill-before worker=" + d.one("worker", d.p.workers) + "\n\n" + proposed + "wait 10s\n\n" + d.recheck()
		}},
	})
}

// until is a time close to the deadline.
func (d drawing) until() string {
	return "until worker=host " + d.one("offset", "-1s -1ms 0s 0s 1ms 1s 3s")
}

func (d drawing) time() string {
	return "wait " + d.one("wait", "1s 5s 20s 59s 1m 61s 2m59s 3m 3m1s 10m 25m")
}

// edit is a person's edit of the repository.
func (d drawing) edit() string {
	kind := d.one("kind", "groups groups policies policies locations settings")
	if kind == "settings" {
		return "file settings settings level=" + d.one("value", "low high")
	}
	key := d.one("key", "A B C")
	if d.chance("remove", 20) {
		return fmt.Sprintf("unfile %s %s", kind, key)
	}
	return fmt.Sprintf("file %s %s%s", kind, key, d.properties(kind, func(g string) string { return "${groups/" + g + "}" }))
}

// properties draws an object's, with references made by ref.
func (d drawing) properties(kind string, ref func(string) string) string {
	switch kind {
	case "groups":
		return " kind=" + d.one("value", "security mail guest")
	case "locations":
		return " range=" + d.one("value", "10.0.0.0/8 192.168.0.0/16")
	}
	line := " state=" + d.one("value", "off on report")
	if g := d.one("group", "- A A A B C"); g != "" {
		line += " groups=[" + ref(g) + "]"
	}
	return line
}

// tenant is what somebody does in the tenant.
func (d drawing) tenant() string {
	kind := d.one("kind", "groups policies locations settings")
	if kind == "settings" {
		return "set settings settings level=" + d.one("value", "low high")
	}
	name := d.one("name", "A B C D")
	id := func(g string) string {
		if d.p.w.find("groups", g) == "" {
			return "All"
		}
		return "@groups/" + g
	}
	switch {
	case d.p.w.find(kind, name) == "":
		return fmt.Sprintf("seed %s %s%s", kind, name, d.properties(kind, id))
	case d.chance("remove", 30):
		return fmt.Sprintf("remove %s %s", kind, name)
	}
	return fmt.Sprintf("set %s %s%s", kind, name, d.properties(kind, id))
}

// condition is something that is wrong with the tenant, or is not any more.
func (d drawing) condition() string {
	return d.among("condition", []weighted{
		{6, func(d drawing) string { return "mend" }},
		{6, func(d drawing) string {
			return "permission grant " + d.one("permission", strings.Join(permissions, " "))
		}},
		{6, func(d drawing) string {
			return "permission deny " + d.one("permission", strings.Join(permissions, " "))
		}},
		{3, func(d drawing) string { return "kind work " + d.one("kind", "groups policies locations settings") }},
		{5, func(d drawing) string {
			return "kind " + d.one("how", "fail cut forbid unlicense") + " " + d.one("kind", "groups policies locations settings")
		}},
		{4, func(d drawing) string {
			return fmt.Sprintf("fail writes %s %s", d.one("times", "1 2 6"), d.one("class", "transient throttled forbidden invalid conflict permanent unauthenticated"))
		}},
		{5, func(d drawing) string {
			return fmt.Sprintf("fail write %s %s %s %s", d.one("kind", "groups policies"), d.one("name", "A B"), d.one("how", "lost-before lost-after late transient invalid"), d.one("times", "1 2"))
		}},
		{2, func(d drawing) string { return "lag " + d.one("lag", "0s 5s 15s") }},
		{4, func(d drawing) string {
			return "slow " + d.one("what", "reads writes") + " " + d.one("how slow", "0s 2s 8s")
		}},
		{2, func(d drawing) string { return "throttle " + d.one("times", "1 5") + " " + d.one("after", "1s 30s") }},
	})
}

// grant grants a permission that is missing, if one is.
func (d drawing) grant() string {
	for _, need := range d.p.m.missing() {
		return "permission grant " + need.AnyOf[0]
	}
	return "wait 10m"
}

// people is about who signs in.
func (d drawing) people() string {
	return d.among("people", []weighted{
		{6, func(d drawing) string {
			line := "people"
			for range d.number("how many", 1, 3) {
				switch act := d.one("act", "signs-in signs-in signs-in declines wrong-tenant never"); act {
				case "never":
					line += " never"
				default:
					line += " " + act + ":" + d.one("after", "10s 1m 2m59s 3m 4m")
				}
			}
			return line
		}},
		{6, func(d drawing) string { return "revoke" }},
		{2, func(d drawing) string { return "revoke after=" + d.one("after", "0 1 2") }},
		{2, func(d drawing) string { return "signed-in" }},
		{3, func(d drawing) string {
			return fmt.Sprintf("auth %s %s %s", d.one("op", "credential begin wait token"), d.one("times", "1 2"),
				d.one("class", "transient sign_in_needed declined code_expired consent_needed blocked_by_policy"))
		}},
	})
}

// worker starts or ends a worker.
func (d drawing) worker() string {
	name := d.one("worker", d.p.workers)
	w := d.p.w.workers[name]
	switch {
	case w != nil && w.Dead():
		return "restart worker=" + name
	case d.p.runs(name) && d.chance("kill", 60):
		return "kill worker=" + name
	case d.p.runs(name):
		return "stop worker=" + name
	}
	return "go worker=" + name
}

// fault is something that will happen at a call of a worker.
func (d drawing) fault() string {
	if d.p.plain {
		return d.time() // where the same must come of the same, no two meet at one call
	}
	op := d.one("call", "Store.Commit Store.Commit Store.Load Store.History Leaser.Renew Leaser.Release Leaser.Release Leaser.Claim Leaser.Acquire Blobs.Put Blobs.Get "+
		"Repository.Desired Repository.Update Repository.Backup Client.Kinds Client.Permissions Client.Read Client.Read Client.Get Client.Apply Client.Apply")
	hows := "kill-before kill-after run run delay:5s freeze:5s freeze:45s freeze:90s freeze:4m fail-before fail-after"
	if port, _, _ := strings.Cut(op, "."); port == "Store" || port == "Leaser" || port == "Blobs" {
		hows += " unknown-before unknown-after"
	}
	if op == "Blobs.Get" {
		hows += " gone gone"
	}
	how := d.one("fault", hows)
	line := fmt.Sprintf("at %s %s %s worker=%s", op, d.one("nth", "0 0 0 1 2 5"), how, d.one("worker", d.p.workers))
	if how == "run" {
		for range d.number("how many", 1, 2) {
			line += "\n" + d.among("meanwhile", []weighted{
				{4, drawing.cancel}, {4, drawing.pause}, {4, drawing.start}, {4, drawing.decide}, {2, drawing.edit}, {2, drawing.tenant},
				{1, func(drawing) string { return "revoke" }}, {1, drawing.recheck}, {1, drawing.retry},
			})
		}
	}
	return line
}

// who draws the worker that is asked: mostly one to which nothing happens.
func (d drawing) who() string {
	name := d.one("asked", "host host host host host a b c")
	if d.p.plain {
		name = "host"
	}
	if w := d.p.w.workers[name]; w != nil && w.Dead() && !d.chance("though dead", 20) {
		name = "host"
	}
	return " worker=" + name
}

// nobody is who may do nothing.
const nobody = "mallory"

// actor draws who asks: seldom nobody, or one who may not.
func (d drawing) actor(names string) string {
	if d.chance("nobody", 5) {
		return " actor=" + d.one("who not", "- "+nobody)
	}
	return " actor=" + d.one("actor", names)
}

func (d drawing) start() string { return "start" + d.who() + d.request() }

func (d drawing) request() string {
	line := d.actor("ann ann bob")
	add := func(percent int, name, values string) {
		if d.chance(name, percent) {
			line += " " + name + "=" + d.one(name, values)
		}
	}
	add(22, "mode", "preview backup_only full sideways")
	add(15, "interactive", "no")
	add(35, "supersede", "yes")
	add(10, "targets", "groups policies/A groups/A,groups/B /A")
	add(8, "from", "0 1 2")
	return line
}

func (d drawing) decide() string {
	line := d.one("verdict", "approve approve approve approve approve reject revert abstain")
	approves := line == "approve"
	line += d.who() + d.actor("bob carol dave ann")
	p, err := d.p.m.front.Plan(d.p.t.Context(), syncer.RunRef{Tenant: d.p.w.tenant})
	if err == nil && approves && len(p.Broken) > 0 && d.chance("accept", 65) {
		var rules []string
		for _, b := range p.Broken {
			rules = append(rules, b.Rule)
		}
		line += " accept=" + strings.Join(slices.Compact(rules), ",")
	}
	if err == nil && approves && d.chance("subset", 40) {
		var ids []string
		for _, it := range p.Items {
			if d.chance("item", 60) && !strings.ContainsAny(it.ID, " ,=") {
				ids = append(ids, it.ID)
			}
		}
		if d.chance("no such item", 15) {
			ids = append(ids, "groups/Nobody")
		}
		if len(ids) > 0 {
			line += " items=" + strings.Join(ids, ",")
		}
	}
	if n := len(d.p.w.digests); n > 0 && d.chance("digest", 12) {
		line += fmt.Sprintf(" digest=%d", d.number("digest", 0, n-1))
	}
	if n := len(d.p.m.o.Runs()); n > 0 && d.chance("run", 12) {
		line += fmt.Sprintf(" run=run-%d", d.number("run", 1, n+1))
	}
	return line
}

// run draws the name of a run, or none.
func (d drawing) run() string {
	if !d.chance("a run", 25) {
		return ""
	}
	return fmt.Sprintf(" run=run-%d", d.number("run", 1, len(d.p.m.o.Runs())+1))
}

func (d drawing) cancel() string  { return "cancel" + d.who() + d.actor("ann bob") + d.run() }
func (d drawing) retry() string   { return "retry" + d.who() + d.actor("ann bob") + d.run() }
func (d drawing) recheck() string { return "recheck" + d.who() + d.actor("ann") }

func (d drawing) pause() string {
	act := "pause"
	if len(d.p.m.o.Paused()) > 0 && d.chance("resume", 75) || d.chance("resume", 10) {
		act = "resume"
	}
	if d.chance("nobody", 5) {
		return act + d.who() + " holder=" + d.one("who not", "- "+nobody)
	}
	return act + d.who() + " holder=" + d.one("holder", "ann bob")
}

// read looks, and must change nothing.
func (d drawing) read() string {
	switch what := d.one("read", "status statuses runs history plan report logs artifacts"); what {
	case "report", "logs":
		return what + d.who() + d.run()
	default:
		return what + d.who()
	}
}

// foreground works on the tenant in a worker that does not run.
func (d drawing) foreground() string {
	name := d.one("worker", d.p.workers+" d")
	if w := d.p.w.workers[name]; d.p.runs(name) || w != nil && w.Dead() {
		name = "d"
	}
	if w := d.p.w.workers[name]; w != nil && w.Dead() {
		return "restart worker=d"
	}
	duration := " for=" + d.one("for", "10s 4m 30m")
	switch what := d.one("how", "work work await cli"); what {
	case "cli":
		return what + " worker=" + name + d.request() + duration
	default:
		return what + " worker=" + name + duration
	}
}

// runs reports whether a worker runs in the background.
func (p *play) runs(name string) bool {
	w := p.w.workers[name]
	_, ok := p.m.calm.running[name]
	return ok && w != nil && !w.Dead()
}

// running counts the workers that run in the background.
func (p *play) running() int {
	n := 0
	for name := range p.m.calm.running {
		if p.runs(name) {
			n++
		}
	}
	return n
}
