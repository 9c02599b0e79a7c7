package shelter_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/shelter"
)

func TestCall(t *testing.T) {
	boom := errors.New("boom")
	if err := shelter.Call(func() error { return nil }); err != nil {
		t.Errorf("nothing happened: got %v", err)
	}
	if err := shelter.Call(func() error { return boom }); err != boom {
		t.Errorf("an error: got %v, want it as it is", err)
	}
	err := shelter.Call(func() error { panic("the value") })
	p, ok := shelter.Panicked(err)
	if !ok || p.Value != "the value" || !strings.Contains(string(p.Stack), "TestCall") {
		t.Fatalf("a panic: got %#v, want its value and the stack of this test", err)
	}
	if strings.Contains(err.Error(), "TestCall") {
		t.Errorf("the text %q has the stack", err)
	}
	for _, other := range []error{nil, boom, fmt.Errorf("wrapped: %w", err)} {
		if _, ok := shelter.Panicked(other); ok {
			t.Errorf("%v counts as a panic", other)
		}
	}
}
