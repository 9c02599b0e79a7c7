package crashtest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// consistency is the consistency bound of the world's kinds. A worker that
// resumes a run reads for that long before it concludes that a write did not
// take effect.
const consistency = 3 * time.Second

// Kinds returns the kinds of syncertest that have several objects, with a short
// consistency bound.
func Kinds() []tenant.Kind {
	kinds := slices.DeleteFunc(syncertest.Kinds(), func(k tenant.Kind) bool { return k.Singleton })
	for i := range kinds {
		kinds[i].Consistency = consistency
	}
	return kinds
}

// object names an object by kind and key.
type object struct{ kind, key string }

// body is the expected content of an object, in the repository's form. All
// values are strings, except the groups of a policy, which are a set.
type body struct {
	Name        string   `json:"displayName"`
	Description string   `json:"description"`
	Note        string   `json:"note"`
	Groups      []string `json:"groups,omitempty"`
}

func (b body) json() json.RawMessage {
	raw, err := json.Marshal(b)
	if err != nil {
		panic(err) // strings always encode
	}
	return raw
}

func reference(group string) string { return "${groups/" + group + "}" }

// Edits holds the edits of people on both sides of a tenant since its last
// sync.
type Edits struct {
	// Changes are edits of the desired line.
	Changes []tenant.Change
	// Drift are edits in the tenant: new objects, and new values in existing
	// objects.
	Drift []Drift
}

// Drift is an edit that a person made in the tenant.
type Drift struct {
	Kind, Key string
	// Create says that the object is new. Otherwise Patch changes an existing
	// object.
	Create bool
	Body   string
}

// Want is the expected content of both a tenant and its repository.
type Want map[object]body

// maxObjects is roughly the greatest number of objects of a tenant.
const maxObjects = 24

// Edit makes up the edits of one round and applies them to w. The same seed,
// tenant, round and Want give the same edits.
func (w Want) Edit(seed uint64, tenantName string, round int) Edits {
	h := fnv.New64a()
	_, _ = h.Write([]byte(tenantName)) // never fails
	e := &editor{want: w, r: rand.New(rand.NewPCG(seed, h.Sum64()+uint64(round))), round: round, touched: map[object]bool{}}
	for range 1 + e.r.IntN(2) {
		e.create("groups", e.name("group"), nil)
	}
	for range 1 + e.r.IntN(2) {
		e.create("policies", e.name("policy"), e.someGroups())
	}
	if e.r.IntN(3) == 0 {
		e.create("locations", e.name("location"), nil)
	}
	for range 1 + e.r.IntN(3) {
		e.update()
	}
	if len(w) > maxObjects || e.r.IntN(2) == 0 {
		for range 1 + max(0, len(w)-maxObjects) {
			e.remove()
		}
	}
	if e.r.IntN(2) == 0 {
		e.drift()
	}
	return e.out
}

// editor makes up edits. It touches an object at most once in a round, so that
// no two edits conflict.
type editor struct {
	want    Want
	r       *rand.Rand
	round   int
	n       int
	touched map[object]bool
	out     Edits
}

func (e *editor) name(what string) string {
	e.n++
	return fmt.Sprintf("%s %d.%d", what, e.round, e.n)
}

func (e *editor) put(o object, b body) {
	e.want[o], e.touched[o] = b, true
	e.out.Changes = append(e.out.Changes, tenant.Change{Kind: o.kind, Key: o.key, Body: b.json()})
}

func (e *editor) create(kind, key string, groups []string) {
	e.put(object{kind, key}, body{Name: key, Description: fmt.Sprintf("made in round %d", e.round), Note: "none", Groups: groups})
}

// some returns an untouched object that satisfies ok.
func (e *editor) some(ok func(object) bool) (object, bool) {
	var all []object
	for o := range e.want {
		if !e.touched[o] && ok(o) {
			all = append(all, o)
		}
	}
	if len(all) == 0 {
		return object{}, false
	}
	slices.SortFunc(all, func(a, b object) int { return strings.Compare(a.kind+"/"+a.key, b.kind+"/"+b.key) })
	return all[e.r.IntN(len(all))], true
}

// someGroups returns references to one or two groups, new ones or old.
func (e *editor) someGroups() []string {
	var keys []string
	for o := range e.want {
		if o.kind == "groups" {
			keys = append(keys, o.key)
		}
	}
	slices.Sort(keys)
	e.r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	keys = keys[:min(len(keys), 1+e.r.IntN(2))]
	refs := make([]string, len(keys))
	for i, k := range keys {
		refs[i] = reference(k)
	}
	slices.Sort(refs)
	return refs
}

