package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// danglingID is an id in the tenant that cannot be resolved to a key. The
// backup has the id itself. In a file it does not replace a reference, because
// the object may have been deleted and created again with another id.
type danglingID struct {
	pointer, value string
	// why is the reason why a later run may resolve the id. It is empty if the
	// id belongs to no known object.
	why string
}

// danglingAt describes an id that cannot be resolved.
func (ns *names) danglingAt(at schema.Place, refs []*tenant.Reference, value string) danglingID {
	s := danglingID{pointer: jsonval.JoinPointer(at.Segs), value: value}
	var unread []string
	for _, r := range refs {
		for _, kind := range r.Kinds {
			if ns.isUnclear(kind, value) {
				s.why = fmt.Sprintf("it belongs to one of several %s that cannot be matched with files yet", kind)
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
		s.why = fmt.Sprintf("it may belong to %s, which were not completely read", strings.Join(unread, " or "))
	}
	return s
}
