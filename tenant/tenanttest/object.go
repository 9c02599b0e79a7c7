package tenanttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// fakeKind has the objects of one kind and its conditions.
type fakeKind struct {
	tenant.Kind
	objects    []*object // in order of creation, deleted ones too
	forbidden  bool
	unlicensed bool
	unread     []string // properties that no read shows
	failReads  tenant.Class
	cutReads   int // -1: not
}

// kinds are the kinds of a fake by name.
type kinds map[string]*fakeKind

// must returns a kind, and panics if the fake does not have it.
func (all kinds) must(name string) *fakeKind {
	k := all[name]
	if k == nil {
		panic(fmt.Sprintf("tenanttest: the fake has no kind %q", name))
	}
	return k
}

// object is one object with its earlier versions.
type object struct {
	kind     *fakeKind
	id       string
	versions []version
	// secrets holds the masked values by their token.
	secrets map[string]any
}

// version is an object's body, nil once deleted, and from when reads see it.
type version struct {
	body    map[string]any
	visible time.Time
}

func (o *object) latest() map[string]any {
	if len(o.versions) == 0 {
		return nil
	}
	return o.versions[len(o.versions)-1].body
}

// beforeDelete returns the last body of a deleted object; nil for one that is
// there, or never was.
func (o *object) beforeDelete() map[string]any {
	if n := len(o.versions); n > 1 && o.versions[n-1].body == nil {
		return o.versions[n-2].body
	}
	return nil
}

// visible returns the body that reads see, nil for none.
func (o *object) visible(now time.Time) map[string]any {
	for _, v := range slices.Backward(o.versions) {
		if !v.visible.After(now) {
			return v.body
		}
	}
	return nil
}

func (o *object) set(body map[string]any, visible time.Time) {
	o.versions = append(o.versions, version{body: body, visible: visible})
}

// resource is the object as a client sees it: secrets masked.
func (o *object) resource(body map[string]any) tenant.Resource {
	body = clone(body)
	for _, name := range o.kind.unread {
		delete(body, name)
	}
	for _, m := range o.kind.Masked {
		walk(body, m.Path, func(p place) {
			if p.value() != nil {
				p.replace(mask)
			}
		})
	}
	return tenant.Resource{Kind: o.kind.Name, ID: o.id, Body: encode(body)}
}

const mask = "****"

// sealSecrets gives every masked value its token, and keeps it.
func (o *object) sealSecrets(body map[string]any, newToken func() string) {
	for _, m := range o.kind.Masked {
		if m.Token == "" {
			continue
		}
		walk(body, m.Path, func(p place) {
			parent, ok := p.parent.(map[string]any)
			if !ok || p.value() == nil {
				return
			}
			if token, _ := parent[m.Token].(string); token != "" && o.secrets[token] == p.value() {
				return
			}
			if o.secrets == nil {
				o.secrets = make(map[string]any)
			}
			token := newToken()
			parent[m.Token] = token
			o.secrets[token] = p.value()
		})
	}
}

// restoreSecrets puts the stored secrets into a body that was sent with their
// tokens instead. It returns an error for masked values that it cannot restore.
func (o *object) restoreSecrets(body map[string]any) error {
	var err error
	for _, m := range o.kind.Masked {
		walk(body, m.Path, func(p place) {
			if s, ok := p.value().(string); ok && s != "" && strings.Trim(s, "*") == "" {
				err = fmt.Errorf("the secret at %s would be overwritten with asterisks", m.Path)
			}
		})
		if m.Token == "" {
			continue
		}
		above, name := m.Path[:strings.LastIndexByte(m.Path, '/')], lastSegment(m.Path)
		walk(body, above, func(p place) {
			parent, ok := p.value().(map[string]any)
			if !ok || parent[name] != nil || parent[m.Token] == nil {
				return
			}
			token, _ := parent[m.Token].(string)
			secret, known := o.secrets[token]
			if !known {
				err = fmt.Errorf("the %s at %s belongs to no secret of this object", m.Token, above)
				return
			}
			parent[name] = secret
		})
	}
	return err
}

// naturalKey returns the values that name an object, joined by " - ".
func (k *fakeKind) naturalKey(body map[string]any) string {
	if k.Singleton {
		return k.Name
	}
	paths := k.NaturalKey
	if len(paths) == 0 {
		paths = []string{"/displayName"}
	}
	var values []string
	for _, path := range paths {
		value := "null"
		walk(body, path, func(p place) {
			if value = fmt.Sprint(p.value()); p.value() == nil {
				value = "null"
			}
		})
		values = append(values, value)
	}
	return strings.Join(values, " - ")
}

func mustObject(body string) map[string]any {
	object, err := parseObject([]byte(body))
	if err != nil {
		panic(fmt.Sprintf("tenanttest: %v: %s", err, body))
	}
	return object
}

// parseObject decodes one JSON object. Numbers keep their spelling.
func parseObject(body []byte) (map[string]any, error) {
	raw, err := tenant.DecodeFile("body", body)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var object map[string]any
	err = dec.Decode(&object)
	return object, err
}

func encode(body map[string]any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		panic(fmt.Sprintf("tenanttest: encode: %v", err)) // made of decoded JSON
	}
	return bytes.TrimSpace(b.Bytes())
}

// clone copies a decoded JSON value.
func clone[T any](v T) T {
	switch v := any(v).(type) {
	case map[string]any:
		m := maps.Clone(v)
		for name := range m {
			m[name] = clone(m[name])
		}
		return any(m).(T)
	case []any:
		s := slices.Clone(v)
		for i := range s {
			s[i] = clone(s[i])
		}
		return any(s).(T)
	}
	return v
}

// mergePatch applies a JSON merge patch (RFC 7386) to a value, in place.
func mergePatch(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return clone(patch)
	}
	object, ok := target.(map[string]any)
	if !ok || object == nil {
		object = make(map[string]any)
	}
	for name, value := range changes {
		if value == nil {
			delete(object, name)
			continue
		}
		object[name] = mergePatch(object[name], value)
	}
	return object
}

// underlay adds to a body the members of defaults that it lacks.
func underlay(body, defaults map[string]any) map[string]any {
	for name, value := range defaults {
		own, there := body[name]
		if !there {
			body[name] = value
			continue
		}
		ownObject, ok := own.(map[string]any)
		if below, isObject := value.(map[string]any); ok && isObject {
			body[name] = underlay(ownObject, below)
		}
	}
	return body
}
