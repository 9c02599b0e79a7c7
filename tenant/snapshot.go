package tenant

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// snapshotFile holds, in the tree of a backup, the fields of a [Snapshot] other than
// its resources. Resources are in folders, so nothing else has this path.
const snapshotFile = "snapshot.json"

// snapshotData is the content of snapshotFile.
type snapshotData struct {
	Format int         `json:"format"`
	Taken  time.Time   `json:"taken"`
	Kinds  []KindState `json:"kinds"`
}

const snapshotFormat = 1

// checkFormat looks at the format that a file of ours names, before the rest of
// it, which may have another shape in a newer version.
func checkFormat(name string, text []byte, known int) error {
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("tenant: decode %s: %w", name, err)
	}
	switch {
	case head.Format > known:
		return fmt.Errorf("%w: %s has format %d and this version reads %d: use a newer version", ErrNewerFormat, name, head.Format, known)
	case head.Format < 1:
		return fmt.Errorf("tenant: %s has no format: it is damaged; restore it from a backup of the repository", name)
	}
	return nil
}

// WithSnapshot returns the tree of a backup line after a snapshot was appended:
// kinds whose state does not say so ([KindState.Replaces]) keep what t holds of
// them.
// It returns ErrInvalidRequest for a snapshot that can never be kept, and
// ErrNewerFormat where the last one was appended by a newer version.
func (t Tree) WithSnapshot(s Snapshot) (Tree, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := refuseNewerSnapshot(t[snapshotFile]); err != nil {
		return nil, err
	}
	replaces := s.replaces()
	changes := snapshotChanges(s, replaces)
	kept := make(map[ResourceName]bool, len(changes))
	for _, c := range changes {
		kept[ResourceName{c.Kind, c.Key}] = true
	}
	index := indexOf(t)
	for name := range index.byKey {
		if replaces(name.Kind) && !kept[name] {
			changes = append(changes, Change{Kind: name.Kind, Key: name.Key})
		}
	}
	result, err := t.With(changes)
	if err != nil {
		return nil, err
	}
	if result[snapshotFile], err = encodeSnapshot(s, index); err != nil {
		return nil, err
	}
	return result, nil
}

// refuseNewerSnapshot returns ErrNewerFormat for the snapshotFile of a newer
// version. A damaged file is written again, but a newer one is not ours to replace.
func refuseNewerSnapshot(text []byte) error {
	if err := checkFormat(snapshotFile, text, snapshotFormat); errors.Is(err, ErrNewerFormat) {
		return err
	}
	return nil
}

// encodeSnapshot returns the content of the snapshotFile. A kind without a
// state gets one if the index of the line's files has resources of it.
func encodeSnapshot(s Snapshot, index *treeIndex) ([]byte, error) {
	data := snapshotData{Format: snapshotFormat, Taken: s.Taken.UTC(), Kinds: slices.Clone(s.Kinds)}
	known := make(map[string]bool, len(s.Kinds))
	for _, k := range s.Kinds {
		known[k.Kind] = true
	}
	for name := range index.byKey {
		if !known[name.Kind] {
			known[name.Kind] = true
			data.Kinds = append(data.Kinds, KindState{
				Kind: name.Kind, Completeness: NotInScope, Reason: "kept from an earlier backup",
			})
		}
	}
	slices.SortFunc(data.Kinds, func(a, b KindState) int { return strings.Compare(a.Kind, b.Kind) })
	text, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("tenant: encode snapshot: %w", err)
	}
	return append(text, '\n'), nil
}

// replaces returns a function that tells which kinds a backup line takes over from
// the snapshot.
func (s Snapshot) replaces() func(kind string) bool {
	kinds := make(map[string]bool, len(s.Kinds))
	for _, k := range s.Kinds {
		kinds[k.Kind] = k.Replaces()
	}
	return func(kind string) bool { return kinds[kind] }
}

// Snapshot decodes the tree of a backup line. It returns ErrNewerFormat for one
// that a newer version wrote.
func (t Tree) Snapshot() (Snapshot, error) {
	var data snapshotData
	if err := checkFormat(snapshotFile, t[snapshotFile], snapshotFormat); err != nil {
		return Snapshot{}, err
	}
	if err := json.Unmarshal(t[snapshotFile], &data); err != nil {
		return Snapshot{}, fmt.Errorf("tenant: decode %s: %w", snapshotFile, err)
	}
	resources, problems := t.Resources()
	for _, p := range problems {
		if p.Path != snapshotFile {
			return Snapshot{}, fmt.Errorf("tenant: decode backup: %w", &p)
		}
	}
	return Snapshot{Taken: data.Taken, Kinds: data.Kinds, Resources: resources}, nil
}

// snapshotChanges are the changes that write the snapshot's resources of the
// kinds for which include is true. Ids are not kept.
func snapshotChanges(s Snapshot, include func(kind string) bool) []Change {
	var changes []Change
	for _, r := range s.Resources {
		if include(r.Kind) {
			body := r.Body
			if body == nil {
				body = json.RawMessage{} // not a removal: refused as no object
			}
			changes = append(changes, Change{Kind: r.Kind, Key: r.Key, Body: body})
		}
	}
	return changes
}
