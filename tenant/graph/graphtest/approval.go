package graphtest

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/odata"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// Protection is an access policy of Multi Admin Approval.
// https://learn.microsoft.com/intune/fundamentals/role-based-access-control/multi-admin-approval-graph-api
type Protection struct {
	// Kinds are the kinds whose writes need approval.
	Kinds []string
	// Forbidden answers a write that is held with 403 and the code ApprovalRequired, as
	// some workloads do, instead of 412.
	Forbidden bool
	// InText names the request in the text of the answer only, not in a header.
	InText bool
}

// ApprovalRequest is a request for approval that the service has filed.
// https://learn.microsoft.com/graph/api/resources/intune-rbac-operationapprovalrequest?view=graph-rest-beta
type ApprovalRequest struct {
	// Code is its id.
	Code string
	// Status is one of "needsApproval", "approved", "rejected", "cancelled",
	// "completed", "expired".
	// https://learn.microsoft.com/graph/api/resources/intune-rbac-operationapprovalrequeststatus?view=graph-rest-beta
	Status string
	// Method, Path and Body are those of the write.
	Method, Path string
	Body         []byte
	// Justification is what the header said, decoded.
	Justification string
	Filed, Until  time.Time
}

// approvalLasts: "If a request isn't processed within 3 days of submission, it expires".
// https://learn.microsoft.com/intune/fundamentals/role-based-access-control/multi-admin-approval
const approvalLasts = 3 * 24 * time.Hour

// requestsPath lists the requests for approval.
// https://learn.microsoft.com/graph/api/intune-rbac-operationapprovalrequest-list?view=graph-rest-beta
const requestsPath = "deviceManagement/operationApprovalRequests"

var requestScopes = catalogue.Scopes{Delegated: [][]string{{"DeviceManagementConfiguration.Read.All", "DeviceManagementRBAC.Read.All",
	"DeviceManagementConfiguration.ReadWrite.All", "DeviceManagementRBAC.ReadWrite.All"}}}

// Protect puts an access policy in force, in place of the former one.
func (s *Server) Protect(p Protection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.protection = p
}

// ApprovalRequests returns the requests for approval, the oldest first. The caller owns
// the slice.
func (s *Server) ApprovalRequests() []ApprovalRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]ApprovalRequest, len(s.filed))
	for i, r := range s.filed {
		out[i] = *r.lapsed()
	}
	return out
}

// Review gives an open request another status, as an administrator does: "approved",
// "rejected" or "cancelled". It reports whether there is such a request.
func (s *Server) Review(code, status string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.request(code)
	if r == nil || !r.open() {
		return false
	}
	r.Status = status
	return true
}

// request returns the request with a code, or nil. s.mu is held.
func (s *Server) request(code string) *ApprovalRequest {
	for _, r := range s.filed {
		if strings.EqualFold(r.Code, code) {
			return r.lapsed()
		}
	}
	return nil
}

// lapsed ends an open request whose time is up: "when the request's expiration DateTime
// passes ... the result is expired".
func (r *ApprovalRequest) lapsed() *ApprovalRequest {
	if !time.Now().Before(r.Until) && (r.Status == "needsApproval" || r.Status == "approved") {
		r.Status = "expired"
	}
	return r
}

func (r *ApprovalRequest) open() bool {
	return slices.Contains([]string{"needsApproval", "approved"}, r.lapsed().Status)
}

// same reports whether the request is about the object of a write: for a create, about
// the same new object.
func (r *ApprovalRequest) same(method, path string, body []byte, endpoint string) bool {
	object := func(path string) string {
		_, rest, _ := strings.Cut(path, endpoint+"/")
		id, _, _ := strings.Cut(rest, "/")
		return id
	}
	if id := object(path); id != "" {
		return strings.Contains(r.Path, endpoint) && object(r.Path) == id
	}
	return r.Method == method && r.Path == path && bytes.Equal(r.Body, body)
}

