package graphtest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

const (
	protectedPath = "/beta/deviceManagement/deviceConfigurations"
	requestsPath  = "/beta/deviceManagement/operationApprovalRequests"
)

// The service's part in Multi Admin Approval: it refuses a write without a reason, files
// one with a reason, lists the requests, and carries out what was approved and nothing
// else.
func TestMultiAdminApproval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := graphtest.New(graphtest.Config{})
		id := s.Fake.Seed("deviceConfigurations", `{"displayName":"A","description":"old","@odata.type":"#microsoft.graph.windows10GeneralConfiguration"}`)
		s.Approvals.Protect(graphtest.Protection{Kinds: []string{"deviceConfigurations"}})
		path, body := protectedPath+"/"+id, `{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","description":"new"}`
		reason := base64.StdEncoding.EncodeToString([]byte("change 7"))
		file := func(body string) reply {
			return send(t, s, http.MethodPatch, path, body, map[string]string{"x-msft-approval-justification": reason})
		}
		complete := func(code, path, body, justification string) reply {
			return send(t, s, http.MethodPatch, path, body, map[string]string{"x-msft-approval-code": code, "x-msft-approval-justification": justification})
		}
		refused := func(what string, r reply, status int, words string) {
			t.Helper()
			if r.status != status || !strings.Contains(r.text, words) {
				t.Errorf("%s: %d %s, want %d, %q", what, r.status, r.text, status, words)
			}
			if o := string(s.Fake.Object("deviceConfigurations", id)); !strings.Contains(o, `"old"`) {
				t.Fatalf("%s: the object is %s", what, o)
			}
		}
		refused("no reason", send(t, s, http.MethodPatch, path, body, nil), 400, "x-msft-approval-justification")
		for _, bad := range []string{"change 7!", "IA==", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", 1025)))} {
			refused("a bad reason", send(t, s, http.MethodPatch, path, body, map[string]string{"x-msft-approval-justification": bad}), 400, "not valid")
		}
		if r := ask(t, s, http.MethodGet, path, ""); r.status != http.StatusOK {
			t.Errorf("a read: %d %s", r.status, r.text)
		}
		filed := file(body)
		refused("a reason", filed, 412, "Approval Required")
		code := filed.header.Get("x-msft-approval-code")
		refused("filed twice", file(body), 409, "An active Approval Request already exists")
		refused("another change of the object", file(strings.Replace(body, "new", "newer", 1)), 409, "active Approval Request")
		all := s.Approvals.Requests()
		if len(all) != 1 || all[0].Code != code || all[0].Status != "needsApproval" || all[0].Justification != "change 7" || string(all[0].Body) != body {
			t.Fatalf("filed %+v", all)
		}
		refused("before the approval", complete(code, path, body, ""), 400, "needsApproval")
		shown := ask(t, s, http.MethodGet, requestsPath+"/"+code, "")
		until, err := time.Parse(time.RFC3339, shown.body["expirationDateTime"].(string))
		if err != nil || shown.body["status"] != "needsApproval" || time.Until(until) != 72*time.Hour {
			t.Errorf("shown is %s", shown.text)
		}
		var list struct{ Value []map[string]any }
		if r := ask(t, s, http.MethodGet, requestsPath, ""); json.Unmarshal([]byte(r.text), &list) != nil || len(list.Value) != 1 || list.Value[0]["id"] != code {
			t.Errorf("the list: %s", r.text)
		}
		for what, r := range map[string]reply{"an unknown request": ask(t, s, http.MethodGet, requestsPath+"/x", ""),
			"at v1.0": ask(t, s, http.MethodGet, strings.Replace(requestsPath, "beta", "v1.0", 1), "")} {
			if r.status != http.StatusNotFound {
				t.Errorf("%s: %d", what, r.status)
			}
		}
		if !s.Approvals.Review(code, "approved") || s.Approvals.Review("x", "approved") {
			t.Error("the review is not of the open request")
		}
		refused("another code", complete("x", path, body, ""), 400, "no Approval Request")
		refused("another body", complete(code, path, body+" ", ""), 400, "not the one")
		refused("another version", complete(code, strings.Replace(path, "beta", "v1.0", 1), body, ""), 400, "not the one")
		refused("both headers", complete(code, path, body, reason), 400, "exclude")
		if r := complete(code, path, body, ""); r.status >= 300 || !strings.Contains(string(s.Fake.Object("deviceConfigurations", id)), `"new"`) {
			t.Errorf("the approved one: %d %s", r.status, r.text)
		}
		if r := complete(code, path, body, ""); r.status != 400 || s.Approvals.Review(code, "rejected") {
			t.Errorf("a completed one: %d %s", r.status, r.text)
		}
		// An approval lapses too, and then another request can be filed.
		second := file(strings.Replace(body, "new", "newer", 1)).header.Get("x-msft-approval-code")
		s.Approvals.Review(second, "approved")
		<-time.After(72 * time.Hour)
		if got := s.Approvals.Requests()[1]; second == code || got.Status != "expired" || s.Approvals.Review(second, "rejected") {
			t.Errorf("got %+v", got)
		}
		if r := file(strings.Replace(body, "new", "newer", 1)); r.status != 412 {
			t.Errorf("after that: %d %s", r.status, r.text)
		}
		reader := "x." + base64.RawURLEncoding.EncodeToString([]byte(`{"scp":"DeviceManagementRBAC.Read.All"}`)) + ".x"
		stranger := "x." + base64.RawURLEncoding.EncodeToString([]byte(`{"scp":"DeviceManagementApps.Read.All"}`)) + ".x"
		if may, not := askWith(t, s, reader, http.MethodGet, requestsPath, ""), askWith(t, s, stranger, http.MethodGet, requestsPath, ""); may.status != 200 || not.status != 403 {
			t.Errorf("permissions: %d, %d", may.status, not.status)
		}
		if r := ask(t, s, http.MethodDelete, requestsPath+"/"+code, ""); r.status != http.StatusMethodNotAllowed {
			t.Errorf("delete: %d", r.status)
		}
	})
}
