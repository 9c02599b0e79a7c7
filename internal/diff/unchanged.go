package diff

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"maps"
	"slices"
	"strconv"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// canonicalVersion must change if a new version of this package finds other
// differences than an old one.
const canonicalVersion = 3

// objectHashes makes the hashes that identify unchanged objects.
type objectHashes struct {
	ns        *names
	hash      hash.Hash
	seeds     map[string][]byte // by kind
	canonical schema.Canonicalizer
	text      []byte
	scratch   []byte
	// bound has the hashed texts of references, by "kind/key".
	bound map[string][]byte
	// parent is true if the backup is a difference, so that it lacks unchanged
	// objects.
	parent bool
}

// newObjectHashes computes a seed for each kind. It covers all that decides
// whether two bodies agree, apart from the bodies and the objects that they
// refer to.
func newObjectHashes(ns *names) *objectHashes {
	ix := ns.ix
	h := sha256.New()
	h.Write(jsonval.AppendString(jsonval.AppendString([]byte(strconv.Itoa(canonicalVersion)), ix.key), ix.in.Tenant))
	for _, name := range slices.Sorted(maps.Keys(ix.values)) {
		h.Write(jsonval.AppendString(jsonval.AppendString(nil, name), ix.values[name]))
	}
	for _, old := range slices.Sorted(maps.Keys(ix.aliases)) {
		h.Write(jsonval.AppendString(jsonval.AppendString(nil, old), ix.aliases[old]))
	}
	shared := h.Sum(nil)
	s := &objectHashes{ns: ns, hash: h, seeds: make(map[string][]byte, len(ix.kinds)), bound: map[string][]byte{}, parent: parentOf(ix) != ""}
	for name, k := range ix.kinds {
		s.seeds[name] = slices.Concat(shared, k.Sum[:])
	}
	return s
}

// forWorker returns hashes that can be made at the same time as those of s.
func (s *objectHashes) forWorker(ns *names) *objectHashes {
	return &objectHashes{ns: ns, hash: sha256.New(), seeds: s.seeds, bound: map[string][]byte{}, parent: s.parent}
}

// agreed returns the hash of the file's bytes, the canonical text of the
// tenant's object, and the ids of the objects that they refer to. raw is the
// tenant's object.
func (s *objectHashes) agreed(o *object, refs []string, raw *jsonval.Node) string {
	s.text = s.canonical.AppendTree(s.text[:0], o.kind, raw)
	return string(s.agreedSum(o, refs))
}

// appendAgreed is agreed for an object that is not parsed, in memory that the
// next hash overwrites. It is empty for an object that cannot be read.
func (s *objectHashes) appendAgreed(o *object, refs []string) []byte {
	var err error
	if s.text, err = s.canonical.Append(s.text[:0], o.kind, o.current.Body); err != nil {
		return nil
	}
	return s.agreedSum(o, refs)
}

// agreedSum is agreed with the canonical text in s.text.
func (s *objectHashes) agreedSum(o *object, refs []string) []byte {
	s.scratch = append(s.scratch[:0], s.seeds[o.kind.Name]...)
	for _, ref := range refs {
		s.scratch = append(s.scratch, s.boundText(ref)...)
	}
	// The length separates the two sides.
	s.scratch = append(strconv.AppendInt(s.scratch, int64(len(o.desired.Body)), 10), ' ')
	h := s.hash
	h.Reset()
	h.Write(s.scratch)
	h.Write(o.desired.Body)
	h.Write(s.text)
	return s.sum()
}

// boundText returns the text of a reference and its object's id.
func (s *objectHashes) boundText(ref string) []byte {
	text, ok := s.bound[ref]
	if !ok {
		kind, key := reference.SplitItemID(ref)
		text = jsonval.AppendString(jsonval.AppendString(nil, ref), s.ns.id(kind, key))
		s.bound[ref] = text
	}
	return text
}

// textOf returns the JSON text of a value, in memory that the next text
// overwrites.
func (s *objectHashes) textOf(n *jsonval.Node) []byte {
	s.text = n.AppendJSON(s.text[:0])
	return s.text
}

