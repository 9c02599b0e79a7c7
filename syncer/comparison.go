package syncer

import (
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// comparison is what the report needs of the backup and plan phases.
type comparison struct {
	Format    int                  `json:"format"`
	Backup    string               `json:"backup"`
	Adopted   []plan.AdoptedChange `json:"adopted,omitempty"`
	Written   string               `json:"written,omitempty"` // the desired line's revision, if the run wrote one
	Kinds     []tenant.KindState   `json:"kinds"`
	Read      map[string]int       `json:"read"`
	Unchanged map[string]int       `json:"unchanged,omitempty"`
	Notes     []plan.Note          `json:"notes,omitempty"`
}
