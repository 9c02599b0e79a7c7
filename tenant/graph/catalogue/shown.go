package catalogue

import (
	"fmt"
	"slices"
	"strings"
)

// Shown says who carries out verbs that no example in Microsoft's documentation
// shows. Two public tools that send the same request are as good as an example.
type Shown struct {
	// Verbs, and parts as "update#assignments".
	Verbs []string `json:"verbs"`
	// By are the tools, each with the commit that was read: "IntuneCD f07da7d".
	By []string `json:"by"`
}

// shownProblems returns the problems of Entry.Shown.
func (e Entry) shownProblems() []string {
	var out []string
	for _, s := range e.Shown {
		var tools []string
		for _, by := range s.By {
			tool, commit, _ := strings.Cut(by, " ")
			if commit == "" {
				out = append(out, fmt.Sprintf("%q does not say which commit shows its verbs", by))
			}
			tools = append(tools, tool)
		}
		slices.Sort(tools)
		if len(slices.Compact(tools)) < 2 {
			out = append(out, fmt.Sprintf("fewer than two tools show %s", strings.Join(s.Verbs, ", ")))
		}
		for _, name := range s.Verbs {
			// A host may take verbs away, so a kind need not have all that are shown.
			if slices.Contains(e.Unproven, name) {
				out = append(out, fmt.Sprintf("the verb %q is shown and unproven", name))
			}
		}
	}
	return out
}
