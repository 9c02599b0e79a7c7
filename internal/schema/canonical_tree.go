package schema

import (
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// AppendTree is [Canonicalizer.Append] for an object that is parsed already. The
// members of a tree's objects are sorted, so only sets need sorting.
func (c *Canonicalizer) AppendTree(dst []byte, k *Schema, body *jsonval.Node) []byte {
	c.pieces.list = c.pieces.list[:0]
	t := treeText{dst, &c.pieces}
	if !t.object(k.Root, body, true, false) {
		return k.canonical(body).AppendJSON(dst)
	}
	return t.text
}

// treeText is the canonical text of a tree.
type treeText struct {
	text   []byte
	pieces *pieces
}

// object writes an object. It returns false for an object with a member that
// counts only with a property beside it.
func (t *treeText) object(r *Rule, n *jsonval.Node, top, inArray bool) bool {
	of := r.In(n)
	t.text = append(t.text, '{')
	empty := len(t.text)
	for i, kid := range n.Kids {
		name := n.Names[i]
		next := of.Step(name)
		f, kind := next.Fact(), kindOfMember(name)
		switch {
		case kind == typeAnnotation || f.tokenState != nil:
			return false
		case f.readOnly || f.isToken || kind != property || top && strings.HasPrefix(name, "$"),
			kid.IsNull(), f.Masked && kid.IsString() && reference.IsAsterisks(kid.Text):
			continue
		}
		start := len(t.text)
		t.text = append(jsonval.AppendString(t.text, name), ':')
		value := len(t.text)
		if !t.value(next, kid, inArray) {
			return false
		}
		if absent(f, t.text[value:], inArray) {
			t.text = t.text[:start]
			continue
		}
		t.text = append(t.text, ',')
	}
	if len(t.text) > empty {
		t.text = t.text[:len(t.text)-1]
	}
	t.text = append(t.text, '}')
	return true
}

// value writes a value. It returns false as object does.
func (t *treeText) value(r *Rule, n *jsonval.Node, inArray bool) bool {
	switch n.Kind {
	case '{':
		return t.object(r, n, false, inArray)
	case '[':
		return t.array(r, n)
	case '"':
		text := n.Text
		if f := r.Fact(); !f.Masked || !reference.IsAsterisks(text) { // a mask in an array stays as it is
			text = canonicalText(f, text)
		}
		t.text = jsonval.AppendString(t.text, text)
	default:
		t.text = n.AppendJSON(t.text)
	}
	return true
}

// array writes an array. It returns false as object does.
func (t *treeText) array(r *Rule, n *jsonval.Node) bool {
	begin, first := len(t.text), len(t.pieces.list)
	next, set := r.Step("*"), r.Fact().Set
	t.text = append(t.text, '[')
	for _, kid := range n.Kids {
		start := len(t.text)
		if !t.value(next, kid, true) {
			return false
		}
		end := len(t.text)
		t.text = append(t.text, ',')
		if set != nil {
			t.pieces.add(prefixOf(t.text[start:end]), start, end, end+1)
		}
	}
	switch {
	case set != nil:
		t.text = t.pieces.order(t.text, begin+1, first, !set.multi)
	case len(n.Kids) > 0:
		t.text = t.text[:len(t.text)-1]
	}
	t.text = append(t.text, ']')
	return true
}
