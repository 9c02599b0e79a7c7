// Package format encodes and decodes stored JSON documents with a format
// version.
package format
