package simulation

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// stored is the part of a record's data that the checks need.
type stored struct {
	Paused []syncer.Pause `json:"paused"`
	Run    *struct {
		Options syncer.Options `json:"options"`
		Outcome syncer.Outcome `json:"outcome"`
		Reason  string         `json:"reason"`
	} `json:"run"`
}

// decodeRecord decodes the data of a record.
func decodeRecord(raw []byte) (data stored, found []oracle.Violation) {
	if err := json.Unmarshal(raw, &data); err != nil {
		found = append(found, broke("record", "its data cannot be read: %v", err))
	}
	return data, found
}

// decodeEntries decodes the entries that a commit adds to the history.
func decodeEntries(raw []state.Entry) (entries []syncer.EntryData, found []oracle.Violation) {
	entries = make([]syncer.EntryData, len(raw))
	for i, e := range raw {
		if len(e.Data) == 0 {
			continue
		}
		if err := json.Unmarshal(e.Data, &entries[i]); err != nil {
			found = append(found, broke("history", "an entry of type %s cannot be read: %v", e.Type, err))
		}
	}
	return entries, found
}

// secretMark is in every token of the fake authenticator, and codeMark is in
// every code that people are shown.
var (
	secretMark = []byte("authtest-")
	codeMark   = []byte("CODE-")
)

// holdsSecret reports whether data holds a token or the secret of a profile.
func holdsSecret(data []byte) bool {
	return bytes.Contains(data, secretMark) || bytes.Contains(data, []byte(secretValue))
}

// checkSecrets checks that stored data holds no secret.
func checkSecrets(what string, data []byte) (found []oracle.Violation) {
	if holdsSecret(data) {
		found = append(found, broke("secrets", "%s holds one: %s", what, data))
	}
	return found
}

// checkCommit checks that a commit stores no secret, and no sign-in code after
// its use.
func checkCommit(entries []state.Entry, after state.Record) (found []oracle.Violation) {
	if holdsSecret(after.Data) {
		found = append(found, broke("secrets", "the record holds a token"))
	}
	if bytes.Contains(after.Data, codeMark) && after.Status != state.PendingAuthentication {
		found = append(found, broke("secrets", "the record holds a code while %s", after.Status))
	}
	for _, e := range entries {
		if holdsSecret(e.Data) || bytes.Contains(e.Data, codeMark) {
			found = append(found, broke("secrets", "an entry of type %s holds a token or a code", e.Type))
		}
	}
	return found
}

const (
	// postponed is the longest time that a worker leaves a tenant alone after a
	// storage failure, even if the deadline of the tenant is over.
	postponed = time.Minute
	// looksAgain is the longest time between two permission checks of a tenant
	// at rest.
	looksAgain = day + day/10
)

// checkWake checks that a tenant at rest wakes for the next check of its
// permissions, and that a waiting tenant wakes at its deadline at the latest.
// setBack is the time by which the store's clock was set back recently: a
// worker that slept still uses the earlier time.
func checkWake(done state.Committed, setBack time.Duration) (found []oracle.Violation) {
	rec := done.Record
	switch {
	case rec.Status.Resting() && rec.WakeAt.After(done.Now.Add(looksAgain)):
		found = append(found, broke("rest", "%s, and due at %s", rec.Status, rec.WakeAt))
	case rec.Status == state.PendingAuthentication || rec.Status == state.PendingApproval:
		if rec.WakeAt.IsZero() || rec.WakeAt.After(rec.Deadline) && rec.WakeAt.After(done.Now.Add(postponed+setBack)) {
			found = append(found, broke("deadlines", "%s until %s, and due at %s", rec.Status, rec.Deadline, rec.WakeAt))
		}
	}
	return found
}
