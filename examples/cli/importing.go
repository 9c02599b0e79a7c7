package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/examples/internal/importer"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// importFolder is the command "import".
func importFolder(a *app) func(context.Context, []string) error {
	dry := a.flags.Bool("dry-run", false, "only say what would be imported")
	return func(ctx context.Context, words []string) error {
		return a.with(ctx, func(e *engine) error {
			t, err := a.known(words[0])
			if err != nil {
				return err
			}
			return a.importInto(ctx, e, t, words[1], *dry)
		})
	}
}

// imported is what was imported, for programs.
type imported struct {
	Tenant string         `json:"tenant"`
	Files  int            `json:"files"`
	Kinds  map[string]int `json:"imported"`
	// Written: it is in the configuration now, where Replaced of the resources
	// were before.
	Written      bool     `json:"written"`
	Replaced     int      `json:"replaced"`
	LeftOut      []remark `json:"leftOut"`
	Created      []remark `json:"created"`
	Altered      []remark `json:"altered"`
	Kept         []remark `json:"kept"`
	Applications []string `json:"applications"`
}

// remark is what happened to one thing.
type remark struct {
	Thing string `json:"thing"`
	Kind  string `json:"kind,omitempty"`
	Key   string `json:"key,omitempty"`
	Text  string `json:"text"`
}

func remarks(lines []importer.Line) []remark {
	out := []remark{}
	for _, l := range lines {
		out = append(out, remark{Thing: l.Thing, Kind: l.Kind, Key: l.Key, Text: l.Text})
	}
	return out
}

// importInto reads a folder that another tool exported, and puts what can be
// used into the tenant's configuration.
func (a *app) importInto(ctx context.Context, e *engine, t tenantFile, dir string, dry bool) error {
	catalogue, err := a.set.catalogue()
	if err != nil {
		return err
	}
	kinds := slices.DeleteFunc(catalogue.Kinds(), func(k tenant.Kind) bool { return k.Scope == tenant.Referenced })
	got, err := importer.Import(dir, importer.Options{Kinds: kinds, EmptyAssignments: false})
	if err != nil {
		return &failure{exit: exitUsage, tenant: t.Name, err: err, next: "name a folder with JSON files, one for each object or lists of them"}
	}
	out := imported{Tenant: t.Name, Files: got.Report.Files, Kinds: map[string]int{}, Applications: append([]string{}, got.Applications...),
		LeftOut: remarks(got.Report.LeftOut), Created: remarks(got.Report.Created), Altered: remarks(got.Report.Altered), Kept: remarks(got.Report.Kept)}
	maps.Copy(out.Kinds, got.Report.Imported)
	var failed error
	switch {
	case len(got.Resources) == 0:
		failed = &failure{exit: exitFailed, tenant: t.Name, err: fmt.Errorf("nothing in %s can be imported", dir),
			next: "see what was left out and why; the setting kinds says which kinds are taken: " + a.set.text("kinds")}
	case !dry:
		if out.Replaced, err = a.write(ctx, e, t, got.Resources); err != nil {
			return err
		}
		out.Written = true
		if a.demo != nil {
			if err := a.demo.give(t.Name, got.Applications); err != nil {
				return err
			}
		}
	}
	a.show(out, func() {
		for _, kind := range slices.Sorted(maps.Keys(out.Kinds)) {
			a.printf("%4d %s\n", out.Kinds[kind], kind)
		}
		for _, group := range []struct {
			title string
			lines []remark
		}{{"left out", out.LeftOut}, {"created", out.Created}, {"altered", out.Altered}, {"kept", out.Kept}} {
			for _, l := range group.lines {
				a.printf("%s: %s: %s\n", group.title, l.Thing, l.Text)
			}
		}
		switch {
		case len(out.Applications) > 0 && a.demo != nil && out.Written:
			a.printf("The fake tenant was given the applications %s.\n", strings.Join(out.Applications, ", "))
		case len(out.Applications) > 0:
			a.printf("The tenant must have the applications %s.\n", strings.Join(out.Applications, ", "))
		}
		switch {
		case out.Written:
			a.printf("%s: %d resources of %d files are in its configuration, %d in the place of others. Nothing was sent to the tenant.\nNext: tenantsync sync %s\n", t.Name, len(got.Resources), out.Files, out.Replaced, t.Name)
		case failed == nil:
			a.printf("%s: %d resources of %d files would be imported.\n", t.Name, len(got.Resources), out.Files)
		}
	})
	return failed
}

// write puts resources into a tenant's configuration, in one revision, and
// returns how many of them were there already.
func (a *app) write(ctx context.Context, e *engine, t tenantFile, resources []tenant.Resource) (replaced int, err error) {
	line, err := e.repository.Desired(ctx, tenant.DesiredRequest{Tenant: t.Name})
	if err != nil {
		return 0, explain(t.Name, err)
	}
	known := map[plan.Target]bool{}
	for _, r := range line.Resources {
		known[plan.Target{Kind: r.Kind, Key: r.Key}] = true
	}
	var changes []tenant.Change
	for _, r := range resources {
		if known[plan.Target{Kind: r.Kind, Key: r.Key}] {
			replaced++
		}
		changes = append(changes, tenant.Change{Kind: r.Kind, Key: r.Key, Body: r.Body})
	}
	_, err = e.repository.Update(ctx, tenant.UpdateRequest{Tenant: t.Name, Parent: line.Revision, Changes: changes,
		Key: fmt.Sprintf("import-%d", time.Now().UnixNano()), Message: "imported", Author: a.set.text("actor")})
	if errors.Is(err, tenant.ErrMoved) {
		return 0, &failure{exit: exitRefused, tenant: t.Name, err: errors.New("its configuration was changed meanwhile; nothing was imported"), next: "the same command again"}
	}
	return replaced, explain(t.Name, err)
}
