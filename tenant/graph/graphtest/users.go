package graphtest

import (
	"net/http"
	"slices"
	"strings"
)

// AddMember puts an account into a group. The server has no users otherwise: it
// tells only which groups an account is in.
func (s *Server) AddMember(user, group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups == nil {
		s.groups = map[string][]string{}
	}
	s.groups[user] = append(s.groups[user], group)
}

// HideMembers makes requests for accounts' groups fail for lack of a right.
func (s *Server) HideMembers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden = true
}

// memberOf reads the address of the groups that an account is in.
func memberOf(path string) (user string, ok bool) {
	rest, ok := strings.CutPrefix(path, "users/")
	user, below, _ := strings.Cut(rest, "/")
	return user, ok && below == "transitiveMemberOf/microsoft.graph.group"
}

// groupsOf answers with the groups that an account is in, also through groups
// that are accounts of others here.
func (c *call) groupsOf(user string) answer {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.server.hidden {
		return c.fail(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	var all []string
	for next := []string{user}; len(next) > 0; next = next[1:] {
		for _, g := range c.server.groups[next[0]] {
			if !slices.Contains(all, g) {
				all, next = append(all, g), append(next, g)
			}
		}
	}
	list := []any{}
	for _, g := range all {
		list = append(list, map[string]string{"id": g})
	}
	return c.ok(http.StatusOK, map[string]any{"value": list})
}
