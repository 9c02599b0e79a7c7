package backup

import (
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// The formats of the stored forms.
const (
	SummaryFormat  = 1
	AdoptionFormat = 1
)

// Summary holds the results of the backup and plan phases for the report. It is
// stored as the blob "comparison".
type Summary struct {
	Format int `json:"format"`
	// Backup is the revision of the backup line.
	Backup string `json:"backup"`
	// Adopted lists the drift that the run has adopted.
	Adopted []plan.AdoptedChange `json:"adopted,omitempty"`
	// Written is the revision of the desired line that the run wrote, if any.
	Written string `json:"written,omitempty"`
	// Kinds states for each kind how completely it was read.
	Kinds []tenant.KindState `json:"kinds"`
	// Read and Unchanged count objects by kind.
	Read      map[string]int `json:"read"`
	Unchanged map[string]int `json:"unchanged,omitempty"`
	Notes     []plan.Note    `json:"notes,omitempty"`
}

// DecodeSummary decodes the blob "comparison".
func DecodeSummary(raw []byte) (*Summary, error) {
	s := new(Summary)
	if err := format.Decode("comparison", raw, SummaryFormat, s); err != nil {
		return nil, err
	}
	return s, nil
}

// Adoption lists the drift that a run adopts. The run stores it as the blob
// "adoption" before it writes the desired line. An Adoption does not contain
// the files, because they may hold secrets.
type Adoption struct {
	Format int `json:"format"`
	// Parent and Key identify the write.
	Parent string `json:"parent"`
	Key    string `json:"key"`
	// Adopts lists the redacted changes of this write. Before lists the changes
	// of the run's earlier writes.
	Adopts []plan.AdoptedChange `json:"adopts"`
	Before []plan.AdoptedChange `json:"before,omitempty"`
}

// DecodeAdoption decodes the blob "adoption".
func DecodeAdoption(raw []byte) (*Adoption, error) {
	a := new(Adoption)
	if err := format.Decode("adoption", raw, AdoptionFormat, a); err != nil {
		return nil, err
	}
	return a, nil
}

// encode returns the blob "adoption".
func (a *Adoption) encode() ([]byte, error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("backup: encode what is adopted: %w", err)
	}
	return raw, nil
}
