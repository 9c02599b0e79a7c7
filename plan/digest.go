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

// Seal sets Digest and ChangeDigest from the plan's content.
//
// Digest covers what a person approves and what deploying relies on: the
// tenant, every field of every item, the broken rules, which problems there
// are and where, and how completely and under which scope each kind was read.
// It leaves out the revision, the wording of notes, notes that only inform,
// and why a kind could not be read: a plan that differs in nothing else asks
// for the same decision.
//
// ChangeDigest covers the changes alone, in names and with the values of the
// properties that they refer to, so that the same change in two tenants is
// recognized.
//
// In both, lists count as sets: their order does not matter.
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
	if p.KeyID != "" { // which ends the encoding, so that nothing else looks like it
		full.text(p.KeyID)
	}

	var changes encoder
	changes.text("tenantsync changes")
	changes.number(p.Format)
	setOf(&changes, items, (*encoder).itemChanges)

	p.Digest, p.ChangeDigest = full.sum(), changes.sum()
	return nil
}

// digestItem is an item with its JSON values encoded. That is most of the
// work, so it is done once for both digests.
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
	if it.Part != "" { // most kinds have none, and the ID tells which do
		e.text(it.Part)
	}
	setOf(e, it.changes, (*encoder).propertyChange)
	e.append(it.after)
	e.text(it.Before, it.DesiredSum)
	setOf(e, it.Sensitive, (*encoder).name)
	setOf(e, it.DependsOn, (*encoder).name)
	if len(it.Resolved) > 0 { // most items have none; the encoding's length tells which do
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
	if len(c.Secrets) > 0 { // most changes have none, and Redacted tells which do
		setOf(e, slices.Collect(maps.Keys(c.Secrets)), func(e *encoder, pointer string) { e.text(pointer, c.Secrets[pointer]) })
	}
}

// problem leaves the message out: its wording is no part of the decision.
func (e *encoder) problem(n Note) { e.text(string(n.Class), n.Kind, n.Key, n.Pointer) }

// broken has the message, since it may be all that tells what is at stake:
// "break-glass account A is not excluded" is not accepted for account B.
func (e *encoder) broken(b Violation) {
	e.text(b.Rule, b.Message)
	setOf(e, b.Items, (*encoder).name)
	if b.Limit != 0 { // most rules have none
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

// value leaves out what differs from tenant to tenant, as ids do.
func (e *encoder) value(r Resolved) { e.text(r.Ref, r.Value) }

// resolved has the ids, so that an approval holds for these objects alone.
func (e *encoder) resolved(r Resolved) {
	e.text(r.Ref, r.Value, r.ID)
	e.truth(r.New)
	e.truth(r.Undeclared)
}

func (e *encoder) truth(b bool) {
	if b {
		e.number(1)
	} else {
		e.number(0)
	}
}

func (e *encoder) name(s string) { e.text(s) }

// encoder writes values so that different ones never look alike: every text is
// preceded by its length, and every list by how many there are.
type encoder struct{ buf []byte }

func (e *encoder) number(n int) { e.buf = binary.BigEndian.AppendUint64(e.buf, uint64(n)) }

func (e *encoder) text(texts ...string) {
	for _, s := range texts {
		e.number(len(s))
		e.buf = append(e.buf, s...)
	}
}

// json writes the hash of a JSON value's canonical form, which is short however
// large the value is. An absent value is not null.
func (e *encoder) json(raw json.RawMessage, last *lastSum) error {
	if len(raw) == 0 {
		e.number(0)
		return nil
	}
	sum, err := last.of(raw)
	e.text(sum)
	return err
}

// append writes what another encoder has written.
func (e *encoder) append(other encoder) { e.buf = append(e.buf, other.buf...) }

// set writes the members' encodings in their own order.
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

// lastSum remembers the last value's hash: a create has the same bytes as its
// change and as its object.
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
