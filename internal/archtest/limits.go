package archtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Limits bound the structure of a package. A value at a limit is allowed.
type Limits struct {
	Cycle        int     // files in the largest cycle
	EdgesPerFile float64 // see Shape.EdgesPerFile
	Methods      int     // methods of one type
}

// Exceeded returns one message for each limit that the shape exceeds, and one
// for each type with too many methods. A message names the files or the type,
// and says what to do.
func (s Shape) Exceeded(l Limits) []string {
	var messages []string
	if len(s.Cycle) > l.Cycle {
		messages = append(messages, s.cycleMessage(l.Cycle))
	}
	if s.EdgesPerFile() > l.EdgesPerFile {
		messages = append(messages, s.edgesMessage(l.EdgesPerFile))
	}
	for _, t := range s.Types {
		if t.Methods > l.Methods {
			messages = append(messages, fmt.Sprintf("package %s: type %s (%s) has %d methods, the limit is %d: "+
				"move the methods that need only some of its fields to a type of their own, "+
				"or make them functions that take values", s.Package, t.Name, t.File, t.Methods, l.Methods))
		}
	}
	return messages
}

// mentioned is the number of edges or files that a message suggests to begin
// with.
const mentioned = 5

// cycleMessage suggests the edges of the cycle that carry the fewest names:
// these are the cheapest to remove.
func (s Shape) cycleMessage(limit int) string {
	within := func(file string) bool { return slices.Contains(s.Cycle, file) }
	var edges []Edge
	for _, e := range s.Edges {
		if within(e.From) && within(e.To) {
			edges = append(edges, e)
		}
	}
	slices.SortStableFunc(edges, func(a, b Edge) int { return cmp.Compare(len(a.Names), len(b.Names)) })
	var begin []string
	for _, e := range edges[:min(len(edges), mentioned)] {
		begin = append(begin, fmt.Sprintf("%s uses %s of %s", e.From, strings.Join(e.Names, ", "), e.To))
	}
	return fmt.Sprintf("package %s: %d files are in one cycle, the limit is %d: %s. "+
		"Move a declaration to the file that uses it or to one that both may use, or hand its result over as a value. "+
		"The edges with the fewest uses: %s",
		s.Package, len(s.Cycle), limit, strings.Join(s.Cycle, ", "), strings.Join(begin, "; "))
}

func (s Shape) edgesMessage(limit float64) string {
	uses := map[string]int{}
	for _, e := range s.Edges {
		uses[e.From]++
	}
	files := slices.Clone(s.Files)
	slices.SortStableFunc(files, func(a, b string) int { return cmp.Compare(uses[b], uses[a]) })
	var most []string
	for _, f := range files[:min(len(files), mentioned)] {
		most = append(most, fmt.Sprintf("%s uses %d", f, uses[f]))
	}
	return fmt.Sprintf("package %s: %d edges between %d files are %.2f per file, the limit is %.2f: "+
		"let these files take values in place of calling into others, "+
		"or join files that are one subject, or move a part to a package of its own. The files that use the most others: %s",
		s.Package, len(s.Edges), len(s.Files), s.EdgesPerFile(), limit, strings.Join(most, ", "))
}
