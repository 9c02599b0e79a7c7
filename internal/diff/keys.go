package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// nameUnmatched gives keys to objects that only the tenant has.
func (m *matching) nameUnmatched() {
	if len(m.free) == 0 {
		return
	}
	count := map[string]int{}
	for _, r := range m.free {
		if m.ix.watch.ended() {
			return
		}
		count[m.nameInTenant(r)]++
	}
	// The former key of a renamed object counts as used. References may still
	// have it, and the base keeps it until the rename can be proposed.
	used := func(key string) bool {
		return m.objects[key] != nil || m.all.renamed[reference.ItemID(m.kind.Name, key)] != "" || m.ix.files.hasKey(m.kind.Name, key)
	}
	slices.SortFunc(m.free, func(a, b *tenant.Resource) int { return strings.Compare(a.ID, b.ID) })
	for _, r := range m.free {
		if m.ix.watch.ended() {
			return
		}
		name := m.nameInTenant(r)
		key := name
		if count[key] > 1 || used(key) || m.undecided[r] || len(name) > maxKey {
			key = suffixed(name, r.ID, 8)
		}
		for n := 16; used(key); n *= 2 {
			if n > 64 {
				// Two different ids do not have the same hash.
				key += "~"
				continue
			}
			key = suffixed(name, r.ID, n)
		}
		o := m.object(key)
		o.current = r
		if m.undecided[r] {
			o.keep, m.all.unclear[Object{m.kind.Name, r.ID}] = true, true
		}
	}
}

// maxKey is the longest key that a repository takes, in bytes.
const maxKey = 512

// suffixed returns a key with a suffix that depends only on the object's id. So
// the key stays the same when other objects of the same name are added or
// deleted.
func suffixed(name, id string, digits int) string {
	sum := sha256.Sum256([]byte(id))
	tail := " ~" + hex.EncodeToString(sum[:])[:min(digits, 64)]
	return shortened(name, maxKey-len(tail)) + tail
}

// shortened cuts s to at most n bytes, at a character boundary.
func shortened(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// nameInTenant returns the natural key of the tenant's object, or its id if it
// has no natural key.
func (m *matching) nameInTenant(r *tenant.Resource) string {
	if name, ok := m.names[r]; ok {
		return name
	}
	name, err := readNameInTenant(m.ix, m.kind, r)
	if err != nil {
		m.ix.fail(unreadable(m.kind, r, err))
	}
	m.names[r] = name
	return name
}

// readNameInTenant is nameInTenant for an object that has not been decoded. It
// returns the id for an object that cannot be read.
func readNameInTenant(ix *index, k *schema.Schema, r *tenant.Resource) (string, error) {
	pick := jsonval.Pick
	if ix.scope(k) == tenant.All {
		pick = jsonval.PickFirst // the comparison decodes all of these objects, and finds the errors
	}
	body, err := pick(r.Body, k.NaturalKey...)
	return nameInTenant(k, r.ID, body), err
}

// nameInTenant returns the natural key of an object of the tenant, or its id if
// it has no natural key.
func nameInTenant(k *schema.Schema, id string, body *jsonval.Node) string {
	name, ok := k.NameOf(body, func(s string) string { return s })
	if !ok {
		name = id
	}
	return name
}

// nameOf returns the natural key of an object in the repository, or else in the
// base, or else its key.
func (m *matching) nameOf(o *object) string {
	if o.desired != nil {
		if name, ok := m.desiredName(o); ok {
			return name
		}
	} else if o.managed() {
		if body, err := jsonval.Pick(o.base.Body, o.kind.NaturalKey...); err == nil {
			if name, ok := o.kind.NameOf(body, reference.Literal); ok {
				return name
			}
		}
	}
	return o.key
}

// desiredName returns the natural key in a repository file.
func (m *matching) desiredName(o *object) (string, bool) {
	if name, ok := m.fileNames[o]; ok {
		return name, true
	}
	read := readFileName(m.ix, o)
	return read.name, read.ok
}

// nameInFile returns the natural key in a parsed file.
func nameInFile(ix *index, k *schema.Schema, body *jsonval.Node) (string, bool) {
	return k.NameOf(body, func(s string) string {
		text, _, err := reference.Expand(s, ix.values)
		if err != nil {
			return ""
		}
		return text
	})
}
