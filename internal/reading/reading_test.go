package reading_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Errors of the tests.
var (
	errStopped = errors.New("the worker stops")
	errRevoked = &tenant.Error{Class: tenant.Unauthenticated, Op: "read", Message: "signed out"}
	errAbsent  = &tenant.Error{Class: tenant.NotFound, Op: "get"}
	errBusy    = &tenant.Error{Class: tenant.Throttled, Op: "get", Message: "too many requests"}
)

// answer is the client's answer to one call.
type answer struct {
	objects string // "ID {body}", one a line
	res     tenant.ReadResult
	err     error
	panics  bool
	stops   bool // the context ends during the call
}

// script is a client whose answers are written down by call: "read KIND",
// "read KIND for WHAT" or "get KIND ID". A call that has several answers gives
// them in order. A read without an answer finds nothing, and a get without one
// finds no object.
type script struct {
	tenant.Client // nil: no other method is called
	answers       map[string][]answer
	stop          context.CancelCauseFunc

	mu    sync.Mutex
	calls []string
}

func (c *script) next(call string) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call)
	left := c.answers[call]
	if len(left) == 0 {
		if strings.HasPrefix(call, "get ") {
			return answer{err: errAbsent}
		}
		return answer{}
	}
	c.answers[call] = left[1:]
	if left[0].panics {
		panic("a bug in the client")
	}
	if left[0].stops {
		c.stop(errStopped)
	}
	return left[0]
}

func (c *script) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	call := "read " + req.Kind
	if !req.All {
		what := slices.Clone(req.IDs)
		for _, m := range req.Matches {
			what = append(what, slices.Sorted(maps.Values(m))...)
		}
		call += " for " + strings.Join(what, ", ")
	}
	a := c.next(call)
	for _, r := range resources(a.objects) {
		if err := emit(r); err != nil {
			return tenant.ReadResult{}, err
		}
	}
	if a.res.Completeness == "" && a.res.Reason == "" && a.err == nil {
		a.res.Completeness = tenant.Complete
	}
	return a.res, cmp.Or(a.err, ctx.Err())
}

func (c *script) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	a := c.next("get " + req.Kind + " " + req.ID)
	if err := cmp.Or(a.err, ctx.Err()); err != nil {
		return tenant.Resource{}, err
	}
	return resources(a.objects)[0], nil
}

// resources parses objects as a client returns them, which names no kind.
func resources(text string) (all []tenant.Resource) {
	for line := range strings.Lines(text) {
		id, body, _ := strings.Cut(strings.TrimSpace(line), " ")
		if id == "-" {
			id = ""
		}
		all = append(all, tenant.Resource{ID: id, Body: json.RawMessage(body)})
	}
	return all
}

// port stands for the engine.
type port struct {
	mu       sync.Mutex
	progress []string
}

func (p *port) Failed(act string, err error) error {
	return fmt.Errorf("%s ends the work: %w", act, err)
}

func (p *port) Safely(act string, f func() error) func() error {
	return func() (err error) {
		defer func() {
			if got := recover(); got != nil {
				err = fmt.Errorf("%s: panic: %v", act, got)
			}
		}()
		return f()
	}
}

func (p *port) Progress(_ context.Context, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.progress = append(p.progress, fmt.Sprintf("%d of %d", done, total))
}

