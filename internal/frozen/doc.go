// Package frozen compares persisted forms with files in testdata/v1: every
// later release must read the forms that a release has written, and must write
// them the same way.
//
// Once a version is released its files are never rewritten: not when a test
// fails, and not with -update-frozen. A failing test then means that this
// version cannot read hosts' databases, or that an older process cannot read
// the data of this one. A form that has to change gets a new number and new
// files (testdata/v2). The old files stay and still decode.
//
// -update-frozen is a separate flag, so that the -update of scripts and golden
// files does not change these files. It is for the time before a release.
package frozen
