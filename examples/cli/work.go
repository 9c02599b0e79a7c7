package main

import (
	"context"

	"github.com/tenantsync/tenantsync/syncer"
)

// work is the command "run".
func work(a *app) func(context.Context, []string) error {
	return func(ctx context.Context, _ []string) error {
		return a.with(ctx, func(e *engine) error {
			if err := e.able(); err != nil {
				return err
			}
			a.say("working on all tenants that are due; Ctrl-C ends it, after the writes under way\n")
			err := e.Run(ctx)
			a.say("stopped; what was begun goes on with the next run or sync\n")
			return err
		})
	}
}

// pause and resume are the commands of these names.
func pause(a *app) func(context.Context, []string) error {
	reason := a.flags.String("comment", "", "why, for people")
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		row, err := e.Pause(ctx, syncer.PauseRequest{Tenant: t.Name, Actor: a.set.text("actor"), Reason: *reason})
		if err != nil {
			return explain(t.Name, err)
		}
		a.show(row, func() { a.outcome(ctx, e, row) })
		return nil
	})
}

func resume(a *app) func(context.Context, []string) error {
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		row, err := e.Resume(ctx, syncer.ResumeRequest{Tenant: t.Name, Actor: a.set.text("actor")})
		if err != nil {
			return explain(t.Name, err)
		}
		a.show(row, func() { a.outcome(ctx, e, row) })
		return nil
	})
}
