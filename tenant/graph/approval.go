package graph

import (
	"cmp"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// Multi Admin Approval of Intune. See
// https://learn.microsoft.com/intune/fundamentals/role-based-access-control/multi-admin-approval-graph-api

// approvalLasts is how long a request for approval stays open: "If a request isn't
// processed within 3 days of submission, it expires".
// https://learn.microsoft.com/intune/fundamentals/role-based-access-control/multi-admin-approval
const approvalLasts = 3 * 24 * time.Hour

// maxJustification is the longest [Config.Justification], in bytes. The service takes
// 1,024 characters, and the client adds a mark of its own.
const maxJustification = 900

// approvalScopes are the permissions to read requests for approval.
// https://learn.microsoft.com/graph/api/intune-rbac-operationapprovalrequest-get?view=graph-rest-beta
var approvalScopes = catalogue.Scopes{Delegated: [][]string{{"DeviceManagementRBAC.Read.All", "DeviceManagementConfiguration.Read.All",
	"DeviceManagementRBAC.ReadWrite.All", "DeviceManagementConfiguration.ReadWrite.All"}}}

// mayBeHeld reports whether Multi Admin Approval can protect the kind: it is Intune's.
func mayBeHeld(e *catalogue.Entry) bool {
	return strings.HasPrefix(e.Endpoint, "/deviceManagement/") || strings.HasPrefix(e.Endpoint, "/deviceAppManagement/")
}

// request is a request for approval.
type request struct {
	tenant.ApprovalRequest
	code, justification string
}

// approvalStates are the states by the service's words. "unknown" and words that a
// newer service may have count as pending: such a request is not sent, and not filed
// again.
// https://learn.microsoft.com/graph/api/resources/intune-rbac-operationapprovalrequeststatus?view=graph-rest-beta
var approvalStates = map[string]tenant.ApprovalState{
	"approved": tenant.ApprovalApproved, "rejected": tenant.ApprovalRejected, "cancelled": tenant.ApprovalWithdrawn, "canceled": tenant.ApprovalWithdrawn,
	"completed": tenant.ApprovalCompleted, "expired": tenant.ApprovalLapsed,
}

// decodeRequest reads a request for approval.
// https://learn.microsoft.com/graph/api/resources/intune-rbac-operationapprovalrequest?view=graph-rest-beta
func decodeRequest(body []byte) (request, error) {
	o, err := odatajson.Parse(body)
	if err != nil {
		return request{}, err
	}
	r := request{code: o.Text("id"), justification: o.Text("requestJustification")}
	r.State = cmp.Or(approvalStates[strings.ToLower(o.Text("status"))], tenant.ApprovalPending)
	r.Until, _ = time.Parse(time.RFC3339, o.Text("expirationDateTime"))
	return r, nil
}
