package catalogue_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// A folder is read in the order of its files' names, and files of other kinds are left
// alone. An error names the file.
func TestLoad(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	kind := func(name string) *fstest.MapFile {
		return file(`{"kinds":[{"name":"` + name + `","endpoint":"/x","version":"beta","read":{"application":[["R"]]}}],"throttles":[{"name":"` + name + `"}]}`)
	}
	for _, tt := range []struct {
		name, dir string
		tree      fstest.MapFS
		want      string // the kinds and throttles, or a part of the error
	}{
		{"nothing", "kinds", fstest.MapFS{}, ""},
		{"in order", "kinds", fstest.MapFS{"kinds/b.json": kind("b"), "kinds/a.json": kind("a"), "kinds/c.txt": kind("c"), "d.json": kind("d"), "kinds/e/e.json": kind("e")}, "a b a b"},
		{"a slash", "kinds/", fstest.MapFS{"kinds/a.json": kind("a")}, "a a"},
		{"here", ".", fstest.MapFS{"a.json": kind("a")}, "a a"},
		{"no JSON", "kinds", fstest.MapFS{"kinds/a.json": kind("a"), "kinds/b.json": file("{")}, "graph: catalogue: unexpected EOF (kinds/b.json)"},
		{"an entry that cannot be used", "kinds", fstest.MapFS{"kinds/a.json": kind("")}, "graph: catalogue: a kind without a name: it needs a name"},
		{"a folder's name that is a pattern", "[", fstest.MapFS{}, "graph: catalogue: syntax error in pattern"},
		{"a file that cannot be read", "kinds", fstest.MapFS{"kinds/a.json": &fstest.MapFile{Mode: fs.ModeDir}}, "graph: catalogue: read kinds/a.json: invalid argument"},
	} {
		c, err := catalogue.Load(tt.tree, tt.dir)
		var got []string
		if err != nil {
			got = append(got, err.Error())
		} else {
			for _, e := range c.Entries {
				got = append(got, e.Name)
			}
			for _, t := range c.Throttles {
				got = append(got, t.Name)
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, s, tt.want)
		}
	}
	if _, err := catalogue.Load(fstest.MapFS{"a.json": &fstest.MapFile{Mode: fs.ModeDir}}, "."); err == nil || errors.Unwrap(err) == nil {
		t.Errorf("got %v, want an error with its cause", err)
	}
}

// The times of a throttle are in seconds, with defaults.
func TestThrottleTimes(t *testing.T) {
	for _, tt := range []struct {
		throttle   catalogue.Throttle
		per, pause time.Duration
	}{
		{catalogue.Throttle{}, time.Second, 2 * time.Second},
		{catalogue.Throttle{PerSeconds: 20, PauseSeconds: 7}, 20 * time.Second, 7 * time.Second},
	} {
		if per, pause := tt.throttle.Per(), tt.throttle.Pause(); per != tt.per || pause != tt.pause {
			t.Errorf("got %s and %s, want %s and %s", per, pause, tt.per, tt.pause)
		}
	}
}
