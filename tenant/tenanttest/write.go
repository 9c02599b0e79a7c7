package tenanttest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// write carries out Apply: time, faults, effect.
func (f *Fake) write(ctx context.Context, op tenant.Operation, worker string) (tenant.Applied, error) {
	a := f.Record.begin(op, worker)
	defer f.Record.end(a)
	if err := f.Conditions.takeThrottle(); err != nil {
		return tenant.Applied{}, named(err, op)
	}
	struck, half := f.Conditions.nextWriteFault(op)
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

// noAnswer is the error of a caller that gave up: it cannot know the outcome.
func noAnswer(op tenant.Operation, cause error) error {
	return named(&tenant.Error{Class: tenant.Transient, Message: "no answer", MaybeApplied: true, Err: cause}, op)
}

// named returns a copy of an error that names the operation, kind and id.
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
	if err := f.Conditions.closed(op.Kind, true); err != nil {
		return tenant.Applied{}, err
	}
	k := f.kinds[op.Kind]
	if !k.Allows(op.Verb) {
		return tenant.Applied{}, f.Record.invalid("the kind does not know the verb %q", op.Verb)
	}
	if err := k.checkParts(op); err != nil {
		return tenant.Applied{}, f.Record.invalid("%v", err)
	}
	var (
		o   *object
		err error
	)
	switch op.Verb {
	case tenant.Create:
		o, err = f.objects.create(k, op)
	case tenant.Update:
		o, err = f.objects.update(op)
	case tenant.Delete:
		o, err = f.objects.delete(op)
	}
	if err != nil {
		return tenant.Applied{}, err
	}
	f.applied(op, o, a)
	applied := tenant.Applied{
		Resource:  tenant.Resource{Kind: op.Kind, ID: o.id},
		RequestID: fmt.Sprintf("request-%d", len(f.Record.calls)),
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
	f.Record.applied(w, f.hasTwin(op, o))
}

// hasTwin reports whether a create made a second object of one natural key.
func (f *Fake) hasTwin(op tenant.Operation, created *object) bool {
	return op.Verb == tenant.Create && slices.ContainsFunc(f.Record.writes, func(w *Write) bool {
		if w.Verb != tenant.Create || w.Kind != op.Kind {
			return false
		}
		first := f.objects.find(w.Kind, w.Object)
		return first != nil && first != created &&
			first.kind.naturalKey(first.latest()) == created.kind.naturalKey(created.latest())
	})
}
