package beside

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Example is a request in Microsoft's documentation of Graph, with its answer.
type Example struct {
	Method   string   `json:"method"`
	URL      string   `json:"url"`
	Response Response `json:"response"`
}

// Response is the answer of an [Example].
type Response struct {
	StatusCode int             `json:"statusCode"`
	Body       json.RawMessage `json:"body,omitempty"`
}

// Path is the version and the path, without a query: "/v1.0/groups".
func (x Example) Path() string {
	path, _, _ := strings.Cut(strings.TrimPrefix(x.URL, "https://graph.microsoft.com"), "?")
	return path
}

// Examples reads the examples that are about the catalogue's kinds. Of their
// answers the table has the form. Where the whole documentation is beside the
// repository, its examples follow.
func Examples(tb testing.TB) []Example {
	tb.Helper()
	var all []Example
	for line := range bytes.Lines(read(tb, "examples.jsonl")) {
		var x Example
		if err := json.Unmarshal(line, &x); err != nil {
			tb.Fatalf("%s: %v", line, err)
		}
		all = append(all, x)
	}
	return append(all, documented(tb)...)
}

// documented reads the examples beside the repository, if they are there.
func documented(tb testing.TB) []Example {
	tb.Helper()
	dir := find(tb, "shared/graph/doc-examples")
	if dir == "" {
		return nil
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		tb.Fatal(err)
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

// Resources reads the table of Graph's resources: rows by column.
func Resources(tb testing.TB) []map[string]string {
	tb.Helper()
	return rowsOf(tb, read(tb, "resources.tsv"))
}

// rowsOf reads a table whose first line names the columns.
func rowsOf(tb testing.TB, table []byte) []map[string]string {
	tb.Helper()
	r := csv.NewReader(bytes.NewReader(table))
	r.Comma, r.LazyQuotes = '\t', true
	lines, err := r.ReadAll()
	if err != nil || len(lines) < 2 {
		tb.Fatalf("the table has %d lines, %v", len(lines), err)
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
