package endtoend

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// export is a folder of exported configuration, with the changes that a sync of it
// makes.
type export struct {
	dir        string
	created    int
	references int // at least
	ofBeta     int // policies that need beta: v1.0 refuses them
	leftOut    int
	why        string
}

// baselines are a small Conditional Access baseline of our own, and a real one
// where it is beside the repository.
func baselines(t *testing.T) []export {
	all := []export{
		{created: 13, references: 12, ofBeta: 1},
		{created: 72, references: 60, ofBeta: 7},
	}
	return at(all, beside.Dirs(t, "../importer/testdata/baseline", "shared/data/conditional-access-baseline/Config"))
}

// templates are templates of Intune, likewise.
func templates(t *testing.T) []export {
	all := []export{
		{created: 16, leftOut: 1, why: "refers to notificationMessageTemplates a0000046-0000-4000-8000-000000000046"},
		// A template of a custom policy names no script: a person is to put one in.
		{created: 121, leftOut: 3, why: "it refers to "},
	}
	return at(all, beside.Dirs(t, "../importer/testdata/templates", "shared/data/intune-hydration/Templates"))
}

func at(all []export, dirs []string) []export {
	for i, dir := range dirs {
		all[i].dir = dir
	}
	return all[:len(dirs)]
}

// each runs a test with each export.
func each(t *testing.T, exports []export, test func(t *testing.T, x export)) {
	for _, x := range exports {
		t.Run(filepath.Base(x.dir), func(t *testing.T) { test(t, x) })
	}
}

// everything stands for all kinds' verbs, documented by examples or not.
var everything = []string{"*"}

// mustDeploy syncs and fails unless everything that was imported is in the
// tenant afterwards, n objects of it new, each made once and seen to be as
// written; and unless a second sync proposes nothing.
func (w *world) mustDeploy(n int) {
	w.t.Helper()
	row, report := w.sync()
	if row.Status != state.Idle || row.Outcome != syncer.Deployed || row.Counts.Create != n || row.Counts.Update+row.Counts.Delete+row.Counts.Problems != 0 {
		w.t.Errorf("the first sync: %s, %s, %+v, %+v, want Idle, deployed, %d created", row.Label, row.Outcome, row.Counts, row.Error, n)
	}
	for _, i := range report.Items {
		if i.Status != syncer.ItemApplied || !i.Verified {
			w.t.Errorf("%s %s: %s (verified: %v) %s %s", i.Kind, i.Key, i.Status, i.Verified, i.Class, i.Message)
		}
	}
	for _, r := range w.imported.Resources {
		if w.graph.Fake.Find(r.Kind, r.Key) == "" {
			w.t.Errorf("%s/%s is not in the tenant", r.Kind, r.Key)
		}
	}
	w.mustRest()
}

// mustRest fails unless a sync finds nothing to do, on either side.
func (w *world) mustRest() {
	w.t.Helper()
	writes := len(w.graph.Fake.Writes())
	row, report := w.sync()
	if row.Status != state.Idle || row.Outcome != syncer.NoChanges {
		w.t.Errorf("a sync of what was just synced: %s, %s, %+v, %+v, want Idle and no changes", row.Label, row.Outcome, row.Counts, row.Error)
	}
	for _, a := range report.Adopted {
		w.t.Errorf("it took over %+v", a)
	}
	if now := len(w.graph.Fake.Writes()); now != writes {
		w.t.Errorf("it wrote %d times", now-writes)
	}
}

// TestBaselineOverHTTP: a Conditional Access baseline, over TLS on loopback. The compliant network location cannot be created in any tenant: it
// is there with a feature.
func TestBaselineOverHTTP(t *testing.T) {
	each(t, baselines(t), baselineOverHTTP)
}

