package plan

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/tenant"
)

// widthDefault is the width of [Plan.Text]. widthLeast is the smallest width of
// [Plan.TextWidth].
const (
	widthDefault = 100
	widthLeast   = 40
)

// Text writes the plan to w like [Plan.TextWidth] with a width of 100.
func (p *Plan) Text(w io.Writer) error { return p.TextWidth(w, 0) }

// movedOn says that the repository has a newer revision, and what to do.
const movedOn = "The repository has moved on to revision %s since this plan was made. Sync again with Supersede to plan from it."

// revisions are the one that the plan was made against and the newer one, as the
// output shows them.
func (p *Plan) revisions(rest *shortener) (made, newer string) {
	if p.Revision != "" {
		made = rest.name(p.Revision)
	}
	if p.NewerRevision != "" {
		newer = rest.name(p.NewerRevision)
	}
	return made, newer
}

// TextWidth writes the plan to w for a person who decides on it, as UTF-8 for a
// terminal, without colors. It quotes names and values from the tenant and the
// repository, and escapes invisible characters. It groups items with the same
// change.
//
// The mark of an item is "+" for create, "~" for update, "-" for delete and "!"
// for a conflict. Members of lists have an identifying name in brackets. A long
// text is shown by its differing lines or places. The length of every text is
// limited. An item is marked TRUNCATED if the output leaves out a part of its
// changes, and the second line has the number of such items. The JSON form
// ([Plan.Encode]) has the whole plan.
//
// The width is in characters: 0 or less means 100, and less than 40 means 40.
// Lists are wrapped at this width. A value that does not fit next to its name is
// on the next line, and one long value is not wrapped. TextWidth returns the error
// of w.
func (p *Plan) TextWidth(w io.Writer, width int) error {
	t := textWriter{width: width}
	if t.width <= 0 {
		t.width = widthDefault
	}
	t.width = max(t.width, widthLeast)
	steps := p.steps(t.width - listIndent)
	t.impact(p.Impact())
	t.broken(p.Broken)
	for _, s := range steps {
		t.line(0, "\n%s", s.title)
		for _, g := range s.kinds {
			t.line(1, "%s", t.rest.word(g.kind))
			for _, group := range g.groups {
				t.group(group)
			}
		}
	}
	t.notes(p.notesByClass())
	unread, names := p.incomplete()
	t.kinds(incompleteTitle, unread)
	t.kinds(namesOnlyTitle, names)
	t.line(0, "\nDigest of the plan:    %s", t.rest.word(p.Digest))
	t.line(0, "Digest of the changes: %s", t.rest.word(p.ChangeDigest))

	head := textWriter{rest: t.rest}
	head.line(0, "Plan for tenant %s: %s", head.rest.name(p.Tenant), p.Counts().summary())
	made, newer := p.revisions(&head.rest)
	if cut := truncationText(steps, &head.rest); cut != "" {
		head.line(0, "%s", cut)
	}
	if made != "" {
		head.line(0, "Made against repository revision %s", made)
	}
	if newer != "" {
		head.line(0, movedOn, newer)
	}
	if _, err := io.WriteString(w, head.String()+t.String()); err != nil {
		return fmt.Errorf("plan: write text: %w", err)
	}
	return nil
}

type textWriter struct {
	strings.Builder
	width int
	rest  shortener // for text outside the items
}

// listIndent is the indentation of the lines of lists, including their sign.
const listIndent = 14

func (t *textWriter) line(indent int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	t.WriteString(strings.Repeat("  ", indent) + text + "\n")
}

// list writes texts, separated by commas, in lines of the width.
func (t *textWriter) list(indent int, texts []string) {
	for _, line := range packed(texts, t.width-2*indent) {
		t.line(indent, "%s", line)
	}
}

func (t *textWriter) broken(rules []Violation) {
	if len(rules) == 0 {
		return
	}
	t.line(0, "\n!!! BROKEN RULES: an approval must name each of them")
	for _, b := range rules {
		t.line(0, "!!! %s: %s", t.rest.word(b.Rule), t.rest.message(b.Message))
		for _, id := range firstItems(b.Items, &t.rest) {
			t.line(3, "%s", id)
		}
	}
}

func (t *textWriter) group(g *itemGroup) {
	first := g.views[0]
	if len(g.views) == 1 {
		t.item(first)
		return
	}
	head := first.mark + " " + g.head()
	if first.part != "" {
		head += ", " + first.part
	}
	t.line(2, "%s", head)
	common, keys := g.shortKeys()
	if common != "" {
		t.line(4, "%s", common)
	}
	t.list(4, keys)
	t.rows(first.item.Verb, g.rows)
	if legend := g.legend(); legend != "" {
		t.line(4, "%s", legend)
	}
	t.values(g.values())
	t.waits(first.waits)
}

