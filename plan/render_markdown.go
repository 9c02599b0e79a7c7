package plan

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// Markdown writes the plan as GitHub Flavored Markdown, with the content of
// [Plan.Text]. Names and values stand in code spans, and messages are escaped:
// nothing in them becomes a link, an image, HTML, a mention or a table cell.
func (p *Plan) Markdown(w io.Writer) error {
	var m markdownWriter
	m.block("# Plan for tenant %s", code(quoted(p.Tenant)))
	m.block("**%s**", p.Counts().summary())
	if p.Revision != "" {
		m.block("Made against revision %s of the desired line.", code(quoted(p.Revision)))
	}
	m.broken(p.Broken)
	for _, s := range p.steps() {
		m.block("## %s", s.title)
		for _, g := range s.kinds {
			m.block("### %s", code(word(g.kind)))
			for _, it := range g.items {
				m.item(it)
			}
		}
	}
	m.notes(p.noteGroups())
	m.incomplete(p.incomplete())
	m.block("Digest of the plan: %s", code(word(p.Digest)))
	m.block("Digest of the changes: %s", code(word(p.ChangeDigest)))
	if _, err := io.WriteString(w, strings.TrimSuffix(m.String(), "\n")); err != nil {
		return fmt.Errorf("plan: write markdown: %w", err)
	}
	return nil
}

type markdownWriter struct{ strings.Builder }

// block writes a paragraph or heading.
func (m *markdownWriter) block(format string, args ...any) {
	fmt.Fprintf(m, format+"\n\n", args...)
}

func (m *markdownWriter) list(points []string) {
	for _, s := range points {
		m.WriteString("- " + s + "\n")
	}
	m.WriteString("\n")
}

func (m *markdownWriter) broken(rules []Broken) {
	if len(rules) == 0 {
		return
	}
	m.block("## ⚠ BROKEN RULES")
	m.block("An approval must name each of them.")
	for _, b := range rules {
		m.block("**%s**: %s", code(word(b.Rule)), prose(b.Message))
		if len(b.Items) > 0 {
			var points []string
			for _, s := range firstItems(b.Items) {
				points = append(points, code(s))
			}
			m.list(points)
		}
	}
}

func (m *markdownWriter) item(it *Item) {
	head := fmt.Sprintf("%s %s %s", code(mark(it)), word(string(it.Verb)), code(quoted(it.Key)))
	if it.Part != "" {
		head += " " + code(it.Part)
	}
	m.block("#### %s", head)
	if remarks := it.remarks(); remarks != "" {
		m.block("%s", prose(remarks))
	}
	m.table(it)
	var points []string
	for _, line := range it.shownValues() {
		points = append(points, code(line))
	}
	for _, id := range it.hiddenDependencies() {
		points = append(points, "waits for "+code(quoted(id)))
	}
	if points != nil {
		m.list(points)
	}
}

// table writes the rows. Of a create and a delete it shows the one side that
// there is; the agreed value has a column only where there is a conflict.
func (m *markdownWriter) table(it *Item) {
	rows := it.rows()
	if len(rows) == 0 {
		return
	}
	clash := slices.ContainsFunc(rows, func(r row) bool { return r.clash })
	columns := func(name, base, before, after string) {
		cells := []string{name}
		if clash {
			cells = append(cells, base)
		}
		if clash || it.Verb != tenant.Create {
			cells = append(cells, before)
		}
		if clash || it.Verb != tenant.Delete {
			cells = append(cells, after)
		}
		m.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	columns("Property", "Agreed", "Tenant", "Proposed")
	columns("---", "---", "---", "---")
	for _, r := range rows {
		m.row(r, columns)
	}
	m.WriteString("\n")
}

// row writes a row, and one more for each of its lines.
func (m *markdownWriter) row(r row, columns func(name, base, before, after string)) {
	name := cell(pointerName(r.pointer))
	if r.member != "" {
		name += " of " + cell(r.member)
	}
	if r.remark != "" {
		name += " (" + r.remark + ")"
	}
	switch {
	case r.clash:
		columns("**conflict** "+name, cell(r.base), cell(r.before), cell(r.after))
	case r.lines != nil:
		columns(name+": "+r.summary, "", "", "")
	default:
		columns(name, "", cell(r.before), cell(r.after))
	}
	for _, l := range r.lines {
		if l.sign == '-' {
			columns("", "", cell(l.text), "")
		} else {
			columns("", "", "", cell(l.text))
		}
	}
}

func (m *markdownWriter) notes(groups []noteGroup) {
	for i, g := range groups {
		if i == 0 || g.class.Failure() != groups[i-1].class.Failure() {
			m.block("## %s", noteTitle(g.class))
		}
		m.block("**%s**", prose(noteHead(g)))
		var points []string
		for _, n := range g.notes {
			subject := strings.TrimSuffix(noteSubject(n), ": ")
			if subject != "" {
				subject = code(subject) + ": "
			}
			points = append(points, subject+prose(n.Message))
		}
		m.list(points)
	}
}

func (m *markdownWriter) incomplete(states []tenant.KindState) {
	if len(states) == 0 {
		return
	}
	m.block("## Not completely read, so nothing is concluded from absence there")
	var points []string
	for _, k := range states {
		points = append(points, code(word(k.Kind))+": "+prose(kindStateText(k)))
	}
	m.list(points)
}

// code returns a code span: nothing in it is Markdown. The fence is longer
// than any run of backticks within.
func code(s string) string {
	fence, run := 1, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		fence = max(fence, run+1)
	}
	ticks := strings.Repeat("`", fence)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// cell returns a code span for a table, where a bar must be escaped even in
// code. Quoted text never has an odd number of backslashes before a bar, so
// the added one always counts.
func cell(s string) string {
	return code(strings.ReplaceAll(s, "|", `\|`))
}

// prose escapes a message, on one line. The empty comments part "@" and "#"
// from the names that would make them mentions and links.
func prose(s string) string {
	s = proseEscapes.Replace(strings.TrimSpace(oneLine(s)))
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		s = `\` + s // else it would begin a list
	}
	return s
}

var proseEscapes = func() *strings.Replacer {
	pairs := []string{"@", "@<!-- -->", "#", `\#<!-- -->`, "://", `\://`, "www.", `www\.`}
	for _, r := range "\\`*_[]<>|~&" {
		pairs = append(pairs, string(r), `\`+string(r))
	}
	return strings.NewReplacer(pairs...)
}()
