package graphtest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// bins are where Graph keeps what was deleted, for 30 days, and the kinds in
// each by the segment that lists them. What is restored keeps its id; what is
// made anew does not. Other kinds are gone at once.
var bins = []struct {
	path  string
	kinds map[string]string
}{
	{"/directory/deletedItems", map[string]string{
		"microsoft.graph.group": "groups", "microsoft.graph.application": "applications", "microsoft.graph.servicePrincipal": "servicePrincipals",
	}},
	{"/identity/conditionalAccess/deletedItems/policies", map[string]string{"": "conditionalAccessPolicies"}},
	{"/identity/conditionalAccess/deletedItems/namedLocations", map[string]string{"": "namedLocations"}},
}

// binned is a request about deleted objects.
type binned struct {
	entry *graph.Entry
	id    string // of one object; "" lists the kind's
	below string // "restore" or ""
}

// binned finds out whether a path is about deleted objects; of a catalogue's
// kinds only.
func (s *Server) binned(path string) (b binned, ok bool) {
	for _, bin := range bins {
		rest, ok := strings.CutPrefix(path, bin.path)
		if !ok || rest != "" && rest[0] != '/' {
			continue
		}
		segs := strings.Split(strings.Trim(rest, "/"), "/")
		if kind, lists := bin.kinds[segs[0]]; lists && len(segs) == 1 {
			return binned{entry: s.entries[kind]}, s.entries[kind] != nil
		}
		for _, kind := range bin.kinds {
			if s.entries[kind] == nil || !slices.ContainsFunc(s.deleted(kind), func(r tenant.Resource) bool { return r.ID == segs[0] }) {
				continue
			}
			return binned{s.entries[kind], segs[0], strings.Join(segs[1:], "/")}, true
		}
	}
	return binned{}, false
}

// deleted returns what can be restored.
func (s *Server) deleted(kind string) []tenant.Resource {
	all := s.Fake.Deleted(kind)
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(all, func(r tenant.Resource) bool { return s.purged[r.ID] })
}

// onDeleted shows, restores or purges what was deleted.
func (c *call) onDeleted(b binned) answer {
	all := []any{}
	for _, r := range c.server.deleted(b.entry.Name) {
		shown, err := c.shown(b.entry, r)
		if err != nil {
			return c.failed(err)
		}
		shown["deletedDateTime"] = time.Now().UTC().Format(time.RFC3339)
		if r.ID == b.id && c.method == http.MethodGet && b.below == "" {
			return c.entity(http.StatusOK, b.entry, shown)
		}
		all = append(all, shown)
	}
	switch {
	case b.id == "" && c.method == http.MethodGet:
		return c.ok(http.StatusOK, map[string]any{"@odata.context": c.context(b.entry, ""), "value": all})
	case b.below == "restore" && c.method == http.MethodPost:
		if !c.server.Fake.Undelete(b.entry.Name, b.id) {
			break // somebody was quicker
		}
		res, err := c.find(b.entry, b.id)
		if err != nil {
			return c.failed(err)
		}
		shown, err := c.shown(b.entry, res)
		if err != nil {
			return c.failed(err)
		}
		return c.entity(http.StatusOK, b.entry, shown)
	case b.below == "" && c.method == http.MethodDelete:
		c.server.mu.Lock()
		defer c.server.mu.Unlock()
		if c.server.purged == nil {
			c.server.purged = map[string]bool{}
		}
		c.server.purged[b.id] = true
		return c.empty()
	}
	return c.notAllowed()
}
