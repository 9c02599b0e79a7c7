// Package frozen holds what is persisted against files in testdata/v1: what a
// release has written must be readable by every later one, and must go on being
// written the same way.
//
// Once a version is released its files are never rewritten: not when a test
// fails, and not with -update-frozen. A failing test then means that hosts'
// databases cannot be read any more, or that an older process of theirs cannot
// read what this one writes. A form that has to change gets a new number and
// files of its own (testdata/v2), beside the old ones, which still decode.
//
// -update-frozen is a flag of its own, so that the -update of scripts and
// golden files leaves these alone. It is for the time before a release.
package frozen
