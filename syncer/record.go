package syncer

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// data is what the engine keeps in [state.Record.Data]. It holds no secret; the
// user code only while the status is Pending authentication.
type data struct {
	Format int `json:"format"`
	// Commits are the ids of the last commits, newest first, by which a commit
	// of unknown outcome finds out whether it was carried out.
	Commits []string `json:"commits,omitempty"`
	// Directory is the directory id first connected.
	Directory string `json:"directory,omitempty"`
	// Base is the blob of the base.
	Base *state.BlobRef `json:"base,omitempty"`
	// LagsUntil is when reads are sure to show what the last run created.
	LagsUntil time.Time `json:"lagsUntil,omitzero"`
	// RestsIn is what the tenant would rest in if no permission were missing.
	RestsIn state.Status `json:"restsIn,omitempty"`
	// Missing are the permissions that the last look found missing.
	Missing    []MissingPermission `json:"missing,omitempty"`
	ConsentURL string              `json:"consentUrl,omitempty"`
	Paused     []Pause             `json:"paused,omitempty"`
	// Removing is the removal that was asked for.
	Removing *Removal `json:"removing,omitempty"`
	// LooksFailed counts the looks at a resting tenant's permissions that failed
	// one after the other.
	LooksFailed int `json:"looksFailed,omitempty"`
	// LastSuccess is when a run last succeeded.
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	// Same are the runs that the current one has superseded, one after the
	// other, with the same proposal: a decision may name any of them.
	Same []string `json:"same,omitempty"`
	// Run is the current or the last run.
	Run *run `json:"run,omitempty"`
}

// run is one run's state. What is large is in blobs.
type run struct {
	ID      string       `json:"id"`
	Actor   string       `json:"actor"`
	Options Options      `json:"options"`
	Phase   Phase        `json:"phase,omitempty"`
	Started time.Time    `json:"started"`
	Ended   time.Time    `json:"ended,omitzero"`
	Before  state.Status `json:"before"`
	// WorkUntil is when the run times out; moved on while people are waited for.
	WorkUntil time.Time `json:"workUntil"`
	// WorkFor is the RunTimeout that it began with.
	WorkFor time.Duration `json:"workFor,omitempty"`
	// WaitingSince is when the present wait for a person, or a pause, began.
	WaitingSince time.Time `json:"waitingSince,omitzero"`
	// Attempt counts the tries of the phase that failed passingly.
	Attempt int `json:"attempt,omitempty"`

	// SignIns and Reconnects count the sign-ins asked for and the times that
	// the tenant refused credentials that looked good.
	SignIns    int `json:"signIns,omitempty"`
	Reconnects int `json:"reconnects,omitempty"`

	Prompt   *auth.Prompt   `json:"prompt,omitempty"`
	Identity *auth.Identity `json:"identity,omitempty"`

	// What the backup and plan phases made.
	Backup     string         `json:"backup,omitempty"`
	Adoption   *state.BlobRef `json:"adoption,omitempty"`
	Desired    string         `json:"desired,omitempty"`
	Comparison *state.BlobRef `json:"comparison,omitempty"`
	Plan       *state.BlobRef `json:"plan,omitempty"`
	Bindings   *state.BlobRef `json:"bindings,omitempty"`
	Digest     string         `json:"digest,omitempty"`
	Counts     *plan.Counts   `json:"counts,omitempty"`
	// ChangeDigest is equal for equal plans of different tenants.
	ChangeDigest string `json:"changeDigest,omitempty"`

	// Proposal is the wait for a decision.
	Since    time.Time `json:"since,omitzero"`
	Reviewed bool      `json:"reviewed,omitempty"`
	Votes    []Vote    `json:"votes,omitempty"`
	Demands  []Demand  `json:"demands,omitempty"` // as of the last vote
	Decision *decided  `json:"decision,omitempty"`
	// Newer is what the last look at the desired line found, before the decision.
	Newer   *NewerRevision `json:"newer,omitempty"`
	Carried *carried       `json:"carried,omitempty"`

	// Wrote: a write to the tenant may have been sent.
	Wrote  bool    `json:"wrote,omitempty"`
	Cancel *cancel `json:"cancel,omitempty"`
	// Stalled is what keeps the host's storage from letting the run go on; the
	// next commit of a worker takes it back.
	Stalled *ErrorInfo `json:"stalled,omitempty"`
	// Trouble is what ended the deploy early, and leads to the run's ending.
	Trouble  *ErrorInfo `json:"trouble,omitempty"`
	Progress Progress   `json:"progress,omitzero"`

	Outcome Outcome        `json:"outcome,omitempty"`
	Reason  string         `json:"reason,omitempty"`
	Error   *ErrorInfo     `json:"error,omitempty"`
	Undone  Undone         `json:"undone,omitzero"`
	After   *state.BlobRef `json:"after,omitempty"`
	Report  *state.BlobRef `json:"report,omitempty"`
}

