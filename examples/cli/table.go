package main

import (
	"strings"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// cell is a field of a table.
type cell struct {
	text  string
	color string // an SGR sequence's number, or none
}

// grid lays out rows under a heading, in columns as wide as their widest cell.
// Cells are made printable. With a width, lines are cut to it.
func (c *console) grid(heading []string, rows [][]cell, width int) []string {
	all := make([][]cell, 0, len(rows)+1)
	var first []cell
	for _, h := range heading {
		first = append(first, cell{text: h})
	}
	all = append(append(all, first), rows...)
	widths := make([]int, len(heading))
	for _, row := range all {
		for i := range row {
			row[i].text = plan.Printable(row[i].text)
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].text))
		}
	}
	var lines []string
	for _, row := range all {
		var b strings.Builder
		used := 0
		for i, f := range row {
			text := f.text
			if width > 0 {
				text = cut(text, max(width-used, 0))
			}
			if f.color != "" && c.color && text != "" {
				b.WriteString("\x1b[" + f.color + "m" + text + "\x1b[0m")
			} else {
				b.WriteString(text)
			}
			used += utf8.RuneCountInString(text)
			if i == len(row)-1 {
				break
			}
			gap := widths[i] - utf8.RuneCountInString(f.text) + 2
			if width > 0 {
				gap = min(gap, max(width-used, 0))
			}
			b.WriteString(strings.Repeat(" ", gap))
			used += gap
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// print prints a table as a result.
func (c *console) print(heading []string, rows [][]cell) {
	for _, line := range c.grid(heading, rows, 0) {
		c.printf("%s\n", safe(line))
	}
}

// cut shortens text to a number of characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	if width < 1 {
		return ""
	}
	runes := []rune(text)
	return string(runes[:width-1]) + "…"
}

// colorOf is the color of a status.
func colorOf(s state.Status) string {
	switch {
	case s == state.Idle:
		return "32" // green
	case s == state.NewError:
		return "31" // red
	case s == state.NotRun:
		return ""
	case s == state.Starting, s == state.InProgress:
		return "36" // cyan
	}
	return "33" // yellow: somebody has something to do
}
