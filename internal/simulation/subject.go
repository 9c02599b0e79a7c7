package simulation

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// subject is a tenant, with its editor, its settings and its witness.
type subject struct {
	ident
	fake     *tenanttest.Fake
	auth     *authtest.FakeAuthenticator
	settings syncer.Settings
	ignored  []string      // properties that the settings ignore
	lag      time.Duration // normal lag of reads
	actions  atomic.Int64  // number of people's actions

	origins *origins
	editor  *editor
	witness *witness
}

// newSubject draws a tenant without objects.
func newSubject(id ident, r *chance.Stream) *subject {
	s := &subject{ident: id, origins: newOrigins()}
	s.auth = authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true, CodeLifetime: chance.Pick(r, 15*time.Minute, 15*time.Minute, time.Minute)})
	s.fake = tenanttest.NewFake(tenanttest.Config{Kinds: kinds(), Directory: authtest.DirectoryOf(s.name), Permissions: permissions(),
		ConsentURL: "https://login.example/" + s.name + "/adminconsent"})
	for _, p := range permissions() {
		s.fake.Grant(p.AnyOf...)
	}
	s.settings.RecheckInterval = 6 * time.Hour
	s.settings.Rules.MaxDeletes = chance.Pick(r, 1, 10)
	if r.Chance(0.2) {
		s.settings.Rules.Enforce = true
	}
	if r.Chance(0.2) {
		s.ignored = []string{"mode"}
		s.settings.Rules.Ignore = []plan.Ignore{{Pointer: "/mode", Reason: "left to the tenant"}}
	}
	if r.Chance(0.2) {
		s.settings.Scopes = map[string]tenant.Scope{"locations": tenant.Listed}
		s.settings.Rules.Deletes = map[string]bool{"locations": r.Chance(0.5)}
	}
	if r.Chance(0.2) {
		s.settings.Rules.Protected = []plan.Selector{{Kind: "policies", Key: "Policy 1*"}}
	}
	if r.Chance(0.5) {
		s.lag = r.Between(time.Second, maxLag)
		s.fake.Lag(s.lag)
	}
	return s
}

// call returns a call about the tenant.
func (s *subject) call(op op) call { return call{op: op, of: &s.ident} }

// sides returns the present content of both sides of the tenant.
func (s *subject) sides() sides {
	objects := map[string][]tenant.Resource{}
	for _, kind := range kindNames {
		objects[kind] = s.fake.Objects(kind)
	}
	return sides{line: s.editor.line(), objects: objects, ignored: s.ignored, scopes: s.settings.Scopes, enforce: s.settings.Rules.Enforce}
}

// roster holds the tenants of a part.
type roster struct {
	list   []*subject
	byName map[string]*subject
}

func (t *roster) add(s *subject) {
	t.list = append(t.list, s)
	t.byName[s.name] = s
}

// of returns the tenant with that name, which must exist.
func (t *roster) of(name string) *subject {
	s := t.byName[name]
	if s == nil {
		panic(fmt.Sprintf("simulation: there is no tenant %q", name))
	}
	return s
}

// standings returns the record and the lease of every tenant.
func (t *roster) standings() []standing {
	all := make([]standing, len(t.list))
	for i, s := range t.list {
		all[i] = s.witness.standing()
	}
	return all
}
