package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Seal computes Digest and ChangeDigest from the plan's content and sets them.
// The comments of these fields say what each covers. Digest leaves out content
// that can change without a new decision, such as the messages of notes.
//
// Seal returns an error, and sets nothing, if a value in the plan is not valid
// JSON. It must not run concurrently with other uses of the plan.
func (p *Plan) Seal() error {
	items := make([]digestItem, 0, len(p.Items))
	for i := range p.Items {
		it, err := newDigestItem(&p.Items[i])
		if err != nil {
			return fmt.Errorf("digest: item %q: %w", p.Items[i].ID, err)
		}
		items = append(items, it)
	}

	var e encoder
	full := sha256.New()
	e.text("tenantsync plan")
	e.number(p.Format)
	e.text(p.Tenant)
	e.items(full, items, (*encoder).item)
	problems := slices.DeleteFunc(slices.Clone(p.Notes), func(n Note) bool { return !n.Class.Failure() })
	setOf(&e, problems, (*encoder).problem)
	setOf(&e, p.Broken, (*encoder).broken)
	setOf(&e, p.Kinds, (*encoder).kindState)
	if p.KeyID != "" { // unambiguous, because nothing else follows the kinds
		e.text(p.KeyID)
	}
	e.flush(full)

	changes := sha256.New()
	e.text("tenantsync changes")
	e.number(p.Format)
	e.items(changes, items, (*encoder).itemChanges)

	p.Digest, p.ChangeDigest = hex.EncodeToString(full.Sum(nil)), hex.EncodeToString(changes.Sum(nil))
	return nil
}

// digestItem is an item with the hashes of its JSON values. Hashing them is most
// of the work, so both digests use the same hashes.
type digestItem struct {
	*Item
	after   string
	changes []digestChange
	// values are the properties that the changes refer to.
	values []Resolved
}

// digestChange is a change with the hashes of its values ([lastSum.of]).
type digestChange struct {
	*PropertyChange
	base, before, after string
}

func newDigestItem(it *Item) (digestItem, error) {
	d := digestItem{Item: it, changes: make([]digestChange, len(it.Changes))}
	var last lastSum
	var errs [3]error
	for i := range it.Changes {
		c, to := &it.Changes[i], &d.changes[i]
		to.PropertyChange = c
		to.base, errs[0] = last.of(c.Base)
		to.before, errs[1] = last.of(c.Before)
		to.after, errs[2] = last.of(c.After)
		if err := errors.Join(errs[:]...); err != nil {
			return d, err
		}
	}
	var err error
	if d.values, err = it.changedValues(); err != nil {
		return d, err
	}
	d.after, err = last.of(it.After)
	return d, err
}

func (e *encoder) item(it digestItem) {
	e.text(it.ID, it.Kind, it.Key, string(it.Verb), string(it.Origin), it.RenamedFrom, it.TenantID)
	if it.Part != "" { // unambiguous, because the ID contains the part
		e.text(it.Part)
	}
	setOf(e, it.changes, (*encoder).propertyChange)
	e.text(it.after, it.Before, it.DesiredSum)
	setOf(e, it.Sensitive, (*encoder).name)
	setOf(e, it.DependsOn, (*encoder).name)
	if len(it.Resolved) > 0 { // unambiguous, because setOf writes the item's length
		setOf(e, it.Resolved, (*encoder).resolved)
	}
	e.number(it.Wave)
	if it.Restored || it.Preview { // unambiguous, because setOf writes the item's length
		e.text("restored", strconv.FormatBool(it.Restored), strconv.FormatBool(it.Preview))
	}
}

func (e *encoder) propertyChange(c digestChange) {
	e.text(c.Pointer, c.before, c.after, c.base, string(c.Origin))
	flags := 0
	if c.Redacted {
		flags |= 1
	}
	if c.NotKept {
		flags |= 2
	}
	e.number(flags)
	if len(c.Secrets) > 0 { // unambiguous, because setOf writes the change's length
		setOf(e, slices.Collect(maps.Keys(c.Secrets)), func(e *encoder, pointer string) { e.text(pointer, c.Secrets[pointer]) })
	}
}

// problem does not write the message, which may change without a new decision.
func (e *encoder) problem(n Note) { e.text(string(n.Class), n.Kind, n.Key, n.Pointer) }

// broken writes the message, because only the message may say what is at stake:
// an approval of "break-glass account A is not excluded" must not count for
// account B.
func (e *encoder) broken(b Violation) {
	e.text(b.Rule, b.Message)
	setOf(e, b.Items, (*encoder).name)
	if b.Limit != 0 { // unambiguous, because setOf writes the violation's length
		e.number(b.Limit)
	}
}

