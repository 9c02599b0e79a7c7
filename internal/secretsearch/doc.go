// Package secretsearch searches the output of a program for secrets that must
// not be there, in every form that they may take: unchanged, escaped for JSON,
// HTML, Go, Markdown or a URL, in base64 at any alignment, in hex, as a list of
// numbers, and in halves.
//
// A search that finds nothing may be a broken search. Plant each secret in each
// channel as the program would write it, and check that the search finds it.
package secretsearch
