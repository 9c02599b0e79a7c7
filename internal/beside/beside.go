// Package beside reads files that lie beside the repository and are not part of
// it: public configurations, and Microsoft's documentation of Graph. A test
// that needs missing files is skipped.
package beside

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir finds name, which has slashes, in a folder above the working folder. If
// it does not find name, it skips the test with a message.
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
