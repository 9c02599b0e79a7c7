package diff

// decider decides about objects, one by one.
type decider struct {
	ix   *index
	ms   *matches
	ns   *names
	seen *seenSums
}

func newDecider(ix *index, ms *matches, ns *names) *decider {
	return &decider{ix: ix, ms: ms, ns: ns, seen: newSeenSums(ns)}
}
