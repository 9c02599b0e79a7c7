package jsonval

import (
	"slices"
	"testing"
)

func FuzzPointer(f *testing.F) {
	for _, s := range []string{"", "/", "/a/b", "/a~1b/~0", "/~2", "x", "/*/-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		segs, err := SplitPointer(s)
		if err != nil {
			return
		}
		again, err := SplitPointer(JoinPointer(segs))
		if err != nil || !slices.Equal(segs, again) {
			t.Errorf("%q is %q, then %q, %v", s, segs, again, err)
		}
	})
}
