// Package script runs tests that are written as scripts: commands with their
// expected output.
//
// A script is a text file of blocks, with comments and blank lines between
// them:
//
//	# A tenant that was never synced can be started.
//	put contoso status=not_run note="first of all"
//	start contoso
//	----
//	contoso: Starting
//
// A block is one or more command lines, a line of four dashes, and the
// expected output, which ends at a blank line or at the end of the file. The
// outputs of a block's commands are compared as one text.
//
// A command line is a name, positional arguments and key=value options,
// separated by spaces. An argument or a value may be quoted as in Go, with
// "double quotes" or `backquotes`; quote an argument that contains a space or
// an equals sign. A line that begins with # is a comment, also between the
// commands of a block. Lines that begin with a tab and follow a command are
// its input, the tab removed.
//
// Output with blank lines is put between doubled dashes:
//
//	show contoso
//	----
//	----
//	first paragraph
//
//	second paragraph
//	----
//	----
//
// Run the tests with -update to rewrite the expected outputs; comments,
// commands and spacing do not change. Commit the new outputs only if you
// understand each change.
//
// The package runs no subtests, so that scripts can run inside a
// [testing/synctest] bubble.
package script
