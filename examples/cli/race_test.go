//go:build race

package main

// raced: the race detector is on, which makes what SQLite does ten times slower.
const raced = true
