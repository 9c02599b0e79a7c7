package syncer

import "github.com/tenantsync/tenantsync/internal/people"

// ActorKey is the default of [Config.ActorKey]. Two actors with equal keys are
// one person. The key ignores letter case, the Unicode form of accented letters,
// white space around the name, the width of white space within it, and
// characters that do not show. Letters that only look alike, such as Latin and
// Cyrillic a, stay different: use names that your directory has checked.
func ActorKey(actor string) string { return people.Key(actor) }
