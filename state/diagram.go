package state

import (
	"fmt"
	"slices"
	"strings"
)

// arrow is one arrow of a diagram: the events that lead from one status to
// another. Events that are legal in every active status are drawn once, from
// the frame around the active ones (fromActive), instead of four times.
type arrow struct {
	from       Status
	fromActive bool
	to         Status
	events     []Event
}

func (a arrow) label() string {
	names := make([]string, len(a.events))
	for i, ev := range a.events {
		names[i] = string(ev)
	}
	return strings.Join(names, ", ")
}

// arrows returns the arrows of the table in a fixed order.
func arrows(rows []Transition) []arrow {
	var all []arrow
	for _, row := range rows {
		next := arrow{from: row.From, to: row.To}
		if inEveryActive(rows, row) {
			next = arrow{fromActive: true, to: row.To}
		}
		i := slices.IndexFunc(all, func(a arrow) bool {
			return a.from == next.from && a.fromActive == next.fromActive && a.to == next.to
		})
		if i < 0 {
			i = len(all)
			all = append(all, next)
		}
		if !slices.Contains(all[i].events, row.Event) {
			all[i].events = append(all[i].events, row.Event)
		}
	}
	return all
}

// inEveryActive reports whether every active status has a row with this event
// and target.
func inEveryActive(rows []Transition, row Transition) bool {
	for _, s := range statuses {
		same := Transition{Event: row.Event, From: s.status, To: row.To}
		if s.status.Active() && !slices.Contains(rows, same) {
			return false
		}
	}
	return row.From.Active()
}

// Mermaid returns the table as a Mermaid state diagram. Statuses have their
// labels; the arrows from the frame around the active statuses stand for an
// arrow from each.
func Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, s := range statuses {
		if s.resting {
			fmt.Fprintf(&b, "    state %q as %s\n", s.label, string(s.status))
		}
	}
	b.WriteString("    state \"A sync is under way\" as active {\n")
	for _, s := range statuses {
		if !s.resting {
			fmt.Fprintf(&b, "        state %q as %s\n", s.label, string(s.status))
		}
	}
	all := arrows(table)
	for _, a := range all {
		if !a.fromActive && a.from.Active() && a.to.Active() {
			fmt.Fprintf(&b, "        %s --> %s: %s\n", string(a.from), string(a.to), a.label())
		}
	}
	b.WriteString("    }\n")
	fmt.Fprintf(&b, "    [*] --> %s\n", string(NotRun))
	for _, a := range all {
		switch {
		case a.fromActive:
			fmt.Fprintf(&b, "    active --> %s: %s\n", string(a.to), a.label())
		case a.from.Resting() || a.to.Resting():
			fmt.Fprintf(&b, "    %s --> %s: %s\n", string(a.from), string(a.to), a.label())
		}
	}
	return b.String()
}

// Graphviz returns the table as a directed graph in Graphviz's language, drawn
// like [Mermaid]'s.
func Graphviz() string {
	var b strings.Builder
	b.WriteString("digraph status {\n    compound=true;\n    node [shape=box, style=rounded];\n")
	for _, s := range statuses {
		if s.resting {
			fmt.Fprintf(&b, "    %s [label=%q];\n", string(s.status), s.label)
		}
	}
	b.WriteString("    subgraph cluster_active {\n        label=\"A sync is under way\";\n")
	for _, s := range statuses {
		if !s.resting {
			fmt.Fprintf(&b, "        %s [label=%q];\n", string(s.status), s.label)
		}
	}
	b.WriteString("    }\n")
	for _, a := range arrows(table) {
		if a.fromActive {
			// An edge needs a node; ltail has it begin at the frame.
			fmt.Fprintf(&b, "    %s -> %s [label=%q, ltail=cluster_active];\n", string(InProgress), string(a.to), a.label())
			continue
		}
		fmt.Fprintf(&b, "    %s -> %s [label=%q];\n", string(a.from), string(a.to), a.label())
	}
	b.WriteString("}\n")
	return b.String()
}
