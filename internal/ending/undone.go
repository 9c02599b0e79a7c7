package ending

import (
	"fmt"
	"strings"
)

// Undone counts the work that was asked for and not done. Its fields equal
// those of syncer.Undone, where each is documented.
type Undone struct {
	DeletesOff, LeftOut, NamesOnly, Unsupported                              int
	Failed, Unknown, Waits, NotKept, Unconfirmed, Unplanned, Refused, Unread int
}

// undoneText describes one count of [Undone] for people.
type undoneText struct {
	name      string // of the field
	one, many string
	count     func(*Undone) *int
	// partly: a run with such a count is Partially successful at best, and
	// LastSuccess stays.
	partly bool
}

// undoneTexts has a row for each field of [Undone], in their order.
var undoneTexts = []undoneText{
	{"DeletesOff", "1 delete switched off", "%d deletes switched off", func(u *Undone) *int { return &u.DeletesOff }, false},
	{"LeftOut", "1 item left out by the decision", "%d items left out by the decision", func(u *Undone) *int { return &u.LeftOut }, false},
	{"NamesOnly", "1 kind backed up by name only", "%d kinds backed up by name only", func(u *Undone) *int { return &u.NamesOnly }, false},
	{"Unsupported", "1 change not supported", "%d changes not supported", func(u *Undone) *int { return &u.Unsupported }, false},
	{"Failed", "1 item not applied", "%d items not applied", func(u *Undone) *int { return &u.Failed }, true},
	{"Unknown", "1 item of unknown outcome", "%d items of unknown outcome", func(u *Undone) *int { return &u.Unknown }, true},
	{"Waits", "1 item waiting for approval in the tenant", "%d items waiting for approval in the tenant", func(u *Undone) *int { return &u.Waits }, true},
	{"NotKept", "1 item not kept by the service", "%d items not kept by the service", func(u *Undone) *int { return &u.NotKept }, true},
	{"Unconfirmed", "1 item not confirmed by reading back", "%d items not confirmed by reading back", func(u *Undone) *int { return &u.Unconfirmed }, true},
	{"Unplanned", "1 difference not planned", "%d differences not planned", func(u *Undone) *int { return &u.Unplanned }, true},
	{"Refused", "1 item not reverted", "%d items not reverted", func(u *Undone) *int { return &u.Refused }, true},
	{"Unread", "1 kind not completely read", "%d kinds not completely read", func(u *Undone) *int { return &u.Unread }, true},
}

// String returns the counts that are not zero, on one line: "2 deletes switched
// off, 1 item left out by the decision".
func (u Undone) String() string {
	var parts []string
	for _, t := range undoneTexts {
		switch n := *t.count(&u); n {
		case 0:
		case 1:
			parts = append(parts, t.one)
		default:
			parts = append(parts, fmt.Sprintf(t.many, n))
		}
	}
	return strings.Join(parts, ", ")
}

// Qualify returns an outcome with the counts, on one line: "deployed; 2 deletes
// switched off". It is the outcome alone if nothing was left undone.
func (u Undone) Qualify(outcome string) string {
	switch {
	case u == Undone{}:
		return outcome
	case outcome == "":
		return u.String()
	}
	return outcome + "; " + u.String()
}

// undoneOf counts the work that a run was asked for and has not done. For a run
// that was stopped before it changed the tenant it counts nothing, because the
// run's error says enough.
func undoneOf(f facts, n Tally) Undone {
	if !f.done() && !f.touched() {
		return Undone{}
	}
	u := Undone{NamesOnly: n.NamesOnly, Failed: f.open - f.unknown - f.waits, Unknown: f.unknown, Waits: f.waits, NotKept: f.notKept, Unconfirmed: f.unconfirmed, Refused: f.refused, Unread: f.unread}
	if f.plans() {
		u.Unplanned = f.problems
	}
	if f.deploys() {
		u.DeletesOff, u.LeftOut, u.Unsupported = n.DeletesOff, n.LeftOut, n.Unsupported
	}
	return u
}
