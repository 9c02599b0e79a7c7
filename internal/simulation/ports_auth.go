package simulation

import (
	"context"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/simulation/chance"
)

// authPort is one worker's connection to the sign-in.
type authPort struct {
	gate     *gate
	tenants  *roster
	calendar calendar
	journal  *journal
}

var _ auth.Authenticator = (*authPort)(nil)

// Credential is part of [auth.Authenticator].
func (p *authPort) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	s := p.tenants.of(req.Tenant)
	return through(ctx, p.gate, s.call(opCredential), func(ctx context.Context) (auth.Credential, error) {
		return s.auth.Credential(ctx, req)
	})
}

// Begin is part of [auth.Authenticator]. It draws the person who answers the code.
func (p *authPort) Begin(ctx context.Context, req auth.Request) (auth.SignIn, error) {
	s := p.tenants.of(req.Tenant)
	c := s.call(opBegin)
	return through(ctx, p.gate, c, func(ctx context.Context) (auth.SignIn, error) {
		person, how := p.whoSignsIn(s.index)
		s.auth.Expect(person)
		p.gate.note(ctx, c, how)
		return s.auth.Begin(ctx, req)
	})
}

// whoSignsIn draws the person who answers the next code of a tenant. It returns
// a description of the answer too.
func (p *authPort) whoSignsIn(index int) (authtest.Person, string) {
	r := p.calendar.Stream(uint64(index), uint64(time.Now().UnixNano()), chance.Word("person"))
	if p.calendar.isCalm() {
		return authtest.SignsIn(20 * time.Second), "somebody signs in soon"
	}
	how := r.Weighted(35, 10, 10, 10, 10, 25)
	p.journal.count("people: " + []string{"signs in in time", "signs in too late", "declines to sign in", "never signs in", "signs in elsewhere", "signs in at the last moment"}[how])
	switch how {
	case 0:
		return authtest.SignsIn(r.Between(5*time.Second, 170*time.Second)), "somebody signs in in time"
	case 1:
		return authtest.SignsIn(r.Between(181*time.Second, 10*time.Minute)), "somebody signs in too late"
	case 2:
		return authtest.Declines(r.Between(5*time.Second, 170*time.Second)), "somebody declines"
	case 3:
		return authtest.NeverComes(), "nobody signs in"
	case 5:
		return authtest.SignsIn(r.Between(179_960*time.Millisecond, 180_040*time.Millisecond)), "somebody signs in at the last moment"
	}
	elsewhere := authtest.SignsIn(r.Between(5*time.Second, 170*time.Second))
	elsewhere.Directory = authtest.DirectoryOf("elsewhere")
	return elsewhere, "somebody signs in elsewhere"
}
