package main

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

// coarse are the Edm types that a word of the typings stands for.
var coarse = map[string][]string{
	"string":  {"Edm.String", "Edm.Guid", "Edm.DateTimeOffset", "Edm.Date", "Edm.TimeOfDay", "Edm.Duration", "Edm.Stream", "Edm.Binary"},
	"boolean": {"Edm.Boolean"},
	"number":  {"Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Double", "Edm.Single", "Edm.Decimal", "Edm.Byte", "Edm.SByte"},
}

// defaults are the types that the words of the typings stand for if no source
// is more exact.
var defaults = map[string]string{"string": "Edm.String", "boolean": "Edm.Boolean", "number": numberType}

// evidence is what the sources have of one property of beta.
type evidence struct {
	typed *typedProp
	coded *sdkProp
	// exact are the declarations in CSDL documents: a cloud's, then v1.0's.
	cloud, v1 *prop
}

func (b *betaSources) evidence(full, name string) evidence {
	var e evidence
	if t := b.typed[full]; t != nil {
		if p, ok := t.own.props[name]; ok {
			e.typed = &p
		}
	}
	if k := b.coded[full]; k != nil {
		if p, ok := k.own.props[name]; ok {
			e.coded = &p
		}
	}
	if c := b.cloud(full); c != nil {
		e.cloud = c.props[name]
	}
	if o := b.v1.types[full]; o != nil {
		e.v1 = o.props[name]
	}
	return e
}

// exact returns the declarations in documents.
func (e evidence) exact() []*prop {
	return slices.DeleteFunc([]*prop{e.cloud, e.v1}, func(p *prop) bool { return p == nil })
}

// prop puts a property together from its evidence.
func (b *betaSources) prop(full, name string, nav bool) *prop {
	e := b.evidence(full, name)
	p := &prop{nav: nav}
	sure := false // whether a source tells if it is a collection
	if e.typed != nil {
		p.typ, p.collection, sure = b.typeOfTyped(full, e), e.typed.collection, true
		p.nullable = answer(e.typed.nullable)
	}
	if k := e.coded; k != nil && k.typ != nil {
		if newer := b.resolve(k.typ.space, k.typ.name); newer != "" && p.typ != "" && newer != p.typ { // the SDK is newer
			p.typ = newer
			if !k.enum { // it reads flags as a collection
				p.collection = k.collection
			}
		}
	}
	if k := e.coded; k != nil && p.typ == "" {
		if !sure {
			p.collection, sure = k.collection, true
		}
		if p.typ = k.edm; k.typ != nil {
			p.typ = b.resolve(k.typ.space, k.typ.name)
		}
	}
	if p.typ == "Edm.Binary" && e.typed != nil && e.typed.typ == "any" {
		p.typ = "Edm.Stream" // the typings call a stream any, and the SDK calls it binary
	}
	if x := e.exact(); len(x) > 0 {
		if p.typ == "" || p.typ == numberType && slices.Contains(coarse["number"], x[0].typ) {
			p.typ = x[0].typ
			if !sure {
				p.collection = x[0].collection
			}
		}
		if e.typed == nil {
			p.nullable = x[0].nullable
		}
	}
	b.mark(p, e)
	return p
}

// typeOfTyped returns the type that the typings have, as exactly as the other
// sources know it.
func (b *betaSources) typeOfTyped(full string, e evidence) string {
	word := e.typed.typ
	kinds := coarse[word]
	if kinds == nil {
		return b.resolve(b.typed[full].space, word)
	}
	for _, x := range e.exact() {
		if slices.Contains(kinds, x.typ) {
			return x.typ
		}
	}
	if k := e.coded; k != nil && (slices.Contains(kinds, k.edm) || k.edm == numberType) {
		return k.edm
	}
	return defaults[word]
}

// mark sets the marks of a property.
func (b *betaSources) mark(p *prop, e evidence) {
	if e.typed != nil && e.typed.saidReadOnly {
		p.marks |= graphmeta.SaidReadOnly
	}
	if e.cloud != nil {
		p.marks |= e.cloud.marks
	}
	if e.v1 != nil {
		p.marks |= e.v1.marks & graphmeta.SaidReadOnly
		p.v1only = e.v1.marks &^ p.marks
	}
}
