package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
)

// setDigests sets Digest and ChangeDigest from the plan's content.
//
// Digest covers what a person approves and what deploying relies on: the
// tenant, every field of every item, the broken rules, which problems there
// are and where, and how completely and under which scope each kind was read.
// It leaves out the revision, the wording of notes, notes that only inform,
// and why a kind could not be read: a plan that differs in nothing else asks
// for the same decision.
//
// ChangeDigest covers the changes alone, in names, so that the same change in
// two tenants is recognized.
//
// In both, lists count as sets: their order does not matter.
func setDigests(p *Plan) error {
	full, changes := encoder{}, encoder{}
	full.text("tenantsync plan")
	full.number(p.Format)
	full.text(p.Tenant)
	set(&full, p.Items, (*encoder).item)
	problems := slices.DeleteFunc(slices.Clone(p.Notes), func(n Note) bool { return !n.Class.Failure() })
	set(&full, problems, (*encoder).problem)
	set(&full, p.Broken, (*encoder).broken)
	set(&full, p.Kinds, (*encoder).kindState)

	changes.text("tenantsync changes")
	changes.number(p.Format)
	set(&changes, p.Items, (*encoder).itemChanges)

	for _, e := range []encoder{full, changes} {
		if e.err != nil {
			return fmt.Errorf("digest: %w", e.err)
		}
	}
	p.Digest, p.ChangeDigest = full.sum(), changes.sum()
	return nil
}

func (e *encoder) item(it Item) {
	e.text(it.ID, it.Kind, it.Key, string(it.Verb), string(it.Origin), it.RenamedFrom, it.TenantID)
	set(e, it.Changes, (*encoder).propertyChange)
	e.json(it.After)
	e.text(it.Before, it.DesiredSum)
	set(e, it.Sensitive, (*encoder).name)
	set(e, it.DependsOn, (*encoder).name)
	e.number(it.Wave)
}

func (e *encoder) propertyChange(c PropertyChange) {
	e.text(c.Pointer)
	e.json(c.Base)
	e.json(c.Before)
	e.json(c.After)
	e.text(string(c.Origin))
	if c.Redacted {
		e.number(1)
	} else {
		e.number(0)
	}
}

// problem leaves the message out: its wording is no part of the decision.
func (e *encoder) problem(n Note) { e.text(string(n.Class), n.Kind, n.Key, n.Pointer) }

// broken has the message, since it may be all that tells what is at stake:
// "break-glass account A is not excluded" is not accepted for account B.
func (e *encoder) broken(b Broken) {
	e.text(b.Rule, b.Message)
	set(e, b.Items, (*encoder).name)
}

func (e *encoder) kindState(k tenant.KindState) {
	e.text(k.Kind, string(k.Completeness), string(k.Scope))
}

func (e *encoder) itemChanges(it Item) {
	e.text(it.Kind, it.Key, string(it.Verb))
	set(e, it.Changes, func(e *encoder, c PropertyChange) {
		e.text(c.Pointer)
		e.json(c.Before)
		e.json(c.After)
	})
}

func (e *encoder) name(s string) { e.text(s) }

// encoder writes values so that different ones never look alike: every text
// is preceded by its length. It keeps the first error.
type encoder struct {
	buf bytes.Buffer
	err error
}

func (e *encoder) number(n int) {
	e.buf.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func (e *encoder) text(texts ...string) {
	for _, s := range texts {
		e.number(len(s))
		e.buf.WriteString(s)
	}
}

// json writes a JSON value by its meaning; an absent one is not null.
func (e *encoder) json(raw json.RawMessage) {
	if len(raw) == 0 {
		e.number(0)
		return
	}
	canonical, err := canonicalJSON(raw)
	if err != nil {
		if e.err == nil {
			e.err = err
		}
		return
	}
	e.text(string(canonical))
}

// set writes the members' encodings in their own order.
func set[T any](e *encoder, members []T, write func(*encoder, T)) {
	encoded := make([][]byte, 0, len(members))
	for _, m := range members {
		var one encoder
		write(&one, m)
		if e.err == nil {
			e.err = one.err
		}
		encoded = append(encoded, one.buf.Bytes())
	}
	slices.SortFunc(encoded, bytes.Compare)
	e.number(len(encoded))
	for _, b := range encoded {
		e.number(len(b))
		e.buf.Write(b)
	}
}

func (e *encoder) sum() string {
	sum := sha256.Sum256(e.buf.Bytes())
	return hex.EncodeToString(sum[:])
}
