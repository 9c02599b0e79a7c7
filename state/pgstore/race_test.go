//go:build race

package pgstore_test

// raced: the race detector makes everything several times slower. With it, the
// kits run only on stores with several connections; without it, on all.
const raced = true
