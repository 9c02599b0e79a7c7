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

// Summary is what the report needs of the backup and plan phases. It is stored
// as the blob "comparison".
type Summary struct {
	Format int `json:"format"`
	// Backup is the revision of the backup line.
	Backup string `json:"backup"`
	// Adopted is what the run has taken over from the tenant.
	Adopted []plan.AdoptedChange `json:"adopted,omitempty"`
	// Written is the desired line's revision that the run wrote, if it wrote one.
	Written string `json:"written,omitempty"`
	// Kinds say how completely each kind was read.
	Kinds []tenant.KindState `json:"kinds"`
	// Read and Unchanged count objects by kind.
	Read      map[string]int `json:"read"`
	Unchanged map[string]int `json:"unchanged,omitempty"`
	Notes     []plan.Note    `json:"notes,omitempty"`
}

// DecodeSummary reads the blob "comparison".
func DecodeSummary(raw []byte) (*Summary, error) {
	s := new(Summary)
	if err := format.Decode("comparison", raw, SummaryFormat, s); err != nil {
		return nil, err
	}
	return s, nil
}

// Adoption is what a run takes over from the tenant into the desired line. It is
// stored, as the blob "adoption", before the line is written. The files
// themselves are not in it, because people's files may hold secrets.
type Adoption struct {
	Format int `json:"format"`
	// Parent and Key are the write's.
	Parent string `json:"parent"`
	Key    string `json:"key"`
	// Adopts is what the write adopts, redacted. Before is what the run adopted
	// before.
	Adopts []plan.AdoptedChange `json:"adopts"`
	Before []plan.AdoptedChange `json:"before,omitempty"`
}

// DecodeAdoption reads the blob "adoption".
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
