package sqlitestore

import (
	"database/sql"
	"fmt"
	"testing"
)

// A bounded number of statements is kept prepared. Further ones run unprepared.
func TestStatementsAreBounded(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var s statements
	text := func(n int) string { return fmt.Sprint("select ", n) }
	for n := range maxStatements {
		if stmt, err := s.get(t.Context(), db, text(n)); err != nil || stmt == nil {
			t.Fatalf("statement %d is not kept: %v", n, err)
		}
	}
	if stmt, err := s.get(t.Context(), db, text(maxStatements)); err != nil || stmt != nil {
		t.Errorf("one more: got %v, %v, want none", stmt, err)
	}
	if stmt, err := s.get(t.Context(), db, text(0)); err != nil || stmt == nil {
		t.Errorf("one that is kept: got %v, %v", stmt, err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if stmt, err := s.get(t.Context(), db, text(0)); err != nil || stmt != nil {
		t.Errorf("after close: got %v, %v, want none", stmt, err)
	}
}
