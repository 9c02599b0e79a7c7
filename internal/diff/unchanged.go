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
)

// canonicalVersion changes whenever a newer version of this package may see a
// difference, or no difference, where an older one did not.
const canonicalVersion = 1

// seenSums makes the sums by which unchanged objects are recognised.
type seenSums struct {
	ns      *names
	hash    hash.Hash
	seeds   map[string][]byte // by kind
	scratch []byte
}

// newSeenSums computes, per kind, the hash of all that decides whether two bodies
// agree, other than their bytes and what they refer to.
func newSeenSums(ns *names) *seenSums {
	ix := ns.ix
	h := sha256.New()
	h.Write(jsonval.AppendString(jsonval.AppendString([]byte(strconv.Itoa(canonicalVersion)), ix.key), ix.in.Tenant))
	for _, name := range slices.Sorted(maps.Keys(ix.in.Variables)) {
		h.Write(jsonval.AppendString(jsonval.AppendString(nil, name), ix.in.Variables[name]))
	}
	for _, old := range slices.Sorted(maps.Keys(ix.aliases)) {
		h.Write(jsonval.AppendString(jsonval.AppendString(nil, old), ix.aliases[old]))
	}
	shared := h.Sum(nil)
	s := &seenSums{ns: ns, hash: h, seeds: make(map[string][]byte, len(ix.kinds))}
	for name, k := range ix.kinds {
		s.seeds[name] = slices.Concat(shared, k.Sum[:])
	}
	return s
}

// seen returns the hash of both sides' bytes and of what the names in them
// lead to.
func (s *seenSums) seen(o *object, refs []string) string {
	h := s.hash
	h.Reset()
	h.Write(s.seeds[o.kind.Name])
	for _, ref := range refs {
		kind, key := reference.SplitItemID(ref)
		s.scratch = jsonval.AppendString(jsonval.AppendString(s.scratch[:0], ref), s.ns.bindings[kind][key])
		h.Write(s.scratch)
	}
	// The length tells where one side ends and the other begins.
	s.scratch = append(strconv.AppendInt(s.scratch[:0], int64(len(o.desired.Body)), 10), ' ')
	h.Write(s.scratch)
	h.Write(o.desired.Body)
	h.Write(o.current.Body)
	s.scratch = h.Sum(s.scratch[:0])
	return hex.EncodeToString(s.scratch[:16])
}

// asBefore reports whether the object is, byte for byte, as it was when both
// sides agreed in full, so that nothing needs to be decoded: decoding is
// nearly all of the work, and most objects have not changed.
func (dec *decider) asBefore(o *object) bool {
	b := o.base
	if b == nil || b.Seen == "" || o.desired == nil || o.current == nil || o.renamedFrom != "" || b.ID != o.current.ID {
		return false
	}
	if dec.seen.seen(o, b.Refs) != b.Seen {
		return false
	}
	o.oldRefs, o.newRefs = b.Refs, b.Refs
	o.unchanged = !o.keep
	if !dec.ix.in.NoBackup && readsCurrent(dec.ix, o) {
		body, _ := dec.ns.current(o.kind, dec.ix.tenantBody(o.kind, o.current))
		backUp(dec.ix, o, body)
	}
	return true
}

// remember marks an object that agrees in full, for asBefore. What depends on
// more than bytes and bindings is not marked.
func (dec *decider) remember(o *object, current *jsonval.Node) {
	byProperty := false
	reference.EachReference(current, func(r reference.Ref) { byProperty = byProperty || r.Property != "" })
	if byProperty {
		return
	}
	o.newBase.Seen, o.newBase.Refs = dec.seen.seen(o, o.oldRefs), o.oldRefs
}
