package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/examples/internal/contoso"
	"github.com/tenantsync/tenantsync/examples/internal/keep"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// tenantsFolder has a file for each tenant, so that two commands can add tenants at the
// same time without losing one.
const tenantsFolder = "tenants"

// tenantFile holds the facts about a tenant that the store lacks.
type tenantFile struct {
	Name string `json:"name"`
	// Directory is the directory id. If it is empty, the first sign-in determines it,
	// and the store keeps it.
	Directory string `json:"directory,omitempty"`
	// Variables are the values of ${var:name} in its configuration.
	Variables map[string]string `json:"variables,omitempty"`
	// Labels are shown with the tenant.
	Labels map[string]string `json:"labels,omitempty"`
}

// fileOfTenant returns the name of a tenant's file.
func fileOfTenant(name string) string {
	return strings.ReplaceAll(tenant.FilePath(name, true), "/", "_")
}

// tenant reads a tenant's file. It returns fs.ErrNotExist if the tenant was not added.
func (a *app) tenant(name string) (tenantFile, error) {
	return readTenant(a.set.path(filepath.Join(tenantsFolder, fileOfTenant(name))))
}

func readTenant(path string) (t tenantFile, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return t, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return t, fmt.Errorf("%s: %w", path, err)
	}
	if t.Name == "" {
		return t, fmt.Errorf("%s has no name", path)
	}
	return t, nil
}

// known returns a tenant that was added, or an error that says how to add it.
func (a *app) known(name string) (tenantFile, error) {
	t, err := a.tenant(name)
	if errors.Is(err, fs.ErrNotExist) {
		return t, &failure{exit: exitUsage, err: fmt.Errorf("there is no tenant %s", name),
			next: fmt.Sprintf("tenantsync tenants add %s; tenantsync tenants list shows those that there are", name)}
	}
	return t, err
}

// tenants returns all added tenants, sorted by name.
func (a *app) tenants() ([]tenantFile, error) {
	entries, err := os.ReadDir(a.set.path(tenantsFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []tenantFile
	for _, each := range entries {
		if !strings.HasSuffix(each.Name(), ".json") || strings.HasPrefix(each.Name(), ".") {
			continue
		}
		t, err := readTenant(a.set.path(filepath.Join(tenantsFolder, each.Name())))
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b tenantFile) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// tenantsAdd is the command "tenants add".
func tenantsAdd(a *app) func(context.Context, []string) error {
	t := tenantFile{Variables: map[string]string{}, Labels: map[string]string{}}
	a.flags.StringVar(&t.Directory, "directory", "", "the tenant's directory (tenant) id; without it whoever signs in first decides")
	a.flags.Var(pairs(t.Variables), "var", "NAME=VALUE of ${var:NAME} in its configuration; can be given several times")
	a.flags.Var(pairs(t.Labels), "label", "NAME=VALUE shown beside it; can be given several times")
	return func(ctx context.Context, words []string) error {
		t.Name = words[0]
		if len(t.Name) > 256 || !utf8.ValidString(t.Name) || strings.ContainsFunc(t.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return usageError("%q cannot be a tenant's name: 1 to 256 bytes of UTF-8 without control characters", t.Name)
		}
		if err := a.ready(); err != nil {
			return err
		}
		if a.set.bool("demo") {
			t.Directory = authtest.DirectoryOf(t.Name)
			for name, v := range contoso.Variables(t.Directory) {
				if _, ok := t.Variables[name]; !ok {
					t.Variables[name] = v
				}
			}
		} else if a.set.text("sign-in") != "device-code" && t.Directory == "" {
			return usageError("sign-in %s needs the tenant's -directory: an application has no home to fall back on", a.set.text("sign-in"))
		}
		return a.with(ctx, func(e *engine) error { return a.addTenant(ctx, e, t) })
	}
}

func (a *app) addTenant(ctx context.Context, e *engine, t tenantFile) error {
	dir, err := keep.Open(a.set.path(tenantsFolder))
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	added := &failure{exit: exitRefused, tenant: t.Name, err: errors.New("was added before"),
		next: "edit " + dir.File(fileOfTenant(t.Name))}
	if exists(dir.File(fileOfTenant(t.Name))) {
		return added
	}
	resources := 0
	if a.demo != nil { // before the tenant's file exists: after a crash the command can run again
		catalogue, err := a.set.catalogue()
		if err == nil {
			resources, err = a.demo.begin(ctx, e, t, catalogue)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	if err := dir.Create(fileOfTenant(t.Name), append(data, '\n')); errors.Is(err, fs.ErrExist) {
		return added
	} else if err != nil {
		return err
	}
	configuration := a.set.path(filepath.Join(configurationDir, t.Name, "desired"))
	a.show(t, func() {
		a.printf("%s was added.\n", t.Name)
		if a.demo != nil {
			a.printf("Its tenant is fake; %d resources of a sample are its configuration, in %s.\n", resources, configuration)
		}
		a.printf("Next: tenantsync sync %s\n", t.Name)
	})
	return nil
}

// tenantsList is the command "tenants list".
func tenantsList(a *app) func(context.Context, []string) error {
	return func(ctx context.Context, _ []string) error {
		if err := a.ready(); err != nil {
			return err
		}
		all, err := a.tenants()
		if err != nil {
			return err
		}
		a.show(map[string]any{"tenants": append([]tenantFile{}, all...)}, func() {
			var rows [][]cell
			for _, t := range all {
				rows = append(rows, []cell{{text: t.Name}, {text: t.Directory}, {text: inOrder(t.Labels)}, {text: inOrder(t.Variables)}})
			}
			a.print([]string{"TENANT", "DIRECTORY", "LABELS", "VARIABLES"}, rows)
		})
		return nil
	}
}

// inOrder returns pairs as text, sorted.
func inOrder(m map[string]string) string {
	var out []string
	for k, v := range m {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// tenantsRemove is the command "tenants remove".
func tenantsRemove(a *app) func(context.Context, []string) error {
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		row, err := e.Status(ctx, t.Name)
		if err != nil {
			return explain(t.Name, err)
		}
		if row.Status.Active() {
			return explain(t.Name, &syncer.ActiveError{RunRef: syncer.RunRef{Tenant: t.Name, Run: row.Run}, Status: row.Status})
		}
		if err := os.Remove(a.set.path(filepath.Join(tenantsFolder, fileOfTenant(t.Name)))); err != nil {
			return err
		}
		a.show(t, func() {
			a.printf("%s was removed. Its configuration in %s and its history in the store stay.\n",
				t.Name, a.set.path(filepath.Join(configurationDir, t.Name)))
		})
		return nil
	})
}
