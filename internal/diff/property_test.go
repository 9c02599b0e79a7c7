package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
	"pgregory.net/rapid"
)

// world is a tenant and its repository in memory.
type world struct {
	kinds     []tenant.Kind
	tenant    map[Object]*jsonval.Node
	files     map[string]json.RawMessage // by "kind/key"
	base      *Base
	rules     plan.Rules
	partial   map[string]bool
	variables map[string]string
	// written are the items that were applied since the last comparison.
	written []*plan.Item
	nextID  int
}

func newWorld() *world {
	return &world{
		kinds: testKinds()[:2], tenant: map[Object]*jsonval.Node{}, files: map[string]json.RawMessage{}, partial: map[string]bool{},
		variables: map[string]string{"v": "one", "guid": "99999999-2222-3333-4444-555555555555"},
	}
}

// input returns the input of a sync, sorted by name.
func (w *world) input() Input {
	in := Input{Revert: true, Tenant: "contoso", Kinds: kindsOf(w.kinds...), Base: w.base, Rules: w.rules, Variables: w.variables, Written: w.written, Keys: testKeys, Desired: tenant.Desired{Revision: "r"}}
	for _, k := range w.kinds {
		state := tenant.KindState{Kind: k.Name, Completeness: tenant.Complete}
		if w.partial[k.Name] {
			state.Completeness = tenant.Partial
		}
		in.Current.Kinds = append(in.Current.Kinds, state)
	}
	for _, id := range slices.Sorted(maps.Keys(w.files)) {
		kind, key := reference.SplitItemID(id)
		in.Desired.Resources = append(in.Desired.Resources, tenant.Resource{Kind: kind, Key: key, Body: w.files[id]})
	}
	objects := slices.SortedFunc(maps.Keys(w.tenant), func(a, b Object) int { return strings.Compare(a.Kind+a.ID, b.Kind+b.ID) })
	for _, o := range objects {
		in.Current.Resources = append(in.Current.Resources, w.resource(o))
	}
	in.Gone = missingIn(in)
	return in
}

func (w *world) resource(o Object) tenant.Resource {
	body := w.tenant[o].With([]string{"id"}, jsonval.StringNode(o.ID)).With([]string{"@odata.etag"}, jsonval.StringNode("e"))
	if body.Get("key").IsString() {
		body = body.With([]string{"key"}, jsonval.StringNode("****"))
	}
	if oma := body.Get("oma"); oma.IsArray() {
		body = body.With([]string{"oma"}, oma.MapKids(func(i int) *jsonval.Node {
			value := jsonval.TextOf(oma.Kids[i].Get("value"))
			return oma.Kids[i].With([]string{"value"}, jsonval.StringNode("****")).With([]string{"valueId"}, jsonval.StringNode("token of "+value))
		}))
	}
	return tenant.Resource{Kind: o.Kind, ID: o.ID, Body: body.JSON()}
}

// stored returns the body that the tenant stores after a write. A token is
// replaced by its secret. Asterisks must never be written.
func stored(t *rapid.T, body *jsonval.Node) *jsonval.Node {
	t.Helper()
	secretsInPlainText(body, func(s string) {
		if reference.IsAsterisks(s) || s == reference.Redacted {
			t.Fatalf("%q was written: %s", s, body.JSON())
		}
	})
	oma := body.Get("oma")
	if !oma.IsArray() {
		return body
	}
	return body.With([]string{"oma"}, oma.MapKids(func(i int) *jsonval.Node {
		kid := oma.Kids[i]
		if token := kid.Get("valueId"); token != nil {
			secret, ok := strings.CutPrefix(token.Text, "token of ")
			if !ok {
				t.Fatalf("a token that was never given: %s", kid.JSON())
			}
			kid = kid.With([]string{"valueId"}, nil).With([]string{"value"}, jsonval.StringNode(secret))
		}
		return kid
	}))
}

func secretsInPlainText(n *jsonval.Node, yield func(string)) {
	if n.IsString() {
		yield(n.Text)
	}
	if n != nil {
		for _, kid := range n.Kids {
			secretsInPlainText(kid, yield)
		}
	}
}

