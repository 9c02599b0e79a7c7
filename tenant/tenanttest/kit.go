package tenanttest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

// tb is the part of *testing.T that cases use, so that the kits' own test can
// record their reports.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// kitCase is one case of a kit; F is the fixture.
type kitCase[F any] struct {
	name string
	// explanation says which rule of the contract the case checks. A case
	// that fails prints it.
	explanation string
	run         func(k *kit[F])
}

// kit has the values that all cases use.
type kit[F any] struct {
	tb
	fixture     F
	explanation string
}

// runCases runs each case as a subtest on a fresh fixture.
func runCases[F any](t *testing.T, factory func(t *testing.T) F, cases []kitCase[F]) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.run(&kit[F]{tb: t, fixture: factory(t), explanation: c.explanation})
		})
	}
}

// errorf reports a failure with the case's explanation.
func (k *kit[F]) errorf(format string, args ...any) {
	k.Helper()
	k.Errorf("%s\nThe contract: %s", fmt.Sprintf(format, args...), k.explanation)
}

// fatalf reports a failure and ends the case.
func (k *kit[F]) fatalf(format string, args ...any) {
	k.Helper()
	k.Fatalf("%s\nThe contract: %s", fmt.Sprintf(format, args...), k.explanation)
}

// must ends the case when err is not nil.
func (k *kit[F]) must(err error, what string) {
	k.Helper()
	if err != nil {
		k.fatalf("%s: %v", what, err)
	}
}

// sameJSON reports whether two texts are the same JSON object. The order of members
// and white space do not matter. Numbers must have the same spelling.
func sameJSON(a, b json.RawMessage) bool {
	x, err := parseObject(a)
	if err != nil {
		return false
	}
	y, err := parseObject(b)
	return err == nil && reflect.DeepEqual(x, y)
}
