// Package authtest has fakes and kits for tests of package auth and of what
// uses it.
package authtest
