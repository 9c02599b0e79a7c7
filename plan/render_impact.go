package plan

const impactTitle = "Impact: review this first"

func (t *textWriter) impact(impact []Impact) {
	if len(impact) == 0 {
		return
	}
	t.line(0, "\n%s", impactTitle)
	for _, i := range impact {
		t.line(1, "* %s: %s", t.rest.word(i.Kind), t.rest.message(i.Message))
		for _, id := range firstItems(i.Items, &t.rest) {
			t.line(3, "%s", id)
		}
	}
}

func (m *markdownWriter) impact(impact []Impact) {
	if len(impact) == 0 {
		return
	}
	m.block("## %s", impactTitle)
	for _, i := range impact {
		m.block("**%s**: %s", code(m.rest.word(i.Kind)), prose(m.rest.message(i.Message)))
		var points []string
		for _, id := range firstItems(i.Items, &m.rest) {
			points = append(points, code(id))
		}
		m.list(points)
	}
}
