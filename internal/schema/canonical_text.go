package schema

import (
	"bytes"
	"errors"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Canonicalizer writes the canonical text of a tenant's objects, in one pass
// over their bytes and without a tree. [Schema.Fingerprint] hashes the same
// text. Decoding takes most of the time of a comparison, and most objects have
// not changed. The zero value is ready for use. A Canonicalizer must not be
// used concurrently.
type Canonicalizer struct {
	scan   jsonval.Scanner
	text   []byte
	spare  []byte // a copy of a value's text while its pieces are sorted
	pieces []piece
	body   []byte
	// escaped is the decoded text of the current string.
	escaped []byte
	looked  int // the number of bytes that were searched for types
}

// piece is a member of an object or an element of a set, as a range of the
// text.
type piece struct {
	name       []byte // the member's name, decoded
	start, end int
}

// errSlow means that the object must be read into a tree. It has types of
// properties. Or it has the types that rules depend on after much other text,
// or with escapes.
var errSlow = errors.New("read it into a tree")

// Append appends the canonical text of an object of the kind. It returns an
// error for a body that is not a JSON object.
func (c *Canonicalizer) Append(dst []byte, k *Schema, body []byte) ([]byte, error) {
	c.scan.Reset(body)
	c.body, c.looked = body, 0
	defer c.scan.Reset(nil)
	c.text, c.pieces = c.text[:0], c.pieces[:0]
	tok, err := c.scan.Next()
	if err == nil && tok.Kind != '{' {
		err = errors.New("not a JSON object")
	}
	if err == nil {
		err = c.object(k.Root, true, false)
	}
	if err == errSlow {
		return appendByTree(dst, k, body)
	}
	if err != nil {
		return dst, err
	}
	return append(dst, c.text...), nil
}

// appendByTree is Append with a tree.
func appendByTree(dst []byte, k *Schema, body []byte) ([]byte, error) {
	n, err := jsonval.ParseObject(body)
	if err != nil {
		return dst, err
	}
	return k.canonical(n).AppendJSON(dst), nil
}

// canonical returns the canonical form of a tenant's object, without masked
// secrets.
func (k *Schema) canonical(body *jsonval.Node) *jsonval.Node {
	s := Form{Mask: func(*jsonval.Node) *jsonval.Node { return nil }}
	return canonicalValue(k.Root, s.Apply(k, body), false)
}

// object writes an object whose opening bracket has been read.
func (c *Canonicalizer) object(r *Rule, top, inArray bool) error {
	begin, first := len(c.text), len(c.pieces)
	c.text = append(c.text, '{')
	if r != nil && len(r.byType) > 0 {
		typ, err := c.typeAhead()
		if err != nil {
			return err
		}
		r = r.ofType(typ)
	}
	for {
		tok, err := c.scan.Next()
		if err != nil {
			return err
		}
		if tok.Kind == '}' {
			break
		}
		name := c.scan.Text(tok)
		if tok.Escaped {
			name = c.scan.AppendText(nil, tok)
		}
		next := r.stepBytes(name)
		f := next.Fact()
		kind := kindOfBytes(name)
		if kind == typeAnnotation || f.tokenState != nil { // whether it counts depends on a property beside it
			return errSlow
		}
		if f.readOnly || f.isToken || kind != property || top && len(name) > 0 && name[0] == '$' {
			if _, err := c.scan.Skip(); err != nil {
				return err
			}
			continue
		}
		start := len(c.text)
		if tok.Escaped {
			c.text = jsonval.AppendString(c.text, string(name))
		} else {
			c.text = append(c.text, c.scan.Raw(tok)...)
		}
		c.text = append(c.text, ':')
		value := len(c.text)
		masked, err := c.value(next, inArray, false)
		if err != nil {
			return err
		}
		if masked || absent(f, c.text[value:], inArray) {
			c.text = c.text[:start]
			continue
		}
		c.text = append(c.text, ',')
		c.pieces = append(c.pieces, piece{name, start, len(c.text)})
	}
	c.order(begin, first, func(a, b piece) int { return bytes.Compare(a.name, b.name) }, false)
	c.text = append(c.text, '}')
	return nil
}

// typeAhead returns the "@odata.type" of the current object, without "#". In
// most objects it is the first member. A body with types behind other members
// at many levels would be searched once per level. typeAhead returns errSlow
// for it.
func (c *Canonicalizer) typeAhead() (string, error) {
	rest := c.body[c.scan.Offset():]
	typ, read, ok := findType(rest)
	c.looked += read
	if !ok || c.looked > 4*len(c.body) {
		return "", errSlow
	}
	return string(bytes.TrimPrefix(typ, []byte("#"))), nil
}

// findType looks for the "@odata.type" among the members at the beginning of a
// text, up to the closing bracket of their object. It returns the number of
// bytes that it has read. ok is false if the name of a member or the type has
// an escape. For a text that is not JSON the result is undefined, because the
// scanner refuses the text later.
func findType(text []byte) (typ []byte, read int, ok bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return nil, i, true
			}
		case '"':
			end := stringEnd(text, i)
			value := bytes.TrimLeft(text[min(end, len(text)):], " \t\r\n")
			name := text[i+1 : max(end-1, i+1)]
			if i = end - 1; depth > 0 || len(value) == 0 || value[0] != ':' {
				continue
			}
			if bytes.IndexByte(name, '\\') >= 0 {
				return nil, i, false
			}
			if string(name) != typeName {
				continue
			}
			if value = bytes.TrimLeft(value[1:], " \t\r\n"); len(value) == 0 || value[0] != '"' {
				return nil, i, true
			}
			typ = value[1:max(stringEnd(value, 0)-1, 1)]
			return typ, i, bytes.IndexByte(typ, '\\') < 0
		}
	}
	return nil, len(text), true
}