func (e *editor) update() {
	o, ok := e.some(func(object) bool { return true })
	if !ok {
		return
	}
	b := e.want[o]
	b.Description = fmt.Sprintf("changed in round %d", e.round)
	if o.kind == "policies" {
		b.Groups = e.someGroups()
	}
	e.put(o, b)
}

// remove removes an object that no other object refers to.
func (e *editor) remove() {
	o, ok := e.some(func(o object) bool {
		return o.kind != "groups" || !e.want.refers(reference(o.key))
	})
	if ok {
		delete(e.want, o)
		e.out.Changes = append(e.out.Changes, tenant.Change{Kind: o.kind, Key: o.key})
	}
}

func (w Want) refers(ref string) bool {
	for b := range maps.Values(w) {
		if slices.Contains(b.Groups, ref) {
			return true
		}
	}
	return false
}

// drift creates an object in the tenant, or edits one that no edit of the round
// has touched.
func (e *editor) drift() {
	if e.r.IntN(3) == 0 || e.round == 0 {
		key := e.name("found")
		b := body{Name: key, Description: "made in the tenant", Note: "none"}
		e.want[object{"locations", key}] = b
		e.out.Drift = append(e.out.Drift, Drift{Kind: "locations", Key: key, Create: true, Body: string(b.json())})
		return
	}
	o, ok := e.some(func(object) bool { return true })
	if !ok {
		return
	}
	b := e.want[o]
	b.Note = fmt.Sprintf("noted in round %d", e.round)
	e.want[o], e.touched[o] = b, true
	patch, err := json.Marshal(map[string]string{"note": b.Note})
	if err != nil {
		panic(err) // strings always encode
	}
	e.out.Drift = append(e.out.Drift, Drift{Kind: o.kind, Key: o.key, Body: string(patch)})
}

// Apply makes the edit in a tenant.
func (d Drift) Apply(f *tenanttest.Fake) {
	if d.Create {
		f.Seed(d.Kind, d.Body)
		return
	}
	f.Set(d.Kind, f.Find(d.Kind, d.Key), d.Body)
}

// Differences describes how the tenant and the repository differ from w.
func (w Want) Differences(f *tenanttest.Fake, desired []tenant.Resource) []string {
	inTenant, problems := readTenant(f)
	inRepository := Want{}
	for _, r := range desired {
		b, err := parseBody(r.Body)
		if err != nil {
			problems = append(problems, fmt.Sprintf("repository: %s/%s: %v", r.Kind, r.Key, err))
		}
		inRepository[object{r.Kind, r.Key}] = b
	}
	return slices.Concat(problems, w.compare("tenant", inTenant), w.compare("repository", inRepository))
}

// readTenant reads a tenant in the repository's form.
func readTenant(f *tenanttest.Fake) (Want, []string) {
	names := map[string]string{}
	for _, r := range f.Objects("groups") {
		if b, err := parseBody(r.Body); err == nil {
			names[r.ID] = b.Name
		}
	}
	found := Want{}
	var problems []string
	for _, k := range Kinds() {
		for _, r := range f.Objects(k.Name) {
			b, err := parseBody(r.Body)
			if err != nil {
				problems = append(problems, fmt.Sprintf("tenant: %s %s: %v", k.Name, r.ID, err))
				continue
			}
			for i, id := range b.Groups {
				b.Groups[i] = reference(names[id])
			}
			slices.Sort(b.Groups)
			o := object{k.Name, b.Name}
			if _, twice := found[o]; twice {
				problems = append(problems, fmt.Sprintf("tenant: two %s are called %q", o.kind, o.key))
			}
			found[o] = b
		}
	}
	return found, problems
}

// parseBody decodes an object's body without the properties that the service
// adds.
func parseBody(raw json.RawMessage) (body, error) {
	var b body
	err := json.Unmarshal(raw, &b)
	slices.Sort(b.Groups)
	return b, err
}

func (w Want) compare(where string, got Want) []string {
	var out []string
	for o, want := range w {
		have, ok := got[o]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s: %s/%s is missing", where, o.kind, o.key))
		case have.Name != want.Name || have.Description != want.Description || have.Note != want.Note || !slices.Equal(have.Groups, want.Groups):
			out = append(out, fmt.Sprintf("%s: %s/%s is %s, want %s", where, o.kind, o.key, have.json(), want.json()))
		}
	}
	for o := range got {
		if _, ok := w[o]; !ok {
			out = append(out, fmt.Sprintf("%s: %s/%s should not be there", where, o.kind, o.key))
		}
	}
	slices.Sort(out)
	return out
}
