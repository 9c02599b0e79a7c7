package beside

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

var update = flag.Bool("update-facts", false, "write the tables in testdata anew, from the folder shared beside the repository")

// The tables are the extract of the larger ones that the tests need, where those
// are beside the repository. Elsewhere the tables are readable, and not empty.
func TestTables(t *testing.T) {
	if path := find(t, "shared/graph/resources.tsv"); path != "" {
		compare(t, "resources.tsv", extractResources(rowsOf(t, []byte(source(t, path)))))
	}
	if all := documented(t); len(all) > 0 {
		compare(t, "examples.jsonl", extractExamples(t, all))
	}
	if rows := Resources(t); len(rows) < 80 {
		t.Errorf("%d resources", len(rows))
	}
	if all := Examples(t); len(all) < 200 {
		t.Errorf("%d examples", len(all))
	}
}

func source(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// compare compares a table with its source.
func compare(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, source(t, path)); diff != "" {
		t.Errorf("%s: run this test with -update-facts, and again (-want +got)\n%s", name, diff)
	}
}

// columns are those of Graph's resources that tests look at, and their sources.
var columns = []string{"resource", "kind", "endpoint", "api_version", "methods", "read_only_properties", "least_read_delegated", "least_write_delegated",
	"all_read_delegated", "all_write_delegated", "source_permissions", "source_doc"}

func extractResources(rows []map[string]string) string {
	var out strings.Builder
	out.WriteString(strings.Join(columns, "\t") + "\n")
	for _, row := range rows {
		var values []string
		for _, c := range columns {
			values = append(values, row[c])
		}
		out.WriteString(strings.Join(values, "\t") + "\n")
	}
	return out.String()
}

// extractExamples keeps the requests below the catalogue's endpoints, without
// their queries. Of the answers it keeps the form: see formOf. Of several
// examples that show the same, it keeps the one that shows most.
func extractExamples(t *testing.T, all []Example) string {
	t.Helper()
	best := map[string]string{}
	for _, x := range all {
		below, own := reach(x.Path())
		if !below {
			continue
		}
		kept := Example{Method: x.Method, URL: "https://graph.microsoft.com" + x.Path(), Response: Response{StatusCode: x.Response.StatusCode}}
		types := ""
		if own {
			var body any
			dec := json.NewDecoder(bytes.NewReader(x.Response.Body))
			dec.UseNumber()
			if dec.Decode(&body) == nil && body != nil {
				form := formOf(body)
				types = strings.Join(typesOf(form), " ")
				kept.Response.Body = encode(t, form)
			}
		}
		key := strings.Join([]string{kept.URL, kept.Method, types}, "\t")
		if line := string(encode(t, kept)); len(line) > len(best[key]) {
			best[key] = line
		}
	}
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(best)) {
		out.WriteString(best[key] + "\n")
	}
	return out.String()
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// reach reports whether a path is below an endpoint of the catalogue, and
// whether it is the endpoint itself or one of its objects.
func reach(path string) (below, own bool) {
	got := strings.Split(path, "/")
	for _, e := range catalogue.Default().Entries {
		if got[1] != e.Version && got[1] != "v1.0" { // what beta adds does not take verbs away
			continue
		}
		want := strings.Split("/"+got[1]+e.Endpoint, "/")
		same := len(got) >= len(want)
		for i := 0; same && i < len(want); i++ {
			same = want[i] == got[i] || strings.HasPrefix(want[i], "{")
		}
		below = below || same
		own = own || same && len(got) <= len(want)+1
	}
	return below, own
}

// word is a text that is no prose: a member of an enumeration, an id, a time.
var word = regexp.MustCompile(`^[A-Za-z0-9_.,:+/#*-]{0,60}$`)

// formOf returns the form of a value: the properties, and values of the same
// type. It replaces prose, and of the elements of one type in a list it keeps
// the first one.
func formOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, value := range v {
			if !strings.Contains(name, "@odata.") || name == "@odata.type" {
				out[name] = formOf(value)
			}
		}
		return out
	case []any:
		out, seen := []any{}, map[string]bool{}
		for _, value := range v {
			form := formOf(value)
			if key := strings.Join(typesOf(form), " "); !seen[key] {
				seen[key] = true
				out = append(out, form)
			}
		}
		return out
	case string:
		switch {
		case strings.Contains(v, "://"):
			return "https://contoso.example/x"
		case strings.Contains(v, "@"):
			return "someone@contoso.example"
		case !word.MatchString(v):
			return "Some text"
		}
	}
	return v
}

// typesOf returns the types that a form names, in order.
func typesOf(v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if text, ok := value.(string); ok && name == "@odata.type" {
				out = append(out, text)
			}
			out = append(out, typesOf(value)...)
		}
	case []any:
		for _, value := range v {
			out = append(out, typesOf(value)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