// compare compares and stores the new base.
func (w *world) compare(t *rapid.T) *Result {
	t.Helper()
	r, err := compareOnce(w.input())
	if err != nil {
		t.Fatalf("Compare: %v\n%s", err, w.show())
	}
	w.base, w.written = r.Base, nil
	return r
}

// edit writes changes of the desired branch.
func (w *world) edit(changes []tenant.Change) {
	for _, c := range changes {
		if c.Body == nil {
			delete(w.files, reference.ItemID(c.Kind, c.Key))
		} else {
			w.files[reference.ItemID(c.Kind, c.Key)] = c.Body
		}
	}
}

// deploy applies the plan in its order, in a tenant that keeps all changes.
func (w *world) deploy(t *rapid.T, r *Result) {
	t.Helper()
	for i := range r.Plan.Items {
		it := &r.Plan.Items[i]
		s := apply.Step{Item: it, Kind: kindsOf(w.kinds...).Get(it.Kind), Bindings: r.Bindings(), Variables: w.variables, Key: testKeys.Tenant}
		if file := w.files[it.ID]; file != nil {
			s.Desired = &tenant.Resource{Kind: it.Kind, Key: it.Key, Body: file}
		}
		object := Object{it.Kind, it.TenantID}
		var current *tenant.Resource
		if it.Verb != tenant.Create {
			res := w.resource(object)
			current = &res
		}
		op, err := apply.Operation(s, current)
		if err != nil {
			t.Fatalf("Operation %s %s: %v\n%s", it.Verb, it.ID, err, w.show())
		}
		switch op.Verb {
		case tenant.Create:
			w.nextID++
			object.ID = fmt.Sprintf("new-%d", w.nextID)
			w.tenant[object] = stored(t, mustParse(t, op.After))
			r.Bindings()[it.Kind][it.Key] = object.ID
		case tenant.Update:
			patched := stored(t, mergePatch(w.tenant[object], mustParse(t, op.Patch)))
			w.tenant[object] = patched
			after := stored(t, mustParse(t, op.After))
			if after.Get("key") == nil {
				// An untouched masked secret is not in After.
				after = after.With([]string{"key"}, patched.Get("key"))
			}
			if diff := cmp.Diff(string(withoutNulls(after).JSON()), string(withoutNulls(patched).JSON())); diff != "" {
				t.Fatalf("%s: Patch does not lead to After (-after +patched)\n%s", it.ID, diff)
			}
		case tenant.Delete:
			delete(w.tenant, object)
		}
		w.written = append(w.written, it)
		var now *tenant.Resource
		if w.tenant[object] != nil {
			res := w.resource(object)
			now = &res
		}
		if reached, err := apply.Reached(s, now); err != nil || !reached {
			t.Fatalf("Reached %s %s: %v, %v\n%s", it.Verb, it.ID, reached, err, w.show())
		}
	}
}

func mustParse(t *rapid.T, raw json.RawMessage) *jsonval.Node {
	t.Helper()
	n, err := jsonval.ParseObject(raw)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return n
}

// mergePatch is RFC 7386.
func mergePatch(n, patch *jsonval.Node) *jsonval.Node {
	if !patch.IsObject() {
		return patch
	}
	if !n.IsObject() {
		n = &jsonval.Node{Kind: '{'}
	}
	for i, name := range patch.Names {
		if patch.Kids[i].IsNull() {
			n = n.With([]string{name}, nil)
		} else {
			n = n.With([]string{name}, mergePatch(n.Get(name), patch.Kids[i]))
		}
	}
	return n
}

// withoutNulls drops nulls, which a merge patch cannot set.
func withoutNulls(n *jsonval.Node) *jsonval.Node {
	switch {
	case n.IsObject():
		b := &jsonval.ObjectBuilder{}
		for i, name := range n.Names {
			if !n.Kids[i].IsNull() {
				b.Add(name, withoutNulls(n.Kids[i]))
			}
		}
		return b.Node()
	}
	return n
}

func (w *world) show() string {
	var b strings.Builder
	if w.base != nil {
		for _, o := range w.base.Objects {
			fmt.Fprintf(&b, "base    %s/%s=%s %s\n", o.Kind, o.Key, o.ID, o.Body)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.files)) {
		fmt.Fprintf(&b, "desired %s %s\n", id, w.files[id])
	}
	for o, n := range w.tenant {
		fmt.Fprintf(&b, "current %s %s %s\n", o.Kind, o.ID, n.JSON())
	}
	return b.String()
}

