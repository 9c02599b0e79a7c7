package tenant

import (
	"context"
	"time"
)

// Approval is a request for approval: the service holds a write until another
// administrator approves the request in the tenant. Nothing is written before that.
type Approval struct {
	// Code is the service's name of the request. It is empty if the service says that a
	// request is open and does not say which.
	Code string
	// Sum is [Operation.Sum] of the text of the held request.
	Sum string
	// Until is when the request lapses.
	Until time.Time
	// Begun: other requests of the same operation were carried out before this one.
	Begun bool
}

// ApprovalState is the state of a request for approval.
type ApprovalState string

// The states.
const (
	// ApprovalPending: the request waits for an administrator.
	ApprovalPending ApprovalState = "pending"
	// ApprovalApproved: the same write, sent again with the code, is carried out.
	ApprovalApproved ApprovalState = "approved"
	// ApprovalRejected: an administrator rejected the request.
	ApprovalRejected ApprovalState = "rejected"
	// ApprovalWithdrawn: the request was cancelled.
	ApprovalWithdrawn ApprovalState = "withdrawn"
	// ApprovalLapsed: the request was not approved, or not completed, in time.
	ApprovalLapsed ApprovalState = "lapsed"
	// ApprovalCompleted: the write was carried out.
	ApprovalCompleted ApprovalState = "completed"
)

// ApprovalRequest is a request for approval as the service shows it.
type ApprovalRequest struct {
	State ApprovalState
	// Until is when the request lapses.
	Until time.Time
}

// ApprovalReader is an optional interface of a [Client] whose service can hold a write
// until another administrator approves it in the tenant. Apply of such a client returns
// an [*Error] of class [AwaitsApproval] for a write that is held, and sends a write with
// [Operation.Approval] only if it is the approved one.
//
// Implementations must be safe for concurrent use.
type ApprovalReader interface {
	Client

	// ReadApproval reads a request by its code. It returns an *Error of class
	// NotFound for a request that the service does not know.
	ReadApproval(ctx context.Context, code string) (ApprovalRequest, error)
}
