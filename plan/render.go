package plan

import "io"

// Text writes the plan for a terminal.
func (p *Plan) Text(w io.Writer) error { panic("contract") }

// Markdown writes the plan as Markdown.
func (p *Plan) Markdown(w io.Writer) error { panic("contract") }
