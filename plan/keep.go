package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// keeper writes the tenant's values into a person's file and keeps what the
// file says of them in a better way: templates, secrets, and what is none of
// our business. A text stays whose meaning the tenant has, so what it writes
// means what the tenant has, however elements were paired.
type keeper struct {
	c    *comparison
	root *written
	// secrets are the file's texts by the hash of what they stand for.
	secrets map[string]json.RawMessage
	// variables are the names of those that the file uses.
	variables []string

	// kept are the secrets of the file that stay, hidden counts those of the
	// tenant that nobody can read, since the last reset.
	kept   map[string]bool
	hidden int
}

// written is a value of the file: as it stands there, and what it means. Values
// that are only the file's mean nothing (nil).
type written struct {
	text  json.RawMessage
	means *node
	names []string
	kids  []*written
}

func (c *comparison) newKeeper(o *object, t *trees) (*keeper, error) {
	k := &keeper{c: c, secrets: map[string]json.RawMessage{}, kept: map[string]bool{}}
	s := c.desiredShape(o.kind, func(place, *templateError) *node { return nullNode }) // it was read before, without an error
	s.unsorted = true
	means := guided(o.kind, t.guide, s.apply(o.kind, t.file), true)
	var err error
	if k.root, err = readWritten(o.desired.Body, means); err != nil {
		return nil, err
	}
	used := map[string]bool{}
	k.root.each(func(v *written) {
		if v.means.isSecret() {
			k.secrets[v.means.text] = v.text
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
		return cmp.Or(cmp.Compare(len(c.in.Variables[b]), len(c.in.Variables[a])), strings.Compare(a, b))
	})
	return k, nil
}

// readWritten reads a file's value beside what it means.
func readWritten(text json.RawMessage, means *node) (*written, error) {
	v := &written{text: text, means: means}
	var begin byte
	if trimmed := bytes.TrimLeft(text, " \t\r\n"); len(trimmed) > 0 {
		begin = trimmed[0]
	}
	if begin != '{' && begin != '[' || means.isSecret() {
		return v, nil
	}
	err := eachValue(text, jsontext.Kind(begin), func(name string, kid json.RawMessage) error {
		below := means.get(name)
		if begin == '[' {
			below = nil
			if means.isArray() && len(v.kids) < len(means.kids) {
				below = means.kids[len(v.kids)]
			}
		}
		read, err := readWritten(kid, below)
		v.names, v.kids = append(v.names, name), append(v.kids, read)
		return err
	})
	return v, err
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
			i = slices.Index(v.names, s)
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
	n, err := parse(v.text)
	if err != nil {
		return ""
	}
	return textOf(n)
}

// property edits one property of the file, of which these are the differences:
// itself, or members of a set. It returns false if a secret of the file is gone
// after that, and there is one that nobody can read.
func (k *keeper) property(e *edits, found []*difference) bool {
	clear(k.kept)
	k.hidden = 0
	was := map[string]bool{}
	for _, d := range found {
		v := k.root.at(d.segs)
		if !d.member {
			now := d.current
			if now == nil && d.base != nil {
				// The tenant dropped it. null says that; to remove it from the file
				// would say that nobody cares any more.
				now = nullNode
			}
			v.secretsIn(was)
			e.set, e.value = true, k.write(d.rule, v, revealed(d.rule, d.base, now))
			continue
		}
		r := d.rule.step("*")
		now := revealed(r, d.base, d.current)
		for _, i := range d.places {
			if e.members == nil {
				e.members = map[int]json.RawMessage{}
			}
			v.kids[i].secretsIn(was)
			e.members[i] = k.write(r, v.kids[i], now)
		}
		if len(d.places) == 0 && now != nil {
			e.added = append(e.added, k.plain(now))
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
func revealed(r *rule, base, now *node) *node {
	_, now = unmask(r, base, base, now, nil)
	return now
}

// secretsIn adds the secrets of a value of the file.
func (v *written) secretsIn(secrets map[string]bool) {
	if v == nil {
		return
	}
	v.each(func(v *written) {
		if v.means.isSecret() {
			secrets[v.means.text] = true
		}
	})
}

// write returns what the file is to say for a value of the tenant, where it
// says v (nil: nothing yet).
func (k *keeper) write(r *rule, v *written, now *node) json.RawMessage {
	switch {
	case now == nil:
		return nil
	case v != nil && v.means != nil && agrees(r, v.means, now):
		v.secretsIn(k.kept)
		return v.text
	case v == nil || v.means == nil || now.isSecret() || now.isMask():
		return k.plain(now)
	case v.means.isObject() && now.isObject():
		return k.object(r, v, now)
	case v.means.isArray() && now.isArray():
		return k.array(r, v, now)
	case now.isString() && v.means.isString():
		return k.text(v.string(), now)
	}
	return k.plain(now)
}

// object keeps the order of names and what only the file has.
func (k *keeper) object(r *rule, v *written, now *node) json.RawMessage {
	out := []byte{'{'}
	add := func(name string, value json.RawMessage) {
		if value != nil {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(append(appendString(out, name), ':'), value...)
		}
	}
	for i, name := range v.names {
		kid := v.kids[i]
		if value := now.get(name); value != nil || kid.means != nil {
			add(name, k.write(r.step(name), kid, value))
		} else {
			add(name, kid.text)
		}
	}
	for i, name := range now.names {
		if !slices.Contains(v.names, name) {
			add(name, k.plain(now.kids[i]))
		}
	}
	return append(out, '}')
}

// array writes the tenant's elements in their order, those of a set in the
// file's.
func (k *keeper) array(r *rule, v *written, now *node) json.RawMessage {
	next := r.step("*")
	from := k.pair(r, v, now)
	texts := make([]json.RawMessage, len(now.kids))
	for j, kid := range now.kids {
		if i := from[j]; i >= 0 {
			texts[j] = k.write(next, v.kids[i], kid)
		} else {
			texts[j] = k.plain(kid)
		}
	}
	order := make([]int, len(now.kids))
	for j := range order {
		order[j] = j
	}
	if r.fact().set != nil {
		last := func(i int) int { // new ones come last
			if i < 0 {
				return len(v.kids)
			}
			return i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(last(from[a]), last(from[b])) })
	}
	out := []byte{'['}
	for n, j := range order {
		if n > 0 {
			out = append(out, ',')
		}
		out = append(out, texts[j]...)
	}
	return append(out, ']')
}

// pair finds for each of the tenant's elements the file's that it is, or that
// it may have been, or -1: by meaning the same, by a set's identity, by its
// place.
func (k *keeper) pair(r *rule, v *written, now *node) []int {
	from, used := make([]int, len(now.kids)), make([]bool, len(v.kids))
	take := func(same func(i, j int) bool) {
		for j := range now.kids {
			for step := 0; from[j] < 0 && step < len(v.kids); step++ {
				if i := (j + step) % len(v.kids); !used[i] && same(i, j) { // the same place first
					from[j], used[i] = i, true
				}
			}
		}
	}
	for j := range from {
		from[j] = -1
	}
	take(func(i, j int) bool { return agrees(r.step("*"), v.kids[i].means, now.kids[j]) })
	if set := r.fact().set; set != nil && len(set.by) > 0 && set.tellsApart(v.means) && set.tellsApart(now) {
		take(func(i, j int) bool { return set.declared(v.kids[i].means) == set.declared(now.kids[j]) })
		return from
	}
	take(func(i, j int) bool { return i == j })
	return from
}

// agrees reports whether a file's value, in name form but for the order of sets
// within arrays, means what the tenant has.
func agrees(r *rule, means, now *node) bool {
	switch {
	case means.isMask():
		return now.isMask() || now.isSecret()
	case means.isObject() && now.isObject():
		if !slices.Equal(means.names, now.names) {
			return false
		}
		for i, name := range means.names {
			if !agrees(r.step(name), means.kids[i], now.kids[i]) {
				return false
			}
		}
		return true
	case means.isArray() && now.isArray() && len(means.kids) == len(now.kids):
		next, used := r.step("*"), make([]bool, len(now.kids))
		for i, kid := range means.kids {
			j := i
			if r.fact().set != nil {
				j = slices.IndexFunc(seqFrom(len(used)), func(j int) bool { return !used[j] && agrees(next, kid, now.kids[j]) })
			}
			if j < 0 || !agrees(next, kid, now.kids[j]) {
				return false
			}
			used[j] = true
		}
		return true
	}
	return equal(means, now)
}

func seqFrom(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// plain writes a value of the tenant that the file does not have: secrets as
// the file writes them elsewhere, or hidden; and variables in place of their
// values.
func (k *keeper) plain(n *node) json.RawMessage {
	switch {
	case n.isSecret():
		if text, ok := k.secrets[n.text]; ok {
			k.kept[n.text] = true
			return text
		}
		return appendString(nil, Redacted)
	case n.isMask():
		k.hidden++
		return appendString(nil, asterisks)
	case n.isString():
		return k.text("", n)
	case n.isObject():
		return k.object(nil, &written{means: n}, n)
	case n.isArray():
		out := []byte{'['}
		for i, kid := range n.kids {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, k.plain(kid)...)
		}
		return append(out, ']')
	}
	return n.json()
}

// shortest is the shortest value of a variable that is looked for within a
// text: shorter ones are found by chance.
const shortest = 4

// text writes a text with the file's variables in place of their values: those
// of the text that stands there now (was) wherever they are, others where they
// stand by themselves. A variable's value may be a secret.
func (k *keeper) text(was string, now *node) json.RawMessage {
	out := now.text
	if n := k.c.putVariables(now); n != now {
		out = n.text
	} else if now.referenceIn() == nil && !now.isSecret() && !now.isMask() {
		text := literal(now.text)
		templated := k.template(variablesIn(was), text)
		if again, ref, err := expand(templated, k.c.in.Variables); err == nil && ref == nil && again == text {
			out = templated
		}
	}
	return appendString(nil, out)
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
		i += len(k.c.in.Variables[name])
	}
	return b.String()
}

// variableAt returns the variable whose value stands at a place of a text.
func (k *keeper) variableAt(own []string, text string, i int) string {
	for _, name := range k.variables {
		value := k.c.in.Variables[name]
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
