// Package shelter keeps a panic in what a host has plugged in for one tenant from
// ending the process, and the work on all other tenants with it.
package shelter

import (
	"fmt"
	"runtime/debug"
)

// Panic is a panic as an error. Its text does not have the stack.
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

// Panicked returns the panic that err is, not one that it wraps; not ok for any
// other error.
func Panicked(err error) (p *Panic, ok bool) {
	p, ok = err.(*Panic)
	return p, ok
}
