package graph_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// approvalClient is a client with a justification whose writes' headers are kept.
type approvalClient struct {
	*graph.Client
	server *graphtest.Server
	sent   []http.Header
}

func newApprovalClient(t *testing.T, protected ...string) *approvalClient {
	t.Helper()
	c := &approvalClient{server: graphtest.New(graphtest.Config{})}
	c.server.Approvals.Protect(graphtest.Protection{Kinds: protected})
	c.Client = newClient(t, c.server, func(cfg *graph.Config) {
		cfg.HTTPClient, cfg.Unproven, cfg.Justification = &http.Client{Transport: c}, []string{"*"}, "Änderung 7"
	})
	return c
}

func (c *approvalClient) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		c.sent = append(c.sent, r.Header.Clone())
	}
	return c.server.HTTPClient().Transport.RoundTrip(r)
}

// apply carries out an operation, and returns the request for approval that holds it.
func (c *approvalClient) apply(t *testing.T, op tenant.Operation) (*tenant.Approval, error) {
	t.Helper()
	op.Sum = func(text []byte) string { return "sum of " + string(text) }
	_, err := c.Apply(t.Context(), op)
	e, ok := errors.AsType[*tenant.Error](err)
	if !ok || e.Class != tenant.AwaitsApproval {
		return nil, err
	}
	if e.Approval == nil || e.MaybeApplied {
		t.Fatalf("got %+v", e)
	}
	return e.Approval, nil
}

func describe(id, description string) tenant.Operation {
	return tenant.Operation{Verb: tenant.Update, Kind: protectedKind, ID: id, IdempotencyKey: "run-1/deviceConfigurations/Wifi",
		Before: json.RawMessage(`{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","displayName":"Wifi","description":"old"}`),
		After:  json.RawMessage(`{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","displayName":"Wifi","description":"` + description + `"}`),
		Patch:  json.RawMessage(`{"description":"` + description + `"}`)}
}

// An approval is told apart from refusals with the same status.
func TestARefusalIsNoApproval(t *testing.T) {
	for status, want := range map[int]tenant.Class{http.StatusPreconditionFailed: tenant.Conflict, http.StatusForbidden: tenant.AccessDenied,
		http.StatusConflict: tenant.Conflict, http.StatusBadRequest: tenant.Invalid} {
		synctest.Test(t, func(t *testing.T) {
			c := newApprovalClient(t)
			id := c.server.Fake.Seed(protectedKind, `{"displayName":"Wifi","@odata.type":"#microsoft.graph.windows10GeneralConfiguration"}`)
			c.server.Fail(http.MethodPatch, protectedKind, 0, graphtest.Fault{Status: status})
			if held, err := c.apply(t, describe(id, "new")); held != nil || tenant.ClassOf(err) != want {
				t.Errorf("%d: got %+v, %v; want %s", status, held, err, want)
			}
		})
	}
}

// The first request of a write has the justification, or the code of the request that
// was approved. Another request than the approved one is not sent.
func TestTheApprovedRequestIsSentAndNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newApprovalClient(t, protectedKind)
		id := c.server.Fake.Seed(protectedKind, `{"displayName":"Wifi","description":"old","@odata.type":"#microsoft.graph.windows10GeneralConfiguration"}`)
		held, err := c.apply(t, describe(id, "new"))
		if err != nil || held == nil || held.Code == "" || held.Begun || !held.Until.Equal(time.Now().Add(72*time.Hour)) {
			t.Fatalf("got %+v, %v", held, err)
		}
		reason, err := base64.StdEncoding.DecodeString(c.sent[0].Get("x-msft-approval-justification"))
		if err != nil || !strings.HasPrefix(string(reason), "Änderung 7 [") || c.sent[0].Get("x-msft-approval-code") != "" {
			t.Errorf("sent %v (%q)", c.sent[0], reason)
		}
		// The same operation again: its own open request is found.
		again, err := c.apply(t, describe(id, "new"))
		if err != nil || again == nil || again.Code != held.Code || again.Sum != held.Sum {
			t.Errorf("filed again: %+v, %v; want %+v", again, err, held)
		}
		// Another operation: a request is open, and is not this one's.
		foreign := describe(id, "other")
		foreign.IdempotencyKey = "run-2/deviceConfigurations/Wifi"
		if other, err := c.apply(t, foreign); err != nil || other == nil || other.Code != "" {
			t.Errorf("another operation: %+v, %v", other, err)
		}
		if seen, err := c.ReadApproval(t.Context(), held.Code); err != nil || seen.State != tenant.ApprovalPending || !seen.Until.Equal(held.Until) {
			t.Errorf("got %+v, %v", seen, err)
		}
		c.server.Approvals.Review(held.Code, "approved")
		n := len(c.sent)
		for name, op := range map[string]tenant.Operation{"another body": describe(id, "newer"), "another object": describe("x", "new")} {
			op.Approval = held
			if _, err := c.apply(t, op); tenant.ClassOf(err) != tenant.Conflict || len(c.sent) != n {
				t.Errorf("%s: %v, %d requests sent", name, err, len(c.sent)-n)
			}
		}
		unsummed := describe(id, "new")
		unsummed.Approval = &tenant.Approval{Code: held.Code}
		if _, err := c.Apply(t.Context(), unsummed); tenant.ClassOf(err) != tenant.Conflict || len(c.sent) != n {
			t.Errorf("without a sum: %v, %d requests sent", err, len(c.sent)-n)
		}
		op := describe(id, "new")
		op.Approval = held
		if held, err := c.apply(t, op); held != nil || err != nil {
			t.Fatalf("got %+v, %v", held, err)
		}
		if last := c.sent[len(c.sent)-1]; last.Get("x-msft-approval-code") != held.Code || last.Get("x-msft-approval-justification") != "" {
			t.Errorf("sent %v", last)
		}
		if seen, err := c.ReadApproval(t.Context(), held.Code); err != nil || seen.State != tenant.ApprovalCompleted {
			t.Errorf("got %+v, %v", seen, err)
		}
	})
}

