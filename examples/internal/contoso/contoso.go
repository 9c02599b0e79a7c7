// Package contoso is the configuration of a made-up company, and what its tenant
// has before the first sync, for examples and demonstrations.
package contoso

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// One file per resource, as in a repository: sample/<kind>/<key>.json. The folder
// start holds, in the same form, some of the sample already, some of it
// different, and some things of its own.
//
//go:embed sample start
var files embed.FS

// Sample returns Contoso's configuration as it should be, in the repository's form.
func Sample() ([]tenant.Resource, error) { return embedded("sample") }

// Start returns what Contoso's tenant has before the first sync, in the same form.
func Start() ([]tenant.Resource, error) { return embedded("start") }

// Variables are the values of the sample's variables in a tenant.
func Variables(directory string) map[string]string {
	return map[string]string{
		"tenantId":    directory,
		"companyName": "Contoso",
		"supportMail": "helpdesk@contoso.example",
		"officeRange": "203.0.113.0/24",
	}
}

// embedded reads one of the embedded folders.
func embedded(folder string) ([]tenant.Resource, error) {
	var resources []tenant.Resource
	err := fs.WalkDir(files, folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		body, err := tenant.DecodeFile(name, data)
		if err != nil {
			return err
		}
		kind, rest, _ := strings.Cut(strings.TrimPrefix(name, folder+"/"), "/")
		key, err := tenant.KeyOfPath(rest)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		resources = append(resources, tenant.Resource{Kind: kind, Key: key, Body: body, Source: name})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("contoso: %w", err)
	}
	return resources, nil
}

// Seed puts resources into a tenant as if they had long been there. They are in
// the repository's form; names become the ids that the tenant gives, so what is
// referred to must be among them or in the tenant.
func Seed(fake *tenanttest.Fake, resources []tenant.Resource, variables map[string]string) error {
	for len(resources) > 0 {
		var waiting []tenant.Resource
		var problems []error
		for _, r := range resources {
			body, err := withIDs(fake, string(r.Body), variables)
			if err != nil {
				waiting = append(waiting, r)
				problems = append(problems, fmt.Errorf("%s/%s: %w", r.Kind, r.Key, err))
				continue
			}
			fake.Seed(r.Kind, body)
		}
		if len(waiting) == len(resources) {
			return fmt.Errorf("contoso: seed: %w", errors.Join(problems...))
		}
		resources = waiting
	}
	return nil
}

// template matches a variable, a reference, and what is escaped by a second "$".
var template = regexp.MustCompile(`\$?\$\{([^}]*)\}`)

// withIDs writes variables' values and ids of the tenant into a body.
func withIDs(fake *tenanttest.Fake, body string, variables map[string]string) (string, error) {
	var problem error
	expanded := template.ReplaceAllStringFunc(body, func(s string) string {
		if escaped, ok := strings.CutPrefix(s, "$$"); ok {
			return "$" + escaped
		}
		value, err := valueOf(fake, s[2:len(s)-1], variables)
		if err != nil {
			problem = err
		}
		quoted, _ := json.Marshal(value) // a string always has a JSON form
		return string(quoted[1 : len(quoted)-1])
	})
	return expanded, problem
}

// valueOf returns what "var:name", "kind/key" or "kind/key#property" stands for.
func valueOf(fake *tenanttest.Fake, name string, variables map[string]string) (string, error) {
	if variable, ok := strings.CutPrefix(name, "var:"); ok {
		value, ok := variables[variable]
		if !ok {
			return "", fmt.Errorf("the variable %q has no value", variable)
		}
		return value, nil
	}
	kind, rest, _ := strings.Cut(name, "/")
	rest, property, _ := strings.Cut(rest, "#")
	key, err := url.PathUnescape(rest)
	if err != nil {
		return "", fmt.Errorf("${%s}: %w", name, err)
	}
	id := fake.Find(kind, key)
	if id == "" {
		return "", fmt.Errorf("the tenant has no %s %q", kind, key)
	}
	if property == "" {
		return id, nil
	}
	body, err := bodies.Decode(fake.Object(kind, id))
	if err != nil {
		return "", err
	}
	value, ok := body[property].(string)
	if !ok {
		return "", fmt.Errorf("${%s}: the object has no such property", name)
	}
	return value, nil
}
