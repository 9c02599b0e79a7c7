//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package folder

// openAtOnce is for systems with named pipes in folders.
const openAtOnce = 0
