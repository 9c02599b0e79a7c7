// Package jsonval parses JSON values into trees, compares them, and edits JSON
// texts. Two trees are equal whatever the order of names and the notation of
// numbers are in their texts. An edit copies the unchanged parts of a text byte
// for byte.
//
// Trees are immutable. They may share subtrees, and goroutines may read them
// concurrently. A tree in a [Slab] is valid until [Slab.Reset].
package jsonval
