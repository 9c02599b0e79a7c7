package statetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// Fixture is one fresh, empty instance of the implementation under test. It has
// no data of another instance. Usually its fields are one value.
type Fixture struct {
	// Store is needed by TestStore, TestLeaser and TestPruner.
	Store state.Records
	// Leaser is needed by TestLeaser, and by TestStore for the cases of fences:
	// without a Leaser, TestStore skips them. It works on the records of Store.
	Leaser state.Leaser
	// Blobs is needed by TestBlobs and TestPruner.
	Blobs state.Blobs
	// Pruner is needed by TestPruner. It works on Store and Blobs.
	Pruner state.Pruner

	// Pass makes time pass for this instance and nothing else: a store may set
	// its clock forward, or shift all stored times back by d. It is needed by
	// TestStore, TestLeaser and TestPruner. Otherwise only wall time makes time
	// pass; cases allow for half a minute of it.
	Pass func(d time.Duration)
	// Damage, if not nil, changes the stored content of a blob without a call of
	// Blobs. TestBlobs then checks that Blobs notices the damage.
	Damage func(ref state.BlobRef)
}

// Factory makes a fixture. It is called once per case, and closes the
// implementation with t.Cleanup.
type Factory func(t *testing.T) Fixture

// tb has the methods of *testing.T that cases use, so that the kits' own test
// can record the reports of a case.
type tb interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// kitCase is one case of a kit.
type kitCase struct {
	name string
	// explanation is the contract's sentence. A failing case prints it.
	explanation string
	run         func(k *kit)
}

// kit gives a case the fixture, the test, and short forms of common steps.
type kit struct {
	Fixture
	tb
	explanation string
}

// runCases runs each case as a subtest on a fresh fixture that has at least the
// named fields.
func runCases(t *testing.T, kitName string, factory Factory, cases []kitCase, fields ...string) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			k := &kit{Fixture: factory(t), tb: t, explanation: c.explanation}
			k.need(kitName, fields)
			c.run(k)
		})
	}
}

// need ends a case on a fixture that lacks one of the fields.
func (k *kit) need(kitName string, fields []string) {
	k.Helper()
	there := map[string]bool{
		"Store": k.Store != nil, "Leaser": k.Leaser != nil, "Blobs": k.Blobs != nil, "Pruner": k.Pruner != nil, "Pass": k.Pass != nil,
	}
	for _, field := range fields {
		if !there[field] {
			k.Fatalf("%s needs the field %s of the Fixture, which is nil", kitName, field)
		}
	}
}

// The fields that the kits need.
var (
	storeNeeds  = []string{"Store", "Pass"}
	leaserNeeds = []string{"Store", "Leaser", "Pass"}
	blobsNeed   = []string{"Blobs"}
	prunerNeeds = []string{"Store", "Blobs", "Pruner", "Pass"}
)

// errorf reports a failure with the case's explanation.
func (k *kit) errorf(format string, args ...any) {
	k.Helper()
	k.Errorf("%s\nThe contract: %s", fmt.Sprintf(format, args...), k.explanation)
}

// fatalf reports a failure and ends the case.
func (k *kit) fatalf(format string, args ...any) {
	k.Helper()
	k.Fatalf("%s\nThe contract: %s", fmt.Sprintf(format, args...), k.explanation)
}
