package tenanttest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// Config configures a [Fake]. The zero value makes an empty tenant that knows
// no kinds.
type Config struct {
	// Kinds that the tenant has.
	Kinds []tenant.Kind
	// Directory is the tenant's directory id, and what object ids are made
	// from: two fakes with one directory make the same ids. Defaults to
	// "00000000-0000-4000-8000-000000000001". For a tenant whose people sign in by
	// the fakes of package authtest, set authtest.DirectoryOf of its name: another
	// directory ends a sync with the class wrong_tenant.
	Directory string
	// Defaults are, by kind, properties that the service adds to a created
	// object that lacks them, and the whole content of singletons at the start.
	Defaults map[string]string
	// ChosenIDs are, by kind, the property by whose value the maker of an object
	// chooses its id: "id" of an attribute set, "tenantId" of a partner. A create
	// without it is invalid, and one of an id that is taken is a conflict. The ids
	// of other kinds are made here.
	ChosenIDs map[string]string
	// Permissions that the kinds need. Defaults to none.
	Permissions []tenant.Permission
	// Granted permissions at the start. See [Fake.Grant].
	Granted []string
	// ConsentURL is the page where an administrator grants what is missing.
	ConsentURL string
	// Conditional makes updates and deletes fail with Conflict when the object
	// is not as the operation's Before. Most of Microsoft Graph does not.
	Conditional bool
	// ReadBudget is how long a read waits, in all, while it is throttled,
	// before it gives up. Defaults to 1 minute.
	ReadBudget time.Duration
	// Faults, if not nil, strikes calls of the clients, under the names
	// "Client.Kinds", "Client.Permissions", "Client.Read", "Client.Get" and
	// "Client.Apply". Several fakes may share one.
	Faults *Injector
}

// Fake is a Microsoft 365 tenant in memory. Tests reach it in two ways: through
// [Fake.Client], as the code under test does, with all that a tenant refuses,
// hides and delays; and by the Fake's own methods, which see and change
// everything at once and stand for what other people do in the tenant.
//
// Safe for concurrent use. Delays are timers, so that it works in a
// testing/synctest bubble.
type Fake struct {
	cfg Config

	mu         sync.Mutex
	kinds      map[string]*fakeKind
	ids        int
	granted    map[string]bool
	generation int           // of credentials that are handed out now
	revoked    int           // generations before this one are revoked
	lag        time.Duration // until reads see a write
	slowRead   time.Duration
	slowWrite  time.Duration
	throttled  throttle
	failWrite  func(tenant.Operation) WriteFault
	failNext   []tenant.Class
	record     record
}

// fakeKind is the objects of one kind and what is wrong with it.
type fakeKind struct {
	tenant.Kind
	objects    []*object // in order of creation, deleted ones too
	forbidden  bool
	unlicensed bool
	failReads  tenant.Class
	cutReads   int // -1: not
}

// NewFake returns a tenant in which only singletons exist. It panics on kinds
// without or with equal names and on Defaults that are no JSON objects.
func NewFake(cfg Config) *Fake {
	cfg.Directory = cmp.Or(cfg.Directory, "00000000-0000-4000-8000-000000000001")
	cfg.ReadBudget = cmp.Or(cfg.ReadBudget, time.Minute)
	cfg.Kinds = slices.Clone(cfg.Kinds)
	f := &Fake{cfg: cfg, kinds: make(map[string]*fakeKind), granted: make(map[string]bool)}
	for _, k := range cfg.Kinds {
		if k.Name == "" || f.kinds[k.Name] != nil {
			panic(fmt.Sprintf("tenanttest: kind %q has no name or appears twice", k.Name))
		}
		f.kinds[k.Name] = &fakeKind{Kind: k, cutReads: -1}
		if k.Singleton {
			f.seedSingleton(f.kinds[k.Name])
		}
	}
	f.Grant(cfg.Granted...)
	return f
}

func (f *Fake) seedSingleton(k *fakeKind) {
	o := &object{kind: k, id: singletonID(k.Kind)}
	o.set(f.completed(o, map[string]any{}), time.Time{})
	k.objects = append(k.objects, o)
}

// singletonID is the kind's name if objects of the kind show an id, else none.
func singletonID(k tenant.Kind) string {
	if slices.Contains(k.ReadOnly, "/id") {
		return k.Name
	}
	return ""
}

// ClientConfig configures a client of a [Fake].
type ClientConfig struct {
	// Worker names the process that uses the client, for [Fake.Overlapping].
	Worker string
	// Authorize, if not nil, is called before every call; an error means that
	// the credentials are no longer accepted.
	Authorize func(ctx context.Context) error
}

