// Package beside reads what is put beside the repository for tests, and is not
// part of it: configuration of others, and Microsoft's documentation of Graph.
// Tests that need it are skipped where it is not.
package beside

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir finds name, which has slashes, in a folder above the working folder. If
// it is nowhere the test is skipped, and says so.
func Dir(tb testing.TB, name string) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Stat(path); err == nil {
			return path
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Skipf("no %s in a folder above this one: put it beside the repository to run this test", name)
		}
		dir = parent
	}
}
