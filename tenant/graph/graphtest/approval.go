package graphtest

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
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

// Approvals is the service's part in Multi Admin Approval. Safe for concurrent use.
type Approvals struct {
	mu     sync.Mutex
	policy Protection
	filed  []*ApprovalRequest
}

// Protect puts an access policy in force, in place of the former one.
func (p *Approvals) Protect(policy Protection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.policy = policy
}

// Requests returns the requests for approval, the oldest first. The caller owns the
// slice.
func (p *Approvals) Requests() []ApprovalRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]ApprovalRequest, len(p.filed))
	for i, r := range p.filed {
		out[i] = *r.lapsed()
	}
	return out
}

// Review gives an open request another status, as an administrator does: "approved",
// "rejected" or "cancelled". It reports whether there is such a request.
func (p *Approvals) Review(code, status string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.request(code)
	if r == nil || !r.open() {
		return false
	}
	r.Status = status
	return true
}

// request returns the request with a code, or nil. p.mu is held.
func (p *Approvals) request(code string) *ApprovalRequest {
	for _, r := range p.filed {
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

// write is a write of an object of a kind.
type write struct {
	kind, endpoint, method, path string
	header                       http.Header
	body                         []byte
}

// object is the id of the object that the write changes; empty for a create.
func (w write) object() string {
	_, rest, _ := strings.Cut(w.path, w.endpoint+"/")
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// about reports whether the request is for the object of a write: for a create, for the
// same new object.
func (r *ApprovalRequest) about(w write) bool {
	if id := w.object(); id != "" {
		return write{endpoint: w.endpoint, path: r.Path}.object() == id
	}
	return r.Method == w.method && r.Path == w.path && bytes.Equal(r.Body, w.body)
}

// hold holds a write of a protected kind, and files a request with a new id. ok is false
// for a write that is carried out.
func (p *Approvals) hold(x exchange, newID func() string, w write) (a answer, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.method == http.MethodGet || !slices.Contains(p.policy.Kinds, w.kind) {
		return answer{}, false
	}
	if code := w.header.Get("x-msft-approval-code"); code != "" {
		return p.complete(x, code, w)
	}
	header := w.header.Get("x-msft-approval-justification")
	reason, err := base64.StdEncoding.DecodeString(header)
	switch {
	case header == "": // Microsoft365DSC, issue 7236; IntuneManagement, discussion 426
		return x.fail(http.StatusBadRequest, odata.BadRequest, "Header 'x-msft-approval-justification' is required to request approval"), true
	case err != nil || len(bytes.TrimSpace(reason)) == 0 || len(reason) > 1024:
		return x.fail(http.StatusBadRequest, odata.BadRequest, "Header 'x-msft-approval-justification' is not valid."), true
	case slices.ContainsFunc(p.filed, func(r *ApprovalRequest) bool { return r.open() && r.about(w) }):
		return x.fail(http.StatusConflict, "Conflict", "An active Approval Request already exists for this entity."), true
	}
	id, now := newID(), time.Now().UTC()
	p.filed = append(p.filed, &ApprovalRequest{Code: id, Status: "needsApproval", Method: w.method, Path: w.path, Body: bytes.Clone(w.body),
		Justification: string(reason), Filed: now, Until: now.Add(approvalLasts)})
	status, word := http.StatusPreconditionFailed, odata.BadRequest
	if p.policy.Forbidden {
		status, word = http.StatusForbidden, "ApprovalRequired"
	}
	text := "Approval Required. Request Approval using the request ID returned as part of the x-msft-approval-code response header."
	if p.policy.Forbidden || p.policy.InText {
		text += " x-msft-approval-code: " + id
	}
	a = x.fail(status, word, text)
	if !p.policy.InText {
		a.header.Set("x-msft-approval-code", id)
	}
	return a, true
}

// complete refuses a write with a code, unless it is the approved one. ok is false for
// one that is carried out. p.mu is held.
func (p *Approvals) complete(x exchange, code string, w write) (a answer, ok bool) {
	refuse := func(message string) (answer, bool) {
		return x.fail(http.StatusBadRequest, odata.BadRequest, message), true
	}
	switch r := p.request(code); {
	case w.header.Get("x-msft-approval-justification") != "":
		return refuse("The headers x-msft-approval-code and x-msft-approval-justification exclude each other.")
	case r == nil:
		return refuse("There is no Approval Request with this x-msft-approval-code.")
	case r.Status != "approved":
		return refuse("The Approval Request is " + r.Status + ".")
	case r.Method != w.method || r.Path != w.path || !bytes.Equal(r.Body, w.body):
		return refuse("The request is not the one of the Approval Request.")
	default:
		r.Status = "completed"
		return answer{}, false
	}
}

// show shows all requests for approval, or the one with an id.
func (p *Approvals) show(x exchange, id string) answer {
	shown := []object{}
	for _, r := range p.Requests() {
		o := object{"id": r.Code, "requestDateTime": r.Filed.Format(time.RFC3339), "expirationDateTime": r.Until.Format(time.RFC3339),
			"status": r.Status, "requestJustification": r.Justification}
		if r.Code == id {
			return x.ok(http.StatusOK, o)
		}
		shown = append(shown, o)
	}
	if id != "" {
		return x.fail(http.StatusNotFound, "ResourceNotFound", "There is no such Approval Request.")
	}
	return x.ok(http.StatusOK, object{"value": shown})
}
