package plan

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// Markdown writes the plan to w as GitHub Flavored Markdown, with the same content
// as [Plan.Text]. It writes names and values in code spans and escapes messages,
// so that no text from the tenant or the repository becomes a link, an image,
// HTML, a mention or a table cell. It returns the error of w.
func (p *Plan) Markdown(w io.Writer) error {
	var m markdownWriter
	steps := p.steps(widthDefault)
	m.impact(p.Impact())
	m.broken(p.Broken)
	for _, s := range steps {
		m.block("## %s", s.title)
		for _, g := range s.kinds {
			m.block("### %s", code(m.rest.word(g.kind)))
			for _, group := range g.groups {
				m.group(group)
			}
		}
	}
	m.notes(p.notesByClass())
	unread, names := p.incomplete()
	m.kinds(incompleteTitle, unread)
	m.kinds(namesOnlyTitle, names)
	m.block("Digest of the plan: %s", code(m.rest.word(p.Digest)))
	m.block("Digest of the changes: %s", code(m.rest.word(p.ChangeDigest)))

	head := markdownWriter{rest: m.rest}
	head.block("# Plan for tenant %s", code(head.rest.name(p.Tenant)))
	head.block("**%s**", p.Counts().summary())
	made, newer := p.revisions(&head.rest)
	if cut := truncationText(steps, &head.rest); cut != "" {
		head.block("**%s**", cut)
	}
	if made != "" {
		head.block("Made against repository revision %s.", code(made))
	}
	if newer != "" {
		head.block("**"+movedOn+"**", code(newer))
	}
	if _, err := io.WriteString(w, head.String()+strings.TrimSuffix(m.String(), "\n")); err != nil {
		return fmt.Errorf("plan: write markdown: %w", err)
	}
	return nil
}

type markdownWriter struct {
	strings.Builder
	rest shortener // for text outside the items
}

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

func (m *markdownWriter) broken(rules []Violation) {
	if len(rules) == 0 {
		return
	}
	m.block("## ⚠ BROKEN RULES")
	m.block("An approval must name each of them.")
	for _, b := range rules {
		m.block("**%s**: %s", code(m.rest.word(b.Rule)), prose(m.rest.message(b.Message)))
		if len(b.Items) > 0 {
			var points []string
			for _, s := range firstItems(b.Items, &m.rest) {
				points = append(points, code(s))
			}
			m.list(points)
		}
	}
}

func (m *markdownWriter) group(g *itemGroup) {
	first := g.views[0]
	if len(g.views) == 1 {
		m.item(first)
		return
	}
	m.block("#### %s %s", code(first.mark), prose(g.head()))
	if first.part != "" {
		m.block("Part %s", code(first.part))
	}
	var points []string
	for _, key := range g.keys() {
		points = append(points, code(key))
	}
	m.list(points)
	m.table(first.item.Verb, g.rows)
	if legend := g.legend(); legend != "" {
		m.block("%s", prose(legend))
	}
	m.values(g.values())
	m.waits(first.waits)
}

func (m *markdownWriter) item(v *itemView) {
	head := fmt.Sprintf("%s %s %s", code(v.mark), v.verb, code(v.key))
	if v.part != "" {
		head += " " + code(v.part)
	}
	if v.cut {
		head += " (" + truncated + ")"
	}
	m.block("#### %s", head)
	if v.remarks != "" {
		m.block("%s", prose(v.remarks))
	}
	if v.size != "" {
		m.block("%s", v.size)
	}
	m.table(v.item.Verb, v.rows)
	m.values(v.values)
	m.waits(v.waits)
}

// values writes the lines with the values of references.
func (m *markdownWriter) values(lines []string) {
	if len(lines) == 0 {
		return
	}
	points := make([]string, len(lines))
	for i, line := range lines {
		points[i] = code(line)
	}
	m.list(points)
}

func (m *markdownWriter) waits(ids []string) {
	if len(ids) == 0 {
		return
	}
	var waits []string
	for _, id := range ids[:min(len(ids), itemsShown)] {
		waits = append(waits, "waits for "+code(id))
	}
	if more := len(ids) - itemsShown; more > 0 {
		waits = append(waits, fmt.Sprintf("waits for %d more", more))
	}
	m.list(waits)
}

// table writes the rows as a table. A create has no column for the tenant's value,
// and a delete none for the proposed one. A conflict adds the column with the
// agreed value.
func (m *markdownWriter) table(verb tenant.Verb, rows []row) {
	if len(rows) == 0 {
		return
	}
	clash := slices.ContainsFunc(rows, func(r row) bool { return r.clash })
	columns := func(name, base, before, after string) {
		cells := []string{name}
		if clash {
			cells = append(cells, base)
		}
		if clash || verb != tenant.Create {
			cells = append(cells, before)
		}
		if clash || verb != tenant.Delete {
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

// row writes a row of the table, and one more for each of its lines.
func (m *markdownWriter) row(r row, columns func(name, base, before, after string)) {
	name := cell(r.title())
	switch {
	case r.clash:
		columns("**conflict** "+name, cell(r.base), cell(r.before), cell(r.after))
	case r.summary != "":
		columns(name+": "+r.summary, "", "", "")
	default:
		columns(name, "", cell(r.before), cell(r.after))
	}
	for _, l := range r.lines {
		switch text := cell(l.text); l.sign {
		case '-':
			columns("", "", text, "")
		case '+':
			columns("", "", "", text)
		default:
			columns("", "", text, text)
		}
	}
}

func (m *markdownWriter) notes(classes []classNotes) {
	for i, c := range classes {
		if i == 0 || c.class.Failure() != classes[i-1].class.Failure() {
			m.block("## %s", noteTitle(c.class))
		}
		m.block("**%s**", prose(noteHead(c, &m.rest)))
		var points []string
		for _, g := range groupNotes(c.notes, &m.rest) {
			subject := g.subject()
			if subject != "" {
				subject = code(subject) + ": "
			}
			points = append(points, subject+prose(g.message))
		}
		m.list(points)
	}
}

func (m *markdownWriter) kinds(title string, states []tenant.KindState) {
	if len(states) == 0 {
		return
	}
	m.block("## %s", title)
	var points []string
	for _, k := range states {
		points = append(points, code(m.rest.word(k.Kind))+": "+prose(kindStateText(k, &m.rest)))
	}
	m.list(points)
}

// code returns a code span, in which no text is Markdown. The fence is longer than
// any run of backticks in s.
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

// cell returns a code span for a table, in which a bar must be escaped even in
// code. Quoted text never has an odd number of backslashes before a bar, so the
// added backslash always escapes it.
func cell(s string) string {
	return code(strings.ReplaceAll(s, "|", `\|`))
}

// prose returns a message on one line, with Markdown escaped. Empty comments
// separate "@" and "#" from the text after them, which would make them mentions
// and links.
func prose(s string) string {
	s = proseEscapes.Replace(strings.TrimSpace(oneLine(s)))
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		s = `\` + s // without the escape it would begin a list
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
