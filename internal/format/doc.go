// Package format reads and writes stored JSON forms that carry a version.
package format
