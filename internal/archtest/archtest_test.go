package archtest_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tenantsync/tenantsync/internal/archtest"
)

const (
	jsontext = "github.com/go-json-experiment/json/jsontext"
	msal     = "github.com/AzureAD/microsoft-authentication-library-for-go"
)

// rules is a statement of policy about imports. Fix code that breaks it, not
// the table.
//
// state, tenant and auth are leaves: an implementation of their interfaces
// needs no other package. The engine imports no adapter. An adapter is in a
// folder below the interface that it implements.
var rules = map[string]archtest.Rule{
	".":      {},
	"state":  {Imports: []string{"github.com/looplab/fsm"}},
	"tenant": {Imports: []string{"internal/folder", "internal/pack", jsontext}},
	"auth":   {},
	"plan":   {Imports: []string{"tenant", "internal/jsonval", "internal/reference", "internal/format"}},
	"syncer": {Imports: []string{"plan", "internal/deploy", "internal/diff", "internal/apply", "internal/schema", "internal/bounds", "internal/ending", "internal/failure", "internal/format", "internal/lease", "internal/people", "internal/reading", "internal/runlog", "internal/runrecord", "internal/shelter", "internal/slot", "internal/telemetry", "internal/word", "internal/repo", "internal/backup", "internal/baseline", "internal/planning", "internal/revert", "internal/readback", "internal/retry", "internal/rollback", "tenant", "state", "auth", "golang.org/x/sync/...", "github.com/google/uuid",
		"go.opentelemetry.io/otel/..."}},

	"tenant/graph": {Imports: []string{"tenant", "tenant/graph/catalogue", "tenant/graph/internal/access", "tenant/graph/internal/odatajson", "tenant/graph/internal/wire", "internal/graphmeta", "internal/retry", "golang.org/x/sync/...",
		"github.com/Azure/azure-sdk-for-go/sdk/azcore/..."}},
	"tenant/graph/catalogue":          {Imports: []string{"tenant", "tenant/graph/internal/odatajson", "internal/graphmeta"}},
	"tenant/graph/internal/odatajson": {Imports: []string{"tenant", jsontext, "github.com/go-json-experiment/json"}},
	"tenant/graph/internal/access":    {Imports: []string{"tenant/graph/internal/odatajson"}},
	"tenant/graph/internal/wire": {Imports: []string{"tenant", "tenant/graph/internal/odatajson", "internal/retry", "golang.org/x/sync/...", "github.com/google/uuid",
		"github.com/Azure/azure-sdk-for-go/sdk/azcore/..."}},
	"tenant/graph/graphtest":   {Kit: true, Imports: []string{"tenant", "tenant/tenanttest", "tenant/graph/catalogue", "internal/graphmeta", "internal/odata", "internal/retry", "github.com/Azure/azure-sdk-for-go/sdk/azcore/..."}},
	"tenant/graph/tcm":         {Imports: []string{"tenant", "tenant/graph/internal/odatajson", "tenant/graph/internal/wire", "internal/retry", "github.com/Azure/azure-sdk-for-go/sdk/azcore/..."}},
	"tenant/graph/tcm/tcmtest": {Kit: true},
	"auth/entra":               {Imports: []string{"auth", "internal/retry", msal + "/apps/...", "github.com/Azure/azure-sdk-for-go/sdk/azcore/..."}},

	"state/statetest":   {Kit: true, Imports: []string{"state", "internal/fault"}},
	"tenant/tenanttest": {Kit: true, Imports: []string{"tenant", "internal/fault", "internal/retry"}},
	"auth/authtest":     {Kit: true, Imports: []string{"auth", "internal/retry"}},
	"syncer/syncertest": {Kit: true, Imports: []string{"syncer", "plan", "internal/diff", "internal/schema", "internal/format", "state", "state/statetest", "tenant", "tenant/tenanttest",
		"auth", "auth/authtest", "internal/fault"}},

	// The floors of a plan, from the lowest. plan is the document. The packages
	// that make a plan and that carry one out are above it.
	"internal/jsonval":   {Imports: []string{jsontext}},
	"internal/format":    {Imports: []string{jsontext, "github.com/go-json-experiment/json", "github.com/go-json-experiment/json/v1"}},
	"internal/reference": {Imports: []string{"internal/jsonval"}},
	"internal/schema":    {Imports: []string{"tenant", "internal/jsonval", "internal/reference"}},
	"internal/apply":     {Imports: []string{"plan", "internal/schema", "internal/jsonval", "internal/reference", "tenant"}},
	"internal/diff": {Imports: []string{"plan", "internal/apply", "internal/schema", "internal/jsonval", "internal/reference",
		"internal/format", "tenant", jsontext}},

	// Rooms of the engine: each has one task, and does not depend on the engine.
	"internal/retry":     {},
	"internal/folder":    {Imports: []string{"internal/retry", "golang.org/x/sys/unix"}},
	"internal/pack":      {Imports: []string{"internal/folder"}},
	"internal/bounds":    {},
	"internal/odata":     {},
	"internal/people":    {Imports: []string{"golang.org/x/text/..."}},
	"internal/runlog":    {Imports: []string{"internal/bounds"}},
	"internal/runrecord": {Imports: []string{"internal/failure", "internal/format", "internal/word", "plan", "state"}},
	"internal/shelter":   {},
	"internal/slot":      {Imports: []string{"golang.org/x/sync/..."}},
	"internal/telemetry": {Imports: []string{"internal/bounds", "internal/failure", "state", "tenant",
		"go.opentelemetry.io/otel/attribute", "go.opentelemetry.io/otel/codes", "go.opentelemetry.io/otel/metric/...", "go.opentelemetry.io/otel/trace/..."}},
	"internal/word":     {},
	"internal/failure":  {Imports: []string{"internal/word", "internal/format", "internal/lease", "state", "plan", "tenant", "auth"}},
	"internal/ending":   {Imports: []string{"internal/word", "plan", "state", "tenant", "auth"}},
	"internal/lease":    {Imports: []string{"internal/retry", "state"}},
	"internal/reading":  {Imports: []string{"plan", "internal/diff", "internal/failure", "internal/schema", "internal/word", "auth", "tenant", "golang.org/x/sync/..."}},
	"internal/rollback": {Imports: []string{"plan", "internal/diff", "internal/failure", "internal/repo", "internal/word", "tenant"}},
	"internal/planning": {Imports: []string{"plan", "internal/backup", "internal/bounds", "internal/diff", "internal/format", "internal/reference", "internal/repo", "internal/rollback", "internal/word", "tenant"}},
	"internal/baseline": {Imports: []string{"plan", "state", "internal/diff", "internal/format", "internal/reference"}},
	"internal/revert":   {Imports: []string{"plan", "internal/diff", "internal/failure", "internal/repo", "internal/word", "tenant"}},
	"internal/readback": {Imports: []string{"plan", "internal/deploy", "internal/diff", "internal/repo", "internal/rollback", "tenant"}},
	"internal/redact":   {Imports: []string{"internal/schema", "tenant", "auth"}},
	"internal/backup":   {Imports: []string{"plan", "internal/diff", "internal/failure", "internal/format", "internal/repo", "internal/word", "tenant"}},
	"internal/repo":     {Imports: []string{"internal/failure", "internal/redact", "internal/retry", "internal/schema", "internal/word", "tenant"}},
	"internal/deploy":   {Imports: []string{"plan", "internal/apply", "internal/diff", "internal/schema", "internal/reference", "internal/redact", "internal/retry", "tenant", "golang.org/x/sync/..."}},

	"internal/archtest":           {},
	"internal/beside":             {Kit: true},
	"internal/fault":              {Imports: []string{"internal/retry"}},
	"internal/frozen":             {Kit: true},
	"internal/graphmeta":          {},
	"internal/graphmeta/generate": {Imports: []string{"internal/graphmeta", "tenant/graph/catalogue"}},
	"internal/growth":             {Kit: true, Imports: []string{"syncer", "syncer/syncertest", "plan", "state", "tenant", "auth/authtest"}},
	"internal/mutant":             {Kit: true},
	"internal/mutant/random":      {Imports: []string{"internal/mutant"}},
	"internal/oracle":             {Imports: []string{"syncer", "plan", "state", "tenant", "tenant/tenanttest"}},
	"internal/script":             {Kit: true},
	"internal/pgtest":             {Kit: true},

	"internal/sample":       {Imports: []string{"tenant"}},
	"internal/secretsearch": {},

	"internal/simulation": {Kit: true, Imports: []string{"internal/baseline", "internal/simulation/chance", "syncer", "plan", "internal/diff", "internal/oracle", "state", "tenant",
		"tenant/tenanttest", "auth", "auth/authtest"}},
	"internal/simulation/chance": {},
}

