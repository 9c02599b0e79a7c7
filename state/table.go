package state

import "slices"

// Transition is one row of the table: Event moves a tenant from From to To.
type Transition struct {
	Event Event
	From  Status
	To    Status
}

// table lists all legal moves. The machine, the diagrams and the tests are made
// from it. Several rows of one event with the same target are written
// as one group.
var table = expand(
	group{Start, resting, Starting},
	group{Begin, from(Starting), InProgress},
	group{RequireAuthentication, from(InProgress), PendingAuthentication},
	group{Authenticate, from(PendingAuthentication), InProgress},
	group{RequireApproval, from(InProgress), PendingApproval},
	group{Approve, from(PendingApproval), InProgress},
	group{Reject, from(PendingApproval), InProgress},
	group{Revert, from(PendingApproval), InProgress},
	group{Succeed, from(InProgress), Idle},
	group{SucceedPartially, from(InProgress, PendingAuthentication), PartiallySuccessful},
	group{RequireConsent, from(InProgress, NotRun, Idle, NewError, PartiallySuccessful), PendingAdminConsent},
	group{TimeOut, active, NewError},
	group{Fail, active, NewError},
	group{RestoreNotRun, active, NotRun},
	group{RestoreIdle, active, Idle},
	group{RestoreNewError, active, NewError},
	group{RestorePartiallySuccessful, active, PartiallySuccessful},
	group{RestorePendingAdminConsent, active, PendingAdminConsent},
	group{ClearNotRun, from(PendingAdminConsent), NotRun},
	group{ClearIdle, from(PendingAdminConsent), Idle},
	group{ClearNewError, from(PendingAdminConsent), NewError},
	group{ClearPartiallySuccessful, from(PendingAdminConsent), PartiallySuccessful},
)

type group struct {
	event Event
	from  []Status
	to    Status
}

var (
	resting = from(NotRun, Idle, NewError, PartiallySuccessful, PendingAdminConsent)
	active  = from(Starting, InProgress, PendingAuthentication, PendingApproval)
)

func from(s ...Status) []Status { return s }

func expand(groups ...group) []Transition {
	var rows []Transition
	for _, g := range groups {
		for _, f := range g.from {
			rows = append(rows, Transition{Event: g.event, From: f, To: g.to})
		}
	}
	return rows
}

// Transitions returns the table of legal moves. The caller owns the slice.
func Transitions() []Transition { return slices.Clone(table) }

// Events returns every event, in the order of the table. The caller owns the slice.
func Events() []Event {
	var all []Event
	for _, t := range table {
		if !slices.Contains(all, t.Event) {
			all = append(all, t.Event)
		}
	}
	return all
}
