package entra_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
)

func TestWait(t *testing.T) {
	type test struct {
		name   string
		person authtest.Person
		script func(*authtest.Entra)
		window time.Duration // 3 minutes if 0
		class  auth.Class
		err    error
		within time.Duration // of the person's act
	}
	outage := func(after, length time.Duration, how authtest.Fault) func(*authtest.Entra) {
		return func(e *authtest.Entra) { e.Outage(after, length, how) }
	}
	tests := []test{
		{name: "at once", person: authtest.SignsIn(0), within: 100 * time.Millisecond},
		{name: "0:01", person: authtest.SignsIn(time.Second), within: 5 * time.Second},
		{name: "2:50", person: authtest.SignsIn(170 * time.Second), within: 10 * time.Second},
		{name: "2:59", person: authtest.SignsIn(179 * time.Second), within: time.Second},
		{name: "3:00", person: authtest.SignsIn(180 * time.Second), class: auth.Failed, err: context.DeadlineExceeded},
		{name: "never", person: authtest.NeverComes(), class: auth.Failed, err: context.DeadlineExceeded},
		{name: "declines", person: authtest.Declines(time.Minute), class: auth.Declined, within: 6 * time.Second},
		{name: "never, and the code expires", person: authtest.NeverComes(), window: time.Hour, class: auth.CodeExpired},
		{name: "just before the code expires", person: authtest.SignsIn(15*time.Minute - time.Second), window: time.Hour, within: time.Second},

		{name: "the server is out of order when the person comes", person: authtest.SignsIn(time.Minute),
			script: outage(30*time.Second, time.Minute, authtest.Unavailable), within: 36 * time.Second},
		{name: "connections drop when the person comes", person: authtest.SignsIn(time.Minute),
			script: outage(30*time.Second, time.Minute, authtest.Dropped), within: 36 * time.Second},
		{name: "the server hangs when the person comes", person: authtest.SignsIn(time.Minute),
			script: outage(30*time.Second, time.Minute, authtest.Hanging), within: 46 * time.Second},
		{name: "a proxy answers when the person comes", person: authtest.SignsIn(time.Minute),
			script: outage(30*time.Second, time.Minute, authtest.Garbled), within: 36 * time.Second},
		{name: "the server hangs until just before the end", person: authtest.SignsIn(time.Minute),
			script: outage(30*time.Second, 149*time.Second, authtest.Hanging), within: 2 * time.Minute},
		{name: "an outage to the end", person: authtest.SignsIn(time.Minute),
			script: outage(30*time.Second, time.Hour, authtest.Dropped), class: auth.Failed, err: context.DeadlineExceeded},
		{name: "slow down", person: authtest.SignsIn(time.Minute),
			script: func(e *authtest.Entra) { e.SlowDown(2) }, within: 15 * time.Second},
		{name: "blocked by policy", person: authtest.SignsIn(time.Minute),
			script: func(e *authtest.Entra) { e.RefuseNext(authtest.TokenEndpoint, 1, authtest.BlockedByPolicy) },
			class:  auth.Blocked, within: 6 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := authtest.NewEntra(authtest.EntraConfig{People: []authtest.Person{tt.person}})
				a := newAuthenticator(t, server, nil)
				window := tt.window
				if window == 0 {
					window = 3 * time.Minute
				}
				ctx, cancel := context.WithTimeout(t.Context(), window)
				defer cancel()
				s, err := a.Begin(ctx, request)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if tt.script != nil {
					tt.script(server)
				}

				err = s.Wait(ctx)
				wantClass(t, "Wait", err, tt.class)
				if tt.err != nil && !errors.Is(err, tt.err) {
					t.Errorf("Wait: got %v, want %v", err, tt.err)
				}
				if late := time.Since(start) - tt.person.After; tt.within > 0 && late > tt.within {
					t.Errorf("seen %v after the person acted, want within %v", late, tt.within)
				}
				if tt.err != nil && time.Since(start) != window {
					t.Errorf("Wait took %v, want %v", time.Since(start), window)
				}

				_, err = a.Credential(t.Context(), request)
				want := auth.SignInNeeded
				if tt.class == "" {
					want = ""
				}
				wantClass(t, "Credential afterwards", err, want)
			})
		})
	}
}
