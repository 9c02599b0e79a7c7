package runrecord

import (
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Documents holds the results of a run's backup and plan phases.
type Documents struct {
	// Backup is the revision of the backup line that holds the snapshot.
	Backup string `json:"backup,omitempty"`
	// Adoption lists the drift that the run adopts or has adopted.
	Adoption *state.BlobRef `json:"adoption,omitempty"`
	// Desired is the revision of the desired line that the plan was made from.
	Desired string `json:"desired,omitempty"`
	// Comparison is the summary of the comparison, for the report.
	Comparison *state.BlobRef `json:"comparison,omitempty"`
	Plan       *state.BlobRef `json:"plan,omitempty"`
	// Bindings holds the ids of the objects that the plan's items refer to.
	Bindings *state.BlobRef `json:"bindings,omitempty"`
	// Digest and Counts describe the plan.
	Digest string       `json:"digest,omitempty"`
	Counts *plan.Counts `json:"counts,omitempty"`
	// ChangeDigest is equal for equal plans of different tenants.
	ChangeDigest string `json:"changeDigest,omitempty"`
}

// Results holds the documents that a run makes at its end.
type Results struct {
	// After is the tenant's snapshot after the deploy.
	After  *state.BlobRef `json:"after,omitempty"`
	Report *state.BlobRef `json:"report,omitempty"`
}

// Blobs returns the blobs that the documents refer to. A missing document gives
// a nil entry.
func (d Documents) Blobs() []*state.BlobRef {
	return []*state.BlobRef{d.Adoption, d.Comparison, d.Plan, d.Bindings}
}

// Blobs returns the blobs that the results refer to. A missing result gives a
// nil entry.
func (r Results) Blobs() []*state.BlobRef { return []*state.BlobRef{r.After, r.Report} }