// A write of several requests can be held after the first. The rest is then another
// change, whose first request is the one that was filed.
func TestTheRestOfAWriteIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const kind = "termsAndConditions"
		c := newApprovalClient(t)
		staff := c.server.Fake.Seed("groups", `{"displayName":"Staff"}`)
		other := c.server.Fake.Seed("groups", `{"displayName":"Other"}`)
		id := c.server.Fake.Seed(kind, `{"displayName":"Terms","title":"Terms","bodyText":"b","acceptanceStatement":"a"}`)
		target := func(group string) string {
			return `{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"` + group + `"}}`
		}
		op := tenant.Operation{Verb: tenant.Update, Kind: kind, ID: id, Part: "assignments", IdempotencyKey: "run-1/terms",
			Before: json.RawMessage(`{"displayName":"Terms","assignments":[]}`),
			After:  json.RawMessage(`{"displayName":"Terms","assignments":[` + target(staff) + `,` + target(other) + `]}`),
			Patch:  json.RawMessage(`{"assignments":[` + target(staff) + `,` + target(other) + `]}`)}
		c.server.Approvals.Protect(graphtest.Protection{Kinds: []string{kind}})
		held, err := c.apply(t, op)
		if held == nil || held.Begun {
			t.Fatalf("got %+v, %v", held, err)
		}
		c.server.Approvals.Review(held.Code, "approved")
		op.Approval = held
		rest, err := c.apply(t, op)
		if rest == nil || !rest.Begun || rest.Code == held.Code {
			t.Fatalf("got %+v, %v", rest, err)
		}
		c.server.Approvals.Review(rest.Code, "approved")
		op.Before, op.Approval = json.RawMessage(`{"displayName":"Terms","assignments":[`+target(staff)+`]}`), rest
		if held, err := c.apply(t, op); held != nil || err != nil {
			t.Errorf("got %+v, %v", held, err)
		}
		if len(c.server.Approvals.Requests()) != 2 {
			t.Errorf("%d requests", len(c.server.Approvals.Requests()))
		}
	})
}

// Each state of a request is told apart. A word that this version does not know counts
// as pending, so that nothing is sent and nothing is filed again.
func TestApprovalStates(t *testing.T) {
	for word, want := range map[string]tenant.ApprovalState{"needsApproval": tenant.ApprovalPending, "approved": tenant.ApprovalApproved, "rejected": tenant.ApprovalRejected,
		"cancelled": tenant.ApprovalWithdrawn, "Canceled": tenant.ApprovalWithdrawn, "completed": tenant.ApprovalCompleted, "expired": tenant.ApprovalLapsed,
		"unknown": tenant.ApprovalPending, "unknownFutureValue": tenant.ApprovalPending, "postponed": tenant.ApprovalPending} {
		asked := ""
		c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
			cfg.HTTPClient = &http.Client{Transport: approvalService(func(r *http.Request) (int, string) {
				asked = r.URL.Path
				return http.StatusOK, `{"id":"r-1","status":"` + word + `","expirationDateTime":"2026-12-04T03:00:00Z"}`
			})}
		})
		seen, err := c.ReadApproval(t.Context(), "r-1")
		if err != nil || seen.State != want || seen.Until.Format(time.RFC3339) != "2026-12-04T03:00:00Z" {
			t.Errorf("%s: got %+v, %v; want %s", word, seen, err, want)
		}
		if asked != "/beta/deviceManagement/operationApprovalRequests/r-1" {
			t.Errorf("asked for %s", asked)
		}
	}
	c := newApprovalClient(t)
	if _, err := c.ReadApproval(t.Context(), "r-1"); tenant.ClassOf(err) != tenant.NotFound {
		t.Errorf("an unknown request: %v", err)
	}
	if _, err := c.ReadApproval(t.Context(), "../x"); tenant.ClassOf(err) != tenant.Invalid {
		t.Errorf("no code: %v", err)
	}
}

