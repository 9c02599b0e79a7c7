package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strconv"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// canonicalVersion changes whenever a newer version of this package may see a
// difference, or no difference, where an older one did not.
const canonicalVersion = 3

// seenSums makes the sums by which unchanged objects are recognised.
type seenSums struct {
	ns        *names
	hash      hash.Hash
	seeds     map[string][]byte // by kind
	canonical schema.Canonicalizer
	text      []byte
	scratch   []byte
	// bound are the texts that are hashed for the references, by "kind/key".
	bound map[string][]byte
	// parent: the backup is a difference, so unchanged objects are not in it.
	parent bool
}

// newSeenSums computes, per kind, the hash of all that decides whether two bodies
// agree, other than their bytes and what they refer to.
func newSeenSums(ns *names) *seenSums {
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
	s := &seenSums{ns: ns, hash: h, seeds: make(map[string][]byte, len(ix.kinds)), bound: map[string][]byte{}, parent: parentOf(ix) != ""}
	for name, k := range ix.kinds {
		s.seeds[name] = slices.Concat(shared, k.Sum[:])
	}
	return s
}

// seen returns the hash of the file's bytes, of the canonical text of the
// tenant's object, and of what the names in them lead to; empty for an object
// that cannot be read.
func (s *seenSums) seen(o *object, refs []string) string { return string(s.appendSeen(o, refs)) }

// appendSeen is seen in memory that the next hash overwrites.
func (s *seenSums) appendSeen(o *object, refs []string) []byte {
	var err error
	if s.text, err = s.canonical.Append(s.text[:0], o.kind, o.current.Body); err != nil {
		return nil
	}
	s.scratch = append(s.scratch[:0], s.seeds[o.kind.Name]...)
	for _, ref := range refs {
		s.scratch = append(s.scratch, s.boundText(ref)...)
	}
	// The length tells where one side ends and the other begins.
	s.scratch = append(strconv.AppendInt(s.scratch, int64(len(o.desired.Body)), 10), ' ')
	h := s.hash
	h.Reset()
	h.Write(s.scratch)
	h.Write(o.desired.Body)
	h.Write(s.text)
	return s.sum()
}

// boundText returns a reference with the id that it leads to.
func (s *seenSums) boundText(ref string) []byte {
	text, ok := s.bound[ref]
	if !ok {
		kind, key := reference.SplitItemID(ref)
		text = jsonval.AppendString(jsonval.AppendString(nil, ref), s.ns.bindings[kind][key])
		s.bound[ref] = text
	}
	return text
}

// textSum returns the hash of an object's text in a backup.
func (s *seenSums) textSum(o *object, text []byte) string {
	s.hash.Reset()
	s.hash.Write(s.seeds[o.kind.Name])
	s.hash.Write(text)
	return string(s.sum())
}

// sum returns the first half of the hash, in hex.
func (s *seenSums) sum() []byte {
	s.scratch = s.hash.Sum(s.scratch[:0])
	s.scratch = hex.AppendEncode(s.scratch, s.scratch[:16])
	return s.scratch[sha256.Size:]
}

// asBefore reports whether the object is as it was when both sides agreed in
// full, so that nothing needs to be decoded: decoding is nearly all of the work,
// and most objects have not changed.
func (dec *decider) asBefore(o *object) bool {
	b := o.base
	if b == nil || b.Seen == "" || o.desired == nil || o.current == nil || o.renamedFrom != "" || b.ID != o.current.ID {
		return false
	}
	if !o.hashed {
		o.hashed, o.asBefore = true, string(dec.seen.appendSeen(o, b.Refs)) == b.Seen
	}
	return o.asBefore
}

// leaveAsBefore takes the outcome of an object that is as before from the base.
func (dec *decider) leaveAsBefore(o *object) {
	b := o.base
	o.oldRefs, o.newRefs = b.Refs, b.Refs
	o.unchanged = !o.keep
	switch {
	case dec.ix.in.NoBackup || !readsCurrent(dec.ix, o):
	case dec.seen.parent && b.Kept != "" && b.Kept != otherText:
		o.backup.sum = b.Kept
	default:
		body, _ := dec.ns.current(o.kind, dec.tenantBody(o))
		dec.backUp(o, body)
	}
}

// backUp keeps the tenant's object in the repository's form, and notes in the
// new base whether the backup line has that text already.
func (dec *decider) backUp(o *object, current *jsonval.Node) {
	if dec.ix.in.NoBackup {
		return
	}
	text := dec.ix.adoptedForm(o.kind, current).JSON()
	o.backup = backedUp{text: text, sum: dec.seen.textSum(o, text)}
	if dec.seen.parent && keptAt(dec.ix, o) == o.backup.sum {
		o.backup.text = nil
	}
}

// keptAt returns what the base says of the parent's text at an object's key,
// whichever object had the key then.
func keptAt(ix *index, o *object) string {
	if b := ix.held.at(o.kind.Name, o.key); b != nil {
		return b.Kept
	}
	return ""
}

// stillKept returns what the new base says of the parent's text at an object's
// key: the parent stays what it is when the object changes.
func stillKept(ix *index, o *object) string {
	kept := keptAt(ix, o)
	if kept == "" || kept == o.backup.sum {
		return kept
	}
	return otherText
}

// remember marks an object that agrees in full, for asBefore. What depends on
// more than bytes and bindings is not marked.
func (dec *decider) remember(o *object, t *trees) {
	if _, byProperty := dec.ns.refsOf(t.current); byProperty {
		return
	}
	o.newBase.Seen, o.newBase.Refs = dec.seen.seen(o, o.oldRefs), o.oldRefs
	if o.kind.Singleton {
		return
	}
	names := []string{nameInTenant(o.kind, o.current.ID, t.raw)}
	if inFile, ok := nameInFile(dec.ix, o.kind, t.file); ok && inFile != names[0] {
		names = append(names, inFile)
	}
	if len(names) > 1 || names[0] != o.key {
		o.newBase.Names = names
	}
}
