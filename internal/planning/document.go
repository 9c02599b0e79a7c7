package planning

import (
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// The kinds of documents. The blobs have the same kinds.
const (
	PlanDocument     = "plan"
	BindingsDocument = "bindings"
	SummaryDocument  = "comparison"
)

// Document is a stored part of a proposal.
type Document struct {
	Kind string
	Data []byte
}

// encode returns the documents in the order in which they are stored. A run that
// ends with the plan needs no ids, and its report has the summary.
func encode(res *diff.Result, sum *backup.Summary, asks bool) ([]Document, error) {
	type document struct {
		kind   string
		encode func() ([]byte, error)
	}
	documents := []document{{PlanDocument, res.Plan.Encode}}
	if asks {
		documents = append(documents,
			document{BindingsDocument, func() ([]byte, error) {
				return json.Marshal(bounds.Of(Bindings{Format: BindingsFormat, Bindings: res.Bindings()}))
			}},
			document{SummaryDocument, func() ([]byte, error) { return json.Marshal(bounds.Of(*sum)) }})
	}
	var out []Document
	for _, d := range documents {
		raw, err := d.encode()
		if err != nil {
			return nil, fmt.Errorf("plan: encode %s: %w", d.kind, err)
		}
		out = append(out, Document{d.kind, raw})
	}
	return out, nil
}

// BindingsFormat is the format of [Bindings].
const BindingsFormat = 1

// Bindings holds the ids of the objects that were known when the plan was made.
// A deployment starts from them.
type Bindings struct {
	Format   int                `json:"format"`
	Bindings reference.Bindings `json:"bindings"`
}

// DecodeBindings decodes the document of the bindings.
func DecodeBindings(raw []byte) (reference.Bindings, error) {
	var b Bindings
	if err := format.Decode(BindingsDocument, raw, BindingsFormat, &b); err != nil {
		return nil, err
	}
	return b.Bindings, nil
}