// hold holds a write of a protected kind. ok is false for a write that is carried out.
func (c *call) hold(e *catalogue.Entry) (a answer, ok bool) {
	s := c.server
	s.mu.Lock()
	policy := s.protection
	s.mu.Unlock()
	if c.method == http.MethodGet || !slices.Contains(policy.Kinds, e.Name) {
		return answer{}, false
	}
	if code := c.header.Get("x-msft-approval-code"); code != "" {
		return c.complete(code)
	}
	header := c.header.Get("x-msft-approval-justification")
	reason, err := base64.StdEncoding.DecodeString(header)
	switch {
	case header == "": // microsoft365DSC, issue 7236; IntuneManagement, discussion 426
		return c.fail(http.StatusBadRequest, odata.BadRequest, "Header 'x-msft-approval-justification' is required to request approval"), true
	case err != nil || len(bytes.TrimSpace(reason)) == 0 || len(reason) > 1024:
		return c.fail(http.StatusBadRequest, odata.BadRequest, "Header 'x-msft-approval-justification' is not valid."), true
	}
	id := c.server.newID()
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.filed, func(r *ApprovalRequest) bool { return r.open() && r.same(c.method, c.path, c.body, e.Endpoint) }) {
		return c.fail(http.StatusConflict, "Conflict", "An active Approval Request already exists for this entity."), true
	}
	now := time.Now().UTC()
	s.filed = append(s.filed, &ApprovalRequest{Code: id, Status: "needsApproval", Method: c.method, Path: c.path, Body: bytes.Clone(c.body),
		Justification: string(reason), Filed: now, Until: now.Add(approvalLasts)})
	status, word := http.StatusPreconditionFailed, odata.BadRequest
	if policy.Forbidden {
		status, word = http.StatusForbidden, "ApprovalRequired"
	}
	text := "Approval Required. Request Approval using the request ID returned as part of the x-msft-approval-code response header."
	if policy.Forbidden || policy.InText {
		text += " x-msft-approval-code: " + id
	}
	a = c.fail(status, word, text)
	if !policy.InText {
		a.header.Set("x-msft-approval-code", id)
	}
	return a, true
}

// complete carries an approved write out, if it is the one that was filed. ok is false
// for one that is to be carried out.
func (c *call) complete(code string) (a answer, ok bool) {
	refuse := func(message string) (answer, bool) {
		return c.fail(http.StatusBadRequest, odata.BadRequest, message), true
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	switch r := c.server.request(code); {
	case c.header.Get("x-msft-approval-justification") != "":
		return refuse("The headers x-msft-approval-code and x-msft-approval-justification exclude each other.")
	case r == nil:
		return refuse("There is no Approval Request with this x-msft-approval-code.")
	case r.Status != "approved":
		return refuse("The Approval Request is " + r.Status + ".")
	case r.Method != c.method || r.Path != c.path || !bytes.Equal(r.Body, c.body):
		return refuse("The request is not the one of the Approval Request.")
	default:
		r.Status = "completed"
		return answer{}, false
	}
}

// requests shows the requests for approval. ok is false for another path.
func (c *call) requests(rest string) (a answer, ok bool) {
	below, ok := strings.CutPrefix(rest, requestsPath)
	if !ok || !c.beta() || below != "" && below[0] != '/' {
		return answer{}, false
	}
	switch {
	case c.method != http.MethodGet:
		return c.notAllowed(), true
	case len(missing(c.token, requestScopes)) > 0:
		return c.fail(http.StatusForbidden, "Forbidden", "Application is not authorized to perform this operation."), true
	}
	shown := []object{}
	for _, r := range c.server.ApprovalRequests() {
		o := object{"id": r.Code, "requestDateTime": r.Filed.Format(time.RFC3339), "expirationDateTime": r.Until.Format(time.RFC3339),
			"status": r.Status, "requestJustification": r.Justification}
		if below == "/"+r.Code {
			return c.ok(http.StatusOK, o), true
		}
		shown = append(shown, o)
	}
	if below != "" {
		return c.fail(http.StatusNotFound, "ResourceNotFound", "There is no such Approval Request."), true
	}
	return c.ok(http.StatusOK, object{"value": shown}), true
}
