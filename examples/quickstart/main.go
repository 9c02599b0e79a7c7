// Quickstart runs a whole sync without a network or a server: against a fake
// Microsoft 365 tenant and a fake Entra that the real sign-in library talks to.
// It prints each status as it changes, the sign-in prompt, the plan as a person
// would review it, progress and the summary report; and then a second sync,
// which finds nothing to do. See -h.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// The exit statuses.
const (
	exitIdle      = 0
	exitNewError  = 1
	exitUsage     = 2
	exitPartially = 3
	exitConsent   = 4
	exitNoEffect  = 5
	exitStopped   = 130 // as shells have it for Ctrl-C
)

// options are the flags.
type options struct {
	config      string
	answer      string
	signin      string
	authTimeout time.Duration
	fail        int
	forbid      string
	consent     string
	store       string
	files       string
}

const usage = `Quickstart runs a whole sync of a fake Microsoft 365 tenant: no network, no server.

Usage: go run ./examples/quickstart [flags]

Flags:
  -config DIR        sync the exported configuration in DIR instead of the sample:
                     a folder per kind (ConditionalAccess, Groups, NamedLocations, ...)
                     with JSON files, and the exporting tool's MigrationTable.json if
                     there is one. What is left out, and why, is printed.
  -answer WHAT       how the plan is decided: approve (default), reject, revert, or
                     ask to be asked
  -signin WHO        who answers the sign-in: auto (default: somebody signs in after a
                     second), deny, never, or ask to be asked
  -auth-timeout D    how long a sign-in may take (default 3m0s)
  -fail N            the first N writes to the tenant fail
  -forbid KIND       the tenant refuses to have KIND read
  -consent missing   the permission to write Conditional Access is not granted
  -store WHERE       where the sync's state is kept: memory (default), sqlite:FILE, or
                     postgres://USER@HOST/DATABASE. With one of the last two the
                     program may be stopped at any time, by Ctrl-C or kill -9, also
                     while it waits for a sign-in or an approval: started again with
                     the same store, it goes on where it was.
  -files DIR         a folder for what is fake here and would outlive the program in
                     real life: the configuration (edit a file, and run again), the
                     tenant, and who is signed in. Defaults to FILE-files with SQLite,
                     quickstart-files with PostgreSQL, and to memory otherwise.

Examples:
  go run ./examples/quickstart
  go run ./examples/quickstart -answer ask -signin ask
  go run ./examples/quickstart -signin never -auth-timeout 5s
  go run ./examples/quickstart -fail 3
  go run ./examples/quickstart -forbid conditionalAccessPolicies
  go run ./examples/quickstart -store sqlite:/tmp/contoso.db -answer ask
  go run ./examples/quickstart -config ~/Downloads/exported-baseline

Exit status: 0 Idle, 1 New error, 2 usage, 3 Partially successful,
4 Pending admin consent, 5 a roll back without effect, 130 stopped by Ctrl-C.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program; it returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitIdle
	case err != nil:
		fmt.Fprintf(stderr, "quickstart: %v\nRun with -h for help.\n", err)
		return exitUsage
	}
	row, err := quickstart(ctx, o, stdin, stdout)
	switch {
	case err != nil && ctx.Err() != nil:
		fmt.Fprintln(stderr, "\nquickstart: stopped")
		if durable(o.store) {
			fmt.Fprintln(stderr, "The same command goes on where it was.")
		}
		return exitStopped
	case err != nil:
		fmt.Fprintf(stderr, "quickstart: %v\n", err)
		return exitNewError
	}
	return exitStatus(row)
}

// exitStatus is the program's for how a sync ended.
func exitStatus(row syncer.Row) int {
	switch row.Status {
	case state.Idle:
		if row.Outcome == syncer.NothingToRollBack { // an earlier process began it
			return exitNoEffect
		}
		return exitIdle
	case state.PartiallySuccessful:
		return exitPartially
	case state.PendingAdminConsent:
		return exitConsent
	}
	return exitNewError
}

// parseFlags reads and checks the flags.
func parseFlags(args []string, stdout io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.config, "config", "", "")
	fs.StringVar(&o.answer, "answer", "approve", "")
	fs.StringVar(&o.signin, "signin", "auto", "")
	fs.DurationVar(&o.authTimeout, "auth-timeout", syncer.AuthTimeoutDefault, "")
	fs.IntVar(&o.fail, "fail", 0, "")
	fs.StringVar(&o.forbid, "forbid", "", "")
	fs.StringVar(&o.consent, "consent", "", "")
	fs.StringVar(&o.store, "store", "memory", "")
	fs.StringVar(&o.files, "files", "", "")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(stdout, usage)
		}
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	oneOf := func(name, value string, allowed ...string) error {
		if slices.Contains(allowed, value) {
			return nil
		}
		return fmt.Errorf("-%s is %q; it must be one of %s", name, value, strings.Join(allowed, ", "))
	}
	errs := []error{
		oneOf("answer", o.answer, "approve", "reject", "revert", "ask"),
		oneOf("signin", o.signin, "auto", "deny", "never", "ask"),
		oneOf("consent", o.consent, "", "missing"),
	}
	if o.authTimeout <= 0 {
		errs = append(errs, fmt.Errorf("-auth-timeout is %s; it must be more than 0", o.authTimeout))
	}
	if o.fail < 0 {
		errs = append(errs, fmt.Errorf("-fail is %d; it must not be negative", o.fail))
	}
	if _, file := sqliteFile(o.store); o.store != "memory" && !file && !isPostgres(o.store) {
		errs = append(errs, fmt.Errorf("-store is %q; it must be %s (a folder goes into -files)", o.store, storeKinds))
	}
	o.files = cmp.Or(o.files, defaultFiles(o.store))
	if o.forbid != "" && !slices.ContainsFunc(tenanttest.Kinds(), func(k tenant.Kind) bool { return k.Name == o.forbid }) {
		errs = append(errs, fmt.Errorf("-forbid names no kind: %q; the kinds are %s", o.forbid, strings.Join(kindNames(), ", ")))
	}
	return o, errors.Join(errs...)
}

func kindNames() []string {
	var names []string
	for _, k := range tenanttest.Kinds() {
		names = append(names, k.Name)
	}
	slices.Sort(names)
	return names
}

// quickstart syncs the tenant once, or goes on with the sync that an earlier
// process left, and, when that left both sides alike, syncs once more, to show
// that there is nothing left to do.
func quickstart(ctx context.Context, o options, stdin io.Reader, stdout io.Writer) (syncer.Row, error) {
	w, err := newWorld(ctx, o, stdin, stdout)
	if err != nil {
		return syncer.Row{}, err
	}
	defer w.close()
	row, err := w.syncer.Status(ctx, tenantName)
	if err != nil {
		return row, err
	}
	if row.Status.Active() {
		row, err = w.goOn(ctx, row)
	} else {
		row, err = w.sync(ctx, "First sync")
	}
	if err != nil || row.Status != state.Idle || row.Outcome == syncer.Rejected || row.Outcome == syncer.NothingToRollBack {
		return row, err
	}
	return w.sync(ctx, "Second sync")
}
