package tenanttest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// objects has the objects of a fake's tenant, and changes them by the tenant's rules.
// The caller holds the fake's lock.
type objects struct {
	cfg    *Config
	kinds  kinds
	record *Record
	now    *Conditions
	ids    int
}

func (s *objects) seedSingleton(k *fakeKind) {
	o := &object{kind: k, id: singletonID(k.Kind)}
	o.set(s.completed(o, map[string]any{}), time.Time{})
	k.objects = append(k.objects, o)
}

// singletonID is the kind's name if objects of the kind show an id, else none.
func singletonID(k tenant.Kind) string {
	if slices.Contains(k.ReadOnly, "/id") {
		return k.Name
	}
	return ""
}

// find returns an object that is there now, or nil.
func (s *objects) find(kind, id string) *object {
	k := s.kinds[kind]
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

func (s *objects) mustFind(kind, id string) *object {
	s.kinds.must(kind)
	o := s.find(kind, id)
	if o == nil {
		panic(fmt.Sprintf("tenanttest: there is no %s/%s", kind, id))
	}
	return o
}

// completed adds the properties that the service sets to a new object's body.
func (s *objects) completed(o *object, body map[string]any) map[string]any {
	created := "2026-01-01T00:00:00Z" // what is seeded is old
	if defaults := s.cfg.Defaults[o.kind.Name]; defaults != "" {
		body = underlay(body, mustObject(defaults))
	}
	for _, path := range o.kind.ReadOnly {
		switch path {
		case "/id":
			body["id"] = o.id
		case "/createdDateTime", "/modifiedDateTime", "/lastModifiedDateTime":
			if body[path[1:]] == nil {
				body[path[1:]] = created
			}
		case "/version":
			if body["version"] == nil {
				body["version"] = json.Number("1")
			}
		}
	}
	o.sealSecrets(body, s.newID)
	return body
}

// touch sets the properties that the service sets on every change.
func touch(o *object, body map[string]any) {
	for _, path := range o.kind.ReadOnly {
		switch path {
		case "/modifiedDateTime", "/lastModifiedDateTime":
			body[path[1:]] = time.Now().UTC().Format(time.RFC3339Nano)
		case "/version":
			body["version"] = json.Number(fmt.Sprint(len(o.versions) + 1))
		}
	}
}

// chosenID returns the id that the maker of an object chose, or "" if the service
// makes the ids of the kind.
func (s *objects) chosenID(kind string, body map[string]any) string {
	id, _ := body[s.cfg.ChosenIDs[kind]].(string)
	return id
}

// newID makes the next id: GUID-shaped, the same in every run. The caller
// holds the lock.
func (s *objects) newID() string {
	s.ids++
	h := sha256.Sum256(fmt.Appendf(nil, "%s/%d", s.cfg.Directory, s.ids))
	return fmt.Sprintf("%x-%x-4%03x-8%03x-%x", h[0:4], h[4:6], (int(h[6])<<8|int(h[7]))&0xfff, (int(h[8])<<8|int(h[9]))&0xfff, h[10:16])
}
