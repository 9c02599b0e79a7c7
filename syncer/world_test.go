package syncer_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// world is what a script acts on: a harness, workers, and the commands.
type world struct {
	t       *testing.T
	h       *syncertest.Harness
	edits   []func(*syncer.Config)
	planted func(*syncer.Config) // a bug, if any
	workers map[string]*syncertest.Worker
	tenant  string
	begun   time.Time
	clock   bool
	digests []string
	faults  faults
	going   sync.WaitGroup
	// touched counts the changes of people in the repository and in the tenant,
	// and lags says whether the tenant's reads lag.
	touched atomic.Int64
	lags    atomic.Bool
	oracle  *oracle.Oracle
	hostLog lockedBuffer // the lines that all workers have logged, as JSON
	// judge, if any, is present at whatever is asked of the engine.
	judge func(c script.Command, ask func() (string, error)) (string, error)
	// decides, if any, is shown a decision before it is sent.
	decides func(c script.Command, d *syncer.Decision)
	// returned, if any, is shown the row that an action has returned.
	returned func(c script.Command, row syncer.Row)
}

// permissions are those that the scripts' tenant needs.
var permissions = []string{"Policies.Read", "Policies.Write", "Groups.Read", "Locations.Read"}

func newWorld(t *testing.T) *world {
	h := syncertest.New(syncertest.Config{Permissions: []tenant.Permission{
		{AnyOf: []string{"Policies.Read"}, Kinds: []string{"policies"}},
		{AnyOf: []string{"Policies.Write"}, Kinds: []string{"policies"}, Write: true},
		{AnyOf: []string{"Groups.Read"}, Kinds: []string{"groups"}},
		{AnyOf: []string{"Locations.Read"}, Kinds: []string{"locations"}, Optional: true},
	}})
	inTurn := func(conf *syncer.Config) { conf.WriteConcurrency = 1 } // so that scripts print the same each time
	w := &world{t: t, h: h, workers: map[string]*syncertest.Worker{}, tenant: "contoso", begun: time.Now(), edits: []func(*syncer.Config){inTurn}}
	w.oracle = oracle.New(oracleConfig(h, w.tenant, w.configured()))
	return w
}

// end lets everything that still runs come to its end, so that the bubble can.
func (w *world) end() {
	for _, worker := range w.workers {
		worker.Kill()
	}
	w.going.Wait()
}

func (w *world) fake() *tenanttest.Fake { return w.h.Tenant(w.tenant) }

// commands by name; each returns what it prints.
var commands map[string]func(w *world, c script.Command) string

// asks are the commands that ask something of the engine; each returns what it
// prints, and the engine's error.
var asks map[string]func(w *world, c script.Command) (string, error)

func init() {
	commands = map[string]func(w *world, c script.Command) string{
		"on": (*world).on, "file": (*world).file, "unfile": (*world).unfile, "repo": (*world).repo, "revisions": (*world).revisions,
		"seed": (*world).seed, "set": (*world).set, "remove": (*world).remove, "tenant": (*world).objects, "writes": (*world).writes,
		"config": (*world).config, "people": (*world).persons, "permission": (*world).permission, "kind": (*world).kind, "fail": (*world).fail,
		"work": (*world).work, "sync": (*world).sync, "go": (*world).background, "join": (*world).join,
		"wait": (*world).wait, "until": (*world).until, "clock": (*world).showClock, "restart": (*world).restart, "kill": (*world).kill, "at": (*world).at,
		"revoke": (*world).revoke, "calls": (*world).calls, "error": (*world).copyError, "log": (*world).log,
		"switch": (*world).switchTo, "rule": (*world).rule, "group": (*world).group, "auto": (*world).auto, "settings": (*world).settings,
		"signed-in": (*world).signedIn, "auth": (*world).auth, "mend": (*world).mend,
		"stop": (*world).stop, "lag": (*world).lag, "slow": (*world).slow, "throttle": (*world).throttle,
	}
	asks = map[string]func(w *world, c script.Command) (string, error){
		"start": (*world).start, "cancel": (*world).cancel, "retry": (*world).retry, "recheck": (*world).recheck,
		"approve": (*world).decide, "reject": (*world).decide, "revert": (*world).decide, "abstain": (*world).decide,
		"remove-tenant": (*world).removeTenant, "pause": (*world).pause, "resume": (*world).resume,
		"status": (*world).status, "statuses": (*world).statuses, "runs": (*world).runs, "plan": (*world).showPlan, "report": (*world).report, "history": (*world).history,
		"logs": (*world).logs, "artifacts": (*world).artifacts, "await": (*world).await, "cli": (*world).commandLine,
	}
	for name, ask := range asks {
		commands[name] = func(w *world, c script.Command) string {
			out, err := w.judged(c, func() (string, error) { return ask(w, c) })
			return out + failed(err)
		}
	}
}

