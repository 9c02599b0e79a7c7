package ending

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
)

// A run whose permissions are missing says what the tenant rests in once they are
// granted, and one that is undone leaves that as it was.
func TestWhereATenantRests(t *testing.T) {
	for _, c := range []struct {
		name        string
		result      Result
		before, now state.Status
		want        state.Status
	}{
		{"cancelled", Result{Outcome: word.Cancelled}, state.PendingAdminConsent, state.Idle, state.Idle},
		{"cancelled after it wrote", Result{Outcome: word.Cancelled, Err: &Info{}}, state.PendingAdminConsent, state.Idle, ""},
		{"nothing is missing", Result{Outcome: word.Deployed}, state.PendingAdminConsent, state.Idle, ""},
		{"synced, with permissions missing", Result{Outcome: word.Deployed, Consent: true}, state.NewError, "", state.Idle},
		{"not synced", Result{Outcome: word.FailedWith, Consent: true}, state.NewError, "", state.NewError},
		{"not synced again", Result{Outcome: word.FailedWith, Consent: true}, state.PendingAdminConsent, state.NewError, state.NewError},
	} {
		if got := c.result.RestsIn(c.before, c.now); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Came knows nothing of the work but how it has ended.
func TestWhatARunCameTo(t *testing.T) {
	for _, c := range []struct {
		run  Run
		stop Stop
		want string
	}{
		{Run{Verdict: word.Approve}, NotStopped, word.Deployed},
		{Run{Verdict: word.Approve}, Cancelled, word.Cancelled},
		{Run{Verdict: word.Approve}, TimedOut, word.TimedOut},
		{Run{Verdict: word.Approve}, Failed, word.FailedWith},
	} {
		if got := Came(c.run, End{Stop: c.stop}); got != c.want {
			t.Errorf("%+v, %s: got %s, want %s", c.run, c.stop, got, c.want)
		}
	}
}
