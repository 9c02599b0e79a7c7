package jsonval

import "testing"

// An index has at most nine digits, so that it is an int on every machine.
func TestArrayIndex(t *testing.T) {
	for s, want := range map[string]int{"0": 0, "9": 9, "10": 10, "123456789": 123456789, "999999999": 999999999,
		"": -1, "00": -1, "01": -1, "1234567890": -1, "-1": -1, "+1": -1, "1a": -1, "a": -1, "/": -1, ":": -1} {
		got, ok := arrayIndex(s)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}
