package plan

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/tenant"
)

// lineWidth is how wide "before → after" may be on one line.
const lineWidth = 100

// Text writes the plan for a terminal, in UTF-8 and without colors, for a
// person who must decide. Names and values from the tenant and the repository
// are quoted, and whatever does not show is written as an escape. Long values
// and lists are cut, and say so.
//
// Items are marked "+" for create, "~" for update, "-" for delete and "!" for
// a conflict.
func (p *Plan) Text(w io.Writer) error {
	var t textWriter
	t.line(0, "Plan for tenant %s: %s", quoted(p.Tenant), p.Counts().summary())
	if p.Revision != "" {
		t.line(0, "Made against revision %s of the desired line", quoted(p.Revision))
	}
	t.broken(p.Broken)
	for _, s := range p.steps() {
		t.line(0, "\n%s", s.title)
		for _, g := range s.kinds {
			t.line(1, "%s", word(g.kind))
			for _, it := range g.items {
				t.item(it)
			}
		}
	}
	t.notes(p.noteGroups())
	t.incomplete(p.incomplete())
	t.line(0, "\nDigest of the plan:    %s", word(p.Digest))
	t.line(0, "Digest of the changes: %s", word(p.ChangeDigest))
	if _, err := io.WriteString(w, t.String()); err != nil {
		return fmt.Errorf("plan: write text: %w", err)
	}
	return nil
}

type textWriter struct{ strings.Builder }

func (t *textWriter) line(indent int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	t.WriteString(strings.Repeat("  ", indent) + text + "\n")
}

func (t *textWriter) broken(rules []Broken) {
	if len(rules) == 0 {
		return
	}
	t.line(0, "\n!!! BROKEN RULES: an approval must name each of them")
	for _, b := range rules {
		t.line(0, "!!! %s: %s", word(b.Rule), oneLine(b.Message))
		for _, id := range firstItems(b.Items) {
			t.line(3, "%s", id)
		}
	}
}

func (t *textWriter) item(it *Item) {
	head := fmt.Sprintf("%s %s %s", mark(it), word(string(it.Verb)), quoted(it.Key))
	if it.Part != "" {
		head += " " + quoted(it.Part)
	}
	if remarks := it.remarks(); remarks != "" {
		head += ", " + remarks
	}
	t.line(2, "%s", head)
	for _, r := range it.rows() {
		t.row(it, r)
	}
	for _, line := range it.shownValues() {
		t.line(4, "%s", line)
	}
	for _, id := range it.hiddenDependencies() {
		t.line(4, "waits for %s", quoted(id))
	}
}

func mark(it *Item) string {
	if it.Origin == Clash {
		return "!"
	}
	switch it.Verb {
	case tenant.Create:
		return "+"
	case tenant.Delete:
		return "-"
	}
	return "~"
}

func (t *textWriter) row(it *Item, r row) {
	name := pointerName(r.pointer)
	if r.member != "" {
		name += " of " + r.member
	}
	if r.remark != "" {
		name += " (" + r.remark + ")"
	}
	pair := r.before + " → " + r.after
	switch {
	case r.clash:
		t.line(4, "! %s", name)
		t.line(6, "agreed:   %s", r.base)
		t.line(6, "tenant:   %s", r.before)
		t.line(6, "proposed: %s", r.after)
	case r.lines != nil:
		t.line(4, "%s: %s", name, r.summary)
	case it.Verb == tenant.Create:
		t.line(4, "%s: %s", name, r.after)
	case it.Verb == tenant.Delete:
		t.line(4, "%s: %s", name, r.before)
	case utf8.RuneCountInString(pair) > lineWidth || rightToLeft(pair):
		// Also where the arrow could seem to point the wrong way.
		t.line(4, "%s", name)
		t.line(6, "tenant:   %s", r.before)
		t.line(6, "proposed: %s", r.after)
	default:
		t.line(4, "%s: %s", name, pair)
	}
	for _, l := range r.lines {
		t.line(6, "%c %s", l.sign, l.text)
	}
}

func pointerName(pointer string) string {
	if pointer == "" {
		return "(the whole object)"
	}
	return word(pointer)
}

func (t *textWriter) notes(groups []noteGroup) {
	for i, g := range groups {
		if i == 0 || g.class.Failure() != groups[i-1].class.Failure() {
			t.line(0, "\n%s", noteTitle(g.class))
		}
		t.line(1, "%s", noteHead(g))
		for _, n := range g.notes {
			t.line(2, "%s%s", noteSubject(n), oneLine(n.Message))
		}
	}
}

func noteTitle(c NoteClass) string {
	if c.Failure() {
		return "Problems: asked for, and not done"
	}
	return "For information"
}

func noteHead(g noteGroup) string {
	if g.meaning == "" {
		return word(string(g.class))
	}
	return word(string(g.class)) + ": " + g.meaning
}

func noteSubject(n Note) string {
	var parts []string
	if n.Kind != "" {
		parts = append(parts, word(n.Kind))
	}
	if n.Key != "" {
		parts = append(parts, quoted(n.Key))
	}
	if n.Pointer != "" {
		parts = append(parts, word(n.Pointer))
	}
	if parts == nil {
		return ""
	}
	return strings.Join(parts, " ") + ": "
}

func (t *textWriter) incomplete(states []tenant.KindState) {
	if len(states) == 0 {
		return
	}
	t.line(0, "\nNot completely read, so nothing is concluded from absence there")
	for _, k := range states {
		t.line(1, "%s: %s", word(k.Kind), kindStateText(k))
	}
}

// kindStateText says what was read of a kind, why not all, and what would help.
func kindStateText(k tenant.KindState) string {
	s := word(string(k.Completeness))
	if k.Reason != "" {
		s += ": " + oneLine(k.Reason)
	}
	if len(k.Missing) > 0 {
		s += " (needs " + oneLine(strings.Join(k.Missing, ", ")) + ")"
	}
	return s
}
