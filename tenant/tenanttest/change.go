package tenanttest

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

func (s *objects) create(k *fakeKind, op tenant.Operation) (*object, error) {
	if op.ID != "" {
		return nil, s.record.invalid("a create has no id")
	}
	body, err := s.checkedBody(k, op.After, "after")
	if err != nil {
		return nil, err
	}
	o := &object{kind: k}
	if err := cmp.Or(o.restoreSecrets(body), s.checkReferences(k, body), limited(k, op.Verb, body)); err != nil {
		return nil, s.record.invalid("%v", err)
	}
	if property := s.cfg.ChosenIDs[k.Name]; property != "" {
		if o.id = s.chosenID(k.Name, body); o.id == "" {
			return nil, s.record.invalid("after: the property /%s is required: it is the object's id", property)
		}
		if s.taken(k, o.id) {
			return nil, s.record.fail(tenant.Conflict, k.Name, o.id, "an object with this id exists already", nil)
		}
	} else {
		o.id = s.newID()
	}
	body = s.completed(o, body)
	setCreated(o, body)
	o.set(body, s.now.visibleAt())
	k.objects = append(k.objects, o)
	return o, nil
}

// taken reports whether an object has the id. Ids have no case.
func (s *objects) taken(k *fakeKind, id string) bool {
	return slices.ContainsFunc(k.objects, func(o *object) bool { return o.latest() != nil && strings.EqualFold(o.id, id) })
}

func (s *objects) update(op tenant.Operation) (*object, error) {
	o, err := s.expected(op)
	if err != nil {
		return nil, err
	}
	patch, err := s.checkedBody(o.kind, op.Patch, "patch")
	if err != nil {
		return nil, err
	}
	if op.After != nil {
		if _, err := s.checkedBody(o.kind, op.After, "after"); err != nil {
			return nil, err
		}
	}
	before := o.latest()
	if err := cmp.Or(limited(o.kind, op.Verb, before), checkCreateOnly(o.kind, before, patch), o.restoreSecrets(patch), s.checkReferences(o.kind, patch)); err != nil {
		return nil, s.record.invalid("%v", err)
	}
	body := mergePatch(clone(before), patch).(map[string]any)
	o.sealSecrets(body, s.newID)
	touch(o, body)
	o.set(body, s.now.visibleAt())
	return o, nil
}

func (s *objects) delete(op tenant.Operation) (*object, error) {
	o, err := s.expected(op)
	if err != nil {
		return nil, err
	}
	if err := limited(o.kind, op.Verb, o.latest()); err != nil {
		return nil, s.record.invalid("%v", err)
	}
	o.set(nil, s.now.visibleAt())
	return o, nil
}

// expected returns the object of an update or delete.
func (s *objects) expected(op tenant.Operation) (*object, error) {
	o := s.find(op.Kind, op.ID)
	if o == nil {
		return nil, s.record.fail(tenant.NotFound, op.Kind, op.ID, "there is no such object", nil)
	}
	if s.cfg.Conditional && op.Before != nil {
		before, err := parseObject(op.Before)
		if err != nil {
			return nil, s.record.invalid("before: %v", err)
		}
		if !bytes.Equal(encode(before), o.resource(o.latest()).Body) {
			return nil, s.record.fail(tenant.Conflict, op.Kind, op.ID, "the object has changed since it was read", nil)
		}
	}
	return o, nil
}

// setCreated sets the times of an object that was created just now.
func setCreated(o *object, body map[string]any) {
	for _, path := range o.kind.ReadOnly {
		switch path {
		case "/createdDateTime", "/modifiedDateTime", "/lastModifiedDateTime":
			body[path[1:]] = time.Now().UTC().Format(time.RFC3339Nano)
		}
	}
}

// checkedBody decodes a body that was sent, and refuses read-only properties.
func (s *objects) checkedBody(k *fakeKind, body []byte, what string) (map[string]any, error) {
	if body == nil {
		return nil, s.record.invalid("the operation has no %s", what)
	}
	object, err := parseObject(body)
	if err != nil {
		return nil, s.record.invalid("%s: %v", what, err)
	}
	for _, path := range k.ReadOnly {
		walk(object, path, func(p place) {
			if !isToken(k, path) {
				err = s.record.invalid("%s: the property %s is read-only", what, p.pointer)
			}
		})
	}
	return object, err
}

// isToken reports whether a path is that of a secret's token, which is set by
// the service and yet sent back.
func isToken(k *fakeKind, path string) bool {
	return slices.ContainsFunc(k.Masked, func(m tenant.Masked) bool {
		return m.Token != "" && path == m.Path[:strings.LastIndexByte(m.Path, '/')+1]+m.Token
	})
}

// limited says why the object cannot be treated so.
func limited(k *fakeKind, verb tenant.Verb, body map[string]any) error {
	for _, l := range k.Limits {
		if slices.Contains(l.Verbs, verb) && meets(body, l.When) {
			return fmt.Errorf("%s", l.Reason)
		}
	}
	return nil
}

// checkCreateOnly refuses changes of properties that only a create may set. A GUID in
// other letters is the same one.
func checkCreateOnly(k *fakeKind, before, patch map[string]any) error {
	after := mergePatch(clone(before), patch).(map[string]any)
	for _, path := range k.CreateOnly {
		if old, new := valuesAt(before, path), valuesAt(after, path); !bytes.Equal(guid.ReplaceAllFunc(old, bytes.ToLower), guid.ReplaceAllFunc(new, bytes.ToLower)) {
			return fmt.Errorf("the property %s cannot be changed after the create", path)
		}
	}
	return nil
}

// valuesAt returns the values at a path in a form that compares.
func valuesAt(body map[string]any, path string) []byte {
	values := make(map[string]any)
	walk(body, path, func(p place) { values[p.pointer] = p.value() })
	return encode(values)
}

var guid = regexp.MustCompile(`[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`)