// Values are few, so that sides often agree and often do not.
var (
	smallText   = rapid.SampledFrom([]string{`"a"`, `"b"`, `1`, `1.0`, `2`, `true`, `null`, `[]`, `[1,2]`, `[2,1]`, `{"x":1}`, `{"x":2,"y":null}`, `{}`, `""`})
	smallMember = rapid.SampledFrom([]string{`"a"`, `"b"`, `"c"`, `"d"`})
)

func drawArray(t *rapid.T, label string, members *rapid.Generator[string]) string {
	return "[" + strings.Join(rapid.SliceOfNDistinct(members, 0, 3, rapid.ID[string]).Draw(t, label), ",") + "]"
}

// drawBody returns an object's body. refs are the possible values of
// references.
func drawBody(t *rapid.T, kind, name string, refs []string, more, secret *rapid.Generator[string]) string {
	parts := []string{fmt.Sprintf(`"displayName":%q`, name)}
	add := func(property string, draw func() string) {
		if rapid.IntRange(0, 2).Draw(t, "has "+property) > 0 {
			parts = append(parts, fmt.Sprintf("%q:%s", property, draw()))
		}
	}
	add("x", func() string { return more.Draw(t, "x") })
	add("o", func() string {
		return fmt.Sprintf(`{"x":%s,"y":%s}`, more.Draw(t, "o/x"), smallText.Draw(t, "o/y"))
	})
	add("l", func() string {
		return drawArray(t, "l", rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf(`{"k":%s,"n":%s}`, more.Draw(t, "k"), smallMember.Draw(t, "n"))
		}))
	})
	if kind != "policies" {
		return "{" + strings.Join(parts, ",") + "}"
	}
	add("members", func() string { return drawArray(t, "members", smallMember) })
	add("tags", func() string { return drawArray(t, "tags", smallMember) })
	add("password", func() string { return smallMember.Draw(t, "password") })
	add("key", func() string { return secret.Draw(t, "key") })
	add("oma", func() string {
		return drawArray(t, "oma", rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf(`{"uri":%s,"value":%s}`, smallMember.Draw(t, "uri"), secret.Draw(t, "value"))
		}))
	})
	add("platform", func() string { return smallMember.Draw(t, "platform") })
	add("assignments", func() string {
		return drawArray(t, "assignments", rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf(`{"target":%s,"intent":"i","v":%s}`, smallMember.Draw(t, "target"), smallText.Draw(t, "v"))
		}))
	})
	if len(refs) > 0 {
		add("owner", func() string { return rapid.SampledFrom(refs).Draw(t, "owner") })
		add("conditions", func() string {
			return fmt.Sprintf(`{"groups":%s}`, drawArray(t, "groups", rapid.SampledFrom(append([]string{`"All"`}, refs...))))
		})
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// change makes edits of people on both sides.
func (w *world) change(t *rapid.T) {
	names := []string{"A", "B", "C"}
	kinds := []string{"groups", "policies"}
	var refs, ids []string
	for id := range w.files {
		if kind, key := reference.SplitItemID(id); kind == "groups" {
			refs = append(refs, fmt.Sprintf("%q", reference.Ref{Kind: "groups", Key: key}.String()))
		}
	}
	for o := range w.tenant {
		if o.Kind == "groups" {
			ids = append(ids, fmt.Sprintf("%q", o.ID))
		}
	}
	slices.Sort(refs)
	slices.Sort(ids)
	template := rapid.SampledFrom([]string{`"${var:v}"`, `"one"`, `"$${x}"`, `"a"`, `1`, `null`, `"${var:guid}"`})
	literal := rapid.SampledFrom([]string{`"one"`, `"${x}"`, `"a"`, `1`, `null`, `"99999999-2222-3333-4444-555555555555"`})
	for range rapid.IntRange(0, 4).Draw(t, "edits") {
		kind, name := rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.SampledFrom(names).Draw(t, "name")
		if rapid.IntRange(0, 4).Draw(t, "remove") == 0 {
			delete(w.files, reference.ItemID(kind, name))
			continue
		}
		if old, renamed := w.files[reference.ItemID(kind, name)], rapid.IntRange(0, 4).Draw(t, "rename"); old != nil && renamed == 0 {
			// Some files move, and some of them name their former key.
			delete(w.files, reference.ItemID(kind, name))
			n := mustParse(t, old)
			if rapid.Bool().Draw(t, "tells") {
				n = n.With([]string{"$previousNames"}, &jsonval.Node{Kind: '[', Kids: []*jsonval.Node{jsonval.StringNode(name)}})
			}
			w.files[reference.ItemID(kind, rapid.SampledFrom([]string{"D", "E"}).Draw(t, "to"))] = n.JSON()
			continue
		}
		w.files[reference.ItemID(kind, name)] = json.RawMessage(drawBody(t, kind, name, refs, template, rapid.SampledFrom([]string{`"k1"`, `"k2"`, `"****"`})))
	}
	for range rapid.IntRange(0, 4).Draw(t, "actions") {
		kind, name := rapid.SampledFrom(kinds).Draw(t, "kind"), rapid.SampledFrom(names).Draw(t, "name")
		object := Object{kind, fmt.Sprintf("id-%s-%d", name, rapid.IntRange(1, 2).Draw(t, "copy"))}
		for o, n := range w.tenant {
			if o.Kind == kind && jsonval.TextOf(n.Get("displayName")) == name && rapid.IntRange(0, 3).Draw(t, "other") > 0 {
				object = o
			}
		}
		if rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
			delete(w.tenant, object)
			continue
		}
		w.tenant[object] = mustParse(t, json.RawMessage(drawBody(t, kind, name, ids, literal, rapid.SampledFrom([]string{`"k1"`, `"k3"`}))))
	}
}

