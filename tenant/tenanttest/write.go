package tenanttest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// write carries out Apply: time, faults, effect.
func (f *Fake) write(ctx context.Context, op tenant.Operation, worker string) (tenant.Applied, error) {
	a := f.begin(op, worker)
	defer f.end(a)
	if err := f.takeThrottle(); err != nil {
		return tenant.Applied{}, named(err, op)
	}
	struck, half := f.nextWriteFault(op)
	if err := sleep(ctx, half); err != nil {
		return tenant.Applied{}, noAnswer(op, err)
	}
	if struck.Late > 0 {
		time.AfterFunc(struck.Late, func() { f.effect(op, a) })
		return tenant.Applied{}, named(struck.Err, op)
	}
	if struck.Err != nil && !struck.Applied {
		return tenant.Applied{}, named(struck.Err, op)
	}
	applied, err := f.effect(op, a)
	if e := sleep(ctx, half); e != nil {
		return tenant.Applied{}, noAnswer(op, e)
	}
	if struck.Err != nil {
		err = struck.Err
	}
	if err != nil {
		return tenant.Applied{}, named(err, op)
	}
	return applied, nil
}

func (f *Fake) begin(op tenant.Operation, worker string) *attempt {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := &attempt{op: op, worker: worker, start: time.Now()}
	f.record.attempts = append(f.record.attempts, a)
	return a
}

func (f *Fake) end(a *attempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a.end = time.Now()
	if a.write != nil {
		a.write.End = a.end
	}
}

// nextWriteFault says what goes wrong with a write, and half the time it takes.
func (f *Fake) nextWriteFault(op tenant.Operation) (WriteFault, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	half := f.slowWrite / 2
	if len(f.failNext) > 0 {
		class := f.failNext[0]
		f.failNext = f.failNext[1:]
		return Refused(class), half
	}
	if f.failWrite != nil {
		return f.failWrite(op), half
	}
	return WriteFault{}, half
}

// noAnswer is the error of a caller that gave up: it cannot know the outcome.
func noAnswer(op tenant.Operation, cause error) error {
	return named(&tenant.Error{Class: tenant.Transient, Message: "no answer", MaybeApplied: true, Err: cause}, op)
}

// named fills in what an error is about. The error passed is not changed.
func named(err error, op tenant.Operation) error {
	e, ok := err.(*tenant.Error)
	if !ok {
		return err
	}
	filled := *e
	filled.Op, filled.Kind, filled.ID = string(op.Verb), op.Kind, op.ID
	return &filled
}

// effect checks an operation as a tenant does and carries it out.
func (f *Fake) effect(op tenant.Operation, a *attempt) (tenant.Applied, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.closed(op.Kind, true); err != nil {
		return tenant.Applied{}, err
	}
	k := f.kinds[op.Kind]
	if !k.Allows(op.Verb) {
		return tenant.Applied{}, f.invalid("the kind does not know the verb %q", op.Verb)
	}
	if err := k.checkParts(op); err != nil {
		return tenant.Applied{}, f.invalid("%v", err)
	}
	var (
		o   *object
		err error
	)
	switch op.Verb {
	case tenant.Create:
		o, err = f.create(k, op)
	case tenant.Update:
		o, err = f.update(op)
	case tenant.Delete:
		o, err = f.delete(op)
	}
	if err != nil {
		return tenant.Applied{}, err
	}
	f.applied(op, o, a)
	applied := tenant.Applied{
		Resource:  tenant.Resource{Kind: op.Kind, ID: o.id},
		RequestID: fmt.Sprintf("request-%d", len(f.record.calls)),
	}
	if body := o.latest(); body != nil {
		applied.Resource = o.resource(body)
	}
	return applied, nil
}

// applied records an effect.
func (f *Fake) applied(op tenant.Operation, o *object, a *attempt) {
	w := &Write{Operation: op, Object: o.id, Worker: a.worker, Start: a.start, Effect: time.Now(), End: a.end}
	if body := o.latest(); body != nil {
		w.NaturalKey = o.kind.naturalKey(body)
	}
	a.write = w
	f.record.applied(w, f.hasTwin(op, o))
}

