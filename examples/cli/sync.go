package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// lookEvery is the interval at which a command checks the progress of another process.
const lookEvery = 500 * time.Millisecond

// driving holds the flags that decide how long a command works on a run.
type driving struct {
	wait, noWait bool
}

func (a *app) drivingFlags() *driving {
	d := &driving{}
	a.flags.BoolVar(&d.wait, "wait", false, "wait also for a decision, made by any command")
	a.flags.BoolVar(&d.noWait, "no-wait", false, "return at once; tenantsync run or sync does the work")
	return d
}

// startFlags holds the flags of commands that start a run.
type startFlags struct {
	mode, comment         string
	targets               list
	unattended, supersede bool
	*driving
}

func (a *app) startFlags() *startFlags {
	f := &startFlags{}
	a.flags.StringVar(&f.mode, "mode", string(syncer.Full), "full, preview (back up and plan) or backup_only")
	a.flags.StringVar(&f.comment, "comment", "", "shown with the run")
	a.flags.Var(&f.targets, "target", "KIND or KIND/KEY: only this; can be given several times")
	a.flags.BoolVar(&f.unattended, "unattended", false, "ask nobody to sign in: end with 3 instead")
	a.flags.BoolVar(&f.supersede, "supersede", false, "take the place of a run that waits for a person")
	f.driving = a.drivingFlags()
	return f
}

// request returns the request for the flags.
func (a *app) request(t tenantFile, f *startFlags) (syncer.StartRequest, error) {
	req := syncer.StartRequest{Tenant: t.Name, Actor: a.set.text("actor"), Supersede: f.supersede, Labels: t.Labels,
		Options: syncer.Options{Mode: syncer.Mode(f.mode), Comment: f.comment, Interactive: !f.unattended}}
	if err := oneOf(string(syncer.Full), string(syncer.Preview), string(syncer.BackupOnly))(f.mode); err != nil {
		return req, usageError("-mode: %w", err)
	}
	if f.wait && f.noWait {
		return req, usageError("-wait and -no-wait exclude each other")
	}
	c, err := a.set.catalogue()
	if err != nil {
		return req, err
	}
	for _, text := range f.targets {
		kind, key, _ := strings.Cut(text, "/")
		if !chosen(c, kind) {
			return req, usageError("-target: %q is not among the kinds chosen", kind)
		}
		req.Targets = append(req.Targets, plan.Target{Kind: kind, Key: key})
	}
	return req, nil
}

// syncTenant is the command "sync".
func syncTenant(a *app) func(context.Context, []string) error {
	f := a.startFlags()
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		req, err := a.request(t, f)
		if err != nil {
			return err
		}
		return a.startAndDrive(ctx, e, req, f.driving, true)
	})
}

// startAndDrive starts a run and works on it. With goOn it resumes the active run
// instead, if there is one.
func (a *app) startAndDrive(ctx context.Context, e *engine, req syncer.StartRequest, d *driving, goOn bool) error {
	if err := e.able(); err != nil {
		return err
	}
	row, err := e.Start(ctx, req)
	if active, ok := errors.AsType[*syncer.ActiveError](err); ok && goOn && !req.Supersede {
		a.say("%s: going on with the sync that was begun before (run %s, %s)\n", req.Tenant, active.Run, active.Status.Label())
		row, err = e.Status(ctx, req.Tenant)
	}
	if err != nil {
		return explain(req.Tenant, err)
	}
	return a.driveAndShow(ctx, e, row, d)
}

// driveAndShow works on a run and shows how far it came.
func (a *app) driveAndShow(ctx context.Context, e *engine, row syncer.Row, d *driving) error {
	var err error
	if !d.noWait {
		if row, err = a.drive(ctx, e, row, d); err != nil {
			return explain(row.Tenant, err)
		}
	}
	a.show(row, func() { a.outcome(ctx, e, row) })
	return ended(row)
}

