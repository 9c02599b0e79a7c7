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

// keeper writes the tenant's values into a person's file and keeps what the
// file says of them in a better way: templates, secrets, and what is none of
// our business. A text stays whose meaning the tenant has, so what it writes
// means what the tenant has, however elements were paired.
type keeper struct {
	ns   *names
	root *written
	// secrets are the file's texts by the hash of what they stand for.
	secrets map[string]json.RawMessage
	// variables are the names of those that the file uses.
	variables []string

	// kept are the secrets of the file that stay, hidden counts those of the
	// tenant that nobody can read, since the last reset.
	kept   map[string]bool
	hidden int

	meanings schema.Meanings
}

// written is a value of the file: as it stands there, and what it means. Values
// that are only the file's mean nothing (nil).
type written struct {
	text  json.RawMessage
	means *jsonval.Node
	names []string
	kids  []*written
	// places are where the names are, made when needed.
	places map[string]int
}

// fewNames are so many that looking at each is as fast as a map.
const fewNames = 8

// place returns where a member stands, or -1.
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

func (ns *names) newKeeper(o *object, t *trees) (*keeper, error) {
	k := &keeper{ns: ns, secrets: map[string]json.RawMessage{}}
	s := ns.desiredShape(o.kind, func(schema.Place, *reference.Error) *jsonval.Node { return jsonval.NullNode }) // it was read before, without an error
	s.Unsorted = true
	means := guided(o.kind, t.guide, schema.WithoutUntold(s.Apply(o.kind, t.file), t.current), true)
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
	// The longest value first, so that none is taken for a part of another.
	slices.SortFunc(k.variables, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(ns.ix.values[b]), len(ns.ix.values[a])), strings.Compare(a, b))
	})
	return k, nil
}

// readWritten reads a file's value beside what it means. The text is read once.
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

// below reads the members or elements of a value.
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

// each calls yield for the value and all below it.
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

// string returns the text that stands in the file; empty if it is none.
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

// property edits one property of the file, of which these are the differences:
// itself, or members of a set. It returns false if a secret of the file is gone
// after that, and there is one that nobody can read.
func (k *keeper) property(e *jsonval.Edits, found []*difference) bool {
	k.kept = map[string]bool{}
	k.hidden = 0
	was := map[string]bool{}
	for _, d := range found {
		v := k.root.at(d.segs)
		if !d.member {
			now := d.current
			if now == nil && d.base != nil {
				// The tenant dropped it. null says that; to remove it from the file
				// would say that nobody cares any more.
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

// revealed returns what the tenant has, with the secrets that were last deployed
// in place of masks.
func revealed(r *schema.Rule, base, now *jsonval.Node) *jsonval.Node {
	_, now = schema.Unmask(r, base, base, now, nil)
	return now
}

// secretsIn adds the secrets of a value of the file.
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

// write appends what the file is to say for a value of the tenant, where it
// says v (nil: nothing yet). It appends nothing for what the tenant has not.
func (k *keeper) write(out json.RawMessage, r *schema.Rule, v *written, now *jsonval.Node) json.RawMessage {
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

// object keeps the order of names and what only the file has.
func (k *keeper) object(out json.RawMessage, r *schema.Rule, v *written, now *jsonval.Node) json.RawMessage {
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
		// What the service adds to a member as null, empty or a default is not
		// written into a person's text.
		added := v.text == nil || k.meanings.InMember(r.In(now).Step(n), now.Kids[i]) != 0
		if added && v.place(n) < 0 {
			name(n)
			out = k.plain(out, now.Kids[i])
		}
	}
	return append(out, '}')
}

// array writes the tenant's elements in their order, those of a set in the
// file's.
func (k *keeper) array(out json.RawMessage, r *schema.Rule, v *written, now *jsonval.Node) json.RawMessage {
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

// plain writes a value of the tenant that the file does not have: secrets as
// the file writes them elsewhere, or hidden; and variables in place of their
// values.
func (k *keeper) plain(out json.RawMessage, n *jsonval.Node) json.RawMessage {
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

// shortest is the shortest value of a variable that is looked for within a
// text: shorter ones are found by chance.
const shortest = 4

// text writes a text with the file's variables in place of their values: those
// of the text that stands there now (was) wherever they are, others where they
// stand by themselves. A variable's value may be a secret.
func (k *keeper) text(out json.RawMessage, was string, now *jsonval.Node) json.RawMessage {
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

func (k *keeper) template(own []string, text string) string {
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

// variableAt returns the variable whose value stands at a place of a text.
func (k *keeper) variableAt(own []string, text string, i int) string {
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

// standsAlone reports whether no letter or digit is next to a part of a text.
func standsAlone(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return !word(before) && !word(after)
}

// variablesIn returns the names of the variables that a text of a file uses.
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
