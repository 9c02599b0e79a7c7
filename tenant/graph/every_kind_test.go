package graph_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// Every kind of the catalogue, over HTTP and with answers in other forms than those
// that were sent: an object is created from a file, read, taken over into a file by
// an engine that knows nothing, changed, deleted and restored from its file, and
// after each step the next plan is empty. An object of a kind that cannot be created
// is there from the beginning. The test logs the verbs that it has seen, by kind.
func TestEveryKindAndVerb(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes this walk of all kinds take minutes: run without -race")
	}
	var mu sync.Mutex
	seen := map[string]verbsSeen{}
	t.Run("kinds", func(t *testing.T) {
		for _, e := range catalogue.Default().Entries {
			t.Run(e.Name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					v := newKindWalk(t, e).walk()
					mu.Lock()
					defer mu.Unlock()
					seen[e.Name] = v
				})
			})
		}
	})
	if t.Failed() {
		return
	}
	t.Log("\n" + verbTable(catalogue.Default(), seen))
}

// verbsSeen are the verbs, and the parts, that a walk has seen come to pass.
type verbsSeen map[string]bool

// verbTable is the table of kinds and verbs. A verb in brackets is off unless a host
// names the kind.
func verbTable(c *catalogue.Catalogue, seen map[string]verbsSeen) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-44s %-6s %-6s %-6s %-10s %-10s %-10s %-9s %s\n", "kind", "at", "read", "file", "create", "update", "delete", "restored", "parts")
	for _, e := range slices.SortedFunc(slices.Values(c.Entries), func(a, b catalogue.Entry) int { return strings.Compare(a.Name, b.Name) }) {
		word := func(verb tenant.Verb, part string) string {
			name := string(verb)
			if part != "" {
				name = part
			}
			switch {
			case !seen[e.Name][name]:
				return "-"
			case !e.Proven(verb, part):
				return "(" + name + ")"
			}
			return name
		}
		yes := func(what string) string {
			if seen[e.Name][what] {
				return "yes"
			}
			return "-"
		}
		var parts []string
		for _, p := range e.Parts {
			parts = append(parts, word(tenant.Update, p.Name))
		}
		fmt.Fprintf(&b, "%-44s %-6s %-6s %-6s %-10s %-10s %-10s %-9s %s\n", e.Name, e.Version, yes("read"), yes("file"),
			word(tenant.Create, ""), word(tenant.Update, ""), word(tenant.Delete, ""), yes("restored"), strings.Join(parts, " "))
	}
	return b.String()
}

// kindWalk walks one kind through its verbs.
type kindWalk struct {
	*testing.T
	entry      catalogue.Entry
	catalogue  *catalogue.Catalogue
	bodies     *bodyMaker
	server     *graphtest.Server
	repository *tenant.MemoryRepository
	engine     *syncer.Syncer
	last       *syncer.Report
	seen       verbsSeen
}

func newKindWalk(t *testing.T, e catalogue.Entry) *kindWalk {
	model, ok := graphmeta.Of(e.Version)
	if !ok {
		t.Fatalf("there is no metadata of %s", e.Version)
	}
	cat := withReferred(catalogue.Default(), e.Name)
	w := &kindWalk{T: t, catalogue: cat, entry: e, bodies: &bodyMaker{model: model, entry: e}, seen: verbsSeen{},
		server:     graphtest.New(graphtest.Config{Catalogue: cat, Directory: authtest.DirectoryOf("contoso"), Forms: graphtest.AllForms()}),
		repository: tenant.NewMemoryRepository()}
	others := 0
	w.bodies.seed = func(kind string) string {
		others++
		return w.server.Fake.Seed(kind, fmt.Sprintf(`{"displayName":"Other %d","id":"other%d"}`, others, others))
	}
	w.forget()
	return w
}

// withReferred returns a catalogue of one kind and of those that it needs.
func withReferred(c *catalogue.Catalogue, name string) *catalogue.Catalogue {
	needed := map[string]bool{}
	var need func(name string)
	need = func(name string) {
		e, _ := c.Entry(name)
		if needed[name] {
			return
		}
		needed[name] = true
		for _, r := range e.References {
			for _, kind := range r.Kinds {
				need(kind)
			}
		}
		for _, a := range e.After {
			need(a.Kind)
		}
		for _, l := range e.Limits {
			if l.Kind != "" {
				need(l.Kind)
			}
		}
	}
	need(name)
	return &catalogue.Catalogue{Entries: slices.DeleteFunc(slices.Clone(c.Entries), func(e catalogue.Entry) bool { return !needed[e.Name] }), Throttles: c.Throttles}
}