func (t *textWriter) item(v *itemView) {
	head := fmt.Sprintf("%s %s %s", v.mark, v.verb, v.key)
	if v.part != "" {
		head += " " + v.part
	}
	if v.remarks != "" {
		head += ", " + v.remarks
	}
	if v.size != "" {
		head += ": " + v.size
	}
	if v.cut {
		head += " [" + truncated + "]"
	}
	t.line(2, "%s", head)
	t.rows(v.item.Verb, v.rows)
	t.values(v.values)
	t.waits(v.waits)
}

// values writes the lines with the values of references.
func (t *textWriter) values(lines []string) {
	for _, line := range lines {
		t.line(4, "%s", line)
	}
}

func (t *textWriter) waits(ids []string) {
	for _, id := range ids[:min(len(ids), itemsShown)] {
		t.line(4, "waits for %s", id)
	}
	if more := len(ids) - itemsShown; more > 0 {
		t.line(4, "waits for %d more", more)
	}
}

func (t *textWriter) rows(verb tenant.Verb, rows []row) {
	for _, r := range rows {
		t.row(verb, r)
	}
}

func (t *textWriter) row(verb tenant.Verb, r row) {
	name := r.title()
	pair := r.before + " → " + r.after
	const indent = 4
	switch {
	case r.clash:
		t.line(indent, "! %s", name)
		t.line(indent+2, "agreed:   %s", r.base)
		t.line(indent+2, "tenant:   %s", r.before)
		t.line(indent+2, "proposed: %s", r.after)
	case r.summary != "":
		t.line(indent, "%s: %s", name, r.summary)
	case verb == tenant.Create:
		t.line(indent, "%s: %s", name, r.after)
	case verb == tenant.Delete:
		t.line(indent, "%s: %s", name, r.before)
	case 2*indent+utf8.RuneCountInString(name+": "+pair) > t.width || rightToLeft(name+pair):
		// Next to right-to-left text, a display may reverse the arrow.
		t.line(indent, "%s", name)
		t.line(indent+2, "tenant:   %s", r.before)
		t.line(indent+2, "proposed: %s", r.after)
	default:
		t.line(indent, "%s: %s", name, pair)
	}
	for _, l := range r.lines {
		t.line(indent+2, "%c %s", l.sign, l.text)
	}
}

func (t *textWriter) notes(classes []classNotes) {
	for i, c := range classes {
		if i == 0 || c.class.Failure() != classes[i-1].class.Failure() {
			t.line(0, "\n%s", noteTitle(c.class))
		}
		t.line(1, "%s", noteHead(c, &t.rest))
		for _, g := range groupNotes(c.notes, &t.rest) {
			subject := g.subject()
			switch {
			case subject == "":
				t.line(2, "%s", g.message)
			case len(g.keys) > 1:
				t.line(2, "%s: %s", strings.TrimSpace(g.kind+" "+count(len(g.keys), "object")+" "+g.pointer), g.message)
				t.list(4, g.keys)
			default:
				t.line(2, "%s: %s", subject, g.message)
			}
		}
	}
}

func noteTitle(c NoteClass) string {
	if c.Failure() {
		return "Problems: requested but not done"
	}
	return "For information"
}

func noteHead(c classNotes, s *shortener) string {
	if c.meaning == "" {
		return s.word(string(c.class))
	}
	return s.word(string(c.class)) + ": " + c.meaning
}

const (
	incompleteTitle = "Not completely read, so missing objects do not count as deleted"
	namesOnlyTitle  = "Names only: something of these objects is not read, so none is created or deleted"
)

// kinds writes the states of kinds under a title, if there are any.
func (t *textWriter) kinds(title string, states []tenant.KindState) {
	if len(states) == 0 {
		return
	}
	t.line(0, "\n%s", title)
	for _, k := range states {
		t.line(1, "%s: %s", t.rest.word(k.Kind), kindStateText(k, &t.rest))
	}
}

// kindStateText says how completely a kind was read, the reason, and the missing
// permissions.
func kindStateText(k tenant.KindState, s *shortener) string {
	text := s.word(string(k.Completeness))
	if k.Reason != "" {
		text += ": " + s.message(k.Reason)
	}
	if len(k.Missing) > 0 {
		text += " (needs " + s.message(strings.Join(k.Missing, ", ")) + ")"
	}
	return text
}
