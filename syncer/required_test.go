package syncer_test

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/syncer"
)

// requiredFields are the fields that a request needs beside a tenant and an actor.
var requiredFields = map[string][]string{
	"Decide": {"Run", "Digest", "Verdict"},
}

// anyTenant are the methods whose tenant is a filter, or that ask for none.
var anyTenant = map[string]bool{"Run": true, "Runs": true, "Statuses": true, "Changes": true}

// arguments returns what the method is called with: a context, the tenant and an
// actor where the method takes them, and zero values.
func (a *acting) arguments(m engineMethod, tenantName string) []reflect.Value {
	in := make([]reflect.Value, len(m.params))
	in[0] = reflect.ValueOf(a.t.Context())
	for i, p := range m.params[1:] {
		v := reflect.New(p).Elem()
		switch {
		case p == reflect.TypeFor[io.Writer]():
			v.Set(reflect.ValueOf(io.Discard))
		case p.Kind() == reflect.String:
			v.SetString(tenantName)
		case p.Kind() == reflect.Struct:
			setText(v, "Tenant", tenantName)
			setText(v, "Actor", olga)
		}
		in[i+1] = v
	}
	return in
}

// takesTenant reports whether the method cannot do without a tenant.
func takesTenant(m engineMethod) bool { return len(m.params) > 1 && !anyTenant[m.name] }

// TestRequiredFieldsAreNamed calls every action and query without each of the
// fields that it needs: the error names the field, and nothing was asked or read.
func TestRequiredFieldsAreNamed(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range methodsOf(engineType) {
		seen[m.name] = true
		if !takesTenant(m) {
			continue
		}
		t.Run(m.name+"/Tenant", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newActing(t, nil)
				a.refuses("Tenant is required", a.call(m, a.arguments(m, "")))
				for _, name := range []string{strings.Repeat("x", 257), "a\nb", "a\xffb"} {
					a.refuses("Tenant ", a.call(m, a.arguments(m, name)))
				}
			})
		})
		for _, field := range requiredFields[m.name] {
			t.Run(m.name+"/"+field, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := newActing(t, legalActions[m.name].given)
					request := a.request(m)
					request.FieldByName(field).SetZero()
					a.refuses(field+" is required", a.do(m, request))
				})
			})
		}
	}
	for name := range anyTenant {
		if !seen[name] {
			t.Errorf("there is no method %s", name)
		}
	}
}

// refuses complains unless err is an ErrInvalid with the text, and nothing was
// asked or read for the request.
func (a *acting) refuses(text string, err error) {
	a.t.Helper()
	if !errors.Is(err, syncer.ErrInvalid) || !strings.Contains(fmt.Sprint(err), text) {
		a.t.Errorf("got %v, want an ErrInvalid with %q", err, text)
	}
	a.untouched(text)
}
