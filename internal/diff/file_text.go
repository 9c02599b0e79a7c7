package diff

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// fileEditor writes the tenant's values into a file. It keeps the file's text
// for values that are equal in the tenant, and templates, secrets and
// properties that are not compared. Text is kept only if it evaluates to the
// tenant's value. So the result has the tenant's values, however pair has
// paired the elements.
type fileEditor struct {
	ns   *names
	root *written
	// secrets are the file's texts of secrets, by their hash.
	secrets map[string]json.RawMessage
	// variables are the names of the variables in the file.
	variables []string

	// kept has the hashes of the file's secrets that the current property
	// keeps. hidden is the number of its secrets in the tenant that cannot be
	// read.
	kept   map[string]bool
	hidden int

	meanings schema.Meanings
}

// written is a value of the file: its text and its value in name form. means is
// nil for a value that is not compared.
type written struct {
	text  json.RawMessage
	means *jsonval.Node
	names []string
	kids  []*written
	// places has the indexes of the names. It is filled on first use.
	places map[string]int
}

// fewNames is the number of names up to which a linear search is as fast as a
// map.
const fewNames = 8

// place returns the index of a member, or -1.
func (v *written) place(name string) int {
	if len(v.names) <= fewNames {
		return slices.Index(v.names, name)
	}
	if v.places == nil {
		v.places = make(map[string]int, len(v.names))
		for i, n := range v.names {
			v.places[n] = i
		}
	}
	if i, ok := v.places[name]; ok {
		return i
	}
	return -1
}

func (ns *names) newFileEditor(o *object, t *trees) (*fileEditor, error) {
	k := &fileEditor{ns: ns, secrets: map[string]json.RawMessage{}}
	s := ns.desiredForm(o.kind, func(schema.Place, *reference.Error) *jsonval.Node { return jsonval.NullNode }) // cannot happen: readDesired has refused files with errors
	s.Unsorted = true
	means := guided(o.kind, t.guide, schema.WithoutTypesMissingIn(s.Apply(o.kind, t.file), t.current), true)
	var err error
	if k.root, err = readWritten(o.desired.Body, means); err != nil {
		return nil, err
	}
	used := map[string]bool{}
	k.root.each(func(v *written) {
		if reference.IsSecret(v.means) {
			k.secrets[v.means.Text] = v.text
		}
		if bytes.Contains(v.text, []byte("${var:")) && len(v.kids) == 0 {
			for _, name := range variablesIn(v.string()) {
				used[name] = true
			}
		}
	})
	for name := range used {
		k.variables = append(k.variables, name)
	}
	// Longer values come first, because a shorter value may be part of a longer
	// one.
	slices.SortFunc(k.variables, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(ns.ix.values[b]), len(ns.ix.values[a])), strings.Compare(a, b))
	})
	return k, nil
}

// readWritten parses a file's text together with its value in name form. It
// parses the text once.
func readWritten(text json.RawMessage, means *jsonval.Node) (*written, error) {
	r := &writtenReader{text, jsontext.NewDecoder(bytes.NewBuffer(text))}
	return r.value(means)
}

type writtenReader struct {
	text json.RawMessage
	dec  *jsontext.Decoder
}

func (r *writtenReader) value(means *jsonval.Node) (*written, error) {
	kind := r.dec.PeekKind()
	start := int(r.dec.InputOffset())
	for start < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[start]) >= 0 {
		start++
	}
	v := &written{means: means}
	var err error
	if (kind == '{' || kind == '[') && !reference.IsSecret(means) {
		err = r.below(v, kind)
	} else {
		err = r.dec.SkipValue()
	}
	v.text = r.text[start:max(start, int(r.dec.InputOffset()))]
	return v, err
}

// below parses the members or elements of a value.
func (r *writtenReader) below(v *written, begin jsontext.Kind) error {
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for next := r.dec.PeekKind(); next != ']' && next != '}' && next != 0; next = r.dec.PeekKind() {
		var name string
		var means *jsonval.Node
		if begin == '{' {
			tok, err := r.dec.ReadToken()
			if err != nil {
				return err
			}
			name = tok.String()
			means = v.means.Get(name)
		} else if v.means.IsArray() && len(v.kids) < len(v.means.Kids) {
			means = v.means.Kids[len(v.kids)]
		}
		kid, err := r.value(means)
		if err != nil {
			return err
		}
		v.names, v.kids = append(v.names, name), append(v.kids, kid)
	}
	_, err := r.dec.ReadToken()
	return err
}

