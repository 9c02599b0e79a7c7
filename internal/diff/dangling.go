package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// stray is an id in the tenant that cannot be named. It is backed up as it is,
// but does not take a reference's place in a file: it may be that of an object
// that was deleted and made again, and would mean nothing from then on.
type stray struct {
	pointer, value string
	// why it may still be named another time; empty for one that leads nowhere.
	why string
}

// strayAt describes an id for which there is no name.
func (ns *names) strayAt(at schema.Place, refs []*tenant.Reference, value string) stray {
	s := stray{pointer: jsonval.JoinPointer(at.Segs), value: value}
	var unread []string
	for _, r := range refs {
		for _, kind := range r.Kinds {
			if ns.isUnclear(kind, value) {
				s.why = fmt.Sprintf("it belongs to one of several objects among %s that cannot be told apart yet", kind)
				return s
			}
			if k := ns.ix.kinds[kind]; k != nil && ns.ix.scope(k) != tenant.OutOfScope && !slices.Contains(unread, kind) {
				switch ns.ix.states[kind].Completeness {
				case tenant.Partial, tenant.Failed, tenant.Forbidden, "":
					unread = append(unread, kind)
				}
			}
		}
	}
	if len(unread) > 0 {
		s.why = fmt.Sprintf("it may be of %s, which were not completely read", strings.Join(unread, " or "))
	}
	return s
}
