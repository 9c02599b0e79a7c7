package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// planName matches the form of a plan's code or of its whole digest.
var planName = regexp.MustCompile(`(?i)^(?:[0-9a-f]{64}|(?:[0-9a-z][ -]?){15}[0-9a-z])$`)

// decide returns the command for a verdict.
func decide(verdict syncer.Verdict) func(*app) func(context.Context, []string) error {
	return func(a *app) func(context.Context, []string) error {
		var plan, comment string
		var accept, items list
		a.flags.StringVar(&plan, "plan", "", "which plan is decided on: its CODE, as the command plan prints it, or all 64 digits of its digest; on a terminal it may be left out")
		a.flags.StringVar(&comment, "comment", "", "kept with the run")
		if verdict == syncer.Approve {
			a.flags.Var(&accept, "accept", "RULE that the plan breaks and that is accepted; can be given several times")
			a.flags.Var(&items, "item", "KIND/KEY: approve only this item of the plan; can be given several times")
		}
		d := a.drivingFlags()
		return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
			row, err := e.Status(ctx, t.Name)
			if err != nil {
				return explain(t.Name, err)
			}
			if row.Status != state.PendingApproval {
				return explain(t.Name, fmt.Errorf("nothing waits for a decision: it is %s: %w", row.Label, syncer.ErrNotPending))
			}
			decision := syncer.Decision{RunRef: syncer.RunRef{Tenant: t.Name, Run: row.Run}, Verdict: verdict,
				Actor: a.set.text("actor"), Comment: comment, Accept: accept, Items: items}
			if decision.Digest, err = a.digest(ctx, e, row, plan, verdict); err != nil {
				return err
			}
			if verdict == syncer.Approve && a.asks && !a.json {
				if err := a.acceptBroken(ctx, e, row, &decision); err != nil {
					return err
				}
			}
			row, err = e.Decide(ctx, decision)
			if err != nil {
				return explain(t.Name, err)
			}
			return a.driveAndShow(ctx, e, row, d)
		})
	}
}

// digest returns the digest of the pending plan, if given is the plan's code or digest.
// Without given, digest shows the plan on the terminal and asks the person to confirm.
// It refuses a part of a digest, since somebody can make two plans whose digests begin
// alike.
func (a *app) digest(ctx context.Context, e *engine, row syncer.Row, given string, verdict syncer.Verdict) (string, error) {
	switch {
	case given != "" && (syncer.SameCode(given, row.Code()) || strings.EqualFold(given, row.Digest)):
		return row.Digest, nil
	case given != "" && (!planName.MatchString(given) || strings.HasPrefix(row.Digest, strings.ToLower(given))):
		return "", &failure{exit: exitUsage, tenant: row.Tenant, err: errors.New("-plan: give the plan's whole code, 16 characters, or all 64 digits of its digest; a part of either could be another plan's too"),
			next: "tenantsync plan " + row.Tenant + " prints both"}
	case given != "":
		return "", explain(row.Tenant, fmt.Errorf("the plan that waits is %s and not %s: %w", row.Code(), strings.ToUpper(given), syncer.ErrStalePlan))
	case !a.asks || a.json:
		return "", &failure{exit: exitUsage, tenant: row.Tenant, err: errors.New("-plan is missing: it says which plan is decided on"),
			next: "tenantsync plan " + row.Tenant + ", then -plan " + row.Code()}
	}
	if err := a.showPlan(ctx, e, row); err != nil {
		return "", err
	}
	line, err := a.ask("Type yes to %s plan %s: ", strings.ReplaceAll(string(verdict), "_", " "), row.Code())
	if err != nil || line != "yes" {
		return "", &failure{exit: exitPerson, tenant: row.Tenant, err: errors.New("nothing was decided")}
	}
	return row.Digest, nil
}

// showPlan prints the plan to decide on, to standard error like the question.
func (a *app) showPlan(ctx context.Context, e *engine, row syncer.Row) error {
	p, err := e.Plan(ctx, syncer.RunRef{Tenant: row.Tenant})
	if err == nil && p.Digest != row.Digest {
		err = syncer.ErrStalePlan // another run has just replaced it
	}
	if err != nil {
		return explain(row.Tenant, err)
	}
	var b strings.Builder
	if err := p.TextWidth(&b, terminalWidth(a.err)); err != nil {
		return err
	}
	a.say("\n%s\n", safe(b.String()))
	return nil
}

// acceptBroken asks for the names of the rules that the plan breaks.
func (a *app) acceptBroken(ctx context.Context, e *engine, row syncer.Row, d *syncer.Decision) error {
	p, err := e.Plan(ctx, syncer.RunRef{Tenant: row.Tenant})
	if err != nil {
		return explain(row.Tenant, err)
	}
	for _, b := range p.Broken {
		if slices.Contains(d.Accept, b.Rule) {
			continue
		}
		line, err := a.ask("The plan breaks the rule %s: %s\nType the rule's name to accept that: ", b.Rule, b.Message)
		if err != nil || line != strings.ToLower(b.Rule) {
			return &failure{exit: exitPerson, tenant: row.Tenant, err: errors.New("nothing was decided")}
		}
		d.Accept = append(d.Accept, b.Rule)
	}
	return nil
}

// decideHere asks for a decision on the terminal, if there is a terminal. It reports
// whether the person decided.
func (a *app) decideHere(ctx context.Context, e *engine, row syncer.Row) (bool, error) {
	if !a.asks || a.json {
		return false, nil
	}
	if err := a.showPlan(ctx, e, row); err != nil {
		return false, err
	}
	verdicts := map[string]syncer.Verdict{"approve": syncer.Approve, "reject": syncer.Reject, "revert": syncer.RejectAndRevert}
	for {
		line, err := a.ask("%s: approve, reject, revert (reject, and take the changes back in the configuration), or leave it? ", row.Tenant)
		if err != nil || line == "leave" || line == "leave it" || line == "" {
			return false, ctx.Err()
		}
		verdict, ok := verdicts[line]
		if !ok {
			continue
		}
		d := syncer.Decision{RunRef: row.RunRef, Digest: row.Digest, Verdict: verdict, Actor: a.set.text("actor")}
		if verdict == syncer.Approve {
			if err := a.acceptBroken(ctx, e, row, &d); err != nil {
				a.say("%v\n", err)
				continue
			}
		}
		_, err = e.Decide(ctx, d)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syncer.ErrStalePlan), errors.Is(err, syncer.ErrNotPending), errors.Is(err, syncer.ErrExpired):
			a.say("%s: %v\n", row.Tenant, err) // another person decided first, or the plan expired
			return true, nil
		case errors.Is(err, syncer.ErrSelfApproval), errors.Is(err, syncer.ErrAlreadyVoted):
			a.say("%s: %v\n", row.Tenant, err)
			return false, nil
		default:
			return false, explain(row.Tenant, err)
		}
	}
}
