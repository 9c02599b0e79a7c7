package syncer_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/internal/script"
)

// TestScripts runs the engine's specification: the stories in testdata. Each
// runs in a bubble of its own, where hours take no time.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	told := &levels{seen: map[string][]string{}}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				defer w.end()
				script.Run(t, path, w.exec)
				w.check()
				w.checkLog(told)
			})
		})
	}
	told.checkAll(t, len(paths))
}
