package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// For random kinds and a random tenant of them: what was backed up, by the first
// sync, comes back after everything was wiped, but for ids. Both when the
// engine remembers the tenant, and undoes what happened to it, and when it
// starts with nothing but the repository.
func TestBackupWipeDeployRestores(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes this walk of all kinds take minutes: run without -race")
	}
	rapid.Check(t, func(rt *rapid.T) {
		cat, kinds := drawCatalogue(rt)
		server := graphtest.New(graphtest.Config{Catalogue: cat, PageSize: 2, Directory: authtest.DirectoryOf("contoso")})
		ids := map[string][]string{}
		n := 0
		for _, e := range cat.Entries {
			count := 1
			if !e.Singleton {
				count = rapid.IntRange(0, 4).Draw(rt, e.Name+" objects")
			}
			for range count {
				n++
				id := server.Fake.Seed(e.Name, kinds[e.Name].drawBody(rt, n, ids))
				if !e.Singleton {
					ids[e.Name] = append(ids[e.Name], id)
				}
			}
		}
		forget := rapid.Bool().Draw(rt, "the engine forgets")
		lag := time.Duration(rapid.IntRange(0, 1).Draw(rt, "lag")) * 10 * time.Second
		forms := rapid.SampledFrom([]graphtest.Forms{{}, graphtest.AllForms()}).Draw(rt, "forms")
		var problem error
		synctest.Test(t, func(t *testing.T) {
			problem = restores(t.Context(), server, cat, forget, lag, forms)
		})
		if problem != nil {
			rt.Fatal(problem)
		}
	})
}

// restorer is a host of one tenant.
type restorer struct {
	server     *graphtest.Server
	catalogue  *catalogue.Catalogue
	repository *tenant.MemoryRepository
	variables  map[string]string
	store      *state.Memory
	cloud      catalogue.Cloud
	last       *syncer.Report
}

func restores(ctx context.Context, server *graphtest.Server, cat *catalogue.Catalogue, forget bool, lag time.Duration, forms graphtest.Forms) error {
	r := &restorer{server: server, catalogue: cat, repository: tenant.NewMemoryRepository(), variables: map[string]string{}, store: state.NewMemory()}
	before, err := r.content()
	if err != nil {
		return err
	}
	if err := r.sync(ctx, adopt, syncer.Adopted, syncer.NoChanges); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := r.enterSecrets(ctx); err != nil {
		return err
	}
	if after, err := r.content(); err != nil || after != before {
		return fmt.Errorf("the backup changed the tenant (%v): %s", err, cmp.Diff(before, after))
	}
	r.wipe()
	if forget {
		r.store = state.NewMemory()
	}
	server.Fake.Lag(lag)
	server.Spell(forms) // the service answers in other forms than those of the files
	if err := r.sync(ctx, enforce, syncer.Deployed, syncer.NoChanges); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	after, err := r.content()
	if err != nil || after != before {
		return fmt.Errorf("not restored (%v) (-before +after):\n%s", err, cmp.Diff(strings.Split(before, "\n"), strings.Split(after, "\n")))
	}
	return r.sync(ctx, enforce, syncer.NoChanges)
}

// content is the tenant's, but for ids.
func (r *restorer) content() (string, error) {
	objects := map[string][]tenant.Resource{}
	for _, e := range r.catalogue.Entries {
		objects[e.Name] = r.server.Fake.Objects(e.Name)
		for i := range objects[e.Name] { // an id is the same in any case
			objects[e.Name][i].Body = guid.ReplaceAllFunc(objects[e.Name][i].Body, bytes.ToLower)
		}
	}
	return upToIDs(r.catalogue, objects)
}

var guid = regexp.MustCompile(`[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`)

// wipe deletes everything, and clears what cannot be deleted.
func (r *restorer) wipe() {
	for i := range r.catalogue.Entries {
		e := r.catalogue.Entries[len(r.catalogue.Entries)-1-i]
		for _, o := range r.server.Fake.Objects(e.Name) {
			if e.Singleton {
				r.server.Fake.Set(e.Name, o.ID, cleared(o.Body))
			} else {
				r.server.Fake.Remove(e.Name, o.ID)
			}
		}
	}
}

