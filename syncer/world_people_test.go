package syncer_test

import (
	"context"
	"errors"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

func approver(name string) syncer.Approver {
	switch name {
	case "":
		return nil
	case "approves":
		return syncertest.Approves("bob")
	case "rejects":
		return syncertest.Rejects("bob")
	case "reverts":
		return syncertest.Reverts("bob")
	case "passes":
		return syncertest.Passes()
	case "blocks":
		blocking := syncer.ApproverFunc(func(ctx context.Context, _ syncer.Review) (syncer.Decision, error) {
			<-ctx.Done()
			return syncer.Decision{}, ctx.Err()
		})
		return syncertest.Answers(blocking, syncertest.Approves("bob"))
	case "fails":
		broken := syncer.ApproverFunc(func(context.Context, syncer.Review) (syncer.Decision, error) {
			return syncer.Decision{}, errors.New("the ticket system is down")
		})
		return syncertest.Answers(broken, broken, syncertest.Approves("bob"))
	}
	panic("unknown approver " + name)
}

// people [signs-in:10s | declines:5s | never] …: who answers the next codes.
func (w *world) persons(c script.Command) string {
	var people []authtest.Person
	for _, a := range c.Args {
		act, after, _ := strings.Cut(a, ":")
		switch act {
		case "never":
			people = append(people, authtest.NeverComes())
		case "signs-in":
			people = append(people, authtest.SignsIn(w.duration(c, after)))
		case "declines":
			people = append(people, authtest.Declines(w.duration(c, after)))
		case "wrong-tenant":
			p := authtest.SignsIn(w.duration(c, after))
			p.Directory = authtest.DirectoryOf("elsewhere")
			people = append(people, p)
		default:
			w.t.Fatalf("%s: unknown person %q", c.Pos, a)
		}
	}
	w.h.Auth.Expect(people...)
	return ""
}

// revoke [after=N]: the refresh token becomes useless, now or at the Nth write
// from now.
func (w *world) revoke(c script.Command) string {
	revoke := func() {
		w.h.Auth.Revoke(w.tenant)
	}
	n, ok := c.Options["after"]
	if !ok {
		revoke()
		return ""
	}
	left := w.number(c, n)
	w.fake().FailWrite(func(tenant.Operation) tenanttest.WriteFault {
		if left == 0 {
			revoke()
		}
		left--
		return tenanttest.WriteFault{}
	})
	return ""
}

// signed-in: the person signs in outside any run, as on a page of the host's.
func (w *world) signedIn(script.Command) string {
	w.h.Auth.SignIn(w.tenant)
	return ""
}

// auth credential|begin|wait|token N CLASS: the authenticator's next N such
// calls fail.
func (w *world) auth(c script.Command) string {
	w.h.Auth.FailNext(authtest.Op(arg(c, 0)), w.number(c, arg(c, 1)), auth.Class(arg(c, 2)))
	return ""
}