// hasTwin reports whether a create made a second object of one natural key.
func (f *Fake) hasTwin(op tenant.Operation, created *object) bool {
	return op.Verb == tenant.Create && slices.ContainsFunc(f.record.writes, func(w *Write) bool {
		if w.Verb != tenant.Create || w.Kind != op.Kind {
			return false
		}
		first := f.find(w.Kind, w.Object)
		return first != nil && first != created &&
			first.kind.naturalKey(first.latest()) == created.kind.naturalKey(created.latest())
	})
}

func (f *Fake) create(k *fakeKind, op tenant.Operation) (*object, error) {
	if op.ID != "" {
		return nil, f.invalid("a create has no id")
	}
	body, err := f.checkedBody(k, op.After, "after")
	if err != nil {
		return nil, err
	}
	o := &object{kind: k}
	if err := cmp.Or(o.restoreSecrets(body), f.checkReferences(k, body), limited(k, op.Verb, body)); err != nil {
		return nil, f.invalid("%v", err)
	}
	if property := f.cfg.ChosenIDs[k.Name]; property != "" {
		if o.id = f.chosenID(k.Name, body); o.id == "" {
			return nil, f.invalid("after: the property /%s is required: it is the object's id", property)
		}
		if f.taken(k, o.id) {
			return nil, f.fail(tenant.Conflict, k.Name, o.id, "an object with this id exists already", nil)
		}
	} else {
		o.id = f.newID()
	}
	body = f.completed(o, body)
	f.setCreated(o, body)
	o.set(body, f.visibleAt())
	k.objects = append(k.objects, o)
	return o, nil
}

// taken reports whether an object has the id. Ids have no case.
func (f *Fake) taken(k *fakeKind, id string) bool {
	return slices.ContainsFunc(k.objects, func(o *object) bool { return o.latest() != nil && strings.EqualFold(o.id, id) })
}

func (f *Fake) update(op tenant.Operation) (*object, error) {
	o, err := f.expected(op)
	if err != nil {
		return nil, err
	}
	patch, err := f.checkedBody(o.kind, op.Patch, "patch")
	if err != nil {
		return nil, err
	}
	if op.After != nil {
		if _, err := f.checkedBody(o.kind, op.After, "after"); err != nil {
			return nil, err
		}
	}
	before := o.latest()
	if err := cmp.Or(limited(o.kind, op.Verb, before), checkCreateOnly(o.kind, before, patch), o.restoreSecrets(patch), f.checkReferences(o.kind, patch)); err != nil {
		return nil, f.invalid("%v", err)
	}
	body := mergePatch(clone(before), patch).(map[string]any)
	o.sealSecrets(body, f.newID)
	f.touch(o, body)
	o.set(body, f.visibleAt())
	return o, nil
}

func (f *Fake) delete(op tenant.Operation) (*object, error) {
	o, err := f.expected(op)
	if err != nil {
		return nil, err
	}
	if err := limited(o.kind, op.Verb, o.latest()); err != nil {
		return nil, f.invalid("%v", err)
	}
	o.set(nil, f.visibleAt())
	return o, nil
}

// expected returns the object of an update or delete.
func (f *Fake) expected(op tenant.Operation) (*object, error) {
	o := f.find(op.Kind, op.ID)
	if o == nil {
		return nil, f.fail(tenant.NotFound, op.Kind, op.ID, "there is no such object", nil)
	}
	if f.cfg.Conditional && op.Before != nil {
		before, err := parseObject(op.Before)
		if err != nil {
			return nil, f.invalid("before: %v", err)
		}
		if !bytes.Equal(encode(before), o.resource(o.latest()).Body) {
			return nil, f.fail(tenant.Conflict, op.Kind, op.ID, "the object has changed since it was read", nil)
		}
	}
	return o, nil
}

func (f *Fake) visibleAt() time.Time {
	if f.lag <= 0 {
		return time.Time{}
	}
	return time.Now().Add(f.lag)
}

