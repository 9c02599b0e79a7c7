//go:build race

package pgstore_test

// raced: the race detector makes everything several times slower. The kits then
// run where calls of several connections meet; without it, everywhere.
const raced = true
