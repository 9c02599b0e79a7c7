package ending

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// account holds the details of a run's end, for the texts that people read
// about it.
type account struct {
	facts facts
	end   End
	tally Tally
	phase string
	// why states for people why the run has ended.
	why string
}

func (a account) consentNeeded() *Info {
	return &Info{Class: string(auth.ConsentNeeded), Phase: word.PhaseReport, Message: "permissions are missing"}
}

func (a account) nothingRead() *Info {
	kinds := slices.DeleteFunc(slices.Clone(a.end.Kinds), func(k tenant.KindState) bool { return k.Completeness == tenant.NotInScope })
	return &Info{Class: word.ClassRead, Phase: word.PhaseBackup, RequestID: kinds[0].RequestID,
		Message: fmt.Sprintf("none of %d kinds could be read; the first, %s: %s", len(kinds), kinds[0].Kind, kinds[0].Reason)}
}

func (a account) lostParts() *Info {
	first := a.tally.Lost[0]
	message := fmt.Sprintf("%s lost; the first: %s", counted(len(a.tally.Lost), "part of the run is", "parts of the run are"), first.Message)
	if !a.facts.touched() {
		return &Info{Class: first.Class, Phase: word.PhaseReport, Message: message}
	}
	info := &Info{Class: first.Class, Phase: word.PhaseReport, Message: a.progress()}
	a.addStop(info)
	info.Message += "; " + message
	return info
}

// stopped returns the error of a run that was stopped without one.
func (a account) stopped() *Info {
	return &Info{Class: a.facts.came(), Phase: a.phase, Message: a.end.Reason}
}

// progress says how many of the approved changes the tenant has.
func (a account) progress() string {
	return fmt.Sprintf("%d of %d changes applied", a.facts.applied, a.facts.applied+a.facts.open)
}

func (a account) partlyApplied() *Info {
	info := &Info{Class: word.ClassPartial, Phase: word.PhaseDeploy}
	if a.facts.applied+a.facts.open > 0 {
		info.Message = a.progress()
	} else {
		info.Phase, info.Message = word.PhasePlan, "no change was applied"
	}
	if a.facts.unknown > 0 {
		info.Message += fmt.Sprintf(", %d of unknown outcome", a.facts.unknown)
	}
	if first := a.tally.FirstWaits; first != nil {
		info.Message += fmt.Sprintf(", %d waiting for approval in the tenant; the first: %s: %s", a.facts.waits, first.ID, first.Message)
	}
	a.addStop(info)
	a.addFirst(info)
	return info
}

// addStop adds the cause of the stop to the error of a partial run. That cause
// says more than an item that the run left open.
func (a account) addStop(info *Info) {
	switch stopped := a.end.Err; {
	case stopped != nil:
		info.Class, info.Phase, info.RequestID, info.Time = stopped.Class, cmp.Or(stopped.Phase, info.Phase), stopped.RequestID, stopped.Time
		info.Message += ": " + stopped.Message
	case a.end.Reason != "":
		info.Message += ": " + a.end.Reason
	}
}

// addFirst adds to an error the number of differences that could not be
// planned, and the first failure. It returns the class of that failure.
func (a account) addFirst(info *Info) (class string) {
	n := a.tally
	if len(n.Problems) > 0 {
		info.Message += fmt.Sprintf(", %d could not be planned", len(n.Problems))
	}
	if it := n.FirstFailed; it != nil {
		info.RequestID = cmp.Or(info.RequestID, it.RequestID)
		info.Message += fmt.Sprintf("; first failure: %s: %s", it.ID, it.Message)
		return it.Class
	}
	if len(n.Problems) > 0 {
		note := n.Problems[0]
		info.Message += fmt.Sprintf("; first failure: %s: %s", Subject(note), note.Message)
		return string(note.Class)
	}
	return ""
}

func (a account) nothingApplied() *Info {
	info := &Info{Class: word.ClassItems, Phase: word.PhaseDeploy, Message: fmt.Sprintf("none of %d changes applied", a.facts.open)}
	if a.facts.open == 0 {
		info.Phase, info.Message = word.PhasePlan, "no change was applied"
	}
	if first := a.addFirst(info); first != "" {
		info.Class = first
	}
	return info
}

// notKept returns an error with the number of changes that the service has not
// kept, and with the first of them.
func (a account) notKept() *Info {
	first := a.tally.FirstNotKept
	return &Info{Class: word.ClassNotKept, Phase: word.PhaseVerify, RequestID: first.RequestID,
		Message: fmt.Sprintf("%d of %d changes written and not kept by the service; first: %s: %s",
			a.facts.notKept, a.facts.applied, first.ID, first.NotKept)}
}

// unconfirmed returns an error that counts the changes that were not read back,
// with the reason if there is one.
func (a account) unconfirmed() *Info {
	info := &Info{Class: word.ClassUnverified, Phase: word.PhaseVerify,
		Message: fmt.Sprintf("%s, and %d not confirmed by reading back", a.progress(), a.facts.unconfirmed)}
	if a.why != "" {
		info.Message += ": " + a.why
	}
	return info
}

// refused returns an error that names the items that a revert left alone.
func (a account) refused() *Info {
	if a.end.Err != nil { // the error of the revert gives the reason for each
		return a.end.Err
	}
	return &Info{Class: word.ClassEdited, Phase: word.PhaseRevert,
		Message: fmt.Sprintf("%s not reverted: %s", counted(len(a.end.Refused), "item", "items"), strings.Join(a.end.Refused, ", "))}
}

// unread returns an error with the number of kinds that were not completely
// read, and the reason for the first.
func (a account) unread() *Info {
	first := a.tally.Unread[0]
	var kinds []string
	for _, k := range a.tally.Unread {
		kinds = append(kinds, k.Kind)
	}
	info := &Info{Class: word.ClassUnread, Phase: word.PhaseBackup, RequestID: first.RequestID}
	info.Message = fmt.Sprintf("%d of %s not completely read: %s", len(kinds), counted(a.tally.InScope, "kind", "kinds"), strings.Join(kinds, ", "))
	if first.Reason != "" {
		info.Message += fmt.Sprintf("; first failure: %s: %s", first.Kind, first.Reason)
	}
	return info
}

func (a account) unverified() *Info {
	return &Info{Class: word.ClassUnverified, Phase: word.PhaseVerify, Message: fmt.Sprintf("%s, and not confirmed by reading back: %s", a.progress(), a.why)}
}

func (a account) impossible() *Info {
	return &Info{Class: word.ClassInternal, Phase: word.PhaseReport, Message: fmt.Sprintf("the run could not end as %s while %s", a.facts.came(), a.facts.from.Label())}
}

// counted returns a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Subject names the subject of a note: an object, or a whole kind.
func Subject(n plan.Note) string {
	if n.Key == "" {
		return n.Kind
	}
	return n.Kind + "/" + n.Key
}
