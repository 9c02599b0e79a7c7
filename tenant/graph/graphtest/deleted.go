package graphtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// bins are the places where Graph keeps deleted objects for 30 days, and the kinds in
// each by the segment that lists them. A restored object keeps its id, and one that is
// created again gets a new one. Objects of other kinds are deleted at once.
var bins = []struct {
	path  string
	kinds map[string]string
}{
	{"/directory/deletedItems", map[string]string{
		"microsoft.graph.group": "groups", "microsoft.graph.application": "applications", "microsoft.graph.servicePrincipal": "servicePrincipals",
		"microsoft.graph.administrativeUnit": "administrativeUnits",
	}},
	{"/identity/conditionalAccess/deletedItems/policies", map[string]string{"": "conditionalAccessPolicies"}},
	{"/identity/conditionalAccess/deletedItems/namedLocations", map[string]string{"": "namedLocations"}},
}

// binned is a request about deleted objects.
type binned struct {
	entry *catalogue.Entry
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
		if kind, lists := bin.kinds[segs[0]]; lists && (len(segs) == 1 || len(segs) == 2 && segs[1] == countSegment) {
			return binned{entry: s.entries[kind], below: strings.Join(segs[1:], "/")}, s.entries[kind] != nil
		}
		for _, kind := range bin.kinds {
			if s.entries[kind] == nil || !slices.ContainsFunc(s.deleted(kind), func(r tenant.Resource) bool { return strings.EqualFold(r.ID, segs[0]) }) {
				continue
			}
			return binned{s.entries[kind], strings.ToLower(segs[0]), strings.Join(segs[1:], "/")}, true
		}
	}
	return binned{}, false
}

// kept is how long Graph keeps deleted objects.
const kept = 30 * 24 * time.Hour

// deleted returns the objects that can be restored. Those that [tenanttest.Fake.Remove]
// deleted count as deleted when the server first looks at them.
func (s *Server) deleted(kind string) []tenant.Resource {
	all := s.Fake.Deleted(kind)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deletedAt == nil {
		s.deletedAt = map[string]time.Time{}
	}
	for _, r := range s.Fake.Objects(kind) {
		delete(s.deletedAt, r.ID) // restored
	}
	return slices.DeleteFunc(all, func(r tenant.Resource) bool {
		if s.deletedAt[r.ID].IsZero() {
			s.deletedAt[r.ID] = time.Now()
		}
		return s.purged[r.ID] || hardDeleted(kind, r.Body) || time.Since(s.deletedAt[r.ID]) >= kept
	})
}

// hardDeleted reports whether an object is deleted for good at once: a group that is
// synchronized from a directory on premises, and a group with mail that is not a Microsoft
// 365 group. See the message MC1183299, and entra/architecture/recover-from-deletions.
func hardDeleted(kind string, body json.RawMessage) bool {
	var group struct {
		GroupTypes            []string
		MailEnabled           bool
		OnPremisesSyncEnabled bool
	}
	if kind != "groups" || json.Unmarshal(body, &group) != nil {
		return false
	}
	return group.OnPremisesSyncEnabled || group.MailEnabled && !slices.Contains(group.GroupTypes, "Unified")
}

// onDeleted shows, restores or purges deleted objects.
func (t *target) onDeleted(b binned) answer {
	var all []object
	for _, r := range t.server.deleted(t.entry.Name) {
		shown, err := t.shown(r)
		if err != nil {
			return t.failed(err)
		}
		shown["deletedDateTime"] = t.server.timeOfDelete(r.ID).UTC().Format(time.RFC3339)
		if r.ID == b.id && t.method == http.MethodGet && b.below == "" {
			return t.entity(http.StatusOK, shown)
		}
		all = append(all, shown)
	}
	switch {
	case b.id == "" && t.method == http.MethodGet && (b.below == "" || b.below == countSegment):
		options, err := t.options(true, nil)
		if err != nil {
			return t.failed(err)
		}
		return t.plain(all, t.context(t.entry, ""), options, b.below == countSegment, isDirectoryObject(t.entry))
	case b.below == "restore" && t.method == http.MethodPost:
		return t.restore(b.id)
	case b.below == "" && b.id != "" && t.method == http.MethodDelete:
		t.server.purge(b.id)
		return t.empty()
	}
	return t.notAllowed()
}

// restore brings a deleted object back. The answer has it also while reads do not show
// it yet.
func (t *target) restore(id string) answer {
	all := t.server.deleted(t.entry.Name)
	i := slices.IndexFunc(all, func(r tenant.Resource) bool { return r.ID == id })
	if i < 0 || !t.server.Fake.Undelete(t.entry.Name, id) {
		return t.notAllowed() // somebody was quicker
	}
	shown, err := t.shown(all[i])
	if err != nil {
		return t.failed(err)
	}
	return t.entity(http.StatusOK, shown)
}

func (s *Server) timeOfDelete(id string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deletedAt[id]
}

func (s *Server) purge(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.purged == nil {
		s.purged = map[string]bool{}
	}
	s.purged[id] = true
}
