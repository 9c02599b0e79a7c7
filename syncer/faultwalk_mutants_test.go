package syncer_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/mutant"
)

var mutants = flag.Bool("mutants", false, "plant bugs in the engine, each of which the fault walk has to find")

// plantedBug is a bug to be planted: code that does the wrong thing if the bug's name
// is planted, before the code that does the right one.
type plantedBug struct {
	name string
	// walk is the part of the walk that finds it, as -test.run has it, and op
	// the calls that are struck. Without an op it is seen in any run.
	walk, op string
	// file, relative to the module's root, is where the code goes, before the line
	// that begins with this text.
	file, before string
	code         string
}

// plantedBugs are what could be wrong with the engine's way through faults.
var plantedBugs = []plantedBug{
	{"the intent is stored after the write", "approve", "", "internal/deploy/write.go", "	if err := d.journal.intend(ctx, intent); err != nil {", `
	if planted("the intent is stored after the write") {
		res, err := d.send(ctx, it, op, openIntent{Intent: intent, at: d.port.Now()})
		return res, errors.Join(err, d.journal.intend(ctx, intent))
	}`},
	{"no intent is stored", "approve", "", "internal/deploy/write.go", "	if err := d.journal.intend(ctx, intent); err != nil {", `
	if planted("no intent is stored") {
		return d.send(ctx, it, op, openIntent{Intent: intent, at: d.port.Now()})
	}`},
	{"an open write counts as not applied", "approve/dies_after", "Client.Apply", "internal/deploy/resolve.go", "	bound := v.job.WriteTimeout + Consistency(v.job.Kinds, it.Kind)", `
	if planted("an open write counts as not applied") {
		return &Result{Item: it.ID, Status: Retry}, nil
	}`},
	{"an open write counts as applied", "approve/dies_after", "Store.Commit", "internal/deploy/resolve.go", "	bound := v.job.WriteTimeout + Consistency(v.job.Kinds, it.Kind)", `
	if planted("an open write counts as applied") {
		return &Result{Item: it.ID, Kind: it.Kind, Key: it.Key, Verb: it.Verb, TenantID: it.TenantID, Status: Applied}, nil
	}`},
	{"what a read does not show yet has not happened", "lag/tenant:_no_answer,_with_effect", "Client.Apply", "internal/deploy/resolve.go", "	for n := 1; ; n++ {\n		// A read shows", `
	if planted("what a read does not show yet has not happened") {
		bound = 0
	}`},
	{"what cannot be found out is sent again", "approve/dies_after", "Client.Apply", "internal/deploy/resolve.go", "			res.Status = Unknown", `
			if planted("what cannot be found out is sent again") {
				res.Status = Retry
				return res, nil
			}`},
	{"a create is repeated without a look", "approve/tenant:_no_answer,_with_effect", "Client.Apply", "internal/deploy/write.go", "	if tenant.MaybeApplied(err) {", `
	if planted("a create is repeated without a look") && it.Verb == tenant.Create {
		_, err = d.client.Apply(call, op)
		return &Result{Status: Applied, Attempts: open.Attempt}, err
	}`},
	{"the journal is not read", "approve/dies_after", "Client.Apply", "internal/deploy/journal.go", "	for line, err := range port.Journal(ctx) {", `
	if planted("the journal is not read") {
		return j, nil
	}`},
	{"results are not stored", "approve", "", "internal/deploy/journal.go", "	return j.append(ctx, Line{Result: &r})", `
	if planted("results are not stored") {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.apply(Line{Result: &r})
		return nil
	}`},
	{"the deploy is over before its last result", "approve/dies_after", "Client.Apply", "syncer/phase_deploy.go", "	if err := dep.work.Run(ctx); err != nil {", `
	if planted("the deploy is over before its last result") {
		if err := c.commit(ctx, func(t *draft) error { t.phase(PhaseVerify); return nil }); err != nil {
			return onward{}, err
		}
	}`},
	{"commits pass no fence", "slow/frozen", "Store.Commit", "syncer/syncer.go", "	return t, state.CommitRequest{", `
	if planted("commits pass no fence") {
		fence = 0
	}`},
	{"a lost answer counts as a success", "approve/unknown_without_effect", "Store.Commit", "syncer/syncer.go", "		switch {\n		case err == nil:\n			return s.committed", `
		if planted("a lost answer counts as a success") && errors.Is(err, state.ErrUnknown) {
			done.Record, done.Now, err = req.Record, from.storeTime(), nil
			done.Record.Version++
		}`},
	{"a lost answer counts as a failure", "approve/unknown_with_effect", "Store.Commit", "syncer/syncer.go", "		switch {\n		case err == nil:\n			return s.committed", `
		if planted("a lost answer counts as a failure") && errors.Is(err, state.ErrUnknown) {
			return from, &failure.Storage{Err: err}
		}`},
	{"a commit does not know itself again", "approve/unknown_with_effect", "Store.Commit", "syncer/syncer.go", "		if slices.Contains(fresh.d.Commits, id) {", `
		if planted("a commit does not know itself again") {
			id = "another"
		}`},
	{"blobs are put after the commit", "approve/dies_after", "Store.Commit", "syncer/syncer.go", "	ref, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() (state.BlobRef, error) {", `
	if planted("blobs are put after the commit") {
		req := state.PutRequest{Tenant: tenantName, Run: run, Kind: kind, Data: data}
		ref := req.Ref()
		lateMu.Lock()
		defer lateMu.Unlock()
		late[s] = append(late[s], func() { _, _ = s.cfg.Store.Put(context.WithoutCancel(ctx), req) })
		return &ref, nil
	}`},
	{"a blob whose answer is lost is given up", "approve/unknown_with_effect", "Blobs.Put", "syncer/syncer.go", "	if err != nil {\n		return nil, &failure.Storage{Err: fmt.Errorf(\"syncer: %s: store %s: %w\"", `
	if planted("a blob whose answer is lost is given up") {
		_, err = s.cfg.Store.Put(ctx, state.PutRequest{Tenant: tenantName, Run: run, Kind: kind, Data: data})
	}`},
	{"each try adopts under another key", "approve/fails_after_the_effect", "Repository.Update", "internal/repo/write.go", "		rev, err := l.send(ctx, act, req)", `
		if planted("each try adopts under another key") {
			req.Key += "'"
		}`},
	{"it is not stored what is about to be adopted", "approve/dies_after", "Repository.Update", "syncer/phase_backup.go", "	return p.c.commit(ctx, func(t *draft) error { t.d.Run.Adoption = ref; return nil })", `
	if planted("it is not stored what is about to be adopted") {
		ref = nil
	}`},
	{"each try backs up under another key", "approve/dies_after", "Repository.Backup", "internal/backup/snapshot.go", "	sum := sha256.Sum256(raw)", `
	if planted("each try backs up under another key") {
		raw = fmt.Append(raw, time.Now())
	}`},
	{"the lease is not released", "approve", "", "syncer/lease.go", "	if err := c.hold.Release(ctx); err != nil {", `
	if planted("the lease is not released") {
		return
	}`},
	{"the ids of what was created are forgotten", "approve/tenant:_transient", "Client.Read", "syncer/created.go", "	if !slices.ContainsFunc(items, ItemResult.created) {", `
	if planted("the ids of what was created are forgotten") {
		return base, false
	}`},
}

