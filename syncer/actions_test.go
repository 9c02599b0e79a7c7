package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// olga is the person who acts in the tests of actions.
const olga = "olga"

// legalCase says in which situation an action is legal, what the action is called
// for Authorize, and what the request has beside tenant and actor.
type legalCase struct {
	action  syncer.Action
	given   func(situation)
	request func(situation, reflect.Value)
}

// legalActions has a row for every action of the engine.
var legalActions = map[string]legalCase{
	"Start":   {action: syncer.ActStart, given: never},
	"Sync":    {action: syncer.ActStart, given: never},
	"Decide":  {action: syncer.ActDecide, given: pending, request: approveWaiting},
	"Cancel":  {action: syncer.ActCancel, given: started},
	"Retry":   {action: syncer.ActRetry, given: failedRun},
	"Recheck": {action: syncer.ActRecheck, given: idle},
	"Pause":   {action: syncer.ActPause, given: idle},
	"Resume":  {action: syncer.ActResume, given: heldByActor},
	"Remove":  {action: syncer.ActRemove, given: idle},
}

// approveWaiting makes the request an approval of the plan that waits.
func approveWaiting(s situation, request reflect.Value) {
	row, err := s.w.Status(s.t.Context(), "contoso")
	if err != nil {
		s.t.Fatal(err)
	}
	d := request.Addr().Interface().(*syncer.Decision)
	d.Run, d.Digest, d.Verdict = row.Run, row.Digest, syncer.Approve
}

// heldByActor is a tenant that the actor has paused.
func heldByActor(s situation) {
	idle(s)
	s.must(s.w.Pause(s.t.Context(), syncer.PauseRequest{Tenant: "contoso", Actor: olga}))
}

// engineMethod is an exported method of an engine: its name and its parameters
// without the receiver.
type engineMethod struct {
	name   string
	params []reflect.Type
	result reflect.Type // the first result
}

// methodsOf returns the exported methods of an engine.
func methodsOf(engine reflect.Type) []engineMethod {
	var all []engineMethod
	for i := range engine.NumMethod() {
		m := engine.Method(i)
		found := engineMethod{name: m.Name, result: m.Type.Out(0)}
		for p := 1; p < m.Type.NumIn(); p++ {
			found.params = append(found.params, m.Type.In(p))
		}
		all = append(all, found)
	}
	return all
}

// pages reports whether the method returns a page of a list. An actor in its
// request is a filter.
func (m engineMethod) pages() bool { return strings.HasPrefix(m.result.Name(), "Page[") }

// action reports whether a person does something by the method: its request
// names an actor.
func (m engineMethod) action() bool {
	last := m.params[len(m.params)-1]
	if last.Kind() != reflect.Struct || m.pages() {
		return false
	}
	f, ok := last.FieldByName("Actor")
	return ok && f.Type.Kind() == reflect.String
}

// actionsOf returns the actions of an engine.
func actionsOf(engine reflect.Type) []engineMethod {
	return slices.DeleteFunc(methodsOf(engine), func(m engineMethod) bool { return !m.action() })
}

var engineType = reflect.TypeFor[*syncer.Syncer]()

// TestEveryActionIsKnown holds the engine's methods against the table of this
// file, the examples and the stories.
func TestEveryActionIsKnown(t *testing.T) {
	if found := actionsOf(engineType); len(found) < 9 {
		t.Fatalf("found %d actions, want 9 or more", len(found))
	}
	for _, complaint := range complaintsOf(engineType, legalActions, shownMethods(t)) {
		t.Error(complaint)
	}
}

// complaintsOf says which actions the table lacks, which ones no example calls
// and no story, and which rows of the table are of no action.
func complaintsOf(engine reflect.Type, table map[string]legalCase, shown map[string]bool) []string {
	var complaints []string
	known := map[string]bool{}
	for _, a := range actionsOf(engine) {
		known[a.name] = true
		if _, ok := table[a.name]; !ok {
			complaints = append(complaints, fmt.Sprintf("%s is an action: say in legalActions when it is legal", a.name))
		}
		if !shown[a.name] {
			complaints = append(complaints, fmt.Sprintf("no example calls %s and no story: write one", a.name))
		}
	}
	for name := range table {
		if !known[name] {
			complaints = append(complaints, fmt.Sprintf("legalActions has a row for %s, which is no action", name))
		}
	}
	return complaints
}

// plantedEngine has an action that this file does not know.
type plantedEngine struct{ *syncer.Syncer }

type archiveRequest struct {
	syncer.RunRef
	plantedPerson
}

type plantedPerson struct{ Actor string }

func (plantedEngine) Archive(context.Context, archiveRequest) (syncer.Row, error) {
	return syncer.Row{}, nil
}

