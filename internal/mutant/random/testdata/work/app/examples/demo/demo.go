// Package demo is an example.
package demo

// Yes is true.
func Yes() bool { return true }
