package syncer_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// rooms are the packages of the engine that call ports: what their names add to
// those of functions, and their folders.
var rooms = map[string]string{"": ".", "lease.": "../internal/lease", "deploy.": "../internal/deploy", "reading.": "../internal/reading", "repo.": "../internal/repo"}

// fileIn names a file of a room as "journal.go" or "lease/hold.go".
func fileIn(room, file string) string {
	return strings.Replace(room, ".", "/", 1) + filepath.Base(file)
}

// callSite returns where in the engine's source the call comes from that is
// under way, as "journal.go:205" or "lease/hold.go:112".
func callSite() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		for room, dir := range rooms {
			if strings.HasPrefix(f.Function, path.Join("github.com/tenantsync/tenantsync/syncer", dir)+".") {
				return fmt.Sprintf("%s:%d", fileIn(room, f.File), f.Line)
			}
		}
		if !more {
			return ""
		}
	}
}

// coverage is where the walk has struck, and how often.
type coverage struct {
	mu     sync.Mutex
	points int
	struck map[string]bool // by site
	// claimed are the sites, and the ways at them, that are to be struck.
	claimed map[string]bool
	// detours say, for sites that no run comes to unless something happens to
	// it, how one does.
	detours map[string]detour
}

// detour is a variant and what has to happen to it, for a call of this op.
type detour struct {
	v       *variant
	strikes []strike
	op      string
}

// claim reports whether a site was not to be struck in this way so far; with
// the race detector, which makes all slow, in any way.
func (c *coverage) claim(site string, w *way) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	what := site
	if stride == 1 {
		what += " " + w.name
	}
	defer func() { c.claimed[what] = true }()
	return !c.claimed[what]
}

// count counts a point.
func (c *coverage) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.points++
}

// wasStruck reports whether a call from the site was struck.
func (c *coverage) wasStruck(site string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.struck[site]
}

// saw takes note of a call.
func (c *coverage) saw(s *stage, call called) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.way != nil {
		c.struck[call.site] = true
	} else if _, ok := c.detours[call.site]; !ok {
		c.detours[call.site] = detour{s.v, s.strikes[:min(len(s.hits), len(s.strikes))], call.Op}
	}
}

// left returns the detours to sites that were not struck yet.
func (c *coverage) left() map[string]detour {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := maps.Clone(c.detours)
	maps.DeleteFunc(left, func(site string, _ detour) bool { return c.struck[site] })
	return left
}

// notWalked are the call sites that the walk does not strike, and why.
var notWalked = map[string]string{
	"(*Syncer).Changes: Store.List":          "people follow the changes of tenants; no run does",
	"(*Syncer).Statuses: Store.List":         "people look at a page of tenants; no run does",
	"(*Syncer).Runs: Store.Runs":             "people look at a page of runs; no run does",
	"removal.parts: Blobs.Remove":            "people remove a tenant; no run does",
	"removal.record: Store.Commit":           "people remove a tenant; no run does",
	"(*Syncer).History: Store.History":       "people look at a page of history; no run does",
	"artifacts: Repository.Snapshot":         "people look at a backup; no run does",
	"repo.Lines.Head: Repository.Desired":    "the desired line has revisions wherever a plan waits in the walk",
	"(*records).hasBegun: Store.History":     "a run is over before it is known that it was begun; start_answer_lost.txt tells of it",
	"deploy.(*view).lookDeleted: Client.Get": "the walk's client restores nothing; the rolls back of tenant/graph do",
	"lease.(*Hold).Shorten: Leaser.Renew":    "a record of a newer version is let go of; nothing of it is read or written",
}

