package main

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
)

// A program that ends while it asks gives no answer: the next process asks again. The
// console can hear of the end before the review does.
func TestReviewOfAProgramThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done, ended := make(chan struct{}), errors.New("the program ends")
		in, _ := io.Pipe() // nobody types
		ctx, end := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { close(done) })
		time.AfterFunc(2*time.Second, func() { end(ended) })
		a := approver{console: newConsole(in, io.Discard, done), answer: "ask"}
		if d, err := a.Review(ctx, syncer.Review{Plan: &plan.Plan{}}); !errors.Is(err, ended) || d.Verdict != syncer.Undecided {
			t.Errorf("got %+v, %v, want the end of the program", d, err)
		}
		_ = in.Close()
	})
}
