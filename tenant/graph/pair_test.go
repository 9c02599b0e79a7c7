package graph_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// round is a transport in one function.
type round func(*http.Request) (*http.Response, error)

func (f round) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// refusal answers with an error of the service.
func refusal(r *http.Request, status int) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"error":{"code":"BadRequest","message":"Trusted named locations cannot be deleted."}}`))}, nil
}

// newLocationHost returns a host of a tenant with a trusted and another named
// location, which were deployed and rest.
func newLocationHost(t *testing.T) *pieceHost {
	h := &pieceHost{t: t, server: graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")}), repository: tenant.NewMemoryRepository(), store: state.NewMemory()}
	for key, trusted := range map[string]bool{"Office": true, "Guests": false} {
		h.edit("namedLocations", key, fmt.Sprintf(`{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":%q,"isTrusted":%v,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"192.0.2.0/24"}]}`, key, trusted))
	}
	h.sync(syncer.Deployed)
	return h
}

// removeFile deletes an object's file.
func (h *pieceHost) removeFile(kind, key string) {
	h.t.Helper()
	if err := h.repository.Edit("contoso", kind, key, nil); err != nil {
		h.t.Fatal(err)
	}
}

// A trusted location is no longer trusted and then deleted, in one run, however long
// reads and writes see the former state.
func TestTrustedLocationIsDeletedInOneRun(t *testing.T) {
	for _, lag := range []time.Duration{0, 2 * time.Second, 15 * time.Second, 30 * time.Second, 45 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newLocationHost(t)
				h.server.Fake.Lag(lag)
				h.removeFile("namedLocations", "Office")
				h.sync(syncer.Deployed)
				if left := h.server.Fake.Objects("namedLocations"); len(left) != 1 {
					t.Errorf("%d locations are left, want 1", len(left))
				}
			})
		})
	}
}

// Deletes that another part of the service refuses for some time after reads show the first
// request are sent again.
func TestDeleteIsRefusedAfterReadsShowTheFirst(t *testing.T) {
	for _, lag := range []time.Duration{5 * time.Second, 30 * time.Second, 50 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newLocationHost(t)
				var patched time.Time
				h.transport = round(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodDelete && time.Since(patched) < lag {
						return refusal(r, http.StatusBadRequest)
					}
					if r.Method == http.MethodPatch && patched.IsZero() {
						patched = time.Now()
					}
					return h.server.HTTPClient().Transport.RoundTrip(r)
				})
				h.removeFile("namedLocations", "Office")
				h.sync(syncer.Deployed)
				if left := h.server.Fake.Objects("namedLocations"); len(left) != 1 {
					t.Errorf("%d locations are left, want 1", len(left))
				}
			})
		})
	}
}

// A location whose delete is refused for good is trusted again, or the result says how it
// was left. Answers that get lost change nothing about that.
func TestRefusedDeleteLeavesNothingHalfDone(t *testing.T) {
	for name, tt := range map[string]struct {
		lag     time.Duration
		status  int
		stuck   bool // setting back is refused too
		lost    int  // the answers to the first so many patches get lost
		trusted string
		message string
	}{
		"refused":                    {status: http.StatusBadRequest, trusted: "true", message: "the object is as before"},
		"forbidden":                  {status: http.StatusForbidden, trusted: "true", message: "the object is as before"},
		"refused under lag":          {lag: 30 * time.Second, status: http.StatusBadRequest, trusted: "true", message: "the object is as before"},
		"an answer is lost":          {lost: 1, status: http.StatusBadRequest, trusted: "true", message: "the object is as before"},
		"it cannot be set back":      {status: http.StatusBadRequest, stuck: true, trusted: "false", message: `"isTrusted":false}, and setting it back failed too`},
		"it cannot be set back, lag": {lag: 30 * time.Second, status: http.StatusBadRequest, stuck: true, trusted: "false", message: `"isTrusted":false}, and setting it back failed too`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newLocationHost(t)
				h.server.Fake.Lag(tt.lag)
				h.transport = round(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodDelete {
						return refusal(r, tt.status)
					}
					if r.Method == http.MethodPatch {
						body, _ := io.ReadAll(r.Body)
						r.Body = io.NopCloser(strings.NewReader(string(body)))
						if tt.stuck && strings.Contains(string(body), `"isTrusted":true`) {
							return refusal(r, http.StatusBadRequest)
						}
						if tt.lost > 0 {
							tt.lost--
							if a, err := h.server.HTTPClient().Transport.RoundTrip(r); err == nil {
								a.Body.Close()
							}
							return nil, errors.New("connection reset")
						}
					}
					return h.server.HTTPClient().Transport.RoundTrip(r)
				})
				h.removeFile("namedLocations", "Office")
				row, report := h.run(syncer.Options{})
				if row.Status == state.Idle || len(report.Items) != 1 || report.Items[0].Status == syncer.ItemApplied || !strings.Contains(report.Items[0].Message, tt.message) {
					t.Errorf("%s: %+v, want an item that was not applied, and %q", row.Label, report.Items, tt.message)
				}
				body := h.server.Fake.Object("namedLocations", h.server.Fake.Find("namedLocations", "Office"))
				if !strings.Contains(string(body), `"isTrusted":`+tt.trusted) {
					t.Errorf("the location is left as %s", body)
				}
			})
		})
	}
}

// A role that was disabled so that it can be removed is enabled again where the removal
// is refused.
func TestRefusedRemovalEnablesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := graphtest.New(graphtest.Config{})
		role := `{"id":"` + guidA + `","displayName":"R","description":"R","allowedMemberTypes":["User"],"isEnabled":true,"value":"R"}`
		id := server.Fake.Seed("applications", `{"displayName":"A","appRoles":[`+role+`]}`)
		c := newClient(t, server, func(cfg *graph.Config) {
			cfg.HTTPClient = &http.Client{Transport: round(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPatch {
					body, _ := io.ReadAll(r.Body)
					if strings.Contains(string(body), `"appRoles":[]`) {
						return refusal(r, http.StatusBadRequest)
					}
					r.Body = io.NopCloser(strings.NewReader(string(body)))
				}
				return server.HTTPClient().Transport.RoundTrip(r)
			})}
		})
		before, err := c.Get(t.Context(), tenant.GetRequest{Kind: "applications", ID: id})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "applications", ID: id, Before: before.Body, Patch: json.RawMessage(`{"appRoles":[]}`)})
		if tenant.ClassOf(err) != tenant.Invalid || tenant.MaybeApplied(err) {
			t.Errorf("got %v, want it refused", err)
		}
		if body := string(server.Fake.Object("applications", id)); !strings.Contains(body, `"isEnabled":true`) {
			t.Errorf("the application is left as %s", body)
		}
	})
}