// Client returns a client with fresh credentials.
func (f *Fake) Client(cfg ClientConfig) tenant.Client {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &client{fake: f, cfg: cfg, generation: f.generation}
}

// Directory returns the tenant's directory id.
func (f *Fake) Directory() string { return f.cfg.Directory }

// Seed puts an object into the tenant, as if it had long been there, and
// returns its id. The body may be of any JSON; server-set properties are added.
// Of a singleton, it replaces the content. It panics on an unknown kind or a
// body that is no JSON object.
func (f *Fake) Seed(kind, body string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.mustKind(kind)
	o := &object{kind: k, id: singletonID(k.Kind)}
	if k.Singleton {
		k.objects = nil
		f.record.overwrite(kind, o.id)
	}
	object := mustObject(body)
	if !k.Singleton {
		o.id = cmp.Or(f.chosenID(k.Name, object), f.newID())
	}
	o.set(f.completed(o, object), time.Time{})
	k.objects = append(k.objects, o)
	return o.id
}

// Set changes an object as someone else in the tenant would: patch is a JSON
// merge patch. It panics if there is no such object.
func (f *Fake) Set(kind, id, patch string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.mustFind(kind, id)
	body := mergePatch(clone(o.latest()), mustObject(patch)).(map[string]any)
	o.sealSecrets(body, f.newID)
	f.touch(o, body)
	o.set(body, time.Time{})
	f.record.overwrite(kind, o.id)
}

// Remove deletes an object as someone else in the tenant would. It panics if
// there is no such object.
func (f *Fake) Remove(kind, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.mustFind(kind, id)
	o.set(nil, time.Time{})
	f.record.overwrite(kind, o.id)
}

// Deleted returns a kind's objects that are not there any more, as they last
// were, in order of creation.
func (f *Fake) Deleted(kind string) []tenant.Resource {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []tenant.Resource
	for _, o := range f.mustKind(kind).objects {
		if body := o.beforeDelete(); body != nil {
			all = append(all, tenant.Resource{Kind: kind, ID: o.id, Body: encode(body)})
		}
	}
	return all
}

// Undelete brings an object back as it last was, under its id, as someone else
// in the tenant would. It reports whether there is such a deleted object.
func (f *Fake) Undelete(kind, id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.mustKind(kind).objects {
		if body := o.beforeDelete(); body != nil && o.id == id {
			o.set(body, f.visibleAt())
			f.record.overwrite(kind, id)
			return true
		}
	}
	return false
}

// Object returns an object's body as it is now, secrets included, without lag;
// nil if it is not there.
func (f *Fake) Object(kind, id string) json.RawMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.find(kind, id)
	if o == nil {
		return nil
	}
	return encode(o.latest())
}

// Objects returns a kind's objects as they are now, as [Fake.Object] does, in
// order of creation.
func (f *Fake) Objects(kind string) []tenant.Resource {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []tenant.Resource
	for _, o := range f.mustKind(kind).objects {
		if body := o.latest(); body != nil {
			all = append(all, tenant.Resource{Kind: kind, ID: o.id, Body: encode(body)})
		}
	}
	return all
}

// Find returns the id of the object with this natural key (the values of
// [tenant.Kind.NaturalKey], joined by " - "), or "" if there is none. It
// panics if there are several.
func (f *Fake) Find(kind, naturalKey string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []string
	for _, o := range f.mustKind(kind).objects {
		if body := o.latest(); body != nil && o.kind.naturalKey(body) == naturalKey {
			found = append(found, o.id)
		}
	}
	if len(found) > 1 {
		panic(fmt.Sprintf("tenanttest: %s %q stands for several objects: %s", kind, naturalKey, strings.Join(found, ", ")))
	}
	return strings.Join(found, "")
}

func (f *Fake) mustKind(kind string) *fakeKind {
	k := f.kinds[kind]
	if k == nil {
		panic(fmt.Sprintf("tenanttest: the fake has no kind %q", kind))
	}
	return k
}

// find returns an object that is there now, or nil.
func (f *Fake) find(kind, id string) *object {
	k := f.kinds[kind]
	if k == nil {
		return nil
	}
	for _, o := range k.objects {
		if (o.id == id || k.Singleton && id == "") && o.latest() != nil {
			return o
		}
	}
	return nil
}

func (f *Fake) mustFind(kind, id string) *object {
	f.mustKind(kind)
	o := f.find(kind, id)
	if o == nil {
		panic(fmt.Sprintf("tenanttest: there is no %s/%s", kind, id))
	}
	return o
}