// stringEnd returns the offset after the string that begins at i.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// absent reports whether a member with this canonical text is equal to an
// absent one; see [Canonical].
func absent(f *Facts, text []byte, inArray bool) bool {
	switch string(text) {
	case "null":
		return true
	case "{}", "[]", `""`:
		return inArray || f.emptyIsAbsent || f.Set != nil || len(f.defaults) > 0
	}
	for _, d := range f.defaultTexts {
		if string(text) == d {
			return true
		}
	}
	return false
}

// value writes the next value. masked reports that the value is a mask. A mask
// is written only if it is an element of an array.
func (c *Canonicalizer) value(r *Rule, inArray, element bool) (masked bool, err error) {
	tok, err := c.scan.Next()
	if err != nil {
		return false, err
	}
	switch tok.Kind {
	case '{':
		return false, c.object(r, false, inArray)
	case '[':
		return false, c.array(r)
	case '"':
		return c.string(tok, r.Fact(), element), nil
	case '0':
		raw := c.scan.Raw(tok)
		if isPlainNumber(raw) {
			c.text = append(c.text, raw...)
		} else {
			c.text = append(c.text, jsonval.CanonicalNumber(string(raw))...)
		}
	default:
		c.text = append(c.text, c.scan.Raw(tok)...)
	}
	return false, nil
}

// isPlainNumber reports whether a number is short and consists of digits. Such
// a number is canonical.
func isPlainNumber(raw []byte) bool {
	if len(raw) > 15 {
		return false
	}
	for _, b := range raw {
		if b < '0' || b > '9' {
			return false
		}
	}
	return true
}

// array writes an array whose opening bracket has been read.
func (c *Canonicalizer) array(r *Rule) error {
	begin, first := len(c.text), len(c.pieces)
	set := r.Fact().Set
	next := r.Step("*")
	c.text = append(c.text, '[')
	for {
		if closed, err := c.closes(); err != nil || closed {
			if err != nil {
				return err
			}
			break
		}
		start := len(c.text)
		if _, err := c.value(next, true, true); err != nil {
			return err
		}
		c.text = append(c.text, ',')
		if set != nil {
			c.pieces = append(c.pieces, piece{nil, start, len(c.text)})
		}
	}
	if set != nil {
		text := c.text
		c.order(begin, first, func(a, b piece) int {
			return bytes.Compare(text[a.start:a.end-1], text[b.start:b.end-1])
		}, !set.multi)
	} else if last := len(c.text) - 1; c.text[last] == ',' {
		c.text = c.text[:last]
	}
	c.text = append(c.text, ']')
	return nil
}

// closes reports whether the current array ends here, and if so reads its
// bracket.
func (c *Canonicalizer) closes() (bool, error) {
	if c.scan.Peek() != ']' {
		return false, nil
	}
	_, err := c.scan.Next()
	return true, err
}

// order sorts the pieces from first on, whose text follows the bracket at
// begin. It drops the comma after the last piece. With once, it drops
// duplicates.
func (c *Canonicalizer) order(begin, first int, compare func(a, b piece) int, once bool) {
	pieces := c.pieces[first:]
	sorted := true
	for i := 1; i < len(pieces) && sorted; i++ {
		by := compare(pieces[i-1], pieces[i])
		sorted = by < 0 || by == 0 && !once
	}
	if !sorted {
		slices.SortStableFunc(pieces, compare)
		c.spare = append(c.spare[:0], c.text[begin+1:]...)
		c.text = c.text[:begin+1]
		for i, p := range pieces {
			text := c.spare[p.start-begin-1 : p.end-begin-1]
			if once && i > 0 {
				if was := pieces[i-1]; bytes.Equal(text, c.spare[was.start-begin-1:was.end-begin-1]) {
					continue
				}
			}
			c.text = append(c.text, text...)
		}
	}
	if len(pieces) > 0 {
		c.text = c.text[:len(c.text)-1]
	}
	c.pieces = c.pieces[:first]
}

