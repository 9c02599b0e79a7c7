package simulation

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/mutant"
)

var mutants = flag.Bool("mutants", false, "plant bugs into the engine and see that the simulation finds them")

// edit replaces a text in a file of the engine.
func edit(file, old, replacement string) mutant.Edit {
	return mutant.Edit{File: file, Old: old, New: replacement}
}

// demanded is how many of the planted bugs, from the first, -short is content with.
const demanded = 6

// planted are bugs that the simulation must find, with the rule that each breaks.
var planted = []struct {
	name  string
	rule  string
	edits []mutant.Edit
}{
	{"the deadline of a sign-in is recomputed on restart", "deadlines", []mutant.Edit{
		edit("syncer/connect.go", "		t.d.Run.Prompt = &p\n", "		t.d.Run.Prompt = &p\n		t.deadlineIn = c.set.AuthTimeout\n")}},
	{"an approval is not bound to the digest", "approval", []mutant.Edit{
		edit("syncer/approve.go", "	case r.Digest != d.Digest:", "	case r.Digest != d.Digest && d.Digest == \"\":"),
		edit("syncer/approve.go", "	if p.Digest != d.Digest {", "	if p.Digest != d.Digest && d.Digest == \"\" {"),
		edit("internal/runrecord/binding.go", "	case b.Digest == \"\" || b.Digest != d.Digest:", "	case b.Digest == \"\":")}},
	{"the intent is stored after the call", "write-ahead", []mutant.Edit{
		edit("internal/deploy/write.go", `	if err := d.journal.intend(ctx, intent); err != nil {
		return nil, err
	}
	if err := d.port.Hold(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	return d.send(ctx, it, op, openIntent{Intent: intent, at: d.port.Now()})`,
			`	res, err = d.send(ctx, it, op, openIntent{Intent: intent, at: d.port.Now()})
	if err := d.journal.intend(ctx, intent); err != nil {
		return nil, err
	}
	return res, err`)}},
	{"the loss of a lease is ignored", "", []mutant.Edit{
		edit("internal/lease/hold.go", "		if h.Left() > d {", "		if true || h.Left() > d {"),
		edit("internal/lease/hold.go", "		case errors.Is(err, ErrLost):\n			return ErrLost\n", "		case errors.Is(err, ErrLost):\n"),
		edit("syncer/syncer.go", "		if fence != 0 && from.rec.Fence != fence {\n			return from, failure.ErrLeaseLost\n		}\n", ""),
		edit("syncer/syncer.go", " Runs: t.runs, Fence: fence,\n", " Runs: t.runs,\n")}},
	{"a write of unknown outcome is tried again", "", []mutant.Edit{
		edit("internal/deploy/write.go", "	if tenant.MaybeApplied(err) {", "	if tenant.MaybeApplied(err) && d == nil {"),
		edit("internal/deploy/write.go", "	case tenant.Throttled, tenant.Transient:\n		res.Status = Retry", "	case tenant.Throttled, tenant.Transient, tenant.Permanent:\n		res.Status = Retry")}},
	{"drift is adopted over a concurrent edit", "nothing lost", []mutant.Edit{
		edit("internal/backup/adopt.go", "	rev, err := req.Lines.Update(ctx, \"backup: adopt drift\", tenant.UpdateRequest{Parent: a.Parent,",
			"	head, _ := req.Lines.Desired(ctx)\n	rev, err := req.Lines.Update(ctx, \"backup: adopt drift\", tenant.UpdateRequest{Parent: head.Revision,")}},

	{"a sign-in counts when it is stored too late", "deadlines", []mutant.Edit{
		edit("syncer/connect.go", "		t.beforeDeadline = true\n", "")}},
	{"a person approves their own run", "approval", []mutant.Edit{
		edit("syncer/rules.go", "	return (d.AllowRequester || !y.people.Same(actor, requester)) &&", "	return (actor != \"\" || requester != \"\") &&")}},
	{"a broken rule need not be accepted", "approval", []mutant.Edit{
		edit("syncer/rules.go", "	if len(missing) > 0 {", "	if len(missing) > 99 {")}},
	{"an approval of a part is carried out whole", "approval", []mutant.Edit{
		edit("syncer/phase_deploy.go", "	dep.items = runrecord.Covered(dep.plan, ids)", "	dep.items = runrecord.Covered(dep.plan, append([]string(nil), ids[:0]...))")}},
	{"the wait for an approval begins anew every night", "deadlines", []mutant.Edit{
		edit("syncer/phase_plan.go", "	if deadline.IsZero() {\n		t.deadlineIn = y.Timeout", "	if true {\n		t.deadlineIn = y.Timeout")}},
	{"what a list that was cut short does not have counts as deleted", "nothing lost", []mutant.Edit{
		edit("internal/reading/reading.go", "	case !st.Completeness.AbsenceCounts() || res.Completeness == tenant.Complete ||", "	case !st.Completeness.AbsenceCounts() || res.Completeness != tenant.Failed ||"),
		edit("internal/reading/reading.go", "				case err == nil: // a list that lags", "				case err == nil && ctx == nil: // a list that lags"),
		edit("internal/reading/reading.go", "				case errors.Is(err, &tenant.Error{Class: tenant.NotFound}):", "				case err == nil, errors.Is(err, &tenant.Error{Class: tenant.NotFound}):")}},
	{"a write is sent over what has changed since the plan", "lost update", []mutant.Edit{
		edit("internal/deploy/look.go", "	case same:\n", "	case same || current != nil:\n")}},
	{"a write that cannot be seen at once counts as not done", "", []mutant.Edit{
		edit("internal/deploy/resolve.go", "late := v.port.Now().Sub(open.at) >= bound", "late := v.port.Now().Sub(open.at) >= 0")}},
	{"writes go on although the run was cancelled", "write-ahead", []mutant.Edit{
		edit("syncer/phase_deploy.go", "		stop := t.d.Run.closing() != \"\" || len(t.d.Paused) > 0\n", "		stop := len(t.d.Paused) > 0\n")}},
	{"writes go on although the tenant is paused", "write-ahead", []mutant.Edit{
		edit("syncer/phase_deploy.go", "		stop := t.d.Run.closing() != \"\" || len(t.d.Paused) > 0\n", "		stop := t.d.Run.closing() != \"\"\n")}},
	{"a commit whose answer was lost is made again", "", []mutant.Edit{
		edit("syncer/syncer.go", "		if slices.Contains(fresh.d.Commits, id) { // the lost answer was a success", "		if slices.Contains(fresh.d.Commits, id) && id == \"\" {")}},
	{"a session lets go of its tenant and keeps the lease", "rest", []mutant.Edit{
		edit("internal/lease/hold.go", "		return struct{}{}, h.keeper.Store.Release(ctx, state.ReleaseRequest{Tenant: h.Tenant(), Fence: h.Fence()})", "		return struct{}{}, ctx.Err()")}},
	{"a sync takes the place of one at work", "single run", []mutant.Edit{
		edit("syncer/start.go", "		if !req.Supersede || !pending || old == nil", "		if !req.Supersede || !pending && t.d.Run.Phase == PhaseReport || old == nil")}},
	{"a run that waits for an approval holds its goroutine", "waiting costs nothing", []mutant.Edit{
		edit("syncer/approve.go", "		err := c.watchLine(ctx)", "		err := retry.Pause(ctx, left)")}},
	{"the report leaves out what was not applied", "truth", []mutant.Edit{
		edit("syncer/account.go", "		out = append(out, res)\n	}\n	return out, nil", "		if res.Status == ItemApplied {\n			out = append(out, res)\n		}\n	}\n	return out, nil")}},
}