// lastingBugs are what stands behind the engine's retries: only a fault that
// lasts comes there, and TestLastingFaultWalk alone finds them.
var lastingBugs = []plantedBug{
	{"a tenant that cannot be postponed is claimed at once", "approve", "Store.Commit", "syncer/worker.go", "			// A tenant that could not be postponed is due at once.", `
			if planted("a tenant that cannot be postponed is claimed at once") {
				return
			}`},
	{"a journal that cannot be read is empty", "approve", "Store.History", "internal/deploy/journal.go", "		if err != nil {\n			return nil, err\n		}\n		j.apply(line)", `
		if planted("a journal that cannot be read is empty") && err != nil {
			return j, nil
		}`},
	{"a tenant that keeps refusing is connected without end", "approve", "Client.Read", "syncer/advance.go", "		if c.run().Reconnects < c.cfg.MaxAttempts {", `
		if planted("a tenant that keeps refusing is connected without end") {
			return nil, c.reconnect(ctx, err)
		}`},
	{"a blob that cannot be stored counts as stored", "approve", "Blobs.Put", "syncer/syncer.go", "	if err != nil {\n		return nil, &failure.Storage{Err: fmt.Errorf(\"syncer: %s: store %s: %w\"", `
	if planted("a blob that cannot be stored counts as stored") && err != nil {
		ref, err = state.PutRequest{Tenant: tenantName, Run: run, Kind: kind, Data: data}.Ref(), nil
	}`},
}

