package schema

import (
	"bytes"
	"errors"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Canonicalizer writes the canonical text of a tenant's objects, in one pass
// over their bytes and without a tree. [Schema.Fingerprint] hashes the same
// text. Decoding takes most of the time of a comparison, and most objects have
// not changed. The zero value is ready for use. A Canonicalizer must not be
// used concurrently.
type Canonicalizer struct {
	scan    jsonval.Scanner
	pieces  pieces
	body    []byte
	escaped []byte // the decoded text of the current string
	looked  int    // the number of bytes that were searched for types
	named   bool   // the object has a text that is a secret by its name
}

// maxMoved is how many times a body's length may be copied to sort members. An
// object whose members are not sorted is copied once for each object around it.
// A body with hundreds of levels is read into a tree, whose members are sorted
// without copies of texts.
const maxMoved = 16

// errSlow means that the object must be read into a tree. It has types of
// properties. Or it has the types that rules depend on after much other text,
// or with escapes. Or a member's name cannot be written without escapes. Or its
// members are not sorted at many levels.
var errSlow = errors.New("read it into a tree")

// Append appends the canonical text of an object of the kind. It returns an
// error for a body that is not a JSON object.
func (c *Canonicalizer) Append(dst []byte, k *Schema, body []byte) ([]byte, error) {
	c.scan.Reset(body)
	c.body, c.looked, c.named = body, 0, false
	c.pieces.list, c.pieces.moved = c.pieces.list[:0], 0
	tok, err := c.scan.Next()
	if err == nil && tok.Kind != '{' {
		err = errors.New("not a JSON object")
	}
	text := dst
	if err == nil {
		text, err = c.object(dst, k.Root, true, false)
	}
	c.scan.Reset(nil)
	c.body = nil
	if err == errSlow {
		return c.appendByTree(dst, k, body)
	}
	if err != nil {
		return dst, err
	}
	return text, nil
}

// appendByTree is Append with a tree.
func (c *Canonicalizer) appendByTree(dst []byte, k *Schema, body []byte) ([]byte, error) {
	n, err := jsonval.ParseObject(body)
	if err != nil {
		return dst, err
	}
	c.named = k.SecretNames && holdsNamedSecret(k.Root, n, true)
	return k.canonical(n).AppendJSON(dst), nil
}

// canonical returns the canonical form of a tenant's object, without masked
// secrets.
func (k *Schema) canonical(body *jsonval.Node) *jsonval.Node {
	s := Form{Mask: func(*jsonval.Node) *jsonval.Node { return nil }}
	return canonicalValue(k.Root, s.Apply(k, body), false)
}

// object appends an object whose opening bracket has been read.
func (c *Canonicalizer) object(text []byte, r *Rule, top, inArray bool) ([]byte, error) {
	if r != nil && len(r.byType) > 0 {
		typ, err := c.typeAhead()
		if err != nil {
			return nil, err
		}
		r = r.ofType(typ)
	}
	text = append(text, '{')
	begin, first := len(text), len(c.pieces.list)
	for {
		name, err := c.scan.Next()
		if err != nil {
			return nil, err
		}
		if name.Kind == '}' {
			break
		}
		content := c.scan.Text(name)
		if name.Escaped {
			content = c.scan.AppendText(nil, name)
		}
		next, kind := r.member(content, c.scan.NameHash())
		f := next.Fact()
		if kind == typeAnnotation || f.tokenState != nil { // whether it counts depends on a property beside it
			return nil, errSlow
		}
		if f.readOnly || f.isToken || kind != property || top && len(content) > 0 && content[0] == '$' {
			if _, err := c.scan.Skip(); err != nil {
				return nil, err
			}
			continue
		}
		tok, err := c.scan.Next()
		if err != nil {
			return nil, err
		}
		if tok.Kind == 'n' { // null is absent
			continue
		}
		start := len(text)
		if name.Escaped {
			text = jsonval.AppendString(text, content)
			if !bytes.Equal(text[start+1:len(text)-1], content) {
				return nil, errSlow // pieces cannot be sorted by a text with escapes
			}
			text = append(text, ':')
		} else {
			text = append(text, c.body[name.Start:name.End+1]...)
			text[len(text)-1] = ':' // in place of the colon, or of white space
		}
		value := len(text)
		var masked bool
		text, masked, err = c.value(text, tok, next, inArray, false)
		if err != nil {
			return nil, err
		}
		if masked || absent(f, text[value:], inArray) {
			text = text[:start]
			continue
		}
		text = append(text, ',')
		c.pieces.add(prefixOf(content), start, value-len(`":`), len(text))
	}
	text = append(c.pieces.order(text, begin, first, false), '}')
	if c.pieces.moved > maxMoved*len(c.body) {
		return nil, errSlow
	}
	return text, nil
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

// absent reports whether a member with this canonical text, which is not null,
// is equal to an absent one; see [Canonical].
func absent(f *Facts, text []byte, inArray bool) bool {
	if len(text) == 2 { // most are longer
		switch string(text) {
		case "{}", "[]", `""`:
			return inArray || f.emptyIsAbsent || f.Set != nil || len(f.defaults) > 0
		}
	}
	for _, d := range f.defaultTexts {
		if string(text) == d {
			return true
		}
	}
	return false
}

// value appends the value that tok begins. masked reports that the value is a
// mask. A mask is appended only if it is an element of an array.
func (c *Canonicalizer) value(text []byte, tok jsonval.Token, r *Rule, inArray, element bool) (_ []byte, masked bool, err error) {
	switch tok.Kind {
	case '"':
		text, masked = c.string(text, tok, r.Fact(), element)
	case '{':
		text, err = c.object(text, r, false, inArray)
	case '[':
		text, err = c.array(text, r)
	case '0':
		raw := c.scan.Raw(tok)
		if isPlainNumber(raw) {
			text = append(text, raw...)
		} else {
			text = append(text, jsonval.CanonicalNumber(string(raw))...)
		}
	default:
		text = append(text, c.scan.Raw(tok)...)
	}
	return text, masked, err
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

// array appends an array whose opening bracket has been read.
func (c *Canonicalizer) array(text []byte, r *Rule) ([]byte, error) {
	set := r.Fact().Set
	next := r.Step("*")
	text = append(text, '[')
	begin, first := len(text), len(c.pieces.list)
	for {
		tok, err := c.scan.Next()
		if err != nil {
			return nil, err
		}
		if tok.Kind == ']' {
			break
		}
		start := len(text)
		if text, _, err = c.value(text, tok, next, true, true); err != nil {
			return nil, err
		}
		end := len(text)
		text = append(text, ',')
		if set != nil {
			c.pieces.add(prefixOf(text[start:end]), start, end, end+1)
		}
	}
	if set != nil {
		text = c.pieces.order(text, begin, first, !set.multi)
	} else if len(text) > begin {
		text = text[:len(text)-1] // the comma
	}
	return append(text, ']'), nil
}
