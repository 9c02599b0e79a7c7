// Package cart has no tests of its own.
package cart

// Cart holds things.
type Cart struct{ N int }

// Empty reports whether nothing is in the cart.
func (c Cart) Empty() bool { return c.N == 0 }

// Word says it. Neither return can be left out.
func (c Cart) Word() string {
	if c.Empty() {
		return "empty"
	} else {
		return "full"
	}
}
