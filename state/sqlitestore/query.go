package sqlitestore

import (
	"fmt"
	"slices"
	"strings"
)

// maxPage is the most values that one call of List, History, Runs or Claim
// returns. They are in memory all at once.
const maxPage = 1000

// builder builds the branches of a UNION ALL and their arguments. Equal
// arguments share a parameter: the branches of a list have most in common.
type builder struct {
	branches []string
	args     []any
}

// branch adds a branch.
func (b *builder) branch(format string, a ...any) {
	b.branches = append(b.branches, fmt.Sprintf(format, a...))
}

// add appends to the last branch.
func (b *builder) add(format string, a ...any) {
	b.branches[len(b.branches)-1] += fmt.Sprintf(format, a...)
}

func (b *builder) text() string { return strings.Join(b.branches, " UNION ALL ") }

// arg returns the parameter for an argument.
func (b *builder) arg(v any) string {
	i := slices.Index(b.args, v)
	if i < 0 {
		i = len(b.args)
		b.args = append(b.args, v)
	}
	return fmt.Sprint("?", i+1)
}
