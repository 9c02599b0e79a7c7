package main

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// cell is a cell of a table.
type cell struct {
	text  string
	color string // the number of an SGR sequence, or ""
}

// grid lays out rows under a heading, in columns as wide as their widest cell. It makes
// the cells printable. If most is positive, grid cuts the lines to that many columns.
func (c *console) grid(heading []string, rows [][]cell, most int) []string {
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
			widths[i] = max(widths[i], columns(row[i].text))
		}
	}
	var lines []string
	for _, row := range all {
		var b strings.Builder
		used := 0
		for i, f := range row {
			text := f.text
			if most > 0 {
				text = cut(text, max(most-used, 0))
			}
			if f.color != "" && c.color && text != "" {
				b.WriteString("\x1b[" + f.color + "m" + text + "\x1b[0m")
			} else {
				b.WriteString(text)
			}
			used += columns(text)
			if i == len(row)-1 {
				break
			}
			gap := widths[i] - columns(f.text) + 2
			if most > 0 {
				gap = min(gap, max(most-used, 0))
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

// columns returns the number of terminal columns of a text. Letters of East Asian
// scripts take two columns, and combining characters take none.
func columns(text string) int {
	n := 0
	for _, r := range text {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	switch k := width.LookupRune(r).Kind(); {
	case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
		return 0
	case k == width.EastAsianWide || k == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cut shortens text to a number of columns.
func cut(text string, most int) string {
	if columns(text) <= most {
		return text
	}
	used := 1 // the ellipsis
	for i, r := range text {
		if used += columnsOf(r); used > most {
			if most < 1 {
				return ""
			}
			return text[:i] + "…"
		}
	}
	return text
}

// colorOf returns the color of a status.
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
	return "33" // yellow: a person must act
}
