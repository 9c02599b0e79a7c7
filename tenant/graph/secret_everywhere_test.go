package graph_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/secretsearch"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// writtenStore adds all that is stored to a channel.
type writtenStore struct {
	*state.Memory
	written *secretsearch.Channels
}

func (s *writtenStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	s.written.AddValue("store", req)
	return s.Memory.Commit(ctx, req)
}

func (s *writtenStore) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	s.written.AddValue("store", req)
	return s.Memory.Put(ctx, req)
}

// secretHost is an engine with a tenant of one kind, and all that it shows.
type secretHost struct {
	t          *testing.T
	kind       tenant.Kind
	fake       *tenanttest.Fake
	repository *tenant.MemoryRepository
	engine     *syncer.Syncer
	shown      secretsearch.Channels
}

func newSecretHost(t *testing.T, kind tenant.Kind) *secretHost {
	t.Helper()
	kind.References, kind.After, kind.Limits = nil, nil, nil // to kinds that the tenant does not have
	kind.Scope = tenant.All
	h := &secretHost{t: t, kind: kind, repository: tenant.NewMemoryRepository()}
	h.fake = tenanttest.NewFake(tenanttest.Config{Kinds: []tenant.Kind{kind}, Directory: authtest.DirectoryOf("contoso")})
	store := &writtenStore{Memory: state.NewMemory(), written: &h.shown}
	engine, err := syncer.New(syncer.Config{
		Store: store, Repository: h.repository,
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
			return h.fake.Client(tenanttest.ClientConfig{}), nil
		}),
		Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
			d := r.Approve("bob", "go")
			for _, b := range r.Plan.Broken {
				d.Accept = append(d.Accept, b.Rule)
			}
			return d, nil
		}),
		Logger: slog.New(slog.NewJSONHandler(h.shown.Writer("log"), &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.engine = engine
	return h
}

// sync syncs, and keeps all that a person or a host sees of it. It returns the
// plan's texts, the row and the report.
func (h *secretHost) sync() (string, syncer.Row, *syncer.Report) {
	t := h.t
	t.Helper()
	row, err := h.engine.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Targets: []plan.Target{{Kind: h.kind.Name}}}})
	h.shown.AddError("error", err)
	if err != nil {
		t.Fatal(err)
	}
	h.shown.AddValue("row", row)
	run := syncer.RunRef{Tenant: "contoso", Run: row.Run}
	report, err := h.engine.Report(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	h.shown.AddValue("report", report)
	if err := report.Text(h.shown.Writer("report text")); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if p, err := h.engine.Plan(t.Context(), run); err == nil {
		stored, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		h.shown.Add("plan", stored)
		for name, render := range map[string]func(*strings.Builder) error{
			"plan text":     func(w *strings.Builder) error { return p.Text(w) },
			"plan markdown": func(w *strings.Builder) error { return p.Markdown(w) },
		} {
			var w strings.Builder
			if err := render(&w); err != nil {
				t.Fatal(err)
			}
			h.shown.Add(name, []byte(w.String()))
			text.WriteString(w.String())
		}
	}
	backup, err := h.repository.Snapshot(t.Context(), tenant.SnapshotRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	saved, err := json.Marshal(backup)
	if err != nil {
		t.Fatal(err)
	}
	h.shown.Add("backup", saved)
	return text.String(), row, report
}

// planted makes up objects with secrets. next counts the secrets, so that each is
// another one.
type planted struct {
	*rand.Rand
	secrets []string
}

func (p *planted) secret() string {
	s := fmt.Sprintf("Tr0ub4dor-%016x", p.Uint64())
	p.secrets = append(p.secrets, s)
	return s
}

var plantedNames = []string{"futurePassword", "preSharedKey", "PreSharedKey", "client_secret", "tokenValue", "wifiPSK", "recoveryKey", "kioskModeExitCode", "unlockPin",
	"privateKeyPem", "passphrase", "apiKey"}

// tree is an object with secrets at random depths, beside values that are shown.
func (p *planted) tree(depth int) map[string]any {
	o := map[string]any{"shown": "Visible", "futurePasswordRequired": true, "futurePasswordMinimumLength": 12, "futurePasswordChangeUrl": "https://visible.example"}
	for range 1 + p.IntN(2) {
		o[plantedNames[p.IntN(len(plantedNames))]] = p.secret()
	}
	if p.IntN(2) == 0 {
		o["futureTokens"] = []any{p.secret(), p.secret()}
	}
	if depth > 0 {
		o["below"] = p.tree(depth - 1)
		o["list"] = []any{p.tree(depth - 1), map[string]any{"shown": "Visible"}}
	}
	return o
}

// plant puts a value at a path, in which "*" is a new element of an array. The
// object around it gets the type.
func plant(o map[string]any, path []string, typ string, v any) {
	name := path[0]
	switch {
	case len(path) == 1:
		o["@odata.type"] = typ
		o[name] = v
	case path[1] == "*":
		element := map[string]any{}
		plant(element, path[2:], typ, v)
		o[name] = []any{element}
	default:
		below, _ := o[name].(map[string]any)
		if below == nil {
			below = map[string]any{}
			o[name] = below
		}
		plant(below, path[1:], typ, v)
	}
}

// tableRow is a secret of the checked-in table.
type tableRow struct{ kind, typ, path string }

func tableRows(t *testing.T) (rows []tableRow) {
	t.Helper()
	data, err := os.ReadFile("catalogue/testdata/secrets.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) >= 4 && f[0] == "secret" {
			of, _, _ := strings.Cut(f[2], "/")
			rows = append(rows, tableRow{f[1], "#microsoft.graph." + of, f[3]})
		}
	}
	return rows
}

