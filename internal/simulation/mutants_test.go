package simulation

import (
	"flag"
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

// planted are bugs that the simulation must find, with the rule that it finds broken.
var planted = []struct {
	name  string
	rule  string
	edits []mutant.Edit
}{
	{"the deadline of a sign-in is recomputed on restart", "deadlines", []mutant.Edit{
		edit("syncer/connect.go", "		t.d.Run.Prompt = &p\n", "		t.d.Run.Prompt = &p\n		t.deadlineIn = c.s.cfg.AuthTimeout\n")}},
	{"an approval is not bound to the digest", "approval", []mutant.Edit{
		edit("syncer/approve.go", "	case r.Digest != d.Digest:", "	case r.Digest != d.Digest && d.Digest == \"\":")}},
	{"the intent is stored after the call", "journal", []mutant.Edit{
		edit("syncer/deploy.go", `	if err := d.journal.intend(ctx, intent); err != nil {
		return nil, 0, err
	}
	if err := d.c.holdForWrite(context.WithoutCancel(ctx)); err != nil {
		return nil, 0, err
	}
	return d.send(ctx, it, op, openIntent{Intent: intent, at: d.c.now().storeTime()})`,
			`	res, after, err := d.send(ctx, it, op, openIntent{Intent: intent, at: d.c.now().storeTime()})
	if err := d.journal.intend(ctx, intent); err != nil {
		return nil, 0, err
	}
	return res, after, err`)}},
	{"the loss of a lease is ignored", "", []mutant.Edit{
		edit("syncer/session.go", "	for range 2 {\n		if c.leaseLeft() > c.s.cfg.WriteTimeout {", "	for range 2 {\n		if true || c.leaseLeft() > c.s.cfg.WriteTimeout {"),
		edit("syncer/session.go", "				lost(errLeaseLost)\n				return\n", "				continue\n"),
		edit("syncer/draft.go", "		if fence != 0 && from.rec.Fence != fence {\n			return from, errLeaseLost\n		}\n", ""),
		edit("syncer/draft.go", "		Record: t.rec, Entries: t.entries, Fence: fence,\n", "		Record: t.rec, Entries: t.entries,\n")}},
	{"a write of unknown outcome is tried again", "", []mutant.Edit{
		edit("syncer/deploy.go", "	if tenant.MaybeApplied(err) {", "	if tenant.MaybeApplied(err) && d == nil {"),
		edit("syncer/deploy.go", "	case tenant.Throttled, tenant.Transient:\n		res.Status = itemRetry", "	case tenant.Throttled, tenant.Transient, tenant.Permanent:\n		res.Status = itemRetry")}},
	{"drift is adopted over a concurrent edit", "nothing lost", []mutant.Edit{
		edit("syncer/adopt.go", "		return c.s.cfg.Repository.Update(ctx, tenant.UpdateRequest{Tenant: c.tenant, Parent: a.Parent, Key: a.Key, Changes: changes,",
			"		head, _ := c.s.cfg.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: c.tenant})\n		return c.s.cfg.Repository.Update(ctx, tenant.UpdateRequest{Tenant: c.tenant, Parent: head.Revision, Key: a.Key, Changes: changes,")}},
}

// Each planted bug is found, by the rule that it breaks, within a minute.
func TestPlantedBugs(t *testing.T) {
	if !*mutants {
		t.Skip("only with -mutants: every bug is built and simulated by itself")
	}
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			res := mutant.MustFind(t, mutant.Mutation{Name: p.name, Edits: p.edits}, "./internal/simulation", "-run", "^TestWeeks$", "-seed", "1", "-parts", "8")
			if res.Took > time.Minute {
				t.Errorf("found only after %s", res.Took)
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