// judged asks something of the engine, in the presence of whoever judges the
// answer.
func (w *world) judged(c script.Command, ask func() (string, error)) (string, error) {
	if w.judge == nil {
		return ask()
	}
	return w.judge(c, ask)
}

// exec carries out a command, and prints what it returned and what happened.
func (w *world) exec(c script.Command) string {
	f, ok := commands[c.Name]
	if !ok {
		w.t.Fatalf("%s: unknown command %q", c.Pos, c.Name)
	}
	out := f(w, c)
	out = w.scrub(w.events() + w.faults.said() + out)
	synctest.Wait() // the next command finds nobody in the middle of something
	return out
}

var (
	guid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	hash = regexp.MustCompile(`[0-9a-f]{64}`)
	rev  = regexp.MustCompile(`[0-9]+-[0-9a-f]{32}`)
	call = regexp.MustCompile(`request-[0-9]+`)
)

// scrub replaces ids and hashes, which say nothing to a reader, by names.
func (w *world) scrub(s string) string {
	s = rev.ReplaceAllString(hash.ReplaceAllString(s, "<hash>"), "<revision>")
	s = call.ReplaceAllString(s, "request-<n>")
	return guid.ReplaceAllStringFunc(s, func(id string) string {
		for _, k := range syncertest.Kinds() {
			for _, r := range w.fake().Objects(k.Name) {
				if r.ID == id {
					return "<" + nameOf(r.Body) + ">"
				}
			}
		}
		return "<id>"
	})
}

