package baseline

import (
	"slices"

	"github.com/tenantsync/tenantsync/state"
)

// MaxPages is the most pages of a base.
const MaxPages = 4

// growth is how much larger a page is than its successor. A save merges pages that
// are not.
const growth = 4

// Kind is the kind of the blobs of a base.
const Kind = "base"

// Root says where a base is stored. It is a part of the tenant's record.
type Root struct {
	// Backup is the revision of the backup line that the base's hashes of backups
	// refer to.
	Backup string `json:"backup,omitempty"`
	// Pages are the pages, oldest first.
	Pages []Page `json:"pages,omitempty"`
	// Unbound is the blob of the objects of Backup that are not in the base.
	Unbound *Page `json:"unbound,omitempty"`
}

// Page names the blob of a page of its tenant.
type Page struct {
	// Run is the run that stored it.
	Run    string `json:"run"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

func pageOf(ref state.BlobRef) Page { return Page{Run: ref.Run, SHA256: ref.SHA256, Size: ref.Size} }

func (p Page) ref(tenantName string) state.BlobRef {
	return state.BlobRef{Tenant: tenantName, Run: p.Run, Kind: Kind, SHA256: p.SHA256, Size: p.Size}
}

// Blobs returns the blobs of the base of a tenant. A nil root has none.
func (r *Root) Blobs(tenantName string) []*state.BlobRef {
	if r == nil {
		return nil
	}
	var refs []*state.BlobRef
	for _, p := range r.all() {
		ref := p.ref(tenantName)
		refs = append(refs, &ref)
	}
	return refs
}

func (r *Root) all() []Page {
	all := slices.Clone(r.Pages)
	if r.Unbound != nil {
		all = append(all, *r.Unbound)
	}
	return all
}

// Equal reports whether two roots name the same base.
func (r *Root) Equal(other *Root) bool {
	if r == nil || other == nil {
		return r == other
	}
	return r.Backup == other.Backup && (r.Unbound == nil) == (other.Unbound == nil) && slices.Equal(r.all(), other.all())
}
