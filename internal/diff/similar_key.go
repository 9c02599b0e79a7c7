package diff

import "strings"

// similarKey returns the key that shares the most with a misspelt one: its beginning
// and its end, without regard to case. A key that shares less than half is not
// similar.
func similarKey(keys []string, misspelt string) string {
	best, shared := "", max(len(misspelt)/2, 1)
	for _, key := range keys {
		if n := commonEnds(strings.ToLower(key), strings.ToLower(misspelt)); n > shared {
			best, shared = key, n
		}
	}
	return best
}

// commonEnds returns the length of the common beginning and end of two texts. A byte
// counts once.
func commonEnds(a, b string) int {
	n := min(len(a), len(b))
	begin := 0
	for begin < n && a[begin] == b[begin] {
		begin++
	}
	end := 0
	for begin+end < n && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return begin + end
}
