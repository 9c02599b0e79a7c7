// Package sum is what the mutants are made from.
package sum

// plusTwo returns what its name says.
func plusTwo(a int) int {
	const b = 2
	return a + b
}
