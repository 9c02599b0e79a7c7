package endtoend

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/secretsearch"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

const clientSecret = "abc8Q~client.secret+of/the=application"

// channels are the ways by which things leave a run through Graph.
var channels = []string{"record", "entry", "blob", "repository", "backup", "request", "answer", "log", "error", "shown", "artifacts", "server"}

// No token, device code or client secret is anywhere but where it belongs: the
// token in the Authorization header of requests to Graph, and all of them in
// those to Entra. Whatever goes wrong meanwhile: cut connections, expired and
// revoked tokens, refusals, a wrong secret.
func TestNoSecretLeaves(t *testing.T) {
	stories := map[string]func(t *testing.T, w *world){
		"device code": func(t *testing.T, w *world) {
			w.strike(graphtest.Fault{Cut: true, Effect: true}, graphtest.Fault{Body: true}, graphtest.Fault{Status: http.StatusUnauthorized},
				graphtest.Fault{Status: http.StatusForbidden}, graphtest.Fault{Status: http.StatusInternalServerError})
			w.run(true)
			w.entra.ExpireAccessTokens() // refused, and renewed silently
			w.run(true)
			w.entra.ExpireAccessTokens()
			w.entra.RevokeRefreshTokens("")
			if row := w.run(false); row.Status != state.NewError || row.Error.Class != "sign_in_needed" {
				t.Errorf("without a sign-in: %s, %+v", row.Label, row.Error)
			}
			w.entra.Expect(authtest.Declines(0), authtest.NeverComes())
			w.run(true)
			w.run(true)
		},
		"client secret": func(t *testing.T, w *world) {
			w.strike(graphtest.Fault{Cut: true, Effect: true}, graphtest.Fault{Status: http.StatusForbidden})
			if row := w.run(false); row.Identity() == nil {
				t.Errorf("nobody signed in: %s, %+v", row.Label, row.Error)
			}
			w.entra.ExpireAccessTokens()
			w.entra.RefuseNext(authtest.TokenEndpoint, 9, authtest.OAuthError{Error: "invalid_client", Code: 7000222, Status: http.StatusUnauthorized})
			w.run(false)
		},
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := options{dir: "../importer/testdata/export", watch: true, unproven: everything}
				if name == "client secret" {
					o.secret = clientSecret
				}
				w := newWorld(t, o)
				story(t, w)
				secrets := w.entra.Secrets()
				if o.secret != "" {
					secrets = append(secrets, clientSecret)
				}
				if len(secrets) < 2 {
					t.Fatalf("only %d secrets are known", len(secrets))
				}
				for _, f := range secretsearch.Search(w.seen.All(), secrets) {
					t.Errorf("a secret is where it must not be: %s", f)
				}
				w.mustSee(secrets)
			})
		})
	}
}

// mustSee fails unless something was seen in every channel, and a secret that is
// planted there would be found.
func (w *world) mustSee(secrets []string) {
	w.t.Helper()
	all := w.seen.All()
	for _, channel := range channels {
		if len(all[channel]) < 20 {
			w.t.Errorf("nothing was seen in %q, so that the search of it shows nothing", channel)
		}
		all[channel] = slices.Concat(all[channel], []byte(`{"planted":"`+secrets[len(secrets)-1]+`"}`))
	}
	found := map[string]bool{}
	for _, f := range secretsearch.Search(all, secrets[len(secrets)-1:]) {
		found[f.Channel] = true
	}
	for _, channel := range channels {
		if !found[channel] {
			w.t.Errorf("a planted secret was not found in %q", channel)
		}
	}
}

// run runs one sync, however it ends, and looks at all that a host can see of it.
func (w *world) run(interactive bool) shownRow {
	w.t.Helper()
	row, err := w.engine.Sync(w.t.Context(), syncer.StartRequest{Tenant: tenantName, Actor: "ann@contoso.example", Options: syncer.Options{Interactive: interactive}})
	w.seen.AddError("error", err)
	if err != nil {
		w.t.Fatal(err)
	}
	shown := shownRow{Row: row}
	if row.Error != nil {
		w.seen.AddValue("error", *row.Error)
	}
	report, err := w.engine.Report(w.t.Context(), syncer.RunRef{Tenant: tenantName, Run: row.Run})
	if err != nil {
		w.t.Fatal(err)
	}
	shown.report = report
	var text bytes.Buffer
	if err := report.Text(&text); err != nil {
		w.t.Fatal(err)
	}
	logs, err := w.engine.Logs(w.t.Context(), syncer.RunRef{Tenant: tenantName, Run: row.Run})
	if err != nil {
		w.t.Fatal(err)
	}
	listed, err := w.engine.History(w.t.Context(), syncer.HistoryRequest{Tenant: tenantName})
	entries := listed.Items
	if err != nil {
		w.t.Fatal(err)
	}
	var zip bytes.Buffer
	if err := w.engine.Artifacts(w.t.Context(), syncer.RunRef{Tenant: tenantName, Run: row.Run}, &zip); err != nil {
		w.t.Fatal(err)
	}
	if err := w.seen.AddZip("artifacts", zip.Bytes()); err != nil {
		w.t.Fatal(err)
	}
	for _, v := range []any{row, report, text.String(), report.CopyError(), string(logs), entries} {
		w.seen.AddValue("shown", v)
	}
	line, err := w.repository.Desired(w.t.Context(), tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		w.t.Fatal(err)
	}
	w.seen.AddValue("repository", line)
	for _, r := range w.graph.Requests() { // what the service's own log would have
		w.seen.AddValue("server", r)
	}
	return shown
}

// shownRow is how a sync ended.
type shownRow struct {
	syncer.Row
	report *syncer.Report
}

// Identity is who the run worked as; nil for nobody.
func (r shownRow) Identity() *auth.Identity { return r.report.Identity }

// The search sees a token that is put into an address, whole or as a query, as
// a client would that had mistaken where it belongs.
func TestTokenInAnAddressIsSeen(t *testing.T) {
	seen := new(secretsearch.Channels)
	token := graphtest.Token("directory", "Group.Read.All")
	next := graphtest.New(graphtest.Config{}).HTTPClient().Transport
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://graph.example/v1.0/groups?access_token="+token, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := watchedTransport{next, seen}.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	found := secretsearch.Search(seen.All(), []string{token})
	if len(found) != 1 || found[0].Channel != "request" || !strings.Contains(found[0].Around, "access_token") {
		t.Errorf("found %v, want the token in the request's address alone", found)
	}
}