// drive works on a run until the run ends or waits for a person who is not at the
// terminal.
func (a *app) drive(ctx context.Context, e *engine, row syncer.Row, d *driving) (syncer.Row, error) {
	name, run := row.Tenant, row.Run
	told := ""
	tell := func(format string, args ...any) {
		if told != format {
			told = format
			a.say(format, args...)
		}
	}
	for {
		next, err := e.Advance(ctx, name)
		if err != nil {
			return row, err
		}
		now, err := e.Status(ctx, name)
		if err != nil {
			return row, err
		}
		row = now
		if !row.Status.Active() || row.Run != run {
			return row, nil
		}
		pause := lookEvery
		switch {
		case len(row.Paused) > 0:
			if !d.wait {
				return row, nil
			}
			tell("%s: waiting until whoever holds it resumes\n", name)
		case next.Held:
			tell("%s: another process is at work on it, or has died and is soon succeeded\n", name)
		case row.Status == state.PendingApproval:
			decided, err := a.decideHere(ctx, e, row)
			if err != nil || !decided && !d.wait {
				return row, err
			}
			if decided {
				continue
			}
			tell("%s: waiting for a decision; %s\n", name, safe(approveCommand(row)))
		case next.In > 0:
			pause = min(next.In, lookEvery)
		}
		if err := sleep(ctx, pause); err != nil {
			return row, err
		}
	}
}

// sleep waits, unless the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// outcome prints a tenant's status and the next steps.
func (a *app) outcome(ctx context.Context, e *engine, row syncer.Row) {
	a.printf("%s: %s", row.Tenant, row.Label)
	if row.Outcome != "" && !row.Status.Active() {
		a.printf(" (%s)", row.Undone.Qualify(row.Outcome))
	}
	a.printf("\n")
	if row.Reason != "" && row.Error == nil {
		a.printf("  %s\n", row.Reason)
	}
	if row.Counts != nil && (row.Status == state.PendingApproval || row.Outcome == syncer.Previewed) {
		a.printf("  %d to create, %d to update, %d to delete; plan %s\n", row.Counts.Create, row.Counts.Update, row.Counts.Delete, row.Code())
	}
	if row.Newer != nil {
		a.printf("  %s\n", row.Newer)
	}
	if row.Error != nil {
		a.printf("  %s: %s\n", row.Error.Class, row.Error.Message)
		if row.Error.RequestID != "" {
			a.printf("  request id %s\n", row.Error.RequestID)
		}
	}
	for _, m := range row.Missing {
		a.printf("  missing permission: %s, for %s\n", strings.Join(m.AnyOf, " or "), strings.Join(m.Kinds, ", "))
	}
	for _, p := range row.Paused {
		a.printf("  held by %s: %s\n", p.Holder, p.Reason)
	}
	switch {
	case row.Status == state.PendingApproval:
		a.broken(ctx, e, row)
		a.printf("Next: tenantsync plan %s, then %s (or reject, or revert)\n", row.Tenant, safe(approveCommand(row)))
	case row.Status == state.Starting || row.Status == state.InProgress:
		a.printf("Next: tenantsync sync %s works on it here, tenantsync run works on all that are due\n", row.Tenant)
	case row.Status == state.PendingAuthentication:
		a.printf("Next: tenantsync sync %s shows the code\n", row.Tenant)
	case row.Status == state.PendingAdminConsent && row.ConsentURL != "":
		a.printf("Next: an administrator consents at %s, then tenantsync recheck %s\n", row.ConsentURL, row.Tenant)
	case row.Status == state.PendingAdminConsent:
		a.printf("Next: an administrator grants what is missing, then tenantsync recheck %s\n", row.Tenant)
	case row.Status == state.PartiallySuccessful:
		a.printf("Next: tenantsync report %s says what was not done, tenantsync retry %s tries it again\n", row.Tenant, row.Tenant)
	case row.Status == state.NewError:
		a.printf("Next: tenantsync report %s, tenantsync logs %s\n", row.Tenant, row.Tenant)
	}
}

// broken prints the guard rules that the plan breaks.
func (a *app) broken(ctx context.Context, e *engine, row syncer.Row) {
	p, err := e.Plan(ctx, syncer.RunRef{Tenant: row.Tenant})
	if err != nil {
		return // the command plan reports the error
	}
	for _, b := range p.Broken {
		a.printf("  breaks the rule %s: %s\n", b.Rule, b.Message)
	}
	if len(p.Broken) > 0 {
		a.printf("  Who approves it has to accept each of them by name: -accept RULE.\n")
	}
}

// approveCommand returns the command that approves the pending plan.
func approveCommand(row syncer.Row) string {
	return "tenantsync approve " + plan.Printable(row.Tenant) + " -plan " + row.Code()
}

// short returns the first part of a digest, which distinguishes the entries of a
// history. No command accepts it as the plan's name.
func short(digest string) string { return digest[:min(len(digest), 12)] }
