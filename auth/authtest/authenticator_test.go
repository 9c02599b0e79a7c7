package authtest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
)

func TestFakeAuthenticatorPeople(t *testing.T) {
	tests := []struct {
		name   string
		person authtest.Person
		window time.Duration
		class  auth.Class
		err    error
		after  time.Duration
	}{
		{"signs in", authtest.SignsIn(time.Minute), 3 * time.Minute, "", nil, time.Minute},
		{"signs in at the last moment", authtest.SignsIn(179 * time.Second), 3 * time.Minute, "", nil, 179 * time.Second},
		{"signs in as the window closes", authtest.SignsIn(180 * time.Second), 3 * time.Minute, auth.Failed, context.DeadlineExceeded, 3 * time.Minute},
		{"declines", authtest.Declines(time.Second), 3 * time.Minute, auth.Declined, nil, time.Second},
		{"never comes", authtest.NeverComes(), 3 * time.Minute, auth.Failed, context.DeadlineExceeded, 3 * time.Minute},
		{"never comes while the code is good", authtest.NeverComes(), time.Hour, auth.CodeExpired, nil, 15 * time.Minute},
		{"comes after the code's end", authtest.SignsIn(16 * time.Minute), time.Hour, auth.CodeExpired, nil, 15 * time.Minute},
		{"another directory", authtest.Person{Act: authtest.Accept, Directory: "other"}, time.Hour, auth.WrongTenant, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := authtest.NewAuthenticator(authtest.AuthenticatorConfig{People: []authtest.Person{tt.person}})
				req := auth.Request{Tenant: "contoso", Directory: authtest.DirectoryOf("contoso")}
				ctx, cancel := context.WithTimeout(t.Context(), tt.window)
				defer cancel()
				if _, err := a.Credential(ctx, req); auth.ClassOf(err) != auth.SignInNeeded {
					t.Fatalf("Credential before: got %v, want class %s", err, auth.SignInNeeded)
				}
				s, err := a.Begin(ctx, req)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				err = s.Wait(ctx)
				if got := auth.ClassOf(err); got != tt.class || (tt.err != nil && !errors.Is(err, tt.err)) {
					t.Errorf("Wait: got %v (class %q), want class %q, error %v", err, got, tt.class, tt.err)
				}
				if got := time.Since(start); got != tt.after {
					t.Errorf("Wait took %v, want %v", got, tt.after)
				}
				_, err = a.Credential(t.Context(), req)
				want := auth.SignInNeeded
				if tt.class == "" {
					want = ""
				}
				if got := auth.ClassOf(err); got != want {
					t.Errorf("Credential after: got %v, want class %q", err, want)
				}
			})
		})
	}
}

func TestFakeAuthenticatorSeveralSignIns(t *testing.T) {
	a := authtest.NewAuthenticator(authtest.AuthenticatorConfig{
		SignIns: []string{"directory", "devices"},
		People:  []authtest.Person{authtest.SignsIn(0)},
	})
	req := auth.Request{Tenant: "contoso"}
	var asked []string
	for {
		_, err := a.Credential(t.Context(), req)
		if err == nil {
			break
		}
		e, ok := errors.AsType[*auth.Error](err)
		if !ok || e.Class != auth.SignInNeeded {
			t.Fatalf("got %v, want class %s", err, auth.SignInNeeded)
		}
		asked = append(asked, e.SignIn)
		s, err := a.Begin(t.Context(), auth.Request{Tenant: "contoso", SignIn: e.SignIn})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(asked) != 2 || asked[0] != "directory" || asked[1] != "devices" {
		t.Errorf("asked for %q, want directory, devices", asked)
	}
	if got := a.Prompts(); len(got) != 2 || got[0].UserCode != "CODE-1" || got[1].UserCode != "CODE-2" {
		t.Errorf("prompts: got %v, want CODE-1 and CODE-2", got)
	}
}

func TestFakeAuthenticatorControls(t *testing.T) {
	a := authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true, Scopes: []string{"A"}})
	req := auth.Request{Tenant: "contoso"}
	cred, err := a.Credential(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	first, err := cred.Token(t.Context(), auth.TokenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	a.SetScopes("A", "B")
	if again, _ := cred.Token(t.Context(), auth.TokenRequest{}); again.Value.Reveal() != first.Value.Reveal() {
		t.Error("a grant changed the cached token")
	}
	req.Fresh = true
	if cred, err = a.Credential(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if fresh, _ := cred.Token(t.Context(), auth.TokenRequest{}); len(fresh.Scopes) != 2 {
		t.Errorf("fresh token's scopes: got %q, want A and B", fresh.Scopes)
	}

	a.FailNext(authtest.OpToken, 1, auth.Transient)
	if _, err := cred.Token(t.Context(), auth.TokenRequest{}); auth.ClassOf(err) != auth.Transient {
		t.Errorf("Token: got %v, want class %s", err, auth.Transient)
	}
	a.Revoke("contoso")
	if _, err := cred.Token(t.Context(), auth.TokenRequest{}); auth.ClassOf(err) != auth.SignInNeeded {
		t.Errorf("Token after Revoke: got %v, want class %s", err, auth.SignInNeeded)
	}
	a.SignIn("contoso")
	if _, err := cred.Token(t.Context(), auth.TokenRequest{}); err != nil {
		t.Errorf("Token after SignIn: %v", err)
	}
	if got := len(a.Secrets()); got != 3 {
		t.Errorf("Secrets: got %d, want the 3 tokens issued", got)
	}
	if got := a.Calls(authtest.OpToken); got != 6 {
		t.Errorf("Calls: got %d, want 6", got)
	}
}