func (e *encoder) kindState(k tenant.KindState) {
	e.text(k.Kind, string(k.Completeness), string(k.Scope))
}

func (e *encoder) itemChanges(it digestItem) {
	verb := string(it.Verb)
	if it.Restored {
		verb = "restore" // no verb is called so
	}
	e.text(it.Kind, it.Key, verb)
	setOf(e, it.changes, func(e *encoder, c digestChange) {
		e.text(c.Pointer, c.before, c.after)
		if len(c.FleetSecrets) > 0 {
			setOf(e, slices.Collect(maps.Keys(c.FleetSecrets)), func(e *encoder, pointer string) { e.text(pointer, c.FleetSecrets[pointer]) })
		}
	})
	if len(it.values) > 0 {
		setOf(e, it.values, (*encoder).value)
	}
}

// value does not write the ids, which differ between tenants.
func (e *encoder) value(r Resolved) { e.text(r.Ref, r.Value) }

// resolved writes the ids too, so that an approval is for these objects alone.
func (e *encoder) resolved(r Resolved) {
	e.text(r.Ref, r.Value, r.ID)
	e.boolean(r.New)
	e.boolean(r.Undeclared)
}

func (e *encoder) boolean(b bool) {
	if b {
		e.number(1)
	} else {
		e.number(0)
	}
}

func (e *encoder) name(s string) { e.text(s) }

// encoder encodes values unambiguously: it writes the length before every text,
// and the number of members before every list.
type encoder struct {
	buf []byte
	// ends are the ends of the members of the sets that are being written, by
	// their place in buf.
	ends []int
	// unsorted and members are the memory of setOf for one set.
	unsorted []byte
	members  [][]byte
	// encoded is the memory of the items.
	encoded [][]byte
}

func (e *encoder) number(n int) { e.buf = binary.BigEndian.AppendUint64(e.buf, uint64(n)) }

func (e *encoder) text(texts ...string) {
	for _, s := range texts {
		e.number(len(s))
		e.buf = append(e.buf, s...)
	}
}

// flush moves what was written to a hash.
func (e *encoder) flush(h hash.Hash) {
	h.Write(e.buf)
	e.buf = e.buf[:0]
}

// setOf writes the encodings of the members, each with its length, sorted by
// content. So the order of members does not matter.
func setOf[T any](e *encoder, members []T, write func(*encoder, T)) {
	begin, outer := len(e.buf), len(e.ends)
	for _, m := range members {
		write(e, m)
		e.ends = append(e.ends, len(e.buf))
	}
	// The members' own sets are written, so their memory is free.
	e.unsorted, e.members = append(e.unsorted[:0], e.buf[begin:]...), e.members[:0]
	from := 0
	for _, end := range e.ends[outer:] {
		e.members = append(e.members, e.unsorted[from:end-begin])
		from = end - begin
	}
	slices.SortFunc(e.members, bytes.Compare)
	e.buf, e.ends = e.buf[:begin], e.ends[:outer]
	e.number(len(e.members))
	for _, b := range e.members {
		e.number(len(b))
		e.buf = append(e.buf, b...)
	}
}

// items is setOf for the items of a plan. First it adds the encoder's buffer to
// the hash. Then it encodes each item, sorts the encoded items, and adds them to
// the hash one by one, so that they are not copied into one large buffer.
func (e *encoder) items(h hash.Hash, items []digestItem, write func(*encoder, digestItem)) {
	e.number(len(items))
	e.flush(h)
	e.encoded = slices.Grow(e.encoded[:0], len(items))[:len(items)]
	for i, it := range items {
		write(e, it)
		e.encoded[i] = append(e.encoded[i][:0], e.buf...)
		e.buf = e.buf[:0]
	}
	slices.SortFunc(e.encoded, bytes.Compare)
	for _, b := range e.encoded {
		e.number(len(b))
		e.flush(h)
		h.Write(b)
	}
}

// lastSum caches the hash of the last value. The one change of a create and its
// After have the same bytes.
type lastSum struct {
	raw []byte
	sum string
}

// of returns the hash of a JSON value's canonical form. It is empty for an
// absent value, which differs from null.
func (l *lastSum) of(raw json.RawMessage) (string, error) {
	if len(raw) == 0 {
		return "", nil
	}
	if l.sum != "" && bytes.Equal(raw, l.raw) {
		return l.sum, nil
	}
	text, err := jsonval.CanonicalJSON(raw)
	if err != nil {
		return "", err
	}
	l.raw, l.sum = raw, hexSum(text)
	return l.sum, nil
}
