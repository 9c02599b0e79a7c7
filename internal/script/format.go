package script

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Step is a command that was run, with its output.
type Step struct {
	Command
	Output string
}

// Format writes a script that expects the output of each step, below a comment.
// A block ends with a command that printed something.
func Format(comment string, steps []Step) (string, error) {
	var b strings.Builder
	for line := range strings.Lines(endInNewline(comment)) {
		b.WriteString("# " + line)
	}
	open := false
	for i, s := range steps {
		b.WriteString(s.Command.text())
		open = s.Output == "" && i < len(steps)-1
		if open {
			continue
		}
		out, err := formatOutput(endInNewline(s.Output))
		if err != nil {
			return "", fmt.Errorf("%s: %w", s.Pos, err)
		}
		b.WriteString(dashes + "\n" + out)
		if i < len(steps)-1 {
			b.WriteString("\n")
		}
	}
	return b.String(), nil
}

// text returns the text of the command in a script, with its input below it.
func (c Command) text() string {
	words := []string{c.Name}
	for _, a := range c.Args {
		words = append(words, quoted(a, " \t\"`=#"))
	}
	for _, k := range slices.Sorted(maps.Keys(c.Options)) {
		words = append(words, k+"="+quoted(c.Options[k], " \t\"`"))
	}
	text := strings.Join(words, " ") + "\n"
	for line := range strings.Lines(c.Input) {
		text += "\t" + endInNewline(line)
	}
	return text
}

// quoted returns the written form of a value, with quotes if it needs them.
func quoted(s, special string) string {
	if s == "" || strings.ContainsAny(s, special) || strconv.Quote(s) != `"`+s+`"` {
		return strconv.Quote(s)
	}
	return s
}
