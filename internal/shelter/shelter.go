// Package shelter recovers a panic in a host's code. Without it, a panic in the
// work on one tenant would end the process, and the work on all other tenants.
package shelter

import (
	"fmt"
	"runtime/debug"
)

// Panic is a recovered panic as an error. Its text does not contain the stack.
type Panic struct {
	Value any
	Stack []byte
}

func (e *Panic) Error() string { return fmt.Sprintf("a panic: %v", e.Value) }

// Call calls f. It returns f's error, or its panic as a [Panic].
func Call(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Panic{Value: p, Stack: debug.Stack()}
		}
	}()
	return f()
}

// Panicked returns the panic if err itself is one, and not an error that wraps
// one. ok is false for any other error.
func Panicked(err error) (p *Panic, ok bool) {
	p, ok = err.(*Panic)
	return p, ok
}
