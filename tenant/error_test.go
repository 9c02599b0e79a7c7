package tenant

import (
	"errors"
	"fmt"
	"testing"
)

// The class and the outcome of an error are those of the first *Error in it. Any
// other error says nothing about them.
func TestClassOf(t *testing.T) {
	throttled := &Error{Class: Throttled, MaybeApplied: true}
	for _, tt := range []struct {
		name  string
		err   error
		class Class
		maybe bool
	}{
		{"no error", nil, "", true},
		{"another error", errors.New("boom"), Permanent, true},
		{"an error", &Error{Class: NotFound}, NotFound, false},
		{"one that may have taken effect", throttled, Throttled, true},
		{"wrapped", fmt.Errorf("read: %w", &Error{Class: NotFound}), NotFound, false},
		{"the first of two", errors.Join(errors.New("boom"), &Error{Class: Conflict}, throttled), Conflict, false},
		{"within an error", &Error{Class: Permanent, Err: throttled}, Permanent, false},
	} {
		if class, maybe := ClassOf(tt.err), MaybeApplied(tt.err); class != tt.class || maybe != tt.maybe {
			t.Errorf("%s: got %q, maybe applied: %v, want %q, %v", tt.name, class, maybe, tt.class, tt.maybe)
		}
	}
}

// errors.Is compares classes. An error with a place is equal only to itself.
func TestErrorIs(t *testing.T) {
	err := error(&Error{Class: NotFound, Kind: "groups", ID: "1", Op: "get"})
	for _, tt := range []struct {
		target error
		want   bool
	}{
		{&Error{Class: NotFound}, true}, {&Error{Class: Conflict}, false}, {err, true}, {errors.New("x"), false},
		{&Error{Class: NotFound, Kind: "groups"}, false}, {&Error{Class: NotFound, ID: "1"}, false}, {&Error{Class: NotFound, Op: "get"}, false},
	} {
		if got := errors.Is(err, tt.target); got != tt.want {
			t.Errorf("%+v: got %v", tt.target, got)
		}
	}
}

// The text has every part that is known.
func TestErrorText(t *testing.T) {
	for want, e := range map[string]*Error{
		"not_found":                  {Class: NotFound},
		"get not_found":              {Class: NotFound, Op: "get"},
		"groups: not_found":          {Class: NotFound, Kind: "groups"},
		"get groups/1: not_found":    {Class: NotFound, Op: "get", Kind: "groups", ID: "1"},
		"not_found: Code: no object": {Class: NotFound, Code: "Code", Message: "no object", ID: "1"},
		"forbidden: cause (needs A, B) (it may have taken effect) (request r)": {Class: AccessDenied, Err: errors.New("cause"), Missing: []string{"A", "B"}, MaybeApplied: true, RequestID: "r"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