// decided is the decision that a run goes by.
type decided struct {
	Verdict Verdict   `json:"verdict"`
	Actors  []string  `json:"actors"`
	Comment string    `json:"comment,omitempty"`
	Accept  []string  `json:"accept,omitempty"`
	Items   []string  `json:"items,omitzero"` // nil: all
	Time    time.Time `json:"time"`

	// What was decided on. The run's own fields name what is to be carried out,
	// and are held against these before anything is written; see decidedPlan.
	Digest   string         `json:"digest,omitempty"`
	Plan     *state.BlobRef `json:"plan,omitempty"`
	Bindings *state.BlobRef `json:"bindings,omitempty"`
}

// carried is what a superseding run takes over if its plan has the same digest.
type carried struct {
	Run      string    `json:"run"`
	Digest   string    `json:"digest"`
	Since    time.Time `json:"since"`
	Deadline time.Time `json:"deadline"`
	Votes    []Vote    `json:"votes,omitempty"`
	Reviewed bool      `json:"reviewed,omitempty"`
}

// cancel is a request to end a run.
type cancel struct {
	Actor   string    `json:"actor"`
	Comment string    `json:"comment,omitempty"`
	Time    time.Time `json:"time"`
}

// Pause is somebody's hold on a tenant.
type Pause struct {
	// Holder is who holds it; each holder once.
	Holder string `json:"holder"`
	// Reason is the holder's, for people.
	Reason string `json:"reason,omitempty"`
	// Since is the store's time.
	Since time.Time `json:"since"`
}

// MissingPermission is a permission that is not granted.
type MissingPermission struct {
	// AnyOf: one of these is enough.
	AnyOf []string `json:"anyOf"`
	// Kinds are those that need it.
	Kinds []string `json:"kinds"`
	// Write: it is needed to write them, not to read them.
	Write bool `json:"write,omitempty"`
}

// Progress is how far a phase is: Done of Total reads or items. Total is 0
// while unknown.
type Progress struct {
	Phase Phase `json:"phase,omitempty"`
	Done  int   `json:"done,omitempty"`
	Total int   `json:"total,omitempty"`
}

// decodeData reads a record's data. A record without data is a new one.
func decodeData(rec state.Record) (*data, error) {
	d := &data{Format: dataFormat}
	if len(rec.Data) > 0 {
		if err := format.Decode("record", rec.Data, dataFormat, d); err != nil {
			return nil, fmt.Errorf("syncer: %s: %w", rec.Tenant, err)
		}
	}
	if err := d.checkWords(rec.Status); err != nil {
		return nil, fmt.Errorf("syncer: %s: record: %w", rec.Tenant, err)
	}
	return d, nil
}

// encode returns d's JSON form and the blobs that it refers to.
func (d *data) encode() (json.RawMessage, []state.BlobRef, error) {
	d.Format = dataFormat
	*d = bounds.Of(*d)
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, nil, fmt.Errorf("syncer: encode record: %w", err)
	}
	var refs []state.BlobRef
	for _, r := range d.blobs() {
		if r != nil && !slices.Contains(refs, *r) {
			refs = append(refs, *r)
		}
	}
	return raw, refs, nil
}

func (d *data) blobs() []*state.BlobRef {
	refs := []*state.BlobRef{d.Base}
	if r := d.Run; r != nil {
		refs = append(refs, r.Adoption, r.Comparison, r.Plan, r.Bindings, r.After, r.Report)
	}
	return refs
}

// loaded is a record with its data, and the store's time when it was read.
type loaded struct {
	rec state.Record
	d   *data
	now time.Time
	// at is this process's time when now was read; only differences to it count.
	at time.Time
}

// storeTime estimates the store's time now.
func (l loaded) storeTime() time.Time { return l.now.Add(time.Since(l.at)) }

// runID is the id of the current or last run, or "", also of a record that could
// not be loaded.
func (l loaded) runID() string {
	if l.d == nil || l.d.Run == nil {
		return ""
	}
	return l.d.Run.ID
}

func newLoaded(rec state.Record, now time.Time) (loaded, error) {
	d, err := decodeData(rec)
	if err != nil {
		return loaded{}, err
	}
	return loaded{rec: rec, d: d, now: now, at: time.Now()}, nil
}
