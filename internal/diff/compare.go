package diff

// Compare compares base, repository and tenant. It returns an error only for
// input that no tenant and no person can be blamed for: a kind's path that is
// no JSON pointer, an object of the tenant or the base that is no JSON object.
// Everything else that is wrong is in the plan's notes.
//
// The result depends on the input alone, and not on the order of its lists.
func Compare(in Input) (*Result, error) {
	ix, err := newIndex(in)
	if err != nil {
		return nil, err
	}
	ms := match(ix)
	ns := newNames(ix, ms)
	dec := newDecider(ix, ms, ns)
	for _, o := range ms.sorted {
		dec.decide(o)
	}
	if ix.failed != nil {
		return nil, ix.failed
	}
	return assemble(ix, ms, ns)
}