// drawWorld returns a world after some syncs.
func drawWorld(t *rapid.T) *world {
	w := newWorld()
	if rapid.Bool().Draw(t, "enforce") {
		w.rules.Enforce = true
	}
	for range rapid.IntRange(0, 3).Draw(t, "syncs") {
		w.change(t)
		r := w.compare(t)
		if rapid.Bool().Draw(t, "adopts") {
			w.edit(r.Adopt)
			r = w.compare(t)
		}
		if rapid.Bool().Draw(t, "approves") {
			w.deploy(t, r)
			w.compare(t)
		}
	}
	w.change(t)
	return w
}

// asked returns the objects with notes that ask a person to act.
func asked(r *Result) map[string]bool {
	out := map[string]bool{}
	for _, n := range r.Plan.Notes {
		if n.Class.Failure() || n.Class == plan.Unsupported || n.Class.DeletesOff() {
			out[reference.ItemID(n.Kind, n.Key)] = true
		}
	}
	return out
}

func TestDeployedPlanLeavesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.edit(w.compare(t).Adopt)
		r := w.compare(t)
		before := w.show()
		w.deploy(t, r)
		again := w.compare(t)
		noted := asked(r)
		for _, it := range again.Plan.Items {
			// The reason against the item may be gone, so the next plan may have it.
			if !noted[it.ID] {
				t.Fatalf("%s %s is proposed again: %+v\nbefore:\n%s\nafter:\n%s", it.Verb, it.ID, it.Changes, before, w.show())
			}
		}
	})
}

func TestOrderOfInputDoesNotCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawWorld(t).input()
		want, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		in.Kinds = kindsOf(rapid.Permutation(in.Kinds.Declarations()).Draw(t, "kinds")...)
		in.Desired.Resources = rapid.Permutation(in.Desired.Resources).Draw(t, "desired")
		in.Current.Resources = rapid.Permutation(in.Current.Resources).Draw(t, "current")
		in.Current.Kinds = rapid.Permutation(in.Current.Kinds).Draw(t, "states")
		in.Gone = rapid.Permutation(in.Gone).Draw(t, "gone")
		if in.Base != nil {
			in.Base = &Base{Format: format.FormatVersion, Objects: rapid.Permutation(in.Base.Objects).Draw(t, "base")}
		}
		got, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := differ(t, want, got); diff != "" {
			t.Fatalf("the result depends on the order of the input (-want +got)\n%s", diff)
		}
	})
}

