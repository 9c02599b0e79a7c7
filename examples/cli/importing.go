package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/examples/internal/importer"
	"github.com/tenantsync/tenantsync/examples/internal/keep"
	"github.com/tenantsync/tenantsync/tenant"
)

// importFlags holds the flags of the command "import".
type importFlags struct {
	dry, replace, emptyAssignments bool
	confirm                        string
}

// importFolder is the command "import".
func importFolder(a *app) func(context.Context, []string) error {
	f := new(importFlags)
	a.flags.BoolVar(&f.dry, "dry-run", false, "only say what would be imported")
	a.flags.BoolVar(&f.replace, "replace", false, "the folder is a release that replaces the imports before: what it lacks goes, once -confirm has the code")
	a.flags.StringVar(&f.confirm, "confirm", "", "CODE that -replace has shown with what goes and what is renamed")
	a.flags.BoolVar(&f.emptyAssignments, "empty-assignments", false, "take an empty list of assignments as: assigned to nobody")
	return func(ctx context.Context, words []string) error {
		if f.confirm != "" && !f.replace {
			return usageError("-confirm belongs to -replace")
		}
		return a.with(ctx, func(e *engine) error {
			t, err := a.known(words[0])
			if err != nil {
				return err
			}
			return a.importInto(ctx, e, t, words[1], *f)
		})
	}
}

// imported is the result of an import, in its JSON form.
type imported struct {
	Tenant string         `json:"tenant"`
	Files  int            `json:"files"`
	Kinds  map[string]int `json:"imported"`
	// Written is true if the import changed the configuration. Replaced counts the
	// resources that the configuration had before.
	Written  bool `json:"written"`
	Replaced int  `json:"replaced"`
	// Renamed, Removed and Held describe the effects of -replace on earlier imports.
	// Confirm is the code that confirms the effects, until the import is written.
	Renamed      []importer.Rename `json:"renamed,omitempty"`
	Removed      []importer.Origin `json:"removed,omitempty"`
	Held         []importer.Held   `json:"held,omitempty"`
	Confirm      string            `json:"confirm,omitempty"`
	LeftOut      []remark          `json:"leftOut"`
	Created      []remark          `json:"created"`
	Altered      []remark          `json:"altered"`
	Kept         []remark          `json:"kept"`
	Applications []string          `json:"applications"`
}

// remark is a line of the import's report, in its JSON form.
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