// agreedBody returns the text of the values on which both sides agree. If it is
// the same as before, the bases share it.
func (s *objectHashes) agreedBody(o *object, agreed *jsonval.Node) json.RawMessage {
	text := s.textOf(agreed)
	if o.base != nil && bytes.Equal(text, o.base.Body) {
		return o.base.Body
	}
	return bytes.Clone(text)
}

// textSum returns the hash of an object's text in a backup.
func (s *objectHashes) textSum(o *object, text []byte) string {
	s.hash.Reset()
	s.hash.Write(s.seeds[o.kind.Name])
	s.hash.Write(text)
	return string(s.sum())
}

// sum returns the first half of the hash, in hex.
func (s *objectHashes) sum() []byte {
	s.scratch = s.hash.Sum(s.scratch[:0])
	s.scratch = hex.AppendEncode(s.scratch, s.scratch[:16])
	return s.scratch[sha256.Size:]
}

// findUnchanged sets object.sameAsBase. These objects need not be decoded.
// Decoding takes most of the time of a comparison, and most objects have not
// changed.
func (d *decider) findUnchanged() {
	d.eachObject(func(d *decider, o *object) {
		o.sameAsBase = mayBeUnchanged(o) && string(d.hashes.appendAgreed(o, o.base.Refs)) == o.base.AgreedSum
	})
}

// mayBeUnchanged reports whether the base has a hash to compare the object
// with.
func mayBeUnchanged(o *object) bool {
	b := o.base
	return b != nil && b.AgreedSum != "" && o.desired != nil && o.current != nil && o.renamedFrom() == "" && b.ID == o.current.ID
}

// useBaseOutcome takes the outcome of an unchanged object from the base.
func (d *decider) useBaseOutcome(o *object) {
	b := o.base
	o.unchanged = !o.keep
	switch {
	case d.ix.in.NoBackup || !readsCurrent(d.ix, o):
	case d.hashes.parent && b.BackupSum != "" && b.BackupSum != otherText:
		o.backedUpAsBase = true
	default:
		o.bodies = &bodies{oldRefs: b.Refs, newRefs: b.Refs}
		d.backUp(o, d.ns.current(o.kind, d.tenantBody(o), &d.trees).body)
	}
}

// backUp stores the tenant's object in the repository's form. The backup gets
// no text if the parent has the same one.
func (d *decider) backUp(o *object, current *jsonval.Node) {
	if d.ix.in.NoBackup {
		return
	}
	text := d.hashes.textOf(backupForm(d.ix, o.kind, current, &d.trees))
	o.backup.sum = d.hashes.textSum(o, text)
	if !d.hashes.parent || backupSumAt(d.ix, o) != o.backup.sum {
		o.backup.text = bytes.Clone(text)
	}
}

// backupSumAt returns the base's hash of the parent's text for an object's key.
// The base's object with the key may have been another one.
func backupSumAt(ix *index, o *object) string {
	if b := ix.base.at(o.kind.Name, o.key); b != nil {
		return b.BackupSum
	}
	return ""
}

// newBackupSum returns the new base's hash of the parent's text for an object's
// key. A change of the object does not change the parent.
func newBackupSum(ix *index, o *object) string {
	kept := backupSumAt(ix, o)
	if kept == "" || kept == o.backupSum() {
		return kept
	}
	return otherText
}

// remember stores the hash of an object that agrees completely, for
// findUnchanged.
// It stores none if the comparison depends on other objects' properties.
func (d *decider) remember(o *object, t *trees) {
	if t.byProperty {
		return
	}
	o.newBase.AgreedSum, o.newBase.Refs = d.hashes.agreed(o, o.oldRefs, t.raw), o.oldRefs
	if o.kind.Singleton {
		return
	}
	names := []string{nameInTenant(o.kind, o.current.ID, t.raw)}
	if inFile, ok := nameInFile(d.ix, o.kind, t.file); ok && inFile != names[0] {
		names = append(names, inFile)
	}
	if len(names) > 1 || names[0] != o.key {
		o.newBase.Names = names
	}
}
