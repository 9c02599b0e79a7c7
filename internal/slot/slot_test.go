package slot_test

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/tenantsync/tenantsync/internal/slot"
)

// A slot is given back once, however often it is released, and taken once,
// however often it is asked for.
func TestSlot(t *testing.T) {
	limit := semaphore.NewWeighted(1)
	free := func() bool {
		if !limit.TryAcquire(1) {
			return false
		}
		limit.Release(1)
		return true
	}
	if err := limit.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	mine := slot.Of(limit)
	if err := mine.Take(t.Context()); err != nil { // held: a second one would block
		t.Fatal(err)
	}
	mine.Release()
	mine.Release()
	if !free() {
		t.Error("a released slot is not free")
	}
	if err := mine.Take(t.Context()); err != nil || free() {
		t.Errorf("taken again: got %v, free %v", err, free())
	}
	mine.Release()
}

// Who waits for a slot stops when its context ends, and learns why.
func TestTakeIsCancelled(t *testing.T) {
	limit := semaphore.NewWeighted(1)
	if err := limit.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	mine := slot.Of(limit)
	mine.Release()
	if err := limit.Acquire(t.Context(), 1); err != nil { // somebody else has it
		t.Fatal(err)
	}
	why := errors.New("the worker shuts down")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := mine.Take(ctx); !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	mine.Release() // holds nothing: frees nothing
	if limit.TryAcquire(1) {
		t.Error("a slot that was not taken was freed")
	}
}

// Without a slot nothing is counted.
func TestNoSlot(t *testing.T) {
	var none *slot.Slot
	if err := none.Take(t.Context()); err != nil {
		t.Error(err)
	}
	none.Release()
}