// importInto reads a folder that another tool exported, and writes the usable objects
// into the tenant's configuration.
func (a *app) importInto(ctx context.Context, e *engine, t tenantFile, dir string, f importFlags) error {
	catalogue, err := a.set.catalogue()
	if err != nil {
		return err
	}
	kinds := slices.DeleteFunc(catalogue.Kinds(), func(k tenant.Kind) bool { return k.Scope == tenant.Referenced })
	got, err := importer.Import(dir, importer.Options{Kinds: kinds, EmptyAssignments: f.emptyAssignments})
	if err != nil {
		return &failure{exit: exitUsage, tenant: t.Name, err: err, next: "name a folder with JSON files, one for each object or lists of them"}
	}
	m, err := a.merge(ctx, e, t, got, f.replace)
	if err != nil {
		return err
	}
	out := imported{Tenant: t.Name, Files: got.Report.Files, Kinds: map[string]int{}, Applications: append([]string{}, got.Applications...),
		LeftOut: remarks(got.Report.LeftOut), Created: remarks(got.Report.Created), Altered: remarks(got.Report.Altered), Kept: remarks(got.Report.Kept),
		Replaced: m.out.InPlace, Renamed: m.out.Renamed, Removed: m.out.Removed, Held: m.out.Held}
	maps.Copy(out.Kinds, got.Report.Imported)
	code := m.code()
	var failed error
	switch {
	case len(got.Resources) == 0:
		out.Removed, out.Held = nil, nil
		failed = &failure{exit: exitFailed, tenant: t.Name, err: fmt.Errorf("nothing in %s can be imported", dir),
			next: "see what was left out and why; the setting kinds says which kinds are taken: " + a.set.text("kinds")}
	case f.dry:
		out.Confirm = code
	case code != f.confirm:
		out.Confirm = code
		failed = &failure{exit: exitPerson, tenant: t.Name, err: errors.New("files of its configuration would be removed or renamed; nothing was written"),
			next: fmt.Sprintf("tenantsync import %s %s -replace -confirm %s", t.Name, dir, code)}
	default:
		if err := a.write(ctx, e, t, m); err != nil {
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
		for _, r := range out.Renamed {
			a.printf("renamed: %s: %s becomes %s\n", r.Kind, r.From, r.To)
		}
		for _, r := range out.Removed {
			a.printf("removed: %s: %s\n", r.Kind, r.Key)
		}
		for _, r := range out.Held {
			a.printf("not removed: %s: %s: %s\n", r.Kind, r.Key, r.Why)
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

// importsFolder has a file for each tenant with the origins of its imported resources.
const importsFolder = "imports"

// origins is the content of a tenant's file in importsFolder.
type origins struct {
	Format    int               `json:"format"`
	Resources []importer.Origin `json:"resources"`
}

const originsFormat = 1

// loadOrigins returns the recorded origins of a tenant's imported resources.
func (a *app) loadOrigins(t tenantFile) ([]importer.Origin, error) {
	path := a.set.path(filepath.Join(importsFolder, fileOfTenant(t.Name)))
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var o origins
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if o.Format > originsFormat {
		return nil, fmt.Errorf("%s was written by a newer version of this program", path)
	}
	return o.Resources, nil
}

func (a *app) saveOrigins(t tenantFile, resources []importer.Origin) error {
	dir, err := keep.Open(a.set.path(importsFolder))
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(origins{originsFormat, resources}, "", "  ")
	if err != nil {
		return err
	}
	return dir.Write(fileOfTenant(t.Name), append(data, '\n'))
}

// importMerge holds an import's changes to one revision of a tenant's configuration.
type importMerge struct {
	revision string
	last     []importer.Origin
	out      *importer.Merge
}

func (a *app) merge(ctx context.Context, e *engine, t tenantFile, got *importer.Imported, replace bool) (importMerge, error) {
	line, err := e.repository.Desired(ctx, tenant.DesiredRequest{Tenant: t.Name})
	if err != nil {
		return importMerge{}, explain(t.Name, err)
	}
	last, err := a.loadOrigins(t)
	if err != nil {
		return importMerge{}, err
	}
	out, err := got.Merge(line.Resources, last, replace)
	return importMerge{line.Revision, last, out}, err
}

// code is a hash of the lists of removed and renamed files, so that a person confirms
// the lists that the program showed. It is empty if both lists are empty.
func (m importMerge) code() string {
	if len(m.out.Removed)+len(m.out.Renamed) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, r := range m.out.Renamed {
		fmt.Fprintf(sum, "renamed %q %q %q\n", r.Kind, r.From, r.To)
	}
	for _, r := range m.out.Removed {
		fmt.Fprintf(sum, "removed %q %q\n", r.Kind, r.Key)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}

// write changes a tenant's configuration in one revision.
func (a *app) write(ctx context.Context, e *engine, t tenantFile, m importMerge) error {
	// The program may die between the two writes, so write first stores the origins of
	// both revisions. An origin without a file in the configuration has no effect.
	if err := a.saveOrigins(t, slices.Concat(m.out.Origins, m.out.Removed, m.last)); err != nil {
		return err
	}
	if len(m.out.Changes) > 0 {
		_, err := e.repository.Update(ctx, tenant.UpdateRequest{Tenant: t.Name, Parent: m.revision, Changes: m.out.Changes,
			Key: fmt.Sprintf("import-%d", time.Now().UnixNano()), Message: "imported", Author: a.set.text("actor")})
		if errors.Is(err, tenant.ErrMoved) {
			return &failure{exit: exitRefused, tenant: t.Name, err: errors.New("its configuration was changed at the same time; nothing was imported"), next: "the same command again"}
		} else if err != nil {
			return explain(t.Name, err)
		}
	}
	return a.saveOrigins(t, m.out.Origins)
}
