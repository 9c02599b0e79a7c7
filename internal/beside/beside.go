// Package beside has the facts of Microsoft's documentation of Graph that tests
// need, as small tables of its own: see testdata/README.md. Package graphmeta has
// those of the metadata. In addition beside finds larger data in a folder "shared" beside the repository. No
// test depends on that folder.
package beside

import (
	"embed"
	"os"
	"path/filepath"
	"testing"
)

//go:embed testdata/*.tsv testdata/*.jsonl
var tables embed.FS

// Dirs returns the folder own, and the folder name beside the repository if it
// is there. A test takes all of them. name has slashes.
func Dirs(tb testing.TB, own, name string) []string {
	tb.Helper()
	dirs := []string{own}
	if path := find(tb, name); path != "" {
		dirs = append(dirs, path)
	}
	return dirs
}

// find finds name in a folder above the working folder. It returns "" if name
// is not there.
func find(tb testing.TB, name string) string {
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
			return ""
		}
		dir = parent
	}
}

// read returns a table.
func read(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := tables.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}
