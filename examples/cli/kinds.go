package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// kindsFolder is a subfolder with kinds that extend the catalogue or replace its
// kinds.
const kindsFolder = "kinds"

// wholeCatalogue returns the default catalogue with the folder's kinds. The kinds of
// the setting beta use Graph's beta.
func (s settings) wholeCatalogue() (*catalogue.Catalogue, error) {
	all, err := s.withOwnKinds()
	if err != nil {
		return nil, err
	}
	for _, name := range s.list("beta") {
		i := slices.IndexFunc(all.Entries, func(e catalogue.Entry) bool { return e.Name == name })
		if i < 0 {
			return nil, usageError("beta (%s): there is no kind %q", s.chosen["beta"].from, name)
		}
		all.Entries[i].Version = "beta"
	}
	return all, nil
}

func (s settings) withOwnKinds() (*catalogue.Catalogue, error) {
	all := catalogue.Default()
	if !exists(s.path(kindsFolder)) {
		return all, nil
	}
	mine, err := catalogue.Load(os.DirFS(s.text("dir")), kindsFolder)
	if err == nil {
		all, err = all.With(mine)
	}
	if err != nil {
		return nil, &failure{exit: exitUsage, err: err, next: "correct the files in " + s.path(kindsFolder)}
	}
	return all, nil
}

// catalogue returns the catalogue for the client. It holds the chosen kinds, and the
// kinds to which they refer. The client only reads the names of the latter. It reads no
// other kinds, so that it needs no further permissions.
func (s settings) catalogue() (*catalogue.Catalogue, error) {
	all, err := s.wholeCatalogue()
	if err != nil {
		return nil, err
	}
	chosen := s.list("kinds")
	everything := slices.Equal(chosen, []string{"all"})
	if everything {
		chosen = names(all)
	}
	parts, err := s.parts(all, chosen)
	if err != nil {
		return nil, err
	}
	if all, err = all.WithParts(parts...); err != nil || everything {
		return all, err
	}
	referred := map[string]bool{}
	for _, name := range chosen {
		e, ok := all.Entry(name)
		if !ok {
			return nil, usageError("kinds (%s): there is no kind %q; tenantsync permissions -kinds all names those that there are", s.chosen["kinds"].from, name)
		}
		for _, r := range e.References {
			for _, other := range r.Kinds {
				referred[other] = true
			}
		}
	}
	out := &catalogue.Catalogue{Throttles: all.Throttles}
	for _, e := range all.Entries {
		switch {
		case slices.Contains(chosen, e.Name):
		case referred[e.Name]:
			e.Scope = tenant.Referenced
			e.Create, e.Update, e.Delete, e.Parts, e.PartRequests, e.References = false, false, false, nil, nil, nil
			e.Read.Optional = true // if the read is refused, references to such objects are reported
		default:
			continue
		}
		// An order after kinds that no plan changes has no effect.
		e.After = slices.DeleteFunc(slices.Clone(e.After), func(o tenant.After) bool { return !slices.Contains(chosen, o.Kind) })
		out.Entries = append(out.Entries, e)
	}
	return out, nil
}

func names(c *catalogue.Catalogue) []string {
	var out []string
	for _, e := range c.Entries {
		out = append(out, e.Name)
	}
	slices.Sort(out)
	return out
}

// parts returns the setting parts in the form of graph.Config. "all" means all parts of
// the chosen kinds.
func (s settings) parts(all *catalogue.Catalogue, chosen []string) ([]string, error) {
	var known []string
	for _, name := range chosen {
		e, _ := all.Entry(name) // the caller refuses a kind that does not exist
		for piece := range e.OptIns {
			known = append(known, name+"/"+piece)
		}
	}
	slices.Sort(known)
	parts := s.list("parts")
	if slices.Equal(parts, []string{"all"}) {
		return known, nil
	}
	for _, name := range parts {
		if !slices.Contains(known, name) {
			return nil, usageError("parts (%s): the kinds chosen have no piece %q; they have %s", s.chosen["parts"].from, name, cmp.Or(strings.Join(known, ", "), "none"))
		}
	}
	return parts, nil
}

// unproven returns the setting unproven in the form of graph.Config.
func (s settings) unproven() []string {
	kinds := s.list("unproven")
	if slices.Equal(kinds, []string{"all"}) {
		return []string{"*"}
	}
	return kinds
}

// graphConfig returns the configuration of a tenant's client, from the settings.
func (s settings) graphConfig(t tenantFile) (graph.Config, error) {
	cat, err := s.catalogue()
	if err != nil {
		return graph.Config{}, err
	}
	for _, name := range s.list("unproven") {
		if _, ok := cat.Entry(name); !ok && name != "all" {
			return graph.Config{}, fmt.Errorf("unproven (%s): %q is not among the kinds chosen", s.chosen["unproven"].from, name)
		}
	}
	return graph.Config{
		Cloud: catalogue.Cloud(s.text("cloud")), Directory: t.Directory, ClientID: s.text("client-id"),
		Catalogue: cat, Unproven: s.unproven(),
		ReportOnly: s.bool("report-only"), BreakGlass: s.list("break-glass"),
		Justification: s.text("justification"),
		DeviceCode:    s.text("sign-in") == "device-code",
	}, nil
}
