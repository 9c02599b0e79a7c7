// Package price is a package of a second module.
package price

// Sum adds all numbers. Without the last statement of the loop it never ends.
func Sum(all []int) int {
	sum, i := 0, 0
	for i < len(all) {
		sum += all[i]
		i++
	}
	return sum
}