func TestImports(t *testing.T) {
	broken, err := archtest.Check(os.DirFS("../.."), rules)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Error(b)
	}
}

// The library without its adapters links neither MSAL nor azcore, and neither does the
// catalogue of Graph.
func TestLibraryLinksNoAdapter(t *testing.T) {
	got, err := archtest.External(os.DirFS("../.."), "syncer", "state", "tenant", "tenant/graph/catalogue", "plan", "auth")
	if err != nil {
		t.Fatal(err)
	}
	for _, imp := range got {
		if strings.Contains(imp, "AzureAD") || strings.Contains(imp, "Azure/azure-sdk") {
			t.Errorf("the library links %s", imp)
		}
	}
	if !slices.Contains(got, "github.com/looplab/fsm") {
		t.Errorf("the import graph was not followed: got %q", got)
	}
}

// importing returns a file with the given imports.
func importing(imports ...string) *fstest.MapFile {
	src := "package p\n"
	for _, imp := range imports {
		src += "import _ \"" + imp + "\"\n"
	}
	return &fstest.MapFile{Data: []byte(src)}
}

// The check finds each planted violation, and reports nothing that is allowed.
func TestCheckFinds(t *testing.T) {
	tests := []struct {
		name string
		tree fstest.MapFS
		want string // part of the only finding; "" for none
	}{
		{"a leaf that imports the engine", fstest.MapFS{"state/a.go": importing(archtest.Module + "/syncer")}, "state/a.go: imports " + archtest.Module + "/syncer"},
		{"a leaf that imports another leaf", fstest.MapFS{"auth/a.go": importing(archtest.Module + "/tenant")}, "auth/a.go"},
		{"the engine with an adapter", fstest.MapFS{"syncer/a.go": importing(archtest.Module + "/auth/entra")}, "syncer/a.go"},
		{"the engine with MSAL", fstest.MapFS{"syncer/a.go": importing(msal + "/apps/public")}, "syncer/a.go"},
		{"testing in production", fstest.MapFS{"plan/a.go": importing("testing")}, "plan/a.go: imports testing"},
		{"synctest in production", fstest.MapFS{"plan/a.go": importing("testing/synctest")}, "plan/a.go"},
		{"go-cmp in production", fstest.MapFS{"plan/a.go": importing("github.com/google/go-cmp/cmp")}, "plan/a.go"},
		{"go-cmp in a kit", fstest.MapFS{"state/statetest/a.go": importing("github.com/google/go-cmp/cmp")}, "state/statetest/a.go"},
		{"a package that is not listed", fstest.MapFS{"cloud/a.go": importing()}, `"cloud" is not in the table`},
		{"an assertion library in a test", fstest.MapFS{"plan/a_test.go": importing("github.com/stretchr/testify/assert")}, "plan/a_test.go"},
		{"go-cmp in a test", fstest.MapFS{"plan/a_test.go": importing("github.com/google/go-cmp/cmp", "testing", archtest.Module+"/syncer")}, ""},
		{"testing in a kit", fstest.MapFS{"state/statetest/a.go": importing("testing", archtest.Module+"/state")}, ""},
		{"a module of its own", fstest.MapFS{"examples/go.mod": {}, "examples/a.go": importing(archtest.Module + "/internal/fault")}, ""},
		{"testdata", fstest.MapFS{"plan/testdata/a.go": importing("testing")}, ""},
		{"the standard library", fstest.MapFS{"state/a.go": importing("encoding/json", "net/http")}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := archtest.Check(tt.tree, rules)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("got %q, want nothing", got)
			case tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)):
				t.Errorf("got %q, want one with %q", got, tt.want)
			}
		})
	}
}
