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
	// Granted permissions at the start. See [Conditions.Grant].
	Granted []string
	// ConsentURL is the page where an administrator grants missing permissions.
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
// everything at once and stand for other people's changes. [Conditions] make the
// tenant refuse, hide and delay things. [Record] lists what the clients did.
//
// Safe for concurrent use. Delays are timers, so that it works in a
// testing/synctest bubble.
type Fake struct {
	cfg Config

	*Conditions
	*Record

	mu      sync.Mutex
	kinds   kinds
	objects objects
}

// NewFake returns a tenant in which only singletons exist. It panics on kinds
// without or with equal names, and on Defaults that are not JSON objects.
func NewFake(cfg Config) *Fake {
	cfg.Directory = cmp.Or(cfg.Directory, "00000000-0000-4000-8000-000000000001")
	cfg.ReadBudget = cmp.Or(cfg.ReadBudget, time.Minute)
	cfg.Kinds = slices.Clone(cfg.Kinds)
	f := &Fake{cfg: cfg, kinds: make(kinds)}
	f.Record = &Record{mu: &f.mu}
	f.Conditions = &Conditions{mu: &f.mu, cfg: &f.cfg, kinds: f.kinds, record: f.Record, granted: make(map[string]bool)}
	f.objects = objects{cfg: &f.cfg, kinds: f.kinds, record: f.Record, now: f.Conditions}
	for _, k := range cfg.Kinds {
		if k.Name == "" || f.kinds[k.Name] != nil {
			panic(fmt.Sprintf("tenanttest: kind %q has no name or appears twice", k.Name))
		}
		f.kinds[k.Name] = &fakeKind{Kind: k, cutReads: -1}
		if k.Singleton {
			f.objects.seedSingleton(f.kinds[k.Name])
		}
	}
	f.Grant(cfg.Granted...)
	return f
}

// ClientConfig configures a client of a [Fake].
type ClientConfig struct {
	// Worker names the process that uses the client, for [Record.Overlapping].
	Worker string
	// Authorize, if not nil, is called before every call. After an error the
	// fake refuses the credentials.
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
// body that is not a JSON object.
func (f *Fake) Seed(kind, body string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.kinds.must(kind)
	o := &object{kind: k, id: singletonID(k.Kind)}
	if k.Singleton {
		k.objects = nil
		f.Record.overwrite(kind, o.id)
	}
	object := mustObject(body)
	if !k.Singleton {
		o.id = cmp.Or(f.objects.chosenID(k.Name, object), f.objects.newID())
	}
	o.set(f.objects.completed(o, object), time.Time{})
	k.objects = append(k.objects, o)
	return o.id
}

// Set changes an object as someone else in the tenant would: patch is a JSON
// merge patch. It panics for an object that the tenant lacks.
func (f *Fake) Set(kind, id, patch string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.objects.mustFind(kind, id)
	body := mergePatch(clone(o.latest()), mustObject(patch)).(map[string]any)
	o.sealSecrets(body, f.objects.newID)
	touch(o, body)
	o.set(body, time.Time{})
	f.Record.overwrite(kind, o.id)
}

// Remove deletes an object as someone else in the tenant would. It panics
// for an object that the tenant lacks.
func (f *Fake) Remove(kind, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.objects.mustFind(kind, id)
	o.set(nil, time.Time{})
	f.Record.overwrite(kind, o.id)
}

// Deleted returns a kind's objects that are not there any more, as they last
// were, in order of creation.
func (f *Fake) Deleted(kind string) []tenant.Resource {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []tenant.Resource
	for _, o := range f.kinds.must(kind).objects {
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
	for _, o := range f.kinds.must(kind).objects {
		if body := o.beforeDelete(); body != nil && o.id == id {
			o.set(body, f.Conditions.visibleAt())
			f.Record.overwrite(kind, id)
			return true
		}
	}
	return false
}

// Object returns an object's present body, secrets included, without lag. It
// returns nil for an object that the tenant lacks.
func (f *Fake) Object(kind, id string) json.RawMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.objects.find(kind, id)
	if o == nil {
		return nil
	}
	return encode(o.latest())
}

// Objects returns a kind's present objects, as [Fake.Object] does, in order of
// creation.
func (f *Fake) Objects(kind string) []tenant.Resource {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []tenant.Resource
	for _, o := range f.kinds.must(kind).objects {
		if body := o.latest(); body != nil {
			all = append(all, tenant.Resource{Kind: kind, ID: o.id, Body: encode(body)})
		}
	}
	return all
}

// Find returns the id of the object with this natural key (the values of
// [tenant.Kind.NaturalKey], joined by " - "), or "". It panics if several objects
// have the key.
func (f *Fake) Find(kind, naturalKey string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []string
	for _, o := range f.kinds.must(kind).objects {
		if body := o.latest(); body != nil && o.kind.naturalKey(body) == naturalKey {
			found = append(found, o.id)
		}
	}
	if len(found) > 1 {
		panic(fmt.Sprintf("tenanttest: %s %q stands for several objects: %s", kind, naturalKey, strings.Join(found, ", ")))
	}
	return strings.Join(found, "")
}