// cleared is a patch of a singleton that clears what it has (what it did not have
// is nobody's concern when it appears), but for what can be
// set only once or names it.
func cleared(body json.RawMessage) string {
	fields, err := decodeFields(body)
	if err != nil {
		panic(err) // the fake's own
	}
	patch := map[string]any{}
	for name, value := range map[string]any{"text": "wiped", "list": []any{}, "tags": nil, "members": []any{}, "inner": nil,
		"assignments": []any{}, "related": []any{}, "password": "wiped", "note": "wiped"} {
		if v, has := fields[name]; has && !isEmpty(v) {
			patch[name] = value
		}
	}
	return mustJSON(patch)
}

// enterSecrets does what a person has to do for secrets, which no file holds:
// each becomes a variable.
func (r *restorer) enterSecrets(ctx context.Context) error {
	line, err := r.repository.Desired(ctx, tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		return err
	}
	for _, res := range line.Resources {
		if bytes.Contains(res.Body, []byte(`"secret-`)) {
			return fmt.Errorf("%s/%s holds a secret: %s", res.Kind, res.Key, res.Body)
		}
		if !bytes.Contains(res.Body, []byte(plan.Redacted)) {
			continue
		}
		for _, o := range r.server.Fake.Objects(res.Kind) {
			fields, err := decodeFields(o.Body)
			if err != nil {
				return err
			}
			entry, _ := r.catalogue.Entry(res.Kind)
			if key := keyOf(entry, fields); key != res.Key && !entry.Singleton {
				continue
			}
			name := fmt.Sprintf("secret%d", len(r.variables))
			r.variables[name] = fields["password"].(string)
			body := bytes.ReplaceAll(res.Body, []byte(plan.Redacted), []byte("${var:"+name+"}"))
			if err := r.repository.Edit("contoso", res.Kind, res.Key, body); err != nil {
				return err
			}
		}
	}
	return nil
}

// What a sync does about drift.
const adopt, enforce = false, true

// sync runs one sync, whose outcome must be one of those.
func (r *restorer) sync(ctx context.Context, enforce bool, outcomes ...syncer.Outcome) error {
	connect := func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
		return graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: r.server.URL(), HTTPClient: r.server.HTTPClient(),
			Catalogue: r.catalogue, Directory: r.server.Fake.Directory(), Cloud: r.cloud})
	}
	approve := func(_ context.Context, review syncer.Review) (syncer.Decision, error) {
		d := review.Approve("ann", "")
		for _, b := range review.Plan.Broken {
			d.Accept = append(d.Accept, b.Rule)
		}
		return d, nil
	}
	engine, err := syncer.New(syncer.Config{Secret: []byte("the same for each engine of the test"), Store: r.store, Repository: r.repository,
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{People: []authtest.Person{authtest.SignsIn(0)}}),
		Connector:     syncer.ConnectorFunc(connect), Approver: syncer.ApproverFunc(approve),
		Settings: syncer.Settings{Approval: syncer.ApprovalRules{AllowRequester: true}, Variables: r.variables, Rules: plan.Rules{Enforce: enforce}}})
	if err != nil {
		return err
	}
	row, err := engine.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}})
	if err != nil {
		return err
	}
	report, err := engine.Report(ctx, syncer.RunRef{Tenant: "contoso", Run: row.Run})
	if err != nil {
		return err
	}
	r.last = report
	for _, o := range outcomes {
		if row.Status == state.Idle && row.Outcome == o {
			return nil
		}
	}
	var text strings.Builder
	if err := report.Text(&text); err != nil {
		return err
	}
	return fmt.Errorf("it ended %s, %s, want Idle and one of %v\n%s\n%+v", row.Status, row.Outcome, outcomes, text.String(), report.Notes)
}
