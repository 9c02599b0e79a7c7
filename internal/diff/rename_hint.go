package diff

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// guess is a rename that nothing proves: of a vanished object the files that may
// be its new ones, of a new file the objects that it may have been.
type guess struct {
	others []*object
	why    string
}

// hint keeps in mind that each of some new files may be the new name of one of
// some vanished objects.
func hint(g *alike, why string) {
	for _, old := range g.old {
		old.mayBe = &guess{g.fresh, why}
	}
	for _, o := range g.fresh {
		o.mayBe = &guess{g.old, why}
	}
}

// noteGuess says of an object that is created or deleted that it may be a
// rename, and what would tell.
func noteGuess(ix *index, o *object) {
	if o.mayBe == nil {
		return
	}
	others := o.mayBe.others
	if o.desired == nil {
		noteOn(ix, o, plan.PossibleRename, "", "it may be called %s now: %s. If it is, write %s into the new file, and the object keeps its id and is not deleted",
			firstFew(others, " or ", quotedKey), o.mayBe.why, previousNamesLine(o.key))
		return
	}
	noteOn(ix, o, plan.PossibleRename, "", "it may be the new name of %s: %s. If it is, write %s into %s, and no second object is created",
		firstFew(others, " or ", quotedKey), o.mayBe.why, firstFew(others, " or ", toldLine), schema.FileOf(o.desired))
}

func quotedKey(o *object) string { return fmt.Sprintf("%q", o.key) }

// toldLine is the line by which a file tells that it was this object's.
func toldLine(old *object) string { return previousNamesLine(old.key) }

// previousNamesLine is the line by which a file tells its former name.
func previousNamesLine(key string) string {
	name, err := json.Marshal(key)
	if err != nil {
		return "" // a text has a JSON form
	}
	return fmt.Sprintf("%q: [%s]", previousNames, name)
}

// fewShown is how many names a message has.
const fewShown = 3

// firstFew joins the first texts, and says how many there are more.
func firstFew[T any](all []T, sep string, text func(T) string) string {
	var texts []string
	for _, v := range all[:min(len(all), fewShown)] {
		texts = append(texts, text(v))
	}
	if more := len(all) - fewShown; more > 0 {
		texts = append(texts, fmt.Sprintf("one of %d more", more))
	}
	return strings.Join(texts, sep)
}