// kinds returns the kinds of the tests, compiled. Policies refer to groups and
// to roles, and groups to roles.
func kinds(t *testing.T) *schema.Kinds {
	t.Helper()
	compiled, err := schema.CompileAll([]tenant.Kind{
		{Name: "policies", References: []tenant.Reference{{Path: "/group", Kinds: []string{"groups"}}, {Path: "/role", Kinds: []string{"roles"}}}},
		{Name: "groups", Scope: tenant.Listed, References: []tenant.Reference{{Path: "/role", Kinds: []string{"roles"}}}},
		{Name: "roles", Scope: tenant.Referenced},
		{Name: "labels", Scope: tenant.OutOfScope},
	})
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// base returns a base that binds each "kind/key" to an id.
func base(objects ...string) *diff.Base {
	b := &diff.Base{Format: 1}
	for _, o := range objects {
		name, id, _ := strings.Cut(o, "=")
		kind, key, _ := strings.Cut(name, "/")
		b.Objects = append(b.Objects, &diff.BaseObject{Kind: kind, Key: key, ID: id})
	}
	return b
}

// show writes the result of a reading: the states of the kinds, the objects, and the
// objects that are gone.
func show(t *testing.T, c *diff.Comparison) string {
	t.Helper()
	var states, found, gone []string
	for _, k := range c.Current().Kinds {
		line := fmt.Sprintf("%s: %s", k.Kind, k.Completeness)
		if k.Scope != "" {
			line += " (" + string(k.Scope) + ")"
		}
		if len(k.Missing) > 0 {
			line += " lacks " + strings.Join(k.Missing, "+")
		}
		if k.Reason != "" {
			line += ": " + k.Reason
		}
		if k.RequestID != "" {
			line += " [" + k.RequestID + "]"
		}
		states = append(states, line)
	}
	for _, r := range c.Current().Resources {
		found = append(found, "object "+r.Kind+" "+r.ID)
	}
	if _, err := c.With(func(in *diff.Input) error {
		for _, o := range in.Gone {
			gone = append(gone, "gone "+o.Kind+" "+o.ID)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(slices.Concat(states, found, gone), "\n")
}

// undent removes the indentation of a table's text.
func undent(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// plain has the states of a tenant in which nothing went wrong.
const plain = `
	policies: complete (all)
	groups: complete (listed)
	roles: names_only (referenced): only objects that others refer to are read, for their names
	labels: out_of_scope (none)`

// Each row reads a tenant. A kind that was not read completely says so, and
// nothing of it counts as gone.
func TestTenant(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*reading.Request)
		answers map[string][]answer
		calls   string
		want    string
		err     string // part of the error; "" for none
		is      error  // what the error wraps
	}{
		{
			name: "everything in scope",
			answers: map[string][]answer{
				"read policies": {{objects: "p1 {}\np2 {}"}},
			},
			calls: "read groups for\nread policies",
			want:  plain + "\nobject policies p1\nobject policies p2",
		},
		{
			name: "a kind that the settings take out of scope, and one that they put in",
			change: func(r *reading.Request) {
				r.Input.Scopes = map[string]tenant.Scope{"policies": tenant.OutOfScope, "labels": tenant.All}
				r.Input.Base = base("policies/A=p1")
			},
			answers: map[string][]answer{"read labels": {{objects: "l1 {}"}}},
			calls:   "read groups for\nread labels",
			want: `policies: out_of_scope (none)
				groups: complete (listed)
				roles: names_only (referenced): only objects that others refer to are read, for their names
				labels: complete (all)
				object labels l1`,
		},
		{
			name: "a kind without its permissions is not read, and nothing of it is gone",
			change: func(r *reading.Request) {
				r.Unreadable = map[string][]string{"policies": {"Policy.Read.All", "Policy.Read.Other"}, "groups": nil}
				r.Input.Base = base("groups/G=g1", "policies/A=p1")
			},
			answers: map[string][]answer{"read groups for g1": {{objects: "g1 {}"}}},
			calls:   "read groups for g1",
			want: `policies: forbidden (all) lacks Policy.Read.All+Policy.Read.Other: the permission Policy.Read.All, Policy.Read.Other is not granted
				groups: complete (listed)
				roles: names_only (referenced): only objects that others refer to are read, for their names
				labels: out_of_scope (none)
				object groups g1`,
		},
		{
			name: "a kind without an optional permission is out of scope",
			change: func(r *reading.Request) {
				r.Left = map[string]bool{"policies": true, "groups": false}
				r.Unreadable = map[string][]string{"policies": {"Policy.Read.All"}}
				r.Input.Base = base("policies/A=p1")
			},
			calls: "read groups for",
			want: `policies: out_of_scope (all): an optional permission is not granted
				groups: complete (listed)
				roles: names_only (referenced): only objects that others refer to are read, for their names
				labels: out_of_scope (none)`,
		},
		{
			name: "a failed read keeps what it found, and is not absence",
			change: func(r *reading.Request) {
				r.Input.Base = base("policies/A=p1", "policies/B=p2")
			},
			answers: map[string][]answer{"read policies": {{objects: "p1 {}", err: &tenant.Error{Class: tenant.Transient, Op: "read", Kind: "policies", Message: "bad gateway"}}}},
			calls:   "read groups for\nread policies",
			want:    strings.Replace(plain, "policies: complete (all)", "policies: failed (all): read policies: transient: bad gateway", 1) + "\nobject policies p1",
		},
		{
			name: "a read that was cut short says why",
			change: func(r *reading.Request) {
				r.Input.Base = base("policies/A=p1", "policies/B=p2")
			},
			answers: map[string][]answer{"read policies": {{objects: "p1 {}", res: tenant.ReadResult{Completeness: tenant.Partial, Reason: "page 2 was lost", RequestID: "req-7"}}}},
			calls:   "read groups for\nread policies",
			want:    strings.Replace(plain, "policies: complete (all)", "policies: partial (all): page 2 was lost [req-7]", 1) + "\nobject policies p1",
		},
		{
			name:    "a directory role that is missing",
			answers: map[string][]answer{"read policies": {{res: tenant.ReadResult{Completeness: tenant.Forbidden, Reason: "refused", Missing: []string{"Security Reader"}}}}},
			calls:   "read groups for\nread policies",
			want:    strings.Replace(plain, "policies: complete (all)", "policies: forbidden (all) lacks Security Reader: refused", 1),
		},
		{
			name:    "a kind whose contents are not all read",
			answers: map[string][]answer{"read policies": {{objects: "p1 {}", res: tenant.ReadResult{Completeness: tenant.NamesOnly, Reason: "not read: their rules"}}}},
			calls:   "read groups for\nread policies",
			want:    strings.Replace(plain, "policies: complete (all)", "policies: names_only (all): not read: their rules", 1) + "\nobject policies p1",
		},
		{
			name: "a kind whose contents are not all read, and a later read fails",
			change: func(r *reading.Request) {
				r.Input.Base = base("groups/G=g1")
			},
			answers: map[string][]answer{
				"read policies":          {{objects: `p1 {"group":"g2"}` + "\n" + `p2 {"group":"g3"}`}},
				"read groups for g1":     {{objects: `g1 {}`, res: tenant.ReadResult{Completeness: tenant.NamesOnly, Reason: "not read: members"}}},
				"read groups for g2, g3": {{objects: "g2 {}", res: tenant.ReadResult{Completeness: tenant.Partial, Reason: "cut"}}},
			},
			calls: "read groups for g1\nread policies\nread groups for g2, g3",
			want:  strings.Replace(plain, "groups: complete (listed)", "groups: partial (listed): cut", 1) + "\nobject groups g1\nobject policies p1\nobject policies p2\nobject groups g2",
		},
		{
			name:    "a client that does not say how much it read",
			answers: map[string][]answer{"read policies": {{objects: "p1 {}", res: tenant.ReadResult{Reason: "forgotten"}}}},
			calls:   "read groups for\nread policies",
			want:    strings.Replace(plain, "policies: complete (all)", "policies: failed (all): the client did not say how much was read", 1) + "\nobject policies p1",
		},
		{
			name: "references lead on, and each object is read once",
			change: func(r *reading.Request) {
				r.Input.Base = base("groups/G=g1")
			},
			answers: map[string][]answer{
				"read policies":      {{objects: `p1 {"group":"g1","role":"r1"}` + "\n" + `p2 {"group":"g2"}`}},
				"read groups for g1": {{objects: "g1 {}"}},
				"read groups for g2": {{objects: `g2 {"role":"r2"}` + "\n" + `g1 {}`}},
				"read roles for r1":  {{objects: "r1 {}"}},
				"read roles for r2":  {{objects: "r2 {}"}},
			},
			calls: "read groups for g1\nread policies\nread groups for g2\nread roles for r1\nread roles for r2",
			want: plain + `
				object groups g1
				object policies p1
				object policies p2
				object groups g2
				object roles r1
				object roles r2`,
		},
		{
			name: "a kind that could not be read is not read for references",
			answers: map[string][]answer{
				"read policies":    {{objects: `p1 {"group":"g2","role":"r1"}`}},
				"read groups for ": {{res: tenant.ReadResult{Completeness: tenant.Unlicensed, Reason: "no licence"}}},
			},
			change: func(r *reading.Request) { r.Unreadable = map[string][]string{"roles": {"Role.Read"}} },
			calls:  "read groups for\nread policies",
			want: `policies: complete (all)
				groups: unlicensed (listed): no licence
				roles: forbidden (referenced) lacks Role.Read: the permission Role.Read is not granted
				labels: out_of_scope (none)
				object policies p1`,
		},
		{
			name: "a kind that a read for references shows incompletely",
			change: func(r *reading.Request) {
				r.Input.Base = base("groups/H=g7")
			},
			answers: map[string][]answer{
				"read policies":      {{objects: `p1 {"group":"g1","role":"r1"}`}},
				"read groups for g1": {{res: tenant.ReadResult{Completeness: tenant.Partial, Reason: "first"}, objects: `g1 {"role":"r2"}`}},
				"read roles for r1":  {{objects: "r1 {}"}},
			},
			calls: "read groups for g7\nread policies\nread groups for g1\nread roles for r1\nread roles for r2",
			want: strings.Replace(plain, "groups: complete (listed)", "groups: partial (listed): first", 1) + `
				object policies p1
				object groups g1
				object roles r1`,
		},
		{
			name:    "an object on two pages, and objects without an id",
			answers: map[string][]answer{"read policies": {{objects: "p1 {}\n- {}\np1 {}\n- {}"}}},
			calls:   "read groups for\nread policies",
			want:    plain + "\nobject policies p1\nobject policies\nobject policies",
		},
		{
			name:   "an object that two reads by id do not find is gone",
			change: func(r *reading.Request) { r.Input.Base = base("policies/A=p1", "policies/B=p2") },
			answers: map[string][]answer{
				"read policies": {{objects: "p2 {}"}},
			},
			calls: "read groups for\nread policies\nget policies p1\nget policies p1",
			want:  plain + "\nobject policies p2\ngone policies p1",
		},
		{
			name:   "an object that the list does not show yet",
			change: func(r *reading.Request) { r.Input.Base = base("policies/A=p1", "policies/B=p2") },
			answers: map[string][]answer{
				"get policies p1": {{objects: "p1 {}"}},
				"get policies p2": {{err: errAbsent}, {objects: "p2 {}"}},
			},
			calls: "read groups for\nread policies\nget policies p1\nget policies p2\nget policies p2",
			want:  plain + "\nobject policies p1\nobject policies p2",
		},
		{
			name:   "a read by id that fails says nothing of the object, and nothing of its kind",
			change: func(r *reading.Request) { r.Input.Base = base("policies/A=p1") },
			answers: map[string][]answer{
				"get policies p1": {{err: errBusy}},
			},
			calls: "read groups for\nread policies\nget policies p1",
			want:  strings.Replace(plain, "policies: complete (all)", "policies: partial (all): the client could not read whether p1 is gone: get throttled: too many requests", 1),
		},
		{
			name:   "a second read by id that fails",
			change: func(r *reading.Request) { r.Input.Base = base("policies/A=p1") },
			answers: map[string][]answer{
				"get policies p1": {{err: errAbsent}, {err: errors.New("no route")}},
			},
			calls: "read groups for\nread policies\nget policies p1\nget policies p1",
			want:  strings.Replace(plain, "policies: complete (all)", "policies: partial (all): the client could not read whether p1 is gone: no route", 1),
		},
		{
			name:   "targets are read with the kinds that they refer to",
			change: func(r *reading.Request) { r.Input.Targets = []plan.Target{{Kind: "groups", Key: "G"}} },
			answers: map[string][]answer{
				"read groups for ": {{objects: `g1 {"role":"r1"}`}},
			},
			calls: "read groups for\nread roles for r1",
			want: `policies: out_of_scope (none)
				groups: complete (listed)
				roles: names_only (referenced): only objects that others refer to are read, for their names
				labels: out_of_scope (none)
				object groups g1`,
		},
		{
			name:    "credentials that a list refuses",
			answers: map[string][]answer{"read policies": {{err: errRevoked}}},
			calls:   "read groups for\nread policies",
			err:     "backup: read policies ends the work: ", is: errRevoked,
		},
		{
			name: "credentials that a read for references refuses",
			answers: map[string][]answer{
				"read policies":     {{objects: `p1 {"role":"r1"}`}},
				"read roles for r1": {{err: errRevoked}},
			},
			calls: "read groups for\nread policies\nread roles for r1",
			err:   "backup: read roles ends the work: ", is: errRevoked,
		},
		{
			name:    "credentials that a read by id refuses",
			change:  func(r *reading.Request) { r.Input.Base = base("policies/A=p1") },
			answers: map[string][]answer{"get policies p1": {{err: errRevoked}}},
			calls:   "read groups for\nread policies\nget policies p1",
			err:     "backup: get policies ends the work: ", is: errRevoked,
		},
		{
			name:    "a context that ends during a list",
			answers: map[string][]answer{"read policies": {{err: errRevoked, stops: true}}},
			calls:   "read groups for\nread policies",
			err:     errStopped.Error(), is: errStopped,
		},
		{
			name:    "a context that ends during a read by id",
			change:  func(r *reading.Request) { r.Input.Base = base("policies/A=p1") },
			answers: map[string][]answer{"get policies p1": {{err: errAbsent, stops: true}}},
			calls:   "read groups for\nread policies\nget policies p1",
			err:     errStopped.Error(), is: errStopped,
		},
		{
			name:    "a client that panics in a list",
			answers: map[string][]answer{"read policies": {{panics: true}}},
			calls:   "read groups for\nread policies",
			err:     "backup: read policies: panic: a bug in the client",
		},
		{
			name:    "a client that panics in a read by id",
			change:  func(r *reading.Request) { r.Input.Base = base("policies/A=p1") },
			answers: map[string][]answer{"get policies p1": {{panics: true}}},
			calls:   "read groups for\nread policies\nget policies p1",
			err:     "backup: get policies: panic: a bug in the client",
		},
		{
			name:    "an object that is no JSON object",
			answers: map[string][]answer{"read policies": {{objects: "p1 5"}}},
			calls:   "read groups for\nread policies",
			err:     "backup: find the references to read: ",
		},
		{
			name:   "rules that the comparison refuses",
			change: func(r *reading.Request) { r.Input.Rules.Ignore = []plan.Ignore{{Pointer: "no slash"}} },
			err:    "backup: plan: ignore rule",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			client := &script{answers: tt.answers, stop: stop}
			req := reading.Request{Input: diff.Input{Tenant: "contoso", Kinds: kinds(t)}, Act: "backup", Client: client, Concurrency: 1,
				Log: slog.New(slog.DiscardHandler), Port: &port{}}
			if tt.change != nil {
				tt.change(&req)
			}
			got, err := reading.Tenant(ctx, req)
			if diff := gocmp.Diff(undent(tt.calls), undent(strings.Join(client.calls, "\n"))); diff != "" {
				t.Errorf("calls of the client (-want +got):\n%s", diff)
			}
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("got the error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(undent(tt.want), undent(show(t, got))); diff != "" {
				t.Errorf("what was read (-want +got):\n%s", diff)
			}
		})
	}
}

// The log tells once of each kind that was not completely read, and the engine
// how many of the reads that are known are done.
func TestTenantTellsLogAndEngine(t *testing.T) {
	var log bytes.Buffer
	p := &port{}
	_, err := reading.Tenant(t.Context(), reading.Request{Input: diff.Input{Kinds: kinds(t)}, Act: "verify", Concurrency: 1, Port: p,
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})),
		Client: &script{answers: map[string][]answer{
			"read policies":      {{objects: `p1 {"group":"g1","role":"r1"}`}},
			"read groups for g1": {{res: tenant.ReadResult{Completeness: tenant.Partial, Reason: "cut", RequestID: "req-9"}}},
		}}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([]string{"1 of 2", "2 of 2", "3 of 4", "4 of 4"}, p.progress); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	want := `level=WARN msg="kind not completely read" kind=groups completeness=partial reason=cut request=req-9` + "\n"
	if diff := gocmp.Diff(want, log.String()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// crowd is a client that takes a second for each call and counts the calls that
// are under way.
type crowd struct {
	tenant.Client
	mu        sync.Mutex
	now       int
	most, all map[string]int // by call
}

func (c *crowd) enter(call string) {
	c.mu.Lock()
	c.now++
	c.all[call]++
	c.most[call] = max(c.most[call], c.now)
	c.mu.Unlock()
	<-time.After(time.Second)
	c.mu.Lock()
	c.now--
	c.mu.Unlock()
}

func (c *crowd) Read(context.Context, tenant.ReadRequest, func(tenant.Resource) error) (tenant.ReadResult, error) {
	c.enter("read")
	return tenant.ReadResult{Completeness: tenant.Complete}, nil
}

func (c *crowd) Get(context.Context, tenant.GetRequest) (tenant.Resource, error) {
	c.enter("get")
	return tenant.Resource{}, errAbsent
}

// A reading asks the client several things at a time, and never more than it
// may. Here it asks for six kinds and, twice each, for six objects.
func TestTenantAsksSeveralThingsAtATime(t *testing.T) {
	var declared []tenant.Kind
	var known []string
	for i := range 6 {
		declared = append(declared, tenant.Kind{Name: fmt.Sprintf("kind%d", i)})
		known = append(known, fmt.Sprintf("kind%d/A=id%d", i, i))
	}
	compiled, err := schema.CompileAll(declared)
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 3, 10} {
		synctest.Test(t, func(t *testing.T) {
			client := &crowd{most: map[string]int{}, all: map[string]int{}}
			_, err := reading.Tenant(t.Context(), reading.Request{Input: diff.Input{Kinds: compiled, Base: base(known...)}, Act: "backup", Client: client,
				Concurrency: limit, Log: slog.New(slog.DiscardHandler), Port: &port{}})
			if err != nil {
				t.Fatal(err)
			}
			want := min(limit, 6)
			if diff := gocmp.Diff(map[string]int{"read": want, "get": want}, client.most); diff != "" {
				t.Errorf("at most %d, calls at a time (-want +got):\n%s", limit, diff)
			}
			if diff := gocmp.Diff(map[string]int{"read": 6, "get": 12}, client.all); diff != "" {
				t.Errorf("at most %d, calls (-want +got):\n%s", limit, diff)
			}
		})
	}
}