// each calls yield for the value and all values below it.
func (v *written) each(yield func(*written)) {
	yield(v)
	for _, kid := range v.kids {
		kid.each(yield)
	}
}

// at returns the value at a path of names, or nil.
func (v *written) at(segs []string) *written {
	for _, s := range segs {
		i := -1
		if v != nil {
			i = v.place(s)
		}
		if i < 0 {
			return nil
		}
		v = v.kids[i]
	}
	return v
}

// string returns the decoded string in the file, or an empty string for another
// value.
func (v *written) string() string {
	if len(v.text) == 0 || v.text[0] != '"' {
		return ""
	}
	n, err := jsonval.Parse(v.text)
	if err != nil {
		return ""
	}
	return jsonval.TextOf(n)
}

// property edits one property of the file. found are its differences: one of
// the property, or several of members of a set. property returns false if the
// file would lose a secret while the tenant's value has a secret that cannot be
// read.
func (k *fileEditor) property(e *jsonval.Edits, found []*difference) bool {
	k.kept = map[string]bool{}
	k.hidden = 0
	was := map[string]bool{}
	for _, d := range found {
		v := k.root.at(d.segs)
		if !d.member {
			now := d.current
			if now == nil && d.base != nil {
				// The tenant has dropped the property. null keeps the property
				// managed, but removing it from the file would not.
				now = jsonval.NullNode
			}
			v.secretsIn(was)
			e.Set, e.Value = true, k.write(nil, d.rule, v, revealed(d.rule, d.base, now))
			continue
		}
		r := d.rule.Step("*")
		now := revealed(r, d.base, d.current)
		for _, i := range d.places {
			if e.Members == nil {
				e.Members = map[int]json.RawMessage{}
			}
			v.kids[i].secretsIn(was)
			e.Members[i] = k.write(nil, r, v.kids[i], now)
		}
		if len(d.places) == 0 && now != nil {
			e.Added = append(e.Added, k.plain(nil, now))
		}
	}
	for secret := range was {
		if k.hidden > 0 && !k.kept[secret] {
			return false
		}
	}
	return true
}

// revealed returns the tenant's value with the secrets that were last deployed
// in place of masks.
func revealed(r *schema.Rule, base, now *jsonval.Node) *jsonval.Node {
	_, now = schema.Unmask(r, base, base, now, nil)
	return now
}

// secretsIn adds the hashes of the value's secrets.
func (v *written) secretsIn(secrets map[string]bool) {
	if v == nil {
		return
	}
	v.each(func(v *written) {
		if reference.IsSecret(v.means) {
			secrets[v.means.Text] = true
		}
	})
}

// write appends the text for a value of the tenant. v is the file's present
// value, or nil. write appends nothing if the tenant has no value.
func (k *fileEditor) write(out json.RawMessage, r *schema.Rule, v *written, now *jsonval.Node) json.RawMessage {
	switch {
	case now == nil:
		return out
	case v != nil && v.means != nil && k.agrees(r, v.means, now):
		v.secretsIn(k.kept)
		return append(out, v.text...)
	case v == nil || v.means == nil || reference.IsSecret(now) || reference.IsMask(now):
		return k.plain(out, now)
	case v.means.IsObject() && now.IsObject():
		return k.object(out, r, v, now)
	case v.means.IsArray() && now.IsArray():
		return k.array(out, r, v, now)
	case now.IsString() && v.means.IsString():
		return k.text(out, v.string(), now)
	}
	return k.plain(out, now)
}

// object keeps the order of names, and members that only the file has.
func (k *fileEditor) object(out json.RawMessage, r *schema.Rule, v *written, now *jsonval.Node) json.RawMessage {
	out = append(out, '{')
	begin := len(out)
	name := func(name string) {
		if len(out) > begin {
			out = append(out, ',')
		}
		out = append(jsonval.AppendString(out, name), ':')
	}
	for i, n := range v.names {
		kid, value, next := v.kids[i], now.Get(n), r.In(now).Step(n)
		switch {
		case kid.means == nil && value == nil:
			name(n)
			out = append(out, kid.text...)
		case kid.means != nil && k.meanings.InMember(next, kid.means) == k.meanings.InMember(next, value):
			kid.secretsIn(k.kept)
			name(n)
			out = append(out, kid.text...)
		case value != nil:
			name(n)
			out = k.write(out, next, kid, value)
		}
	}
	for i, n := range now.Names {
		// The service may add members with null, an empty value or a default.
		// They are not written into a person's file.
		added := v.text == nil || k.meanings.InMember(r.In(now).Step(n), now.Kids[i]) != 0
		if added && v.place(n) < 0 {
			name(n)
			out = k.plain(out, now.Kids[i])
		}
	}
	return append(out, '}')
}