// check holds what was struck against the calls that the engine's source has.
func (c *coverage) check(t *testing.T) {
	sites := sitesOfSource(t)
	struck := map[string]bool{}
	for where := range c.detours {
		site, ok := siteAt(sites, where)
		if !ok {
			t.Errorf("a call comes from %s, which is not among those that were found in the source", where)
		}
		struck[site.name] = struck[site.name] || c.struck[where]
	}
	for where := range c.struck {
		if site, ok := siteAt(sites, where); ok {
			struck[site.name] = true
		}
	}
	n := 0
	for _, site := range sites {
		_, excused := notWalked[site.name]
		switch {
		case struck[site.name] && excused:
			t.Errorf("%s is struck, and the table of those that are not has it", site.name)
		case struck[site.name]:
			n++
		case !excused:
			t.Errorf("%s:%d: %s was not struck", site.file, site.first, site.name)
		}
	}
	for name := range notWalked {
		if !slices.ContainsFunc(sites, func(s site) bool { return s.name == name }) {
			t.Errorf("%s is no call of the source any more", name)
		}
	}
	t.Logf("walked %d points, at %d of %d call sites; %d are left out for a reason", c.points, n, len(sites), len(notWalked))
}

// site is a call of a port in the engine's source.
type site struct {
	name        string // "(*records).load: Store.Load"
	file        string
	first, last int // lines
}

// siteAt finds the innermost call at "file:line".
func siteAt(sites []site, where string) (found site, ok bool) {
	for _, s := range sites {
		var line int
		if n, _ := fmt.Sscanf(where, s.file+":%d", &line); n == 1 && s.first <= line && line <= s.last && (!ok || s.first > found.first) {
			found, ok = s, true
		}
	}
	return found, ok
}

// ports are the fields and variables of the engine that hold what a host plugs
// in, by the name of the port.
var ports = map[string]string{"Store": "Store", "Repository": "Repository",
	"Authenticator": "Authenticator", "Connector": "Connector", "Approver": "Approver", "client": "Client", "attempt": "SignIn"}

// storePorts are the ports that a store is made of, by method.
var storePorts = map[string]string{"Load": "Store", "Commit": "Store", "List": "Store", "History": "Store",
	"Claim": "Leaser", "Acquire": "Leaser", "Renew": "Leaser", "Release": "Leaser", "Put": "Blobs", "Get": "Blobs", "Remove": "Blobs", "Runs": "Store"}

// sitesOfSource finds every call of a port's method.
func sitesOfSource(t *testing.T) []site {
	var sites []site
	for room, dir := range rooms {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				sites = append(sites, sitesOfFile(t, room, file)...)
			}
		}
	}
	return sites
}

// sitesOfFile finds every call of a port's method in one file of a room.
func sitesOfFile(t *testing.T, room, file string) []site {
	var sites []site
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range parsed.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		times := map[string]int{}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			op, ok := opOf(call)
			if !ok {
				return true
			}
			s := site{name: room + funcName(f) + ": " + op, file: fileIn(room, file), first: fset.Position(call.Pos()).Line, last: fset.Position(call.End()).Line}
			if times[op]++; times[op] > 1 {
				s.name += fmt.Sprintf(" (%d)", times[op])
			}
			sites = append(sites, s)
			return true
		})
	}
	return sites
}

// opOf returns the op of a call such as s.cfg.Store.Load(…) or client.Kinds(…).
func opOf(call *ast.CallExpr) (string, bool) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	var holder string
	switch x := method.X.(type) {
	case *ast.SelectorExpr:
		holder = x.Sel.Name
	case *ast.Ident:
		holder = x.Name
	}
	port, ok := ports[holder]
	if port == "Store" {
		port = storePorts[method.Sel.Name]
	}
	if !ok || port == "SignIn" && method.Sel.Name != "Wait" { // a prompt is only looked at
		return "", false
	}
	return port + "." + method.Sel.Name, true
}

// funcName names a function as "(*records).load".
func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
		return fmt.Sprintf("(*%s).%s", star.X, f.Name.Name)
	}
	return fmt.Sprintf("%s.%s", f.Recv.List[0].Type, f.Name.Name)
}