// setCreated sets the times of an object that was created just now.
func (f *Fake) setCreated(o *object, body map[string]any) {
	for _, path := range o.kind.ReadOnly {
		switch path {
		case "/createdDateTime", "/modifiedDateTime", "/lastModifiedDateTime":
			body[path[1:]] = time.Now().UTC().Format(time.RFC3339Nano)
		}
	}
}

// checkedBody decodes what was sent and refuses read-only properties.
func (f *Fake) checkedBody(k *fakeKind, body []byte, what string) (map[string]any, error) {
	if body == nil {
		return nil, f.invalid("the operation has no %s", what)
	}
	object, err := parseObject(body)
	if err != nil {
		return nil, f.invalid("%s: %v", what, err)
	}
	for _, path := range k.ReadOnly {
		walk(object, path, func(p place) {
			if !isToken(k, path) {
				err = f.invalid("%s: the property %s is read-only", what, p.pointer)
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

// checkCreateOnly refuses changes of properties that only a create may set.
func checkCreateOnly(k *fakeKind, before, patch map[string]any) error {
	after := mergePatch(clone(before), patch).(map[string]any)
	for _, path := range k.CreateOnly {
		if old, new := valuesAt(before, path), valuesAt(after, path); !bytes.Equal(old, new) {
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

// checkReferences refuses ids that belong to no object that can be seen. Where
// several references are declared for one place, one of them is enough.
func (f *Fake) checkReferences(k *fakeKind, body map[string]any) error {
	unknown := make(map[string]string)
	accepted := make(map[string]bool)
	for _, ref := range k.References {
		walk(body, ref.Path, func(p place) {
			value, ok := p.value().(string)
			if !ok || !f.applies(ref, body, p) {
				return
			}
			if isLiteral(ref, value) || f.exists(ref, value) {
				accepted[p.pointer] = true
			} else {
				unknown[p.pointer] = value
			}
		})
	}
	for pointer, value := range unknown {
		if !accepted[pointer] {
			return fmt.Errorf("%s refers to %q, which does not exist", pointer, value)
		}
	}
	return nil
}

// applies reports whether a reference is meant for the place: the object that
// holds the path's last segment has the reference's type.
func (f *Fake) applies(ref tenant.Reference, body map[string]any, p place) bool {
	if ref.Type == "" {
		return true
	}
	holder := body
	if at := strings.LastIndexByte(ref.Path, '/'); at > 0 {
		above := p.pointer[:strings.LastIndexByte(p.pointer, '/')]
		if _, inArray := p.parent.([]any); inArray && strings.HasSuffix(ref.Path, "/*") {
			above = above[:strings.LastIndexByte(above, '/')]
		}
		if above != "" {
			holder, _ = lookup(body, above).(map[string]any)
		}
	}
	typ, _ := holder["@odata.type"].(string)
	return strings.TrimPrefix(typ, "#") == strings.TrimPrefix(ref.Type, "#")
}

// isLiteral disregards case, as Graph does: it takes "all" for "All".
func isLiteral(ref tenant.Reference, value string) bool {
	return slices.ContainsFunc(ref.Literals, func(l string) bool {
		prefix, isPrefix := strings.CutSuffix(l, "*")
		return strings.EqualFold(l, value) || isPrefix && len(value) >= len(prefix) && strings.EqualFold(value[:len(prefix)], prefix)
	})
}

// exists reports whether reads see an object with the value as id, or as the
// reference's property, in any case. Kinds that the tenant does not have are
// not checked.
func (f *Fake) exists(ref tenant.Reference, value string) bool {
	known, now := false, time.Now()
	for _, name := range ref.Kinds {
		k := f.kinds[name]
		if k == nil {
			continue
		}
		known = true
		for _, o := range k.objects {
			body := o.visible(now)
			has := o.id
			if ref.Property != "" {
				has, _ = body[ref.Property].(string)
			}
			if body != nil && strings.EqualFold(has, value) {
				return true
			}
		}
	}
	return !known
}

// invalid makes an error of class Invalid. The caller holds the lock.
func (f *Fake) invalid(format string, args ...any) error {
	return f.fail(tenant.Invalid, "", "", fmt.Sprintf(format, args...), nil)
}
