package shop

import (
	"testing"

	"example.test/app/internal/cart"
)

func TestCheck(t *testing.T) {
	if Check(1) != nil || Check(9) == nil { // nothing about 3 and 4
		t.Error("wrong")
	}
}

func TestTotal(t *testing.T) {
	if got := (&Order[int]{Items: []int{1, 0, 2}}).Total(3, -1, 5); got != 6 {
		t.Error(got)
	}
}

func TestBoth(t *testing.T) {
	if Both(cart.Cart{}, cart.Cart{N: 1}) {
		t.Error("wrong")
	}
}

func TestIgnored(t *testing.T) {
	if !Ignored(1) {
		t.Error("wrong")
	}
}
