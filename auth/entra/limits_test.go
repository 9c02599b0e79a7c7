package entra

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
)

// A token is good until five minutes before its end.
func TestStillGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for left, want := range map[time.Duration]bool{5*time.Minute - time.Second: false, 5 * time.Minute: false, 5*time.Minute + time.Second: true} {
			if got := stillGood(public.AuthResult{AccessToken: "x", ExpiresOn: time.Now().Add(left)}); got != want {
				t.Errorf("%s before its end: got %t", left, got)
			}
		}
		if stillGood(public.AuthResult{ExpiresOn: time.Now().Add(time.Hour)}) {
			t.Error("no token is still good")
		}
	})
}

// A server that names no pace is asked every five seconds.
func TestPaceOfPolls(t *testing.T) {
	for seconds, want := range map[int]time.Duration{-1: 5 * time.Second, 0: 5 * time.Second, 1: time.Second, 2: 2 * time.Second} {
		var s signIn
		s.code.Result.Interval = seconds
		if got := s.newPace(t.Context()).interval; got != want {
			t.Errorf("the server names %d seconds: polls every %s, want %s", seconds, got, want)
		}
	}
}
