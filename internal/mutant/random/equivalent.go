package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// equivalent names a mutant that no test can find. It holds the changed line and
// not its number, so that it still fits when the file changes elsewhere.
type equivalent struct {
	file, function, from, to string
}

func (m *mutation) equivalent() equivalent {
	before, after := m.lines()
	return equivalent{m.file.name, m.function(), before, after}
}

// readEquivalent reads the file of equivalent mutants. Empty lines separate
// them. Each has the lines that the command prints for a mutant, and at least
// one line more: the reason. A line number and a kind after the file are left
// out of account.
func readEquivalent(root, name string) ([]equivalent, error) {
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []equivalent
	for _, block := range strings.Split(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n\n") {
		var lines []string
		for _, line := range strings.Split(block, "\n") {
			if line = trim(line); line != "" && !strings.HasPrefix(line, "#") {
				lines = append(lines, line)
			}
		}
		if len(lines) == 0 {
			continue
		}
		e, err := parseEquivalent(lines)
		if err != nil {
			return nil, fmt.Errorf("%s: %w:\n%s", name, err, block)
		}
		all = append(all, e)
	}
	return all, nil
}

func parseEquivalent(lines []string) (equivalent, error) {
	if len(lines) < 5 {
		return equivalent{}, errors.New("want a file, a function, the line before, the line after, and a reason")
	}
	var e equivalent
	place, _, _ := strings.Cut(lines[0], " ")
	e.file, _, _ = strings.Cut(place, ":")
	for i, field := range []struct {
		prefix string
		to     *string
	}{{"func", &e.function}, {"-", &e.from}, {"+", &e.to}} {
		text, ok := strings.CutPrefix(lines[i+1]+" ", field.prefix+" ")
		if !ok {
			return equivalent{}, fmt.Errorf("line %q does not begin with %q", lines[i+1], field.prefix)
		}
		*field.to = strings.TrimSpace(text)
	}
	return e, nil
}