func baselineOverHTTP(t *testing.T, x export) {
	w := newWorld(t, options{dir: x.dir, sockets: true, quick: true, beta: agents})
	w.mustDeploy(x.created)
	w.checkSource(x)
	if n := w.checkReferences(); n < x.references {
		t.Errorf("only %d references were followed", n)
	}
	// Most policies are enabled: the one that blocks device codes would end the
	// sign-in that the run itself works with, which the plan said.
	broken := w.reviews[0].Plan.Broken
	if !slices.ContainsFunc(broken, func(b plan.Violation) bool {
		return b.Rule == graph.RuleDeviceCode && strings.Contains(b.Message, "CA004")
	}) {
		t.Errorf("the plan does not say that CA004 blocks device codes: %v", broken)
	}
	// It is the only way in that is closed: the others ask for more, or leave a way.
	for _, b := range broken {
		if b.Rule != graph.RuleDeviceCode {
			t.Errorf("the plan breaks %s: %s", b.Rule, b.Message)
		}
	}
	if !slices.ContainsFunc(w.reviews[0].Plan.Notes, func(n plan.Note) bool {
		return n.Class == "guard" && strings.Contains(n.Message, "would ask the account that is signed in")
	}) {
		t.Error("no note says that the policies ask the signed-in account for more")
	}
	if n := w.entra.CodesShown(); n != 1 {
		t.Errorf("%d codes were shown for two syncs, want 1", n)
	}
}

// agents are the kinds for which the baseline needs Graph's beta: five of its
// policies are about agents, and two control continuous access evaluation.
var agents = []string{tenanttest.ConditionalAccessPolicies}

// TestBaselineAtV1: the policies about agents and about continuous access
// evaluation are refused at v1.0, each with the reason, since they would mean something else without what v1.0 does not know.
// Everything else is deployed, and nothing but these is proposed again.
func TestBaselineAtV1(t *testing.T) { each(t, baselines(t), baselineAtV1) }

func baselineAtV1(t *testing.T, x export) {
	w := newWorld(t, options{dir: x.dir, sockets: true, quick: true})
	for range 2 {
		_, report := w.sync()
		failed := 0
		for _, i := range report.Items {
			switch {
			case i.Status == syncer.ItemApplied:
			case (strings.HasPrefix(i.Key, "CA50") || strings.HasSuffix(i.Key, "ContinuousAccessEvaluation")) && strings.Contains(i.Message, "exists only in Graph's beta"):
				failed++
			default:
				t.Errorf("%s %s: %s %s", i.Kind, i.Key, i.Status, i.Message)
			}
		}
		if failed != x.ofBeta {
			t.Errorf("%d policies were refused, want %d", failed, x.ofBeta)
		}
	}
	if n := len(w.graph.Fake.Writes()); n != x.created-x.ofBeta {
		t.Errorf("%d objects were created, want %d", n, x.created-x.ofBeta)
	}
}

// TestTemplatesOverHTTP: the Intune templates, with the verbs on that
// nothing shows.
func TestTemplatesOverHTTP(t *testing.T) {
	each(t, templates(t), func(t *testing.T, x export) {
		w := newWorld(t, options{dir: x.dir, sockets: true, quick: true, unproven: everything})
		w.mustDeploy(x.created)
		w.mustLeaveOut(x.leftOut, x.why)
		w.assign()
		w.checkReferences()
	})
}

// mustLeaveOut fails unless the import left out n objects, for that reason.
func (w *world) mustLeaveOut(n int, why string) {
	w.t.Helper()
	for _, l := range w.imported.Report.LeftOut {
		if !strings.Contains(l.Text, why) {
			w.t.Errorf("%s was left out: %s", l.Thing, l.Text)
		}
	}
	if got := len(w.imported.Report.LeftOut); got != n {
		w.t.Errorf("%d were left out, want %d", got, n)
	}
}

