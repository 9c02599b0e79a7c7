package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// The exit statuses.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitPerson    = 3
	exitPartially = 4
	exitTimedOut  = 5
	exitRefused   = 6
	exitNoEffect  = 7
	exitStopped   = 130 // the shells' status for Ctrl-C
)

// exitCodes documents the exit statuses in -h and in the package's comment.
const exitCodes = `  0    done: for a sync, the tenant is Idle, also when its plan was rejected, and
       when the status line counts deletes that are switched off or items left out
  1    failed: the sync ended in New error, or the command could not do its work
  2    usage: a flag, an argument or a setting cannot be used
  3    a person is needed: to sign in, to approve, or to consent as administrator
  4    partially successful: some changes were not made or not kept, or some kinds not read
  5    timed out: nobody signed in or decided in time, or the sync took too long
  6    refused: not possible in the tenant's present state; nothing was changed
  7    no effect: a roll back has changed nothing
  130  stopped by Ctrl-C; the same command goes on where it was`

// failure is the reason for an exit status other than 0.
type failure struct {
	exit   int
	tenant string
	err    error
	// next suggests what to do, or is "".
	next string
	// silent is true if the program has already printed the reason.
	silent bool
}

// Error says what happened, and to which tenant.
func (f *failure) Error() string {
	text := f.message()
	if f.tenant == "" || strings.Contains(text, f.tenant) {
		return text
	}
	return f.tenant + ": " + text
}

// message returns the error's text without the name of package syncer.
func (f *failure) message() string { return strings.ReplaceAll(f.err.Error(), "syncer: ", "") }

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.err }

func usageError(format string, args ...any) error {
	return &failure{exit: exitUsage, err: fmt.Errorf(format, args...)}
}

// fail prints an error and returns the exit status.
func (a *app) fail(err error) int {
	if err == nil {
		return exitDone
	}
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{exit: exitFailed, err: err}
	}
	if f.silent {
		return f.exit
	}
	if a.console.json || a.set.flag["o"] == "json" { // even if the settings could not be loaded
		a.console.jsonTo(a.stderr, map[string]any{"error": map[string]any{
			"tenant": f.tenant, "message": f.message(), "next": f.next, "exit": f.exit}})
		return f.exit
	}
	a.say("tenantsync: %s\n", f)
	if f.next != "" {
		a.say("Next: %s\n", f.next)
	}
	return f.exit
}

// explain converts an error of the engine into a failure with an exit status and a
// suggestion for the user.
func explain(tenantName string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*failure](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	f := &failure{exit: exitFailed, tenant: tenantName, err: err}
	refused := func(next string, args ...any) {
		f.exit, f.next = exitRefused, fmt.Sprintf(next, args...)
	}
	broken, isBroken := errors.AsType[*syncer.BrokenRulesError](err)
	_, isSubset := errors.AsType[*plan.SubsetError](err)
	switch {
	case isBroken:
		refused("look at the plan; approve with -accept %s if that is meant", strings.Join(broken.Rules, " -accept "))
	case isSubset:
		refused("approve the items that these depend on as well")
	case errors.Is(err, syncer.ErrActive):
		refused("tenantsync status %s; tenantsync sync %s goes on with it, tenantsync cancel %s ends it", tenantName, tenantName, tenantName)
	case errors.Is(err, syncer.ErrPaused):
		refused("tenantsync resume %s, by whoever holds it", tenantName)
	case errors.Is(err, syncer.ErrStalePlan):
		refused("tenantsync plan %s shows the present plan", tenantName)
	case errors.Is(err, syncer.ErrNotPending), errors.Is(err, syncer.ErrExpired), errors.Is(err, syncer.ErrNothingFailed):
		refused("tenantsync status %s", tenantName)
	case errors.Is(err, syncer.ErrSelfApproval):
		refused("somebody else approves, with -actor; or turn four-eyes off")
	case errors.Is(err, syncer.ErrAlreadyVoted):
		refused("somebody else approves as well")
	case errors.Is(err, syncer.ErrBusy):
		refused("try again in a moment")
	case errors.Is(err, syncer.ErrNotFound):
		f.next = "tenantsync status shows what there is; tenantsync sync " + tenantName + " makes it"
	case errors.Is(err, syncer.ErrNewerFormat):
		f.next = "use the newer version of this program"
	case errors.Is(err, fs.ErrPermission):
		f.next = "let the user that runs this own the folder and what is in it"
	}
	return f
}

// ended returns the failure for a run that ended without success or waits, else nil.
// The failure is silent, because the command has printed the outcome.
func ended(row syncer.Row) error {
	f := &failure{tenant: row.Tenant, err: errors.New(row.Label), silent: true}
	switch {
	case row.Status == state.Idle && row.Outcome == syncer.NothingToRollBack:
		f.exit = exitNoEffect
	case row.Status == state.Idle, row.Status == state.NotRun:
		return nil
	case row.Status == state.PartiallySuccessful:
		f.exit = exitPartially
	case row.Status == state.PendingApproval, row.Status == state.PendingAuthentication, row.Status == state.PendingAdminConsent:
		f.exit = exitPerson
	case row.Status.Active() && len(row.Paused) > 0:
		f.exit = exitPerson // a person must resume the tenant
	case row.Status.Active():
		return nil
	case row.Outcome == syncer.TimedOut:
		f.exit = exitTimedOut
	case row.Error != nil && (row.Error.Class == syncer.ClassSignInNeeded || row.Error.Class == syncer.ClassConsentNeeded):
		f.exit = exitPerson
	default:
		f.exit = exitFailed
	}
	return f
}