// Each planted bug is found, by the rule that it breaks, within a minute: of
// processor time, so that a busy machine finds it too.
// Without -mutants it only looks whether the engine still has their places.
func TestPlantedBugs(t *testing.T) {
	for _, p := range planted {
		for _, e := range p.edits {
			text, err := os.ReadFile(filepath.Join(mutant.Root(t), e.File))
			if n := strings.Count(string(text), e.Old); err != nil || n != 1 {
				t.Errorf("%s: %s has %q %d times, want once: the bug has to follow the source (%v)", p.name, e.File, e.Old, n, err)
			}
		}
	}
	if t.Failed() {
		return
	}
	if !*mutants {
		t.Skip("only with -mutants: every bug is built and simulated by itself")
	}
	for i, p := range planted {
		if testing.Short() && i == demanded {
			break
		}
		t.Run(p.name, func(t *testing.T) {
			res := mutant.MustFind(t, mutant.Mutation{Name: p.name, Edits: p.edits}, "./internal/simulation", "-run", "^TestWeeks$", "-seed", "3", "-parts", "16")
			if res.CPU > time.Minute {
				t.Errorf("found only after %s of processor time", res.CPU)
			}
			if !strings.Contains(res.Output, p.rule+": ") {
				t.Errorf("found, and not for the rule %q:\n%s", p.rule, res.Output)
			}
			for line := range strings.Lines(res.Output) {
				if strings.Contains(line, "_test.go") && !strings.Contains(line, "seed ") {
					t.Log(strings.TrimSpace(line))
					break
				}
			}
		})
	}
}