// array writes the tenant's elements in the tenant's order. Members of a set
// have the file's order.
func (k *fileEditor) array(out json.RawMessage, r *schema.Rule, v *written, now *jsonval.Node) json.RawMessage {
	from := k.pair(r, v, now)
	order := make([]int, len(now.Kids))
	for j := range order {
		order[j] = j
	}
	if r.Fact().Set != nil {
		last := func(i int) int { // new ones come last
			if i < 0 {
				return len(v.kids)
			}
			return i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(last(from[a]), last(from[b])) })
	}
	out = append(out, '[')
	for n, j := range order {
		if n > 0 {
			out = append(out, ',')
		}
		if i := from[j]; i >= 0 {
			out = k.write(out, r.Step("*"), v.kids[i], now.Kids[j])
		} else {
			out = k.plain(out, now.Kids[j])
		}
	}
	return append(out, ']')
}

// plain writes a value of the tenant that the file does not have. A secret gets
// its text from elsewhere in the file, or is redacted. Variables replace their
// values.
func (k *fileEditor) plain(out json.RawMessage, n *jsonval.Node) json.RawMessage {
	switch {
	case reference.IsSecret(n):
		if text, ok := k.secrets[n.Text]; ok {
			k.kept[n.Text] = true
			return append(out, text...)
		}
		return jsonval.AppendString(out, reference.Redacted)
	case reference.IsMask(n):
		k.hidden++
		return jsonval.AppendString(out, reference.Asterisks)
	case n.IsString():
		return k.text(out, "", n)
	case n.IsObject():
		return k.object(out, nil, &written{means: n}, n)
	case n.IsArray():
		out = append(out, '[')
		for i, kid := range n.Kids {
			if i > 0 {
				out = append(out, ',')
			}
			out = k.plain(out, kid)
		}
		return append(out, ']')
	}
	return n.AppendJSON(out)
}

// shortest is the length of the shortest variable value that is replaced within
// a text. Shorter values occur by chance.
const shortest = 4

// text writes a string with the file's variables in place of their values. The
// variables of the present string (was) are replaced anywhere, and others only
// as separate words. A variable's value may be a secret.
func (k *fileEditor) text(out json.RawMessage, was string, now *jsonval.Node) json.RawMessage {
	written := now.Text
	if n := k.ns.ix.putVariables(now); n != now {
		written = n.Text
	} else if reference.ReferenceIn(now) == nil && !reference.IsSecret(now) && !reference.IsMask(now) {
		text := reference.Literal(now.Text)
		templated := k.template(variablesIn(was), text)
		if again, ref, err := reference.Expand(templated, k.ns.ix.values); err == nil && ref == nil && again == text {
			written = templated
		}
	}
	return jsonval.AppendString(out, written)
}

func (k *fileEditor) template(own []string, text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		name := k.variableAt(own, text, i)
		if name == "" || i > 0 && text[i-1] == '$' { // $${ would be a literal
			next := i + 1
			if strings.HasPrefix(text[i:], "${") {
				b.WriteByte('$')
			}
			b.WriteString(text[i:next])
			i = next
			continue
		}
		b.WriteString("${var:" + name + "}")
		i += len(k.ns.ix.values[name])
	}
	return b.String()
}

// variableAt returns the variable whose value is at an offset of a string.
func (k *fileEditor) variableAt(own []string, text string, i int) string {
	for _, name := range k.variables {
		value := k.ns.ix.values[name]
		if value == "" || !strings.HasPrefix(text[i:], value) {
			continue
		}
		if value == text || len(value) >= shortest && (slices.Contains(own, name) || standsAlone(text, i, i+len(value))) {
			return name
		}
	}
	return ""
}

// standsAlone reports whether a part of a string has no letter or digit next to
// it.
func standsAlone(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return !word(before) && !word(after)
}

// variablesIn returns the names of the variables in a string of a file.
func variablesIn(text string) []string {
	var names []string
	for rest := text; ; {
		i := strings.Index(rest, "${")
		if i < 0 {
			return names
		}
		escaped := i > 0 && rest[i-1] == '$'
		rest = rest[i+len("${"):]
		if name, ok := strings.CutPrefix(rest, "var:"); ok && !escaped {
			if name, _, ok = strings.Cut(name, "}"); ok {
				names = append(names, name)
			}
		}
	}
}
