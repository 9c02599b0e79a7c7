package revert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
)

// leftAlone are the items that a revert does not take back, by reason.
type leftAlone struct {
	edited, unread, impossible []string
}

func (l leftAlone) items() []string { return slices.Concat(l.edited, l.unread, l.impossible) }

// class is that of the most serious reason, or "".
func (l leftAlone) class() string {
	switch {
	case len(l.unread) > 0:
		return word.ClassUnread
	case len(l.impossible) > 0:
		return string(plan.Unsupported)
	case len(l.edited) > 0:
		return word.ClassEdited
	}
	return ""
}

// message names the items that were not reverted, with the reasons.
func (l leftAlone) message() string {
	var parts []string
	for _, p := range []struct {
		why   string
		items []string
	}{
		{"because their kind could not be read", l.unread},
		{"because edited since the plan was made", l.edited},
		{"because the plan cannot compare them any more", l.impossible},
	} {
		if len(p.items) > 0 {
			parts = append(parts, fmt.Sprintf("%s not reverted, %s: %s", counted(len(p.items)), p.why, strings.Join(p.items, ", ")))
		}
	}
	return strings.Join(parts, "; ")
}

func counted(items int) string {
	if items == 1 {
		return "1 item"
	}
	return fmt.Sprintf("%d items", items)
}
