package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

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

	var full encoder
	full.text("tenantsync plan")
	full.number(p.Format)
	full.text(p.Tenant)
	setOf(&full, items, (*encoder).item)
	problems := slices.DeleteFunc(slices.Clone(p.Notes), func(n Note) bool { return !n.Class.Failure() })
	setOf(&full, problems, (*encoder).problem)
	setOf(&full, p.Broken, (*encoder).broken)
	setOf(&full, p.Kinds, (*encoder).kindState)
	if p.KeyID != "" { // unambiguous, because nothing else follows the kinds
		full.text(p.KeyID)
	}

	var changes encoder
	changes.text("tenantsync changes")
	changes.number(p.Format)
	setOf(&changes, items, (*encoder).itemChanges)

	p.Digest, p.ChangeDigest = full.sum(), changes.sum()
	return nil
}

// digestItem is an item with its JSON values encoded. Encoding them is most of
// the work, so both digests use the same encodings.
type digestItem struct {
	*Item
	after   encoder
	changes []digestChange
	// values are the properties that the changes refer to.
	values []Resolved
}

type digestChange struct {
	*PropertyChange
	base encoder
	// sides are the pointer, the value before and the value after.
	sides encoder
}

func newDigestItem(it *Item) (digestItem, error) {
	d := digestItem{Item: it, changes: make([]digestChange, len(it.Changes))}
	var last lastSum
	for i := range it.Changes {
		c, to := &it.Changes[i], &d.changes[i]
		to.PropertyChange = c
		to.sides.text(c.Pointer)
		err := errors.Join(to.base.json(c.Base, &last), to.sides.json(c.Before, &last), to.sides.json(c.After, &last))
		if err != nil {
			return d, err
		}
	}
	var err error
	if d.values, err = it.changedValues(); err != nil {
		return d, err
	}
	return d, d.after.json(it.After, &last)
}

func (e *encoder) item(it digestItem) {
	e.text(it.ID, it.Kind, it.Key, string(it.Verb), string(it.Origin), it.RenamedFrom, it.TenantID)
	if it.Part != "" { // unambiguous, because the ID contains the part
		e.text(it.Part)
	}
	setOf(e, it.changes, (*encoder).propertyChange)
	e.append(it.after)
	e.text(it.Before, it.DesiredSum)
	setOf(e, it.Sensitive, (*encoder).name)
	setOf(e, it.DependsOn, (*encoder).name)
	if len(it.Resolved) > 0 { // unambiguous, because setOf writes the item's length
		setOf(e, it.Resolved, (*encoder).resolved)
	}
	e.number(it.Wave)
}

func (e *encoder) propertyChange(c digestChange) {
	e.append(c.sides)
	e.append(c.base)
	e.text(string(c.Origin))
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
	e.text(it.Kind, it.Key, string(it.Verb))
	setOf(e, it.changes, func(e *encoder, c digestChange) {
		e.append(c.sides)
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
type encoder struct{ buf []byte }

func (e *encoder) number(n int) { e.buf = binary.BigEndian.AppendUint64(e.buf, uint64(n)) }

func (e *encoder) text(texts ...string) {
	for _, s := range texts {
		e.number(len(s))
		e.buf = append(e.buf, s...)
	}
}

// json writes the hash of a JSON value's canonical form. For an absent value it
// writes 0, which differs from null.
func (e *encoder) json(raw json.RawMessage, last *lastSum) error {
	if len(raw) == 0 {
		e.number(0)
		return nil
	}
	sum, err := last.of(raw)
	e.text(sum)
	return err
}

// append writes the content of another encoder.
func (e *encoder) append(other encoder) { e.buf = append(e.buf, other.buf...) }

// setOf writes the encodings of the members, each with its length, sorted by
// content. So the order of members does not matter.
func setOf[T any](e *encoder, members []T, write func(*encoder, T)) {
	var all encoder
	ends := make([]int, 0, len(members))
	for _, m := range members {
		write(&all, m)
		ends = append(ends, len(all.buf))
	}
	encoded, begin := make([][]byte, 0, len(members)), 0
	for _, end := range ends {
		encoded, begin = append(encoded, all.buf[begin:end]), end
	}
	slices.SortFunc(encoded, bytes.Compare)
	e.buf = slices.Grow(e.buf, len(all.buf)+8*(len(encoded)+1))
	e.number(len(encoded))
	for _, b := range encoded {
		e.number(len(b))
		e.buf = append(e.buf, b...)
	}
}

func (e *encoder) sum() string { return hexSum(e.buf) }

// lastSum caches the hash of the last value. The one change of a create and its
// After have the same bytes.
type lastSum struct {
	raw []byte
	sum string
}

func (l *lastSum) of(raw json.RawMessage) (string, error) {
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