func TestUnmanagedIsNotDeleted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		held := map[Object]bool{}
		if w.base != nil {
			for _, o := range w.base.Objects {
				held[Object{o.Kind, o.ID}] = o.Body != nil
			}
		}
		for _, it := range w.compare(t).Plan.Items {
			if it.Verb == tenant.Delete && !held[Object{it.Kind, it.TenantID}] {
				t.Fatalf("got a delete of %s, which the base does not have\n%s", it.ID, w.show())
			}
		}
	})
}

func TestIncompleteKindChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		kind := rapid.SampledFrom([]string{"groups", "policies"}).Draw(t, "partial")
		w.partial[kind] = true
		var before []*BaseObject
		if w.base != nil {
			before = w.base.Objects
		}
		other := func(o *BaseObject) bool { return o.Kind != kind }
		before = slices.DeleteFunc(slices.Clone(before), other)
		r := w.compare(t)
		after := slices.DeleteFunc(slices.Clone(r.Base.Objects), other)
		if diff := cmp.Diff(before, after, cmp.Comparer(func(a, b []*BaseObject) bool {
			return len(a) == 0 && len(b) == 0 || slices.EqualFunc(a, b, func(a, b *BaseObject) bool { return cmp.Equal(a, b) })
		})); diff != "" {
			t.Fatalf("the base of an incomplete kind changed\n%s", diff)
		}
		for _, it := range r.Plan.Items {
			if it.Kind == kind {
				t.Fatalf("%s %s in an incomplete kind", it.Verb, it.ID)
			}
		}
		for _, c := range r.Adopt {
			if c.Kind == kind {
				t.Fatalf("%s/%s adopted in an incomplete kind", c.Kind, c.Key)
			}
		}
	})
}

func TestRejectedConflictIsOneAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.edit(w.compare(t).Adopt)
		first := w.compare(t)
		again := w.compare(t)
		if diff := cmp.Diff(first.Plan, again.Plan); diff != "" {
			t.Fatalf("the next plan differs from one that was not applied (-first +second)\n%s\n%s", diff, w.show())
		}
		if diff := cmp.Diff(first.Base, again.Base); diff != "" {
			t.Fatalf("the base changed without a change of the sides\n%s", diff)
		}
	})
}

func TestAdoptedOnceIsEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		r := w.compare(t)
		before := w.show()
		w.edit(r.Adopt)
		if again := w.compare(t); len(again.Adopt) > 0 {
			t.Fatalf("still to adopt: %s\nbefore:\n%s\nafter:\n%s", showResult(again), before, w.show())
		}
	})
}

func TestRevertedItemsAreNotProposed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.edit(w.compare(t).Adopt)
		r := w.compare(t)
		before := w.show()
		reverted := map[string]bool{}
		for _, it := range r.Plan.Items {
			w.edit(r.Revert[it.ID])
			reverted[it.ID] = true
		}
		for _, it := range w.compare(t).Plan.Items {
			if reverted[it.ID] {
				t.Fatalf("%s %s is proposed again: %+v\nbefore:\n%s\nafter:\n%s", it.Verb, it.ID, it.Changes, before, w.show())
			}
		}
	})
}

// An object that is not decoded, because its bytes have not changed, has the
// same result as a decoded one.
func TestShortcutChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		in := w.input()
		fast, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		if in.Base != nil {
			slow := &Base{Format: format.FormatVersion, Objects: cloned(in.Base.Objects)}
			for i := range slow.Objects {
				slow.Objects[i].AgreedSum, slow.Objects[i].Refs = "", nil
			}
			in.Base = slow
		}
		full, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		// A base that is kept also keeps its hashes.
		for _, r := range []*Result{full, fast} {
			r.Base.Objects = cloned(r.Base.Objects)
			for i := range r.Base.Objects {
				r.Base.Objects[i].AgreedSum, r.Base.Objects[i].Refs = "", nil
			}
		}
		if diff := differ(t, full, fast); diff != "" {
			t.Fatalf("(-decoded +shortcut)\n%s\n%s", diff, w.show())
		}
	})
}