// events prints what happened since the last command.
func (w *world) events() string {
	var b strings.Builder
	for _, e := range w.h.Events.Take() {
		at := ""
		if w.clock {
			at = "+" + e.Time.Sub(w.begun).Truncate(time.Second).String() + " "
		}
		switch e.Type {
		case syncer.StatusChanged:
			fmt.Fprintf(&b, "%s%s", at, syncertest.Line(e))
			if e.To.Resting() {
				fmt.Fprintf(&b, " (%s", e.Outcome)
				if e.Reason != "" && e.Outcome != "" {
					fmt.Fprintf(&b, ": ")
				}
				fmt.Fprintf(&b, "%s)", e.Reason)
			}
			b.WriteByte('\n')
		case syncer.PromptShown:
			fmt.Fprintf(&b, "  code %s at %s, %s left\n", e.Prompt.UserCode, e.Prompt.URL, e.Deadline.Sub(e.Time).Round(time.Second))
		case syncer.PlanReady:
			fmt.Fprintf(&b, "  plan: %d to create, %d to update, %d to delete, %d conflicts, %d problems\n",
				e.Counts.Create, e.Counts.Update, e.Counts.Delete, e.Counts.Conflicts, e.Counts.Problems)
			if !slices.Contains(w.digests, e.Digest) {
				w.digests = append(w.digests, e.Digest)
			}
		case syncer.ItemDone:
			fmt.Fprintf(&b, "  %s %s %s", e.Item.Status, e.Item.Verb, e.Item.Item)
			if e.Item.Message != "" {
				fmt.Fprintf(&b, ": %s", e.Item.Message)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// worker returns the worker that a command names, made when first named.
func (w *world) worker(c script.Command) *syncertest.Worker {
	name := option(c, "worker", "a")
	if w.workers[name] == nil {
		w.workers[name] = w.h.Worker(name, syncertest.WorkerConfig{Edit: func(conf *syncer.Config) {
			for _, edit := range w.edits {
				edit(conf)
			}
			if w.planted != nil {
				w.planted(conf)
			}
			watched(w.oracle, conf)
			conf.Logger = slog.New(slog.NewJSONHandler(&w.hostLog, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}})
		w.arm(name)
	}
	return w.workers[name]
}

func option(c script.Command, name, otherwise string) string {
	if v, ok := c.Options[name]; ok {
		return v
	}
	return otherwise
}

func arg(c script.Command, i int) string {
	if i < len(c.Args) {
		return c.Args[i]
	}
	return ""
}

func (w *world) duration(c script.Command, s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		w.t.Fatalf("%s: %v", c.Pos, err)
	}
	return d
}

func (w *world) number(c script.Command, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		w.t.Fatalf("%s: %v", c.Pos, err)
	}
	return n
}

// failed prints an error.
func failed(err error) string {
	if err == nil {
		return ""
	}
	return "error: " + err.Error() + "\n"
}

// body makes an object of key=value options. A value in brackets is an array
// of strings, true, false, null and numbers are those; @kind/name is an id.
func (w *world) body(c script.Command, name string) json.RawMessage {
	o := map[string]any{}
	if name != "" {
		o["displayName"] = name
	}
	for k, v := range c.Options {
		switch {
		case strings.HasPrefix(v, "["):
			list := []any{}
			for _, s := range strings.Split(strings.Trim(v, "[]"), ",") {
				if s != "" {
					list = append(list, w.scalar(c, s))
				}
			}
			o[k] = list
		default:
			o[k] = w.scalar(c, v)
		}
	}
	raw, err := json.Marshal(o)
	if err != nil {
		w.t.Fatalf("%s: %v", c.Pos, err)
	}
	return raw
}

func (w *world) scalar(c script.Command, s string) any {
	if ref, ok := strings.CutPrefix(s, "@"); ok {
		kind, name, _ := strings.Cut(ref, "/")
		return w.find(kind, name)
	}
	var v any
	if s == "true" || s == "false" || s == "null" || s != "" && s[0] >= '0' && s[0] <= '9' {
		if json.Unmarshal([]byte(s), &v) == nil {
			return v
		}
	}
	return s
}

func nameOf(body json.RawMessage) string {
	var o struct {
		DisplayName string `json:"displayName"`
	}
	_ = json.Unmarshal(body, &o)
	return o.DisplayName
}

// show prints an object's properties, without what the service sets.
func show(body json.RawMessage) string {
	var o map[string]any
	_ = json.Unmarshal(body, &o)
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(o)) {
		if slices.Contains([]string{"id", "createdDateTime", "modifiedDateTime"}, k) {
			continue
		}
		v := o[k]
		if list, ok := v.([]any); ok {
			text := make([]string, len(list))
			for i := range list {
				text[i] = fmt.Sprint(list[i])
			}
			parts = append(parts, fmt.Sprintf("%s=[%s]", k, strings.Join(text, ",")))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s=%v", k, v))
	}
	return strings.Join(parts, " ")
}

// update writes the desired line as a person would.
func (w *world) update(c script.Command, changes ...tenant.Change) string {
	ctx := context.Background()
	w.touched.Add(1)
	d, err := w.h.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: w.tenant})
	if err == nil {
		_, err = w.h.Repository.Update(ctx, tenant.UpdateRequest{Tenant: w.tenant, Parent: d.Revision,
			Key: "person/" + c.Pos + d.Revision, Changes: changes, Message: "edit", Author: "person"})
	}
	return failed(err)
}

// file KIND KEY [property=value …] [name=NAME]: writes a file of the repository.
func (w *world) file(c script.Command) string {
	name := arg(c, 1)
	if n, ok := c.Options["name"]; ok {
		name = n
		delete(c.Options, "name")
	}
	if arg(c, 0) == "settings" {
		name = ""
	}
	return w.update(c, tenant.Change{Kind: arg(c, 0), Key: arg(c, 1), Body: w.body(c, name)})
}

// unfile KIND KEY: removes a file of the repository.
func (w *world) unfile(c script.Command) string {
	return w.update(c, tenant.Change{Kind: arg(c, 0), Key: arg(c, 1)})
}

// repo: prints the desired line.
func (w *world) repo(script.Command) string {
	d, err := w.h.Repository.Desired(context.Background(), tenant.DesiredRequest{Tenant: w.tenant})
	var lines []string
	for _, r := range d.Resources {
		lines = append(lines, fmt.Sprintf("%s/%s: %s\n", r.Kind, r.Key, show(r.Body)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "") + failed(err)
}

// revisions LINE: prints a line's revisions, newest first.
func (w *world) revisions(c script.Command) string {
	revs, err := w.h.Repository.History(context.Background(), tenant.RepositoryHistoryRequest{Tenant: w.tenant, Line: tenant.Line(arg(c, 0))})
	var b strings.Builder
	for _, r := range revs {
		fmt.Fprintf(&b, "%s by %s\n", r.Message, r.Author)
	}
	return b.String() + failed(err)
}

// seed KIND NAME [property=value …]: an object that has long been there.
func (w *world) seed(c script.Command) string {
	name := arg(c, 1)
	w.touched.Add(1)
	w.fake().Seed(arg(c, 0), string(w.body(c, name)))
	return ""
}

// find returns the id of the object of that name, the first if there are
// several; "" if there is none.
func (w *world) find(kind, name string) string {
	for _, r := range w.fake().Objects(kind) {
		if kind == "settings" || nameOf(r.Body) == name {
			return r.ID
		}
	}
	return ""
}

// set KIND NAME [property=value …]: somebody changes an object in the tenant.
func (w *world) set(c script.Command) string {
	id := w.find(arg(c, 0), arg(c, 1))
	if id == "" {
		return "there is none\n"
	}
	w.touched.Add(1)
	w.fake().Set(arg(c, 0), id, string(w.body(c, "")))
	return ""
}

// remove KIND NAME: somebody deletes an object in the tenant.
func (w *world) remove(c script.Command) string {
	id := w.find(arg(c, 0), arg(c, 1))
	if id == "" {
		return "there is none\n"
	}
	w.touched.Add(1)
	w.fake().Remove(arg(c, 0), id)
	return ""
}

// tenant: prints the tenant's objects.
func (w *world) objects(script.Command) string {
	var lines []string
	for _, k := range syncertest.Kinds() {
		for _, r := range w.fake().Objects(k.Name) {
			if text := show(r.Body); text != "" {
				lines = append(lines, fmt.Sprintf("%s: %s\n", k.Name, text))
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// writes: prints the writes that took effect, repeated and overlapping ones apart.
func (w *world) writes(script.Command) string {
	var b strings.Builder
	for _, op := range w.fake().Writes() {
		fmt.Fprintf(&b, "%s %s %s by %s\n", op.Verb, op.Kind, cmp.Or(op.NaturalKey, nameOf(op.Before)), op.Worker)
	}
	fmt.Fprintf(&b, "%d writes, %d repeated, %d overlapping\n", len(w.fake().Writes()), len(w.fake().Repeated()), len(w.fake().Overlapping()))
	return b.String()
}

// permission grant|deny NAME
func (w *world) permission(c script.Command) string {
	if arg(c, 0) == "deny" {
		w.fake().Deny(arg(c, 1))
	} else {
		w.fake().Grant(arg(c, 1))
	}
	return ""
}

// kind forbid|allow|unlicense|fail|cut|work KIND
func (w *world) kind(c script.Command) string {
	f, kind := w.fake(), arg(c, 1)
	switch arg(c, 0) {
	case "forbid":
		f.Forbid(kind)
	case "allow":
		f.Allow(kind)
	case "unlicense":
		f.Unlicense(kind)
	case "unread":
		f.Unread(kind, c.Args[2:]...)
	case "fail":
		f.FailReads(kind, tenant.Transient)
	case "cut":
		f.CutReads(kind, 1)
	case "work":
		f.FailReads(kind, "")
		f.CutReads(kind, -1)
	default:
		w.t.Fatalf("%s: unknown condition %q", c.Pos, arg(c, 0))
	}
	return ""
}

// fail writes N CLASS: the next N writes fail before their effect.
// fail write KIND[#PART] NAME before|lost-before|lost-after: that object's next write, or that of the part.
func (w *world) fail(c script.Command) string {
	if arg(c, 0) == "writes" {
		w.fake().FailNextWrites(w.number(c, arg(c, 1)), tenant.Class(arg(c, 2)))
		return ""
	}
	kind, name, how := arg(c, 1), arg(c, 2), arg(c, 3)
	times := 1
	if len(c.Args) > 4 {
		times = w.number(c, arg(c, 4))
	}
	w.fake().FailWrite(func(op tenant.Operation) tenanttest.WriteFault {
		written := op.Kind
		if op.Part != "" {
			written += "#" + op.Part
		}
		match := written == kind && (nameOf(op.After) == name || nameOf(op.Before) == name)
		if !match || times == 0 {
			return tenanttest.WriteFault{}
		}
		times--
		return writeFault(how)
	})
	return ""
}

// calls OP: prints how often the worker made a call.
func (w *world) calls(c script.Command) string {
	n := 0
	for _, call := range w.worker(c).Calls.Calls() {
		if call.Op == arg(c, 0) {
			n++
		}
	}
	return fmt.Sprintln(n)
}
