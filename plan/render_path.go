package plan

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// segment is one segment of a path: the name of a property, or of a member of a
// list.
type segment struct {
	text   string
	member bool
	// catalog reports that the member is a setting of a settings catalog policy.
	catalog bool
}

// path is the path from an object to one of its values.
type path []segment

// below returns p with one more segment. The result may share memory with p and
// with other paths below p, so the caller must finish with it before it makes the
// next one. Copies would make the cost of deep values quadratic.
func (p path) below(s segment) path { return append(p, s) }

// segmentsShown is the largest number of segments that are shown of a path: the
// first and the last ones.
const segmentsShown = 16

// pathOf returns the path of a pointer. It replaces a final "-", which means a
// member of a set, by the member's name if it has one.
func pathOf(pointer string, before, after *jsonval.Node) path {
	segs, err := jsonval.SplitPointer(pointer)
	if err != nil {
		return path{{text: pointer}}
	}
	p := make(path, len(segs))
	for i, s := range segs {
		p[i].text = s
	}
	if n := len(p); n > 0 && p[n-1].text == "-" {
		if name := nameOfOne(before, after); name != "" {
			p[n-1] = memberSegment(name, before, after)
		}
	}
	return p
}

func memberSegment(name string, before, after *jsonval.Node) segment {
	return segment{text: name, member: true, catalog: definitionOf(before) == name || definitionOf(after) == name}
}

// path returns the text of a path: /conditions/users, or /settings[a]/children[b]
// for members of lists.
func (s *shortener) path(p path) string {
	if len(p) == 0 {
		return "(the whole object)"
	}
	p = p.short()
	shown := len(p) // segments at the beginning, and as many at the end
	if shown > segmentsShown {
		s.cut = true
		shown = segmentsShown / 2
	}
	text := s.segments(p[:shown])
	if len(p) > shown {
		text += "/…" + s.segments(p[len(p)-shown:])
	}
	return text
}

// segments returns the text of segments. If consecutive names of properties need
// quotes, it quotes them together.
func (s *shortener) segments(p path) string {
	var b, names strings.Builder
	end := func() {
		if names.Len() > 0 {
			b.WriteString(word(names.String()))
			names.Reset()
		}
	}
	for _, seg := range p {
		if seg.member {
			end()
			b.WriteString("[" + s.word(seg.text) + "]")
			continue
		}
		raw := func(text string) string { return text }
		names.WriteString("/" + s.middle(pointerEscapes.Replace(seg.text), nameShown, raw))
	}
	end()
	return b.String()
}

// pointerEscapes are the escapes of JSON pointers.
var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// wrappers are the properties between a setting of a settings catalog policy and
// its value or children.
var wrappers = []string{"settingInstance", "choiceSettingValue", "simpleSettingValue", "groupSettingValue"}

// short returns the path without the wrappers between a setting and its value or
// children.
func (p path) short() path {
	out := make(path, 0, len(p))
	inCatalog := false
	for i, seg := range p {
		switch {
		case seg.member:
			inCatalog = seg.catalog
		case inCatalog && slices.Contains(wrappers, seg.text) && i < len(p)-1:
			continue
		case inCatalog && seg.text == "value" && i == len(p)-1 && slices.Contains(wrappers, p[i-1].text):
			continue
		default:
			inCatalog = false
		}
		out = append(out, seg)
	}
	return out
}

// definition returns the definition of the setting that contains the value at p,
// or "".
func (p path) definition() string {
	for _, seg := range slices.Backward(p) {
		if seg.catalog {
			return seg.text
		}
	}
	return ""
}
