package beside

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Example is a request in Microsoft's documentation of Graph, with its answer.
type Example struct {
	Method   string `json:"method"`
	URL      string `json:"url"`
	Response struct {
		StatusCode int             `json:"statusCode"`
		Body       json.RawMessage `json:"body"`
	} `json:"response"`
}

// Path is the version and the path, without a query: "/v1.0/groups".
func (x Example) Path() string {
	path, _, _ := strings.Cut(strings.TrimPrefix(x.URL, "https://graph.microsoft.com"), "?")
	return path
}

// Examples reads all examples.
func Examples(tb testing.TB) []Example {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(Dir(tb, "shared/graph/doc-examples"), "*.json"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no examples: %v", err)
	}
	var all []Example
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		var some []Example
		if err := json.Unmarshal(raw, &some); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		all = append(all, some...)
	}
	return all
}

// Resources reads the list of Graph's resources: rows by column.
func Resources(tb testing.TB) []map[string]string {
	tb.Helper()
	f, err := os.Open(Dir(tb, "shared/graph/resources.tsv"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	lines, err := r.ReadAll()
	if err != nil || len(lines) < 2 {
		tb.Fatalf("the list of resources has %d lines, %v", len(lines), err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := make(map[string]string)
		for i, column := range lines[0] {
			row[column] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}