// TestFaultWalkFindsBugs plants each of the bugs, and the fault walk must fail.
// Without -mutants it only looks whether the source still has their places.
func TestFaultWalkFindsBugs(t *testing.T) {
	all := slices.Concat(plantedBugs, lastingBugs)
	for _, b := range all {
		if text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(b.file))); err != nil || strings.Count(string(text), b.before) != 1 {
			t.Errorf("%q: %s has %q %d times, want once: the bug has to follow the source", b.name, b.file, b.before, strings.Count(string(text), b.before))
		}
	}
	if t.Failed() {
		return
	}
	if !*mutants {
		t.Skip("without -mutants")
	}
	m := mutant.Mutation{Name: "all", Edits: []mutant.Edit{
		{File: "syncer/config.go", Old: "// validate reports", New: `func planted(name string) bool { return os.Getenv("PLANTED") == name }

var (
	lateMu sync.Mutex
	late   = map[*records][]func(){}
)

// validate reports`},
		{File: "syncer/config.go", Old: `	"os"` + "\n", New: `	"os"` + "\n" + `	"sync"` + "\n"},
		{File: "syncer/syncer.go", Old: "	s.changed(done.Record.Tenant, by)", New: `	lateMu.Lock()
	put := late[s]
	delete(late, s)
	lateMu.Unlock()
	for _, f := range put {
		f()
	}
	s.changed(done.Record.Tenant, by)`},
	}}
	// The rooms ask too which bug is planted.
	for _, room := range []struct{ file, comment, imported string }{
		{"internal/deploy/journal.go", "// readJournal reads", "time"},
		{"internal/repo/write.go", "// Update writes", "time"},
		{"internal/backup/snapshot.go", "// store appends", "time"},
	} {
		m.Edits = append(m.Edits,
			mutant.Edit{File: room.file, Old: room.comment, New: "func planted(name string) bool { return os.Getenv(\"PLANTED\") == name }\n\n" + room.comment},
			mutant.Edit{File: room.file, Old: "\t\"" + room.imported + "\"\n", New: "\t\"" + room.imported + "\"\n\t\"os\"\n"})
	}
	for _, b := range all {
		m.Edits = append(m.Edits, mutant.Edit{File: b.file, Old: b.before, New: strings.TrimPrefix(b.code, "\n") + "\n" + b.before})
	}
	bin := filepath.Join(t.TempDir(), "syncer.test")
	begun := time.Now()
	if err := mutant.Build(t.Context(), mutant.Root(t), m, "./syncer", bin); err != nil {
		t.Fatal(err)
	}
	t.Logf("built in %s", time.Since(begun).Round(100*time.Millisecond))
	t.Run("bug", func(t *testing.T) {
		for _, b := range append(plantedBugs, plantedBug{name: "nothing", walk: "approve"}) {
			t.Run(strings.ReplaceAll(b.name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				b.findIn(t, bin, "TestFaultWalk")
			})
		}
		for _, b := range append(lastingBugs, plantedBug{name: "nothing", walk: "approve", op: "Store.History"}) {
			t.Run("lasting:_"+strings.ReplaceAll(b.name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				b.findIn(t, bin, "TestLastingFaultWalk")
			})
		}
	})
	t.Logf("%d bugs planted", len(all))
}

// findIn walks with the bug planted: by the test that has this name.
func (b plantedBug) findIn(t *testing.T, bin, test string) {
	op := b.op
	if op == "" {
		op = "none"
	}
	begun := time.Now()
	cmd := exec.CommandContext(t.Context(), bin, "-test.run", "^"+test+"$/"+b.walk, "-walk-op", op)
	cmd.Env = append(os.Environ(), "PLANTED="+b.name)
	out, err := cmd.CombinedOutput()
	switch found := err != nil && strings.Contains(string(out), "--- FAIL: "+test+"/"); {
	case b.name == "nothing" && err != nil:
		t.Errorf("the walk fails although nothing is planted:\n%s", out)
	case b.name != "nothing" && !found:
		t.Errorf("the walk does not find it: %v\n%s", err, out)
	default:
		t.Logf("after %s", time.Since(begun).Round(100*time.Millisecond))
	}
}
