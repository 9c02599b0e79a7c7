package tenant

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class is the kind of failure of an [Error]. It tells callers how to react.
type Class string

// The classes.
const (
	// NotFound: the tenant says that the object is not there.
	NotFound Class = "not_found"
	// Conflict: the object is not as the caller believed.
	Conflict Class = "conflict"
	// Throttled: too many requests; again after RetryAfter. Nothing was done.
	Throttled Class = "throttled"
	// Unauthenticated: the service refuses the credentials. Nothing was done.
	Unauthenticated Class = "unauthenticated"
	// AccessDenied: a permission or a directory role is missing.
	AccessDenied Class = "forbidden"
	// NotLicensed: the tenant lacks a licence for this.
	NotLicensed Class = "unlicensed"
	// Invalid: the tenant does not accept the content; trying again is useless.
	Invalid Class = "invalid"
	// Transient: a later attempt may succeed.
	Transient Class = "transient"
	// AwaitsApproval: the service holds the write until another administrator approves
	// it in the tenant. Nothing was written. The error's Approval names the request.
	AwaitsApproval Class = "awaits_approval"
	// Permanent: any other failure; trying again is useless.
	Permanent Class = "permanent"
)

// Error is a failure of a [Client].
type Error struct {
	Class Class
	// Op names the attempt: "read", "get", "create", "update", "delete".
	Op string
	// Kind and ID or key name the object, as far as known.
	Kind string
	ID   string
	// Code and Message are the service's own words. They must not hold tokens.
	// Where the request held secrets, as the kind declares them, the engine drops
	// the Message, and a Code that is not a single word: a service may repeat the
	// request.
	Code    string
	Message string
	// RequestID is the service's id of the request.
	RequestID string
	// RetryAfter is how long to wait, if the service said so.
	RetryAfter time.Duration
	// Missing are permissions or roles that would help.
	Missing []string
	// MaybeApplied: a write may have taken effect although it failed, as after
	// a lost answer. Read before trying again.
	MaybeApplied bool
	// Approval is the request for approval of class AwaitsApproval; else nil.
	Approval *Approval
	// Err is the cause, or nil.
	Err error
}

// Error says what happened, to what, and what would help.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + " ")
	}
	if e.Kind != "" {
		b.WriteString(e.Kind)
		if e.ID != "" {
			b.WriteString("/" + e.ID)
		}
		b.WriteString(": ")
	}
	b.WriteString(string(e.Class))
	for _, s := range []string{e.Code, e.Message} {
		if s != "" {
			b.WriteString(": " + s)
		}
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if len(e.Missing) > 0 {
		b.WriteString(" (needs " + strings.Join(e.Missing, ", ") + ")")
	}
	if e.MaybeApplied {
		b.WriteString(" (it may have taken effect)")
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error of the same class and nothing else,
// so that errors.Is(err, &Error{Class: NotFound}) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Class == e.Class && t.Kind == "" && t.ID == "" && t.Op == ""
}

// ClassOf returns the class of err: of the first *Error in its tree, else
// Permanent. ClassOf(nil) is empty.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Permanent
}

// MaybeApplied reports whether a write that returned err may have taken effect:
// MaybeApplied of an *Error, and true for any other error.
func MaybeApplied(err error) bool {
	if err == nil {
		return true
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.MaybeApplied
	}
	return true
}

// FileError is a file of a repository that cannot be used.
type FileError struct {
	// Path of the file within the repository.
	Path string `json:"path"`
	// Kind and Key of the resource that it would hold, as far as its name tells.
	Kind string `json:"kind,omitempty"`
	Key  string `json:"key,omitempty"`
	// Offset in bytes of the decoded text (UTF-8, without byte order mark), or
	// -1 when it is the whole file; Line and Column count from 1, 0 if unknown.
	Offset int64 `json:"offset"`
	Line   int   `json:"line,omitempty"`
	Column int   `json:"column,omitempty"`
	// Message describes the problem.
	Message string `json:"message"`
}

// Error names the file and the place.
func (e *FileError) Error() string {
	switch {
	case e.Line > 0:
		return fmt.Sprintf("%s:%d:%d (offset %d): %s", e.Path, e.Line, e.Column, e.Offset, e.Message)
	case e.Offset >= 0:
		return fmt.Sprintf("%s (offset %d): %s", e.Path, e.Offset, e.Message)
	}
	return e.Path + ": " + e.Message
}
