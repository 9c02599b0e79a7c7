package archtest_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// skips are the files in which tests skip themselves, with how often and why. It
// is a statement of policy: a test needs nothing but the clone, programs that
// its message names, and flags.
var skips = map[string]struct {
	times int
	why   string
}{
	"internal/pgtest/pgtest.go":                 {2, "PostgreSQL is not installed: the message says how to get it, and with CI=true it fails"},
	"internal/graphclients/node_test.go":        {1, "Node is not installed: the message says how to get it, and with CI=true it fails"},
	"internal/pgtest/pgbouncer.go":              {1, "the server is not pgtest's own"},
	"internal/pgtest/other.go":                  {1, "servers run on Unix only"},
	"internal/pgtest/pgtest_test.go":            {1, "the server is not pgtest's own"},
	"tenant/dir_test.go":                        {1, "an operating system without symbolic links"},
	"tenant/dir_hidden_test.go":                 {1, "an operating system without symbolic links"},
	"examples/internal/importer/linear_test.go": {1, "the race detector"},
	"examples/internal/importer/fuzz_test.go":   {1, "an operating system without files that never end"},
	"examples/quickstart/restart_test.go":       {1, "the program was faster than its end"},
	"syncer/model_story_test.go":                {1, "a flag names the story"},
	"syncer/faultwalk_mutants_test.go":          {1, "a flag asks for planted bugs"},
	"internal/simulation/mutants_test.go":       {1, "a flag asks for planted bugs"},
	"internal/simulation/simulation_test.go":    {2, "a flag asks for the year; another part of one test has failed"},
	"internal/planbench/sync_counts_test.go":    {1, "a flag asks for planted regressions"},
	"syncer/growth_test.go":                     {2, "the race detector"},
	"tenant/dir_counts_test.go":                 {1, "an operating system that does not tell when an inode was changed"},
	"internal/crashtest/planted_test.go":        {1, "a flag asks for planted bugs"},
	"state/table_test.go":                       {1, "-update would write a wrong table"},
	"state/diagram_test.go":                     {1, "a host's copy has no README.md"},
	"syncer/model_bugs_test.go":                 {1, "the race detector"},
	"examples/internal/endtoend/faults_test.go": {2, "the race detector"},
	"tenant/graph/catalogue/documents_test.go":  {1, "the race detector"},
	"tenant/graph/every_kind_test.go":           {1, "the race detector"},
	"tenant/graph/guard_run_test.go":            {2, "the race detector"},
	"tenant/graph/names_test.go":                {1, "the race detector"},
	"tenant/graph/tcm/run_test.go":              {1, "the race detector"},
	"tenant/graph/other_forms_test.go":          {1, "the race detector"},
	"tenant/graph/restore_test.go":              {1, "the race detector"},
	"plan/render_property_test.go":              {1, "the race detector"},
	"state/pgstore/store_test.go":               {1, "the race detector"},
	"state/machine_test.go":                     {1, "the race detector"},
	"state/sqlitestore/conformance_test.go":     {1, "the race detector"},
	"internal/jsonval/slab_test.go":             {1, "the race detector"},
	"internal/jsonval/parser_test.go":           {1, "the race detector"},
	"internal/diff/bytes_test.go":               {1, "the race detector"},
	"tenant/tenanttest/kit_remove.go":           {2, "the kit's user has no such part"},
	"tenant/tenanttest/kit_client.go":           {1, "the kit's user has no such part"},
	"tenant/tenanttest/kit_desired.go":          {2, "the kit's user has no such part"},
	"tenant/tenanttest/kit_read.go":             {4, "the kit's user has no such part"},
	"tenant/tenanttest/kit_repository.go":       {1, "the kit's user has no such part"},
	"tenant/tenanttest/kit_apply.go":            {4, "the kit's user has no such part"},
	"state/statetest/store_time.go":             {1, "the kit's user has no such part"},
	"state/statetest/blobs.go":                  {1, "the kit's user has no such part"},
}

var skip = regexp.MustCompile(`\b(tb?|k)\.(Skip|Skipf|SkipNow)\(`)

// Each test that skips itself is in the list.
func TestSkips(t *testing.T) {
	got, want := map[string]int{}, map[string]int{}
	for file, s := range skips {
		want[file] = s.times
	}
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasPrefix(path, "internal/archtest/") {
			return err
		}
		raw, err := os.ReadFile("../../" + path)
		if n := len(skip.FindAll(raw, -1)); n > 0 {
			got[path] = n
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a test needs something that is not in the clone? (-want +got)\n%s", diff)
	}
}
