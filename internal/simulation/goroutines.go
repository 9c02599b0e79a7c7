package simulation

import (
	"regexp"
	"runtime"
	"strings"
)

// bubbleOf matches the number of a goroutine's bubble.
var bubbleOf = regexp.MustCompile(`^goroutine \d+ \[[^]]*synctest bubble (\d+)[^]]*\]`)

// atWork lists functions of the engine that are on the stack of a goroutine
// while it works on a tenant or keeps its lease.
var atWork = []string{"syncer.(*Syncer).advance(", "lease.(*Hold).Keep(", "syncer.(*session).loop("}

// goroutineAtWork returns the stack of a goroutine of this bubble that works on
// a tenant, or "".
func goroutineAtWork() string {
	for _, g := range goroutinesHere() {
		for _, f := range atWork {
			if strings.Contains(g, f) {
				return g
			}
		}
	}
	return ""
}

// goroutinesHere returns the stacks of the goroutines of this bubble.
func goroutinesHere() (all []string) {
	own := bubble(stacks(false))
	for g := range strings.SplitSeq(stacks(true), "\n\n") {
		if bubble(g) == own {
			all = append(all, g)
		}
	}
	return all
}

func bubble(stack string) string {
	if m := bubbleOf.FindStringSubmatch(stack); m != nil {
		return m[1]
	}
	return ""
}

func stacks(all bool) string {
	for size := 1 << 18; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, all); n < size {
			return string(buf[:n])
		}
	}
}
