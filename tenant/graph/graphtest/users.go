package graphtest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/odata"
)

// AddMember puts an account into a group. The server knows users only by
// the groups that they are in.
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

// memberships is a request for the groups of an account.
type memberships struct {
	user  string
	cast  bool // to groups
	count bool
}

// membershipsOf reads the address of an account's groups.
func membershipsOf(path string) (m memberships, ok bool) {
	segs := strings.Split(path, "/")
	if len(segs) < 3 || segs[0] != "users" || segs[2] != "transitiveMemberOf" {
		return m, false
	}
	m.user, segs = segs[1], segs[3:]
	if len(segs) > 0 && segs[0] == "microsoft.graph.group" {
		m.cast, segs = true, segs[1:]
	}
	if len(segs) > 0 && segs[0] == countSegment {
		m.count, segs = true, segs[1:]
	}
	return m, len(segs) == 0
}

// groupsOf answers with the groups that an account is in, also through groups
// that are accounts of others here. api/user-list-transitivememberof: the header
// ConsistencyLevel and $count "are required when using the $search, $filter, $orderby,
// or OData cast query parameters".
func (c *call) groupsOf(m memberships) answer {
	if c.server.membersHidden() {
		return c.fail(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	options, err := odata.ParseOptions(c.query, odata.Dialect{Beta: c.beta(), Directory: true, Eventual: c.eventual(), Collection: true})
	if err != nil {
		return c.failed(err)
	}
	advanced := c.eventual() && (options.Count || m.count)
	if !advanced && (m.cast || options.Filter != nil || options.Search != nil || len(options.OrderBy) > 0) {
		return c.fail(http.StatusBadRequest, odata.UnsupportedQuery, "The query needs $count=true and the header ConsistencyLevel: eventual.")
	}
	var all []object
	for _, g := range c.server.groupsOf(m.user) {
		shown := object{"id": g}
		if known, err := decode(c.server.groupBody(g)); err == nil {
			shown = known
		}
		shown["@odata.type"] = "#microsoft.graph.group"
		all = append(all, shown)
	}
	of := "directoryObjects"
	if m.cast {
		of = "groups"
	}
	return c.plain(all, c.host+"/"+c.version+"/$metadata#"+of, options, m.count, true)
}

func (s *Server) membersHidden() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hidden
}

func (s *Server) groupsOf(user string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for next := []string{user}; len(next) > 0; next = next[1:] {
		for _, g := range s.groups[next[0]] {
			if !slices.Contains(all, g) {
				all, next = append(all, g), append(next, g)
			}
		}
	}
	return all
}

// groupBody is a group as the tenant has it; nil for one that is only a name.
func (s *Server) groupBody(id string) []byte {
	if s.entries["groups"] == nil {
		return nil
	}
	return s.Fake.Object("groups", id)
}