// string writes a string in its canonical notation.
func (c *Canonicalizer) string(tok jsonval.Token, f *Facts, element bool) (masked bool) {
	text := c.scan.Text(tok)
	if f.Masked && onlyAsterisks(text) {
		if element {
			c.text = append(c.text, c.scan.Raw(tok)...)
		}
		return true
	}
	if tok.Escaped {
		c.escaped = c.scan.AppendText(c.escaped[:0], tok)
		text = c.escaped
	}
	asIs := f.secret || len(text) == 0 ||
		len(f.literals) == 0 && (f.form == tenant.Text || f.form == "" && len(text) != guidLength)
	switch {
	case asIs && tok.Escaped:
		c.text = jsonval.AppendString(c.text, text)
		return false
	case asIs:
		c.text = append(c.text, c.scan.Raw(tok)...)
		return false
	case tok.Escaped:
		c.text = jsonval.AppendString(c.text, canonicalText(f, string(text)))
		return false
	}
	start := len(c.text)
	c.text = append(c.text, c.scan.Raw(tok)...)
	own := c.text[start+1 : len(c.text)-1]
	if bytes.HasPrefix(own, []byte("${")) || canonicalInPlace(f, own) {
		return false
	}
	c.text = jsonval.AppendString(c.text[:start], canonicalText(f, string(text)))
	return false
}

// canonicalInPlace converts a string to its canonical notation in place. It
// reports false if the notation may have another length.
func canonicalInPlace(f *Facts, text []byte) bool {
	switch form := f.form; {
	case form == tenant.Enumeration, isWordBytes(f.literals, text):
		lowerBytes(text)
	case form == tenant.Flags:
		lowerBytes(text)
		return areSortedFlags(text)
	case form == tenant.ID && bytes.IndexByte(text, '@') >= 0:
		return false
	case form == "" || form == tenant.ID:
		foldGUID(text)
	default:
		return false
	}
	return true
}

// areSortedFlags reports whether a text in lower case is what [flagsText]
// returns for it.
func areSortedFlags(text []byte) bool {
	var last []byte
	for rest, more := text, true; more; {
		var flag []byte
		flag, rest, more = bytes.Cut(rest, []byte(","))
		if len(flag) == 0 || flag[0] <= ' ' || flag[len(flag)-1] <= ' ' || flag[0] >= 0x80 || flag[len(flag)-1] >= 0x80 || bytes.Compare(last, flag) >= 0 {
			return false // flagsText must trim, sort or compact it
		}
		last = flag
	}
	return true
}

// isWordBytes is isWord for bytes.
func isWordBytes(literals []string, text []byte) bool {
	return slices.ContainsFunc(literals, func(l string) bool { return len(l) == len(text) && equalFoldASCII(l, text) })
}

func equalFoldASCII(a string, b []byte) bool {
	for i := range len(a) {
		if lowerByte(a[i]) != lowerByte(b[i]) {
			return false
		}
	}
	return true
}

func lowerByte(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

func lowerBytes(text []byte) {
	for i, b := range text {
		text[i] = lowerByte(b)
	}
}

const guidLength = 36

// foldGUID converts a text to lower case if it is a GUID.
func foldGUID(text []byte) {
	if len(text) != guidLength {
		return
	}
	upper := false
	for i, b := range text {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if b != '-' {
				return
			}
		case b >= '0' && b <= '9' || b >= 'a' && b <= 'f':
		case b >= 'A' && b <= 'F':
			upper = true
		default:
			return
		}
	}
	if upper {
		for i, b := range text {
			if b >= 'A' && b <= 'F' {
				text[i] = b + 'a' - 'A'
			}
		}
	}
}

func onlyAsterisks(text []byte) bool {
	return len(text) > 0 && len(bytes.Trim(text, "*")) == 0
}

// kindOfBytes is kindOfMember for bytes.
func kindOfBytes(name []byte) memberKind {
	if len(name) == 0 || name[0] != '#' && bytes.IndexByte(name, '@') < 0 || string(name) == typeName {
		return property
	}
	return kindOfMember(string(name))
}

// stepBytes is [Rule.Step] for a member's name in bytes.
func (r *Rule) stepBytes(name []byte) *Rule {
	if len(name) > 0 && name[0] == '@' {
		return r.Step(string(name))
	}
	if r == nil {
		return nil
	}
	if next, ok := r.names[string(name)]; ok { // without an allocation
		return next
	}
	return r.other
}