// assign gives a policy of every kind that the templates have and that can be
// assigned to a group, and syncs: no template is assigned to anybody.
func (w *world) assign() {
	w.t.Helper()
	line, err := w.repository.Desired(w.t.Context(), tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		w.t.Fatal(err)
	}
	group := w.imported.Resources[slices.IndexFunc(w.imported.Resources, func(r tenant.Resource) bool { return r.Kind == tenanttest.Groups })].Key
	var changes []tenant.Change
	done := map[string]bool{}
	for _, r := range line.Resources {
		entry, _ := w.catalogue.Entry(r.Kind)
		if done[r.Kind] || !slices.ContainsFunc(entry.Parts, func(p tenant.Part) bool { return p.Name == "assignments" }) {
			continue
		}
		done[r.Kind] = true
		body := w.decode(r.Body)
		assignment := map[string]any{"target": map[string]any{"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "${groups/" + group + "}"}}
		if strings.HasPrefix(r.Kind, "mobileApp") {
			assignment["intent"] = "available"
		}
		body["assignments"] = []any{assignment}
		changes = append(changes, tenant.Change{Kind: r.Kind, Key: r.Key, Body: mustEncode(w.t, body)})
	}
	if _, err := w.repository.Update(w.t.Context(), tenant.UpdateRequest{Tenant: tenantName, Parent: line.Revision, Key: "assign", Changes: changes, Author: "ann", Message: "assign"}); err != nil {
		w.t.Fatal(err)
	}
	row, report := w.sync()
	if row.Status != state.Idle || row.Outcome != syncer.Deployed || len(report.Items) != len(changes) || len(changes) < 6 {
		w.t.Errorf("assigning %d policies: %s, %s, %d items, %+v", len(changes), row.Label, row.Outcome, len(report.Items), row.Error)
	}
	w.mustRest()
	id := w.graph.Fake.Find(tenanttest.Groups, group)
	for kind := range done {
		assigned := slices.ContainsFunc(w.graph.Fake.Objects(kind), func(r tenant.Resource) bool { return strings.Contains(string(r.Body), `"groupId":"`+id+`"`) })
		if !assigned {
			w.t.Errorf("no object of %s is assigned to the group's id", kind)
		}
	}
}

// TestTemplatesByDefault: the templates are written by default. What neither
// Microsoft's documentation nor two public tools show is not. Each such thing is
// told, with what to do about it, and none makes the sync any less successful.
func TestTemplatesByDefault(t *testing.T) { each(t, templates(t), templatesByDefault) }

func templatesByDefault(t *testing.T, x export) {
	w := newWorld(t, options{dir: x.dir, sockets: true, quick: true})
	line, err := w.repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		t.Fatal(err)
	}
	unproven := tenant.Change{Kind: "operationApprovalPolicies", Key: "Apps", Body: json.RawMessage(`{"displayName":"Apps","policyType":"app","policyPlatform":"notApplicable"}`)}
	if _, err := w.repository.Update(t.Context(), tenant.UpdateRequest{Tenant: tenantName, Parent: line.Revision, Key: "unproven", Changes: []tenant.Change{unproven}, Author: "ann", Message: "approvals"}); err != nil {
		t.Fatal(err)
	}
	row, report := w.sync()
	if row.Status != state.Idle || row.Outcome != syncer.Deployed || row.Counts.Create != x.created {
		t.Errorf("%s, %s, %+v, %+v, want Idle, deployed, %d created", row.Label, row.Outcome, row.Counts, row.Error, x.created)
	}
	got := map[string]int{}
	for _, n := range report.Notes {
		if n.Class == "guard" { // What If, since groups were written
			continue
		}
		got[n.Kind+n.Pointer]++
		if n.Class != plan.Unsupported || n.Pointer == "" && !strings.Contains(n.Message, "Config.Unproven") {
			t.Errorf("note %+v", n)
		}
	}
	if want := map[string]int{unproven.Kind: 1}; !maps.Equal(got, want) {
		t.Errorf("told is %v, want %v", got, want)
	}
	w.mustRest()
}
