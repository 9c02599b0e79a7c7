package sum

import "testing"

func TestPlusTwo(t *testing.T) {
	if got := plusTwo(2); got != 4 {
		t.Errorf("got %d, want 4", got)
	}
}
