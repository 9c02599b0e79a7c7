// Package secretsearch searches what a program has written, sent and shown for
// secrets that must not be there, in every form that they may take on the way:
// as they are, escaped for JSON, HTML, Go, Markdown or a URL, in base64 at any
// alignment, in hex, as a list of numbers, and in halves.
//
// A search that finds nothing proves nothing by itself. Plant each secret in
// each channel, by the way that the program would take, and see it found.
package secretsearch
