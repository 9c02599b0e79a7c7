package plan

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// segment is one step of the way to a value: the name of a property, or what a
// member of a list is called.
type segment struct {
	text   string
	member bool
	// catalog: the member is a setting of a settings catalog policy, whose
	// value is shown as the setting's own.
	catalog bool
}

// path is the way from an object to one of its values.
type path []segment

// below returns the path to what is below p. It may share memory with p and
// other paths below p, so it is used up before the next one is made: copies
// would make deep values cost the square of their depth.
func (p path) below(s segment) path { return append(p, s) }

// segmentsShown is how many steps of a path are shown: the first and the last.
const segmentsShown = 16

// pathOf reads a pointer. "-" at the end stands for a member of a set: it is
// replaced by what the member is called, if it is called anything.
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

// path returns a path as text: /conditions/users, or
// /settings[a]/children[b] for members of lists.
func (s *shortener) path(p path) string {
	if len(p) == 0 {
		return "(the whole object)"
	}
	p = p.short()
	left := len(p)
	if left > segmentsShown {
		s.cut = true
		left = segmentsShown / 2
	}
	text := s.segments(p[:left])
	if len(p) > left {
		text += "/…" + s.segments(p[len(p)-left:])
	}
	return text
}

// segments returns steps as text. Names of properties that follow each other
// are quoted together, if they must be.
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

// pointerEscapes are those of JSON pointers.
var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// wrappers are the properties between a setting of a settings catalog policy
// and its value or its children. A setting has one of them.
var wrappers = []string{"settingInstance", "choiceSettingValue", "simpleSettingValue", "groupSettingValue"}

// short leaves out the wrappers between a setting and its value or children.
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

// definition returns the setting that a value at p belongs to, "" if none.
func (p path) definition() string {
	for _, seg := range slices.Backward(p) {
		if seg.catalog {
			return seg.text
		}
	}
	return ""
}
