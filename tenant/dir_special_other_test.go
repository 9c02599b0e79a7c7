//go:build !linux

package tenant

var specialFiles map[string]func(file string) error
