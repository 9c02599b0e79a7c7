package diff

import (
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// hint records that each of some new files may be the new name of one of some
// vanished objects.
func hint(g *renameGroup, why string) {
	for _, old := range g.old {
		old.asCandidate().mayBe = &guess{g.fresh, why}
	}
	for _, o := range g.fresh {
		o.asCandidate().mayBe = &guess{g.old, why}
	}
}

// noteGuess notes that a created or deleted object may be a rename, and how to
// declare it.
func noteGuess(ix *index, o *object) {
	g := o.guess()
	if g == nil {
		return
	}
	if o.desired == nil {
		noteOn(ix, o, plan.PossibleRename, "", "its new name may be %s: %s. If so, write %s into the new file, and the object keeps its id and is not deleted",
			firstFew(g.others, " or ", quotedKey), g.why, previousNamesLine(o.key))
		return
	}
	noteOn(ix, o, plan.PossibleRename, "", "it may be the new name of %s: %s. If so, write %s into %s, and no second object is created",
		firstFew(g.others, " or ", quotedKey), g.why, firstFew(g.others, " or ", previousNamesLineOf), schema.FileOf(o.desired))
}
