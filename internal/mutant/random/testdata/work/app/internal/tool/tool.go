// Package tool is used by tests only.
package tool

// Yes is true.
func Yes() bool { return true }
