package authtest

import (
	"context"
	"errors"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
)

// tb is what a kit's case needs of a test, so that the kits can themselves be
// tested against implementations with planted bugs.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
}

// kitCase is a case of a kit for implementations of what F makes.
type kitCase[F any] struct {
	name string
	// explanation says what an implementation owes and why; it is printed when
	// the case fails.
	explanation string
	run         func(t tb, f F)
}

// runKit runs every case with a fixture of its own.
func runKit[F any](t *testing.T, cases []kitCase[F], factory func(t *testing.T) F) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := factory(t)
			defer func() {
				if t.Failed() {
					t.Log("why this matters: " + c.explanation)
				}
			}()
			c.run(t, f)
		})
	}
}

// canceled returns a context that has ended.
func canceled(t tb) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// wantClass wants an *auth.Error of a class, about the request's tenant.
func wantClass(t tb, what string, err error, want auth.Class, tenant string) {
	t.Helper()
	e, ok := errors.AsType[*auth.Error](err)
	switch {
	case !ok:
		t.Errorf("%s: got error %v, want an *auth.Error of class %q", what, err, want)
	case e.Class != want:
		t.Errorf("%s: got class %q (%v), want %q", what, e.Class, err, want)
	case e.Tenant != tenant:
		t.Errorf("%s: the error names tenant %q, want %q", what, e.Tenant, tenant)
	}
}

// wantCanceled wants the context's own error.
func wantCanceled(t tb, what string, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%s with a context that has ended: got %v, want %v", what, err, context.Canceled)
	}
}
