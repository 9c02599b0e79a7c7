package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

const (
	key    = "the tenant's key"
	secret = "hush hush"
)

// Errors that end the work.
var (
	errDead   = errors.New("the process is dead")
	errLost   = errors.New("the lease is lost")
	errPaused = errors.New("the tenant is paused")
)

// fault is a fault of a call of the port or of the client, before its effect or
// after it. It may panic.
type fault struct{ before, after error }

// world is a tenant with a port that needs no engine. Each write that is sent
// is compared with the journal.
type world struct {
	t       *testing.T
	fake    *tenanttest.Fake
	kinds   *schema.Kinds
	items   []*plan.Item
	desired tenant.Desired
	keyID   string
	options deploy.Options
	// requests are those of earlier runs; shown are they as the tenant shows them, by
	// their codes, and approved are the approvals that were sent.
	requests map[string]deploy.Request
	shown    map[string]tenant.ApprovalRequest
	approved []tenant.Approval
	log      bytes.Buffer // read it when nothing runs

	mu      sync.Mutex
	lines   []deploy.Line // as stored
	batches []deploy.Batch
	trace   []string // calls, in order
	count   map[string]int
	closing bool
	refused error // why no intent is stored
	// unreadable is the error of reading the journal.
	unreadable error

	// strike decides about the fault of a call: "append", "hold", "desired",
	// "get", "read" or "apply". nth counts the calls of a name from 1. "answer"
	// is the end of a read.
	strike func(call string, nth int) fault
}

func newWorld(t *testing.T) *world {
	t.Helper()
	readOnly := []string{"/id", "/createdDateTime", "/modifiedDateTime"}
	kinds := []tenant.Kind{
		{Name: "groups", Create: true, Update: true, Delete: true, ReadOnly: readOnly},
		{Name: "notes", Create: true, Update: true, Delete: true, ReadOnly: readOnly, NaturalKey: []string{"/title"}},
		{Name: "vaults", Create: true, Update: true, Delete: true, ReadOnly: readOnly, Sensitive: []string{"/password"}},
		{Name: "keys", Create: true, ReadOnly: readOnly, NaturalKey: []string{"/secret"}, Sensitive: []string{"/secret"}},
		{Name: "places", Create: true, Update: true, Delete: true, ReadOnly: readOnly, DeleteEnds: []tenant.Condition{{Path: "/trusted", Equals: json.RawMessage("true")}}},
		{Name: "policies", Create: true, Update: true, Delete: true, ReadOnly: readOnly, Consistency: 5 * time.Minute,
			References: []tenant.Reference{{Path: "/group", Kinds: []string{"groups"}}}},
	}
	compiled, err := schema.CompileAll(kinds)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, kinds: compiled, count: map[string]int{},
		fake: tenanttest.NewFake(tenanttest.Config{Kinds: kinds}),
		options: deploy.Options{ReadConcurrency: 2, WriteConcurrency: 1, MaxAttempts: 3,
			WriteTimeout: time.Minute, VerifyTimeout: time.Minute}}
}

// create plans a new object.
func (w *world) create(kind, key, body string) *plan.Item {
	return w.plan(&plan.Item{ID: kind + "/" + key, Kind: kind, Key: key, Verb: tenant.Create, After: json.RawMessage(body),
		Changes: []plan.PropertyChange{{After: json.RawMessage(body)}}})
}

// update plans another description for an object that is in the tenant.
func (w *world) update(kind, key string) *plan.Item {
	body := fmt.Sprintf(`{"displayName":%q,"description":"old"}`, key)
	it := &plan.Item{ID: kind + "/" + key, Kind: kind, Key: key, Verb: tenant.Update, TenantID: w.fake.Seed(kind, body),
		After:   json.RawMessage(strings.Replace(body, "old", "new", 1)),
		Changes: []plan.PropertyChange{{Pointer: "/description", Before: json.RawMessage(`"old"`), After: json.RawMessage(`"new"`)}}}
	return w.plan(it)
}