// Secrets of any kind, declared, known by metadata or known by their names only,
// get into the tenant and are seen nowhere: not when they are created, when the
// service refuses them and repeats the request, when they change on either side,
// or when the object is deleted.
func TestSecretsAreSeenNowhere(t *testing.T) {
	var rows []tableRow
	known := tableRows(t)
	for _, k := range catalogue.Default().Kinds() {
		if !k.Create || k.Singleton {
			continue
		}
		n := len(rows)
		for _, r := range known {
			if r.kind == k.Name {
				rows = append(rows, r)
			}
		}
		if n == len(rows) {
			rows = append(rows, tableRow{kind: k.Name})
		}
	}
	if testing.Short() {
		rows = rows[:10]
	}
	for i, row := range rows {
		t.Run(row.kind+row.path, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { secretsAreSeenNowhere(t, row, uint64(i)) })
		})
	}
}

func secretsAreSeenNowhere(t *testing.T, row tableRow, seed uint64) {
	kinds := catalogue.Default().Kinds()
	k := kinds[slices.IndexFunc(kinds, func(k tenant.Kind) bool { return k.Name == row.kind })]
	h := newSecretHost(t, k)
	p := &planted{Rand: rand.New(rand.NewPCG(seed, 7))}
	body := func(shown string) string {
		o := map[string]any{"futures": p.tree(2), "futureShown": shown}
		if row.path != "" {
			plant(o, strings.Split(row.path, "/")[1:], row.typ, p.secret())
		}
		keys := k.NaturalKey
		if len(keys) == 0 {
			keys = []string{"/displayName"}
		}
		for _, key := range keys {
			plant(o, strings.Split(key, "/")[1:], row.typ, "P")
		}
		if row.path == "" {
			delete(o, "@odata.type")
		}
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	edit := func(content string) {
		if err := h.repository.Edit("contoso", k.Name, "P", []byte(content)); err != nil {
			t.Fatal(err)
		}
	}

	edit(body("one"))
	h.fake.FailWrite(func(op tenant.Operation) tenanttest.WriteFault {
		return tenanttest.WriteFault{Err: &tenant.Error{Class: tenant.Invalid, Code: "BadRequest", Message: "this is wrong: " + string(op.After), Err: errors.New(string(op.After))}}
	})
	text, _, _ := h.sync()
	if !strings.Contains(text, "Visible") || !strings.Contains(text, "visible.example") {
		t.Fatalf("what is no secret is not shown:\n%s", text)
	}
	h.fake.FailWrite(nil)
	if _, row, report := h.sync(); row.Outcome != syncer.Deployed {
		t.Fatalf("the create: %+v", report)
	}
	id := h.fake.Objects(k.Name)[0].ID
	if object := string(h.fake.Object(k.Name, id)); !slices.ContainsFunc(p.secrets, func(s string) bool { return strings.Contains(object, s) }) {
		t.Fatalf("the tenant has %s", object)
	}
	if k.Update {
		edit(body("two"))
		h.sync()
	}
	// The tenant's own secrets come back as a backup, and into the file.
	h.fake.Set(k.Name, id, body("three"))
	h.sync()
	h.fake.Seed(k.Name, strings.ReplaceAll(body("four"), `"P"`, `"Q"`))
	h.sync()
	edit("")
	h.sync()

	if len(p.secrets) < 8 {
		t.Fatalf("only %d secrets", len(p.secrets))
	}
	for i, f := range secretsearch.Search(h.shown.All(), p.secrets) {
		if t.Errorf("%s", f); i == 5 {
			break
		}
	}
}

// A file with a mask in the place of a secret leaves the tenant's secret alone, in
// arrays too, while what stands beside it changes. The mask is in no request.
func TestMasksInFilesChangeNothing(t *testing.T) {
	const at = "SECRET"
	for _, shape := range []string{
		`{"displayName":"P","shown":"VALUE","preSharedKey":"SECRET"}`,
		`{"displayName":"P","shown":"VALUE","a":{"b":{"futurePassword":"SECRET"}}}`,
		`{"displayName":"P","list":[{"name":"1","clientSecret":"SECRET"},{"name":"2","clientSecret":"SECRET"},{"shown":"VALUE"}]}`,
		`{"displayName":"P","set":[{"name":"1","clientSecret":"SECRET","shown":"VALUE"},{"name":"2","clientSecret":"SECRET"}]}`,
		`{"displayName":"P","list":[{"in":[{"name":"1","tokens":["SECRET","SECRET"]}]},{"shown":"VALUE"}]}`,
	} {
		for _, whole := range []bool{false, true} {
			for _, mask := range []string{"****", "[redacted]"} {
				t.Run(fmt.Sprintf("%s whole %v %s", shape, whole, mask), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						k := tenant.Kind{Name: "things", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"}, SecretNames: true,
							Sets: []tenant.Set{{Path: "/set", By: []string{"/name"}}}}
						if whole {
							k.Whole = []string{""}
						}
						h := newSecretHost(t, k)
						p := &planted{Rand: rand.New(rand.NewPCG(1, 7))}
						inTenant := shape
						for strings.Contains(inTenant, at) {
							inTenant = strings.Replace(inTenant, at, p.secret(), 1)
						}
						id := h.fake.Seed("things", strings.Replace(inTenant, "VALUE", "one", 1))
						file := strings.ReplaceAll(shape, at, mask)
						sent := 0
						h.fake.FailWrite(func(op tenant.Operation) tenanttest.WriteFault {
							sent++
							if all := string(op.After) + string(op.Patch); strings.Contains(all, `"`+mask+`"`) {
								t.Errorf("sent %s", all)
							}
							return tenanttest.WriteFault{}
						})
						for _, value := range []string{"one", "two"} {
							if err := h.repository.Edit("contoso", "things", "P", []byte(strings.Replace(file, "VALUE", value, 1))); err != nil {
								t.Fatal(err)
							}
							_, row, report := h.sync()
							if want := map[string]syncer.Outcome{"one": syncer.NoChanges, "two": syncer.Deployed}[value]; row.Outcome != want {
								t.Fatalf("%s: %s, %+v, %+v", value, row.Outcome, report.Error, report.Items)
							}
						}
						object := string(h.fake.Object("things", id))
						for _, s := range p.secrets {
							if !strings.Contains(object, s) {
								t.Errorf("the secret is gone: %s", object)
							}
						}
						if sent != 1 || !strings.Contains(object, `"two"`) {
							t.Errorf("%d writes, and the tenant has %s", sent, object)
						}
						if found := secretsearch.Search(h.shown.All(), p.secrets); len(found) > 0 {
							t.Error(found[0])
						}
					})
				})
			}
		}
	}
}
