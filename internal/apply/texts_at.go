package apply

import (
	"strconv"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// textsAt has JSON texts by their paths. A nil one has none.
type textsAt struct {
	text  []byte
	below map[string]*textsAt
}

// put adds a text.
func (t *textsAt) put(segs []string, text []byte) {
	for _, s := range segs {
		if t.below == nil {
			t.below = map[string]*textsAt{}
		}
		if t.below[s] == nil {
			t.below[s] = &textsAt{}
		}
		t = t.below[s]
	}
	t.text = text
}

// puts reports whether there is a text for this place.
func (t *textsAt) puts() bool { return t != nil && t.text != nil }

// count returns the number of texts.
func (t *textsAt) count() int {
	if t == nil {
		return 0
	}
	n := 0
	if t.text != nil {
		n++
	}
	for _, below := range t.below {
		n += below.count()
	}
	return n
}

// textWalk follows the tokens of a text along the paths of texts.
type textWalk struct {
	root *textsAt
	open []openValue
}

// openValue is an object or array that contains the current token.
type openValue struct {
	at    *textsAt // nil if no path leads through it
	array bool
	// next has the texts for the member whose name was read, or for the element
	// with this number.
	next    *textsAt
	element int
}

// step reads one token, and returns the texts for its value.
func (w *textWalk) step(scan *jsonval.Scanner, tok jsonval.Token) *textsAt {
	switch tok.Kind {
	case '}', ']':
		w.open = w.open[:len(w.open)-1]
	case jsonval.NameToken:
		if top := &w.open[len(w.open)-1]; top.at != nil {
			top.next = top.at.below[string(scan.AppendText(nil, tok))]
		}
	default:
		return w.value(tok)
	}
	return nil
}

// value reads the first token of a value.
func (w *textWalk) value(tok jsonval.Token) *textsAt {
	at := w.root
	if len(w.open) > 0 {
		top := &w.open[len(w.open)-1]
		if top.array && top.at != nil {
			top.next = top.at.below[strconv.Itoa(top.element)]
			top.element++
		}
		at = top.next
	}
	if tok.Kind == '{' || tok.Kind == '[' {
		w.open = append(w.open, openValue{at: at, array: tok.Kind == '['})
	}
	return at
}