// forget gives the walk an engine that knows nothing.
func (w *kindWalk) forget() {
	w.Helper()
	engine, err := syncer.New(syncer.Config{
		Secret: []byte("the same for each engine of the test"), Store: state.NewMemory(), Repository: w.repository,
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
			recorder := &sentRecorder{RoundTripper: w.server.HTTPClient().Transport}
			client, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: w.server.URL(), HTTPClient: &http.Client{Transport: recorder},
				Catalogue: w.catalogue, Directory: authtest.DirectoryOf("contoso"), Unproven: []string{"*"}})
			return newHeldClient(client, recorder, w.catalogue, w.server.URL(), func(problem string) { w.Error(problem) }), err
		}),
		Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
			d := r.Approve("bob", "go")
			for _, b := range r.Plan.Broken {
				d.Accept = append(d.Accept, b.Rule)
			}
			return d, nil
		}),
		Settings: syncer.Settings{Scopes: map[string]tenant.Scope{w.entry.Name: tenant.All}, Rules: plan.Rules{Deletes: map[string]bool{w.entry.Name: true}}},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.engine = engine
}

// sync runs a sync of the kind, which must come to this outcome.
func (w *kindWalk) sync(what string, want syncer.Outcome) {
	w.Helper()
	row, err := w.engine.Sync(w.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Targets: []plan.Target{{Kind: w.entry.Name}}}})
	if err != nil {
		w.Fatalf("%s: %v", what, err)
	}
	if w.last, err = w.engine.Report(w.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run}); err != nil {
		w.Fatal(err)
	}
	if row.Outcome != want || row.Status != state.Idle {
		var text strings.Builder
		_ = w.last.Text(&text) // to memory
		w.Fatalf("%s: the sync ended %s, %s, want %s\n%s\nthe file: %s\nthe tenant: %s", what, row.Label, row.Outcome, want, text.String(), w.files(), w.objects())
	}
}

// rests checks that the next plan is empty and the line stays as it is.
func (w *kindWalk) rests(what string) {
	w.Helper()
	before := w.files()
	w.sync(what+", the next sync", syncer.NoChanges)
	if diff := cmp.Diff(before, w.files()); diff != "" {
		w.Fatalf("%s: the next sync changes the files\n%s", what, diff)
	}
}

