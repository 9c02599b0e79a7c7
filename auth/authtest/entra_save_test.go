package authtest_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/auth/authtest"
)

// Who signed in to the saved fake is signed in to the restored one: the same
// tokens are good, the spent ones are not, and codes go on.
func TestEntraSaveAndRestore(t *testing.T) {
	people := authtest.EntraConfig{People: []authtest.Person{authtest.SignsIn(0)}}
	e := authtest.NewEntra(people)
	old := text(signInByHand(t, e, "device_code"), "refresh_token")
	_, tokens := refresh(t, e, old)
	other := text(signInByHand(t, e, "device_code"), "refresh_token")

	again := authtest.NewEntra(people)
	if err := again.Restore(e.Save()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(e.Save()), string(again.Save())); diff != "" {
		t.Errorf("saved again (-saved +restored):\n%s", diff)
	}
	if !again.Accepts(text(tokens, "access_token")) || again.Accepts("unknown") {
		t.Error("the restored fake does not accept the saved one's access token, or accepts any")
	}
	if status, _ := refresh(t, again, text(tokens, "refresh_token")); status != 200 {
		t.Errorf("refresh with the current token: got %d, want 200", status)
	}
	if status, _ := refresh(t, again, old); status != 400 {
		t.Errorf("refresh with a spent token: got %d, want 400", status)
	}
	if status, _ := refresh(t, again, other); status != 200 {
		t.Errorf("refresh of another sign-in: got %d, want 200", status)
	}
	_, code := post(t, again, "/organizations/oauth2/v2.0/devicecode", url.Values{})
	if got := text(code, "user_code"); got != "CODE-3" {
		t.Errorf("the next code is %s, want CODE-3", got)
	}
}

func TestEntraRestoreRefuses(t *testing.T) {
	e := authtest.NewEntra(authtest.EntraConfig{})
	want := string(e.Save())
	for _, data := range []string{``, `[]`, `{}`, `{"format":2,"shown":7}`} {
		if err := e.Restore(json.RawMessage(data)); err == nil {
			t.Errorf("Restore(%s): got no error", data)
		}
	}
	if got := string(e.Save()); got != want {
		t.Errorf("a refused Restore changed the fake: %s", got)
	}
}