// remove plans the deletion of an object that is in the tenant.
func (w *world) remove(kind, key string) *plan.Item {
	it := &plan.Item{ID: kind + "/" + key, Kind: kind, Key: key, Verb: tenant.Delete, Changes: []plan.PropertyChange{{}}}
	it.TenantID = w.fake.Seed(kind, fmt.Sprintf(`{"displayName":%q,"trusted":true}`, key))
	return w.plan(it)
}

// plan adds an item, on the object as it is now.
func (w *world) plan(it *plan.Item) *plan.Item {
	w.t.Helper()
	if it.Verb != tenant.Create {
		sum, err := apply.Fingerprint(it, w.kinds.Get(it.Kind), w.fake.Object(it.Kind, it.TenantID), key)
		if err != nil {
			w.t.Fatal(err)
		}
		it.Before = sum
	}
	w.items = append(w.items, it)
	return it
}

// open is a process that begins or resumes the work.
func (w *world) open(ctx context.Context) (*deploy.Deployment, error) {
	return deploy.Open(ctx, w, deploy.Job{Run: "run-1", Items: w.items, KeyID: w.keyID, Key: key, Kinds: w.kinds,
		Client: client{w.fake.Client(tenanttest.ClientConfig{}), w}, Bindings: reference.Bindings{}, Requests: w.requests,
		Log: slog.New(slog.NewTextHandler(&w.log, nil)), Options: w.options})
}

// run lets a process carry out the items.
func (w *world) run(ctx context.Context) error {
	w.t.Helper()
	d, err := w.open(ctx)
	if err != nil {
		return err
	}
	return d.Run(ctx)
}

// finish lets a process carry out the items without faults.
func (w *world) finish() *deploy.Deployment {
	w.t.Helper()
	w.strike = nil
	d, err := w.open(w.t.Context())
	if err == nil {
		err = d.Run(w.t.Context())
	}
	if err != nil {
		w.t.Fatalf("the work ends with %v", err)
	}
	return d
}

// result returns an item's final result.
func (w *world) result(item string) deploy.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lines {
		if l.Result != nil && l.Result.Item == item && l.Result.Status != deploy.Retry {
			return *l.Result
		}
	}
	return deploy.Result{}
}

// retries returns the results of an item's attempts that another followed.
func (w *world) retries(item string) (all []deploy.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lines {
		if l.Result != nil && l.Result.Item == item && l.Result.Status == deploy.Retry {
			all = append(all, *l.Result)
		}
	}
	return all
}

// called returns how often a call was made.
func (w *world) called(call string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count[call]
}

// note traces a call and decides about its fault.
func (w *world) note(call, what string) fault {
	w.mu.Lock()
	w.count[call]++
	nth, strike := w.count[call], w.strike
	w.trace = append(w.trace, strings.TrimSpace(call+" "+what))
	w.mu.Unlock()
	if strike == nil {
		return fault{}
	}
	return strike(call, nth)
}

// Journal yields the stored lines.
func (w *world) Journal(context.Context) iter.Seq2[deploy.Line, error] {
	return func(yield func(deploy.Line, error) bool) {
		for _, l := range w.lines {
			if !yield(l, nil) {
				return
			}
		}
		if w.unreadable != nil {
			yield(deploy.Line{}, w.unreadable)
		}
	}
}

// Append stores lines.
func (w *world) Append(_ context.Context, b deploy.Batch) (deploy.Appended, error) {
	f := w.note("append", "")
	if f.before != nil {
		return deploy.Appended{}, f.before
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.batches = append(w.batches, b)
	out := deploy.Appended{At: time.Now()}
	for _, l := range b.Lines {
		l.Time = out.At
		switch {
		case l.Result != nil:
			w.trace = append(w.trace, "result "+l.Result.Item+" "+string(l.Result.Status))
		case w.closing || w.refused != nil:
			out.Refused = errors.Join(errPaused, w.refused)
			continue
		default:
			w.trace = append(w.trace, "intent "+l.Intent.Item)
		}
		w.lines = append(w.lines, l)
	}
	return out, f.after
}

// Hold is struck or not, and has no time left once ctx has ended.
func (w *world) Hold(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return w.note("hold", "").before
}

// Closing reports what the test has set.
func (w *world) Closing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closing
}

