package authtest

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// Person is how a scripted person answers a sign-in prompt. The zero Person
// never comes. Make one with [SignsIn], [Declines] or [NeverComes], and set
// further fields where needed.
type Person struct {
	// Act is what the person does with the code.
	Act Act
	// After is how long after the code was shown.
	After time.Duration
	// Directory is the directory id that the person signs in to. Empty means
	// the right one.
	Directory string
	// User is the user name of the account that the person signs in with.
	// Empty means an account of the directory.
	User string
}

// Act is what a person does with a code.
type Act int

// The acts.
const (
	// Ignore is to never come.
	Ignore Act = iota
	// Accept is to enter the code and sign in.
	Accept
	// Refuse is to enter the code and decline.
	Refuse
)

// SignsIn returns a person who signs in so long after the code was shown.
func SignsIn(after time.Duration) Person { return Person{Act: Accept, After: after} }

// Declines returns a person who declines so long after the code was shown.
func Declines(after time.Duration) Person { return Person{Act: Refuse, After: after} }

// NeverComes returns a person who never comes.
func NeverComes() Person { return Person{} }

// DirectoryOf returns the directory id that the fakes give a tenant by that
// name: always the same, and shaped like a UUID.
func DirectoryOf(tenant string) string { return idOf("directory", tenant) }

// idOf returns a UUID-shaped id that depends on the texts only.
func idOf(texts ...string) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%q", texts))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80 // a UUID of version 8: made as its maker likes
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// script hands out people in order; the last one comes again and again.
type script struct{ people []Person }

func (s *script) next() Person {
	if len(s.people) == 0 {
		return NeverComes()
	}
	p := s.people[0]
	if len(s.people) > 1 {
		s.people = s.people[1:]
	}
	return p
}