// approvalService answers requests with a status and a body.
type approvalService func(*http.Request) (int, string)

func (f approvalService) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := f(r)
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// The justification goes with writes of Intune's kinds alone, and so does the permission
// to read the requests.
func TestJustificationIsForIntune(t *testing.T) {
	c := newApprovalClient(t)
	for kind, body := range map[string]string{"groups": `{"displayName":"G","mailEnabled":false,"securityEnabled":true,"mailNickname":"g"}`,
		protectedKind: `{"displayName":"Wifi","@odata.type":"#microsoft.graph.windows10GeneralConfiguration"}`,
		"mobileApps":  `{"@odata.type":"#microsoft.graph.webApp","displayName":"A","publisher":"P","appUrl":"https://contoso.example"}`} {
		c.sent = nil
		if _, err := c.apply(t, tenant.Operation{Verb: tenant.Create, Kind: kind, After: json.RawMessage(body)}); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if has := c.sent[0].Get("x-msft-approval-justification") != ""; has != (kind != "groups") {
			t.Errorf("%s: sent %v", kind, c.sent[0])
		}
	}
	needs := func(client *graph.Client, write bool, kind string) bool {
		got, err := client.Permissions(t.Context(), tenant.PermissionsRequest{Kinds: []string{kind}, Write: write})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(got.Required, func(p tenant.Permission) bool { return p.Write && p.AnyOf[0] == "DeviceManagementRBAC.Read.All" })
	}
	silent := newClient(t, c.server, func(cfg *graph.Config) { cfg.Unproven = []string{"*"} })
	for _, tt := range []struct {
		client *graph.Client
		write  bool
		kind   string
		want   bool
	}{{c.Client, true, protectedKind, true}, {c.Client, false, protectedKind, false}, {c.Client, true, "groups", false}, {silent, true, protectedKind, false}} {
		if got := needs(tt.client, tt.write, tt.kind); got != tt.want {
			t.Errorf("%s, write %t: %t", tt.kind, tt.write, got)
		}
	}
}

// A justification that the service would not take is refused when the client is made.
func TestJustificationIsBounded(t *testing.T) {
	for text, fits := range map[string]bool{strings.Repeat("a", 900): true, strings.Repeat("a", 901): false, "\xff": false, "": true} {
		_, err := graph.New(graph.Config{Credential: graphtest.Credential(), Justification: text})
		if (err == nil) != fits || err != nil && !strings.Contains(err.Error(), "Justification must be") {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}

// The operation's own open request is found by its justification, on any page. One that
// is closed is not it, and a request without a time lapses after three days.
func TestTheOpenRequestIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reason := ""
		c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
			cfg.Unproven, cfg.Justification = []string{"*"}, "change 7"
			cfg.HTTPClient = &http.Client{Transport: approvalService(func(r *http.Request) (int, string) {
				switch {
				case r.Method == http.MethodPatch:
					text, err := base64.StdEncoding.DecodeString(r.Header.Get("x-msft-approval-justification"))
					if err != nil {
						t.Error(err)
					}
					reason = string(text)
					return http.StatusConflict, `{"error":{"code":"Conflict","message":"An active Approval Request already exists"}}`
				case r.URL.Query().Get("$skip") == "":
					return http.StatusOK, `{"value":[{"id":"closed","status":"rejected","requestJustification":"` + reason + `"},{"id":"other","status":"needsApproval","requestJustification":"change 7 [0011]"}],` +
						`"@odata.nextLink":"https://graph.example/beta/deviceManagement/operationApprovalRequests?$skip=2"}`
				}
				return http.StatusOK, `{"value":[{"id":"mine","status":"approved","requestJustification":"` + reason + `"}]}`
			})}
		})
		_, err := c.Apply(t.Context(), describe("x", "new"))
		e, ok := errors.AsType[*tenant.Error](err)
		if !ok || e.Class != tenant.AwaitsApproval || e.Approval.Code != "mine" || !e.Approval.Until.Equal(time.Now().Add(72*time.Hour)) {
			t.Errorf("got %+v", err)
		}
	})
}
