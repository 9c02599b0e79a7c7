// Package shop is a library to plant mutants into.
package shop

import (
	"errors"

	"example.test/app/internal/cart"
)

// Most is the greatest number of items.
const Most = 3

var errMany = errors.New("too many")

// Order holds numbers of items.
type Order[T ~int] struct{ Items []T }

// Check refuses what is too much.
func Check(n int) error {
	if n > Most {
		return errMany
	}
	return nil
}

// Total adds all items up to the first negative one, which ends the order.
func (o *Order[T]) Total(more ...T) (sum T) {
	for _, n := range append(o.Items, more...) {
		if n == 0 {
			continue
		}
		if n < 0 {
			break
		}
		sum += n
	}
	return sum
}

// Both reports whether both carts are empty.
func Both(a, b cart.Cart) bool { return a.Empty() && b.Empty() }

func Ignored(_ int) bool { return true }
