package graphtest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/internal/odata"
	"github.com/tenantsync/tenantsync/tenant"
)

// signedIn is the object id of the person of [Token], whom every server knows.
const signedIn = "person"

// accounts are the users of a server, and the groups that they are in. A [Server] embeds
// it, so that its exported methods are the server's too. Safe for concurrent use.
type accounts struct {
	lock   sync.Mutex
	users  map[string]user     // by id
	groups map[string][]string // by account, or by group within others
	hidden bool
}

// AddUser adds an account, with its JSON object as Graph shows it. methods are the
// types of its registered authentication methods: "fido2AuthenticationMethod". The
// object may lack what the account's id and an ordinary member have.
func (s *accounts) AddUser(id, body string, methods ...string) {
	o, err := decode([]byte(body))
	if err != nil {
		panic("graphtest: AddUser: " + err.Error())
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.users == nil {
		s.users = map[string]user{}
	}
	s.users[id] = user{o, methods}
}

// user is an account.
type user struct {
	body    object
	methods []string
}

// AddMember puts an account into a group. An account that no [accounts.AddUser] has added
// is an ordinary member of the directory.
func (s *accounts) AddMember(user, group string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.groups == nil {
		s.groups = map[string][]string{}
	}
	s.groups[user] = append(s.groups[user], group)
}

// HideMembers makes requests for accounts' groups fail for lack of a right.
func (s *accounts) HideMembers() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.hidden = true
}

// memberships is a request for the groups of an account or a group.
type memberships struct {
	of    string // "users" or "groups"
	id    string
	above bool // also through other groups
	cast  bool // to groups
	count bool
}

// membershipsOf reads the address of an account's groups.
func membershipsOf(path string) (m memberships, ok bool) {
	segs := strings.Split(path, "/")
	if len(segs) < 3 || segs[0] != "users" && segs[0] != "groups" || segs[2] != "transitiveMemberOf" && segs[2] != "memberOf" {
		return m, false
	}
	m.of, m.id, m.above, segs = segs[0], segs[1], segs[2] == "transitiveMemberOf", segs[3:]
	if len(segs) > 0 && segs[0] == "microsoft.graph.group" {
		m.cast, segs = true, segs[1:]
	}
	if len(segs) > 0 && segs[0] == countSegment {
		m.count, segs = true, segs[1:]
	}
	return m, len(segs) == 0
}

// account answers a read of an account, or of its authentication methods. It is false
// for another address.
func (c *call) account(path string) (answer, bool) {
	segs := strings.Split(path, "/")
	methods := len(segs) == 4 && segs[2] == "authentication" && segs[3] == "methods"
	if c.server.entries["users"] != nil || len(segs) < 2 || segs[0] != "users" || len(segs) != 2 && !methods {
		return answer{}, false
	}
	u, ok := c.server.user(segs[1])
	if !ok {
		return c.fail(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+segs[1]+"' does not exist or one of its queried reference-property objects are not present."), true
	}
	options, err := odata.ParseOptions(c.query, odata.Dialect{Beta: c.beta(), Directory: true, Collection: methods})
	if err != nil {
		return c.failed(err), true
	}
	if !methods {
		return c.ok(http.StatusOK, odata.Shown(u.body, options.Select)), true
	}
	if c.server.membersHidden() {
		return c.fail(http.StatusForbidden, "accessDenied", "Request Authorization failed"), true
	}
	var all []object
	for i, name := range u.methods {
		all = append(all, object{"@odata.type": "#microsoft.graph." + name, "id": segs[1] + "-" + strconv.Itoa(i)})
	}
	return c.plain(all, c.host+"/"+c.version+"/$metadata#users('"+segs[1]+"')/authentication/methods", options, false, false), true
}

// user returns an account. Ids count without regard to case.
func (s *accounts) user(id string) (user, bool) {
	s.lock.Lock()
	defer s.lock.Unlock()
	u := user{object{"id": id, "displayName": id, "userType": "Member", "userPrincipalName": id + "@example.com"}, nil}
	_, member := s.groups[id]
	known := member || id == signedIn
	for other, added := range s.users {
		if strings.EqualFold(other, id) {
			known, u.methods = true, added.methods
			u.body["id"] = other
			maps.Copy(u.body, added.body)
		}
	}
	return u, known
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
	if _, known := c.server.user(m.id); m.of == "users" && !known {
		return c.fail(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+m.id+"' does not exist or one of its queried reference-property objects are not present.")
	}
	var all []object
	for _, g := range c.server.groupsOf(m.id, m.above, c.server.groupBodies()) {
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

func (s *accounts) membersHidden() bool {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.hidden
}

// groupsOf returns the groups that an object is in, in itself or also through others:
// by AddMember, and by the members that the groups of the tenant have.
func (s *accounts) groupsOf(id string, above bool, known []tenant.Resource) []string {
	members := map[string][]string{} // groups, by member
	for _, g := range known {
		if o, err := decode(g.Body); err == nil {
			list, _ := o["members"].([]any)
			for _, m := range list {
				if text, ok := m.(string); ok {
					members[strings.ToLower(text)] = append(members[strings.ToLower(text)], g.ID)
				}
			}
		}
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	for member, in := range s.groups {
		members[strings.ToLower(member)] = append(members[strings.ToLower(member)], in...)
	}
	var all []string
	for next := []string{id}; len(next) > 0; next = next[1:] {
		for _, g := range members[strings.ToLower(next[0])] {
			if !slices.Contains(all, g) {
				all = append(all, g)
				if above {
					next = append(next, g)
				}
			}
		}
	}
	return all
}

// groupBodies are the groups that the tenant has.
func (s *Server) groupBodies() []tenant.Resource {
	if s.entries["groups"] == nil {
		return nil
	}
	return s.Fake.Objects("groups")
}

// groupBody is a group as the tenant has it; nil for one that is only a name.
func (s *Server) groupBody(id string) []byte {
	if s.entries["groups"] == nil {
		return nil
	}
	return s.Fake.Object("groups", id)
}