// A new action is found, also where its request embeds the actor, and so are a
// row and a story that are missing.
func TestAForgottenActionIsFound(t *testing.T) {
	shown := map[string]bool{}
	for name := range legalActions {
		shown[name] = true
	}
	planted := reflect.TypeFor[plantedEngine]()
	want := []string{"Archive is an action: say in legalActions when it is legal", "no example calls Archive and no story: write one"}
	if diff := cmp.Diff(want, complaintsOf(planted, legalActions, shown)); diff != "" {
		t.Errorf("the planted action (-want +got):\n%s", diff)
	}
	table := map[string]legalCase{"Tidy": {}}
	for name, row := range legalActions {
		table[name] = row
	}
	shown["Retry"] = false
	want = []string{"no example calls Retry and no story: write one", "legalActions has a row for Tidy, which is no action"}
	if diff := cmp.Diff(want, complaintsOf(engineType, table, shown)); diff != "" {
		t.Errorf("a lost story and a dead row (-want +got):\n%s", diff)
	}
}

// Every action constant is the word of some action.
func TestEveryActionConstantIsAsked(t *testing.T) {
	used := map[string]bool{}
	for _, l := range legalActions {
		used[string(l.action)] = true
	}
	for _, c := range stringConstants(t, "config.go", "Action") {
		if !used[c] {
			t.Errorf("no action asks Authorize with %q", c)
		}
	}
}

// gatekeeper is an Authorize that records what it was asked.
type gatekeeper struct {
	mu    sync.Mutex
	asked []string
	err   error
}

func (g *gatekeeper) authorize(_ context.Context, actor string, action syncer.Action, tenantName string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, fmt.Sprint(actor, " ", action, " ", tenantName))
	return g.err
}

// acting is a tenant in the situation of an action, and a worker of its own
// that asks gate and records its calls.
type acting struct {
	situation
	gate  *gatekeeper
	mu    sync.Mutex
	calls []string
	doing *syncertest.Worker
}

// newActing brings a tenant into the situation.
func newActing(t *testing.T, given func(situation)) *acting {
	t.Helper()
	h := syncertest.New(syncertest.Config{})
	a := &acting{situation: situation{t, h, h.Worker("before", syncertest.WorkerConfig{})}, gate: new(gatekeeper)}
	if given != nil {
		given(a.situation)
	}
	a.doing = h.Worker("acting", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Authorize = a.gate.authorize }})
	a.doing.Strike(func(c statetest.Call) statetest.Fault {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.calls = append(a.calls, c.Op)
		return statetest.Fault{}
	})
	return a
}

// request returns an action's request that is legal in its situation.
func (a *acting) request(m engineMethod) reflect.Value {
	request := reflect.New(m.params[len(m.params)-1]).Elem()
	setText(request, "Tenant", "contoso")
	setText(request, "Actor", olga)
	if fill := legalActions[m.name].request; fill != nil {
		fill(a.situation, request)
	}
	return request
}

// setText sets a field, wherever it is embedded, and reports whether there is one.
func setText(request reflect.Value, field, value string) bool {
	f := request.FieldByName(field)
	if f.IsValid() && f.Kind() == reflect.String {
		f.SetString(value)
		return true
	}
	return false
}

// do calls the method with a request and returns its error.
func (a *acting) do(m engineMethod, request reflect.Value) error {
	return a.call(m, []reflect.Value{reflect.ValueOf(a.t.Context()), request})
}

// call calls the method and returns its error.
func (a *acting) call(m engineMethod, in []reflect.Value) error {
	out := reflect.ValueOf(a.doing.Syncer).MethodByName(m.name).Call(in)
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

// untouched complains where the request got further than its own fields.
func (a *acting) untouched(what string) {
	a.t.Helper()
	if len(a.gate.asked) > 0 {
		a.t.Errorf("%s: Authorize was asked %q", what, a.gate.asked)
	}
	if len(a.calls) > 0 {
		a.t.Errorf("%s: the engine called %q", what, a.calls)
	}
}

func TestEveryActionAsksAuthorizeOnce(t *testing.T) {
	for _, m := range actionsOf(engineType) {
		t.Run(m.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newActing(t, legalActions[m.name].given)
				if err := a.do(m, a.request(m)); err != nil {
					t.Fatalf("the action is refused in a situation in which it should be legal: %v", err)
				}
				want := []string{fmt.Sprint(olga, " ", legalActions[m.name].action, " contoso")}
				if diff := cmp.Diff(want, a.gate.asked); diff != "" {
					t.Errorf("what Authorize was asked (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAnActionThatAuthorizeRefusesDoesNothing(t *testing.T) {
	refused := errors.New("not on my watch")
	for _, m := range actionsOf(engineType) {
		t.Run(m.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newActing(t, legalActions[m.name].given)
				request := a.request(m)
				a.gate.err = refused
				if err := a.do(m, request); !errors.Is(err, refused) {
					t.Errorf("got %v, want the error of Authorize", err)
				}
				if len(a.gate.asked) != 1 {
					t.Errorf("Authorize was asked %q, want once", a.gate.asked)
				}
				if len(a.calls) > 0 {
					t.Errorf("the engine called %q after Authorize had refused", a.calls)
				}
			})
		})
	}
}

func TestEveryActionNeedsAnActor(t *testing.T) {
	for _, m := range actionsOf(engineType) {
		t.Run(m.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newActing(t, legalActions[m.name].given)
				request := a.request(m)
				setText(request, "Actor", "")
				if err := a.do(m, request); !errors.Is(err, syncer.ErrNoActor) {
					t.Errorf("got %v, want ErrNoActor", err)
				}
				a.untouched("no actor")
			})
		})
	}
}