// files are the kind's files by key.
func (w *kindWalk) files() map[string]string {
	w.Helper()
	line, err := w.repository.Desired(w.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		w.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range line.Resources {
		if r.Kind == w.entry.Name {
			out[r.Key] = string(r.Body)
		}
	}
	return out
}

// objects are the bodies of the kind's objects in the tenant, without ids.
func (w *kindWalk) objects() []string {
	w.Helper()
	var out []string
	for _, o := range w.server.Fake.Objects(w.entry.Name) {
		fields, err := decodeFields(o.Body)
		if err != nil {
			w.Fatal(err)
		}
		for _, p := range w.entry.ReadOnly {
			delete(fields, strings.TrimPrefix(p, "/"))
		}
		text := mustJSON(fields)
		if o.ID != "" {
			text = strings.ReplaceAll(text, o.ID, "<id>")
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

func (w *kindWalk) edit(key string, body map[string]any) {
	w.Helper()
	var content []byte
	if body != nil {
		content = []byte(mustJSON(body))
	}
	if err := w.repository.Edit("contoso", w.entry.Name, key, content); err != nil {
		w.Fatal(err)
	}
}

func (w *kindWalk) walk() verbsSeen {
	e := w.entry
	body, err := w.bodies.object()
	if err != nil {
		w.Fatal(err)
	}
	switch {
	case e.Allows(tenant.Create):
		w.edit("P", body)
		w.sync("create", syncer.Deployed)
		if n := len(w.server.Fake.Objects(e.Name)); n != 1 {
			w.Fatalf("the tenant has %d objects after a create", n)
		}
		w.seen["create"] = true
		w.rests("create")
		w.edit("P", nil)
	case e.Singleton:
		w.server.Fake.Set(e.Name, w.server.Fake.Objects(e.Name)[0].ID, mustJSON(body))
	default:
		w.server.Fake.Seed(e.Name, mustJSON(body))
	}

	// An engine that knows nothing, and no file: the object is taken over.
	created := w.objects()
	w.forget()
	w.sync("file", syncer.Adopted)
	w.seen["read"] = true
	files := w.files()
	if len(files) != 1 {
		w.Fatalf("%d files were made", len(files))
	}
	w.seen["file"] = true
	w.rests("file")
	key := slices.Collect(maps.Keys(files))[0]

	if e.Allows(tenant.Update) {
		w.update(key)
	}
	for _, p := range e.Parts {
		w.part(key, p)
	}
	if !e.Allows(tenant.Delete) || !e.Allows(tenant.Create) {
		return w.seen
	}

	restored, files := w.objects(), w.files()
	w.edit(key, nil)
	w.sync("delete", syncer.Deployed)
	if left := w.objects(); len(left) > 0 {
		w.Fatalf("a delete has left %s", left)
	}
	w.seen["delete"] = true
	w.rests("delete")
	if err := w.repository.Edit("contoso", e.Name, key, []byte(files[key])); err != nil {
		w.Fatal(err)
	}
	w.sync("restore", syncer.Deployed)
	before, err := decodeFields([]byte(restored[0]))
	if err != nil {
		w.Fatal(err)
	}
	if after := w.objects(); len(after) != 1 || len(w.differences(before, after[0])) > 0 {
		w.Fatalf("restored as\n%s, was\n%s, and created as\n%s", after, restored, created)
	}
	w.seen["restored"] = true
	w.rests("restore")
	return w.seen
}

// update changes one property by the file, and another one's drift is adopted.
func (w *kindWalk) update(key string) {
	w.Helper()
	file, err := decodeFields([]byte(w.files()[key]))
	if err != nil {
		w.Fatal(err)
	}
	edit := w.bodies.changeable(file)
	if edit == nil {
		w.Fatalf("nothing can be changed in %s", w.files()[key])
	}
	edit.make()
	w.edit(key, file)
	w.sync("update of "+strings.Join(edit.path, "/"), syncer.Deployed)
	now := w.objects()
	if len(now) != 1 {
		w.Fatalf("the tenant has %s", now)
	}
	only := map[string]any{edit.path[0]: file[edit.path[0]]} // what the service has set is in other forms
	if found := w.differences(only, now[0]); len(found) > 0 {
		w.Fatalf("%s was not updated: %s", strings.Join(edit.path, "/"), found)
	}
	w.seen["update"] = true
	w.rests("update")
}

// differences are what the kind's equality finds between two objects.
func (w *kindWalk) differences(file map[string]any, object string) []string {
	w.Helper()
	current, err := decodeFields([]byte(object))
	if err != nil {
		w.Fatal(err)
	}
	return differences(declared{w.entry.Kind}.compareOne(w, nil, file, current))
}

// part writes a part by its own request.
func (w *kindWalk) part(key string, p tenant.Part) {
	w.Helper()
	file, err := decodeFields([]byte(w.files()[key]))
	if err != nil {
		w.Fatal(err)
	}
	property := strings.TrimPrefix(p.Path, "/")
	if r := w.entry.PartRequests[p.Name]; r.Each != nil && r.Each.Fixed != "" {
		return // the service makes the members
	}
	value, err := w.bodies.part(property)
	if err != nil {
		w.Fatal(err)
	}
	if value == nil {
		return // of a type that the metadata does not have
	}
	file[property] = value
	before := len(w.server.Requests())
	w.edit(key, file)
	w.sync("part "+p.Name, syncer.Deployed)
	if !slices.ContainsFunc(w.server.Requests()[before:], func(r graphtest.Request) bool {
		return r.Method != http.MethodGet && r.Status < 300 && !strings.HasSuffix(r.Path, "/$batch")
	}) {
		w.Fatalf("nothing was written for the part %s", p.Name)
	}
	w.seen[p.Name] = true
	w.rests("part " + p.Name)
}