// Now returns the time.
func (w *world) Now() time.Time { return time.Now() }

// Desired returns the repository's files.
func (w *world) Desired(context.Context) (tenant.Desired, error) {
	return w.desired, w.note("desired", "").before
}

// Judge knows the classes of tenants' errors.
func (w *world) Judge(act string, err error) deploy.Failure {
	f := deploy.Failure{Err: fmt.Errorf("%s: %w", act, err)}
	switch class := tenant.ClassOf(err); {
	case class == tenant.Unauthenticated, errors.Is(err, errDead):
		f.Disposition = deploy.Ends
	case class == tenant.Transient, class == tenant.Throttled:
		f.Disposition = deploy.Transient
		if e, ok := errors.AsType[*tenant.Error](err); ok {
			f.After = e.RetryAfter
		}
	}
	return f
}

// Safely returns a panic as an error.
func (w *world) Safely(act string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: a panic: %v", act, p)
		}
	}()
	return f()
}

// client is the tenant's client with calls that can be struck.
type client struct {
	tenant.Client
	w *world
}

func (c client) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	if f := c.w.note("get", req.Kind); f.before != nil {
		return tenant.Resource{}, f.before
	}
	return c.Client.Get(ctx, req)
}

func (c client) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	if f := c.w.note("read", req.Kind); f.before != nil {
		return tenant.ReadResult{}, f.before
	}
	res, err := c.Client.Read(ctx, req, emit)
	c.w.note("answer", req.Kind)
	return res, err
}

// Apply checks that the write's intent was stored and the lease was ensured
// after that.
func (c client) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	item := strings.TrimPrefix(op.IdempotencyKey, "run-1/")
	c.w.mu.Lock()
	before := slices.Clone(c.w.trace)
	c.w.mu.Unlock()
	slices.Reverse(before)
	intent := slices.Index(before, "intent "+item)
	hold := slices.Index(before, "hold")
	sent := slices.Index(before, "apply "+item)
	ended := slices.IndexFunc(before, func(s string) bool { return strings.HasPrefix(s, "result "+item+" ") })
	if intent < 0 || hold > intent || sent >= 0 && sent < intent || ended >= 0 && ended < intent {
		slices.Reverse(before)
		c.w.t.Errorf("%s is sent after %q", item, before)
	}
	f := c.w.note("apply", item)
	if f.before != nil {
		return tenant.Applied{}, f.before
	}
	if op.Approval != nil {
		c.w.mu.Lock()
		c.w.approved = append(c.w.approved, *op.Approval)
		c.w.mu.Unlock()
	}
	res, err := c.Client.Apply(ctx, op)
	if f.after != nil {
		return tenant.Applied{}, f.after
	}
	return res, err
}

// ReadApproval shows a request for approval.
func (c client) ReadApproval(_ context.Context, code string) (tenant.ApprovalRequest, error) {
	if f := c.w.note("approval", code); f.before != nil {
		return tenant.ApprovalRequest{}, f.before
	}
	r, ok := c.w.shown[code]
	if !ok {
		return r, &tenant.Error{Class: tenant.NotFound}
	}
	return r, nil
}

// on strikes the nth call of a name, or all of them with 0.
func on(call string, nth int, f fault) func(string, int) fault {
	return func(c string, n int) fault {
		if c == call && (n == nth || nth == 0) {
			return f
		}
		return fault{}
	}
}

// refusal is an error of the service that had no effect.
func refusal(class tenant.Class) error {
	return &tenant.Error{Class: class, Message: "refused", RequestID: "req-1"}
}

// noAnswer is an error after which the outcome is not known.
func noAnswer() error {
	return &tenant.Error{Class: tenant.Transient, Message: "no answer", MaybeApplied: true}
}
