package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// canonicalVersion changes whenever a newer version of this package may see a
// difference, or no difference, where an older one did not.
const canonicalVersion = 2

// sowSeeds computes, per kind, the hash of all that decides whether two bodies
// agree, other than their bytes and what they refer to.
func (c *comparison) sowSeeds() {
	h := sha256.New()
	h.Write(jsonval.AppendString(jsonval.AppendString([]byte(strconv.Itoa(canonicalVersion)), c.salt), c.in.Tenant))
	for _, name := range slices.Sorted(maps.Keys(c.in.Variables)) {
		h.Write(jsonval.AppendString(jsonval.AppendString(nil, name), c.in.Variables[name]))
	}
	for _, old := range slices.Sorted(maps.Keys(c.aliases)) {
		h.Write(jsonval.AppendString(jsonval.AppendString(nil, old), c.aliases[old]))
	}
	shared := h.Sum(nil)
	c.hash, c.seeds = h, make(map[string][]byte, len(c.kinds))
	for name, k := range c.kinds {
		c.seeds[name] = slices.Concat(shared, k.Sum[:])
	}
}

// seen returns the hash of both sides' bytes and of what the names in them
// lead to.
func (c *comparison) seen(o *object, refs []string) string {
	h := c.hash
	h.Reset()
	h.Write(c.seeds[o.kind.Name])
	for _, ref := range refs {
		kind, key := reference.SplitItemID(ref)
		c.scratch = jsonval.AppendString(jsonval.AppendString(c.scratch[:0], ref), c.bindings[kind][key])
		h.Write(c.scratch)
	}
	// The length tells where one side ends and the other begins.
	c.scratch = append(strconv.AppendInt(c.scratch[:0], int64(len(o.desired.Body)), 10), ' ')
	h.Write(c.scratch)
	h.Write(o.desired.Body)
	h.Write(o.current.Body)
	c.scratch = h.Sum(c.scratch[:0])
	return hex.EncodeToString(c.scratch[:16])
}

// asBefore reports whether the object is, byte for byte, as it was when both
// sides agreed in full, so that nothing needs to be decoded: decoding is
// nearly all of the work, and most objects have not changed.
func (c *comparison) asBefore(o *object) bool {
	b := o.base
	if b == nil || b.Seen == "" || o.desired == nil || o.current == nil || o.renamedFrom != "" || b.ID != o.current.ID {
		return false
	}
	if c.seen(o, b.Refs) != b.Seen {
		return false
	}
	o.oldRefs, o.newRefs = b.Refs, b.Refs
	o.unchanged = !o.keep
	if !c.in.NoBackup && c.readsCurrent(o) {
		body, _ := c.current(o.kind, c.tenantBody(o.kind, o.current))
		c.backUp(o, body)
	}
	return true
}

// remember marks an object that agrees in full, for asBefore. What depends on
// more than bytes and bindings is not marked.
func (c *comparison) remember(o *object, current *jsonval.Node) {
	byProperty := false
	reference.EachReference(current, func(r reference.Ref) { byProperty = byProperty || r.Property != "" })
	if byProperty {
		return
	}
	o.newBase.Seen, o.newBase.Refs = c.seen(o, o.oldRefs), o.oldRefs
}
