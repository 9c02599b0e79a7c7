package plan

import "testing"

func TestSelectorMatches(t *testing.T) {
	for _, tt := range []struct {
		selector  Selector
		kind, key string
		want      bool
	}{
		{Selector{}, "groups", "a", true},
		{Selector{Kind: "groups"}, "groups", "a", true},
		{Selector{Kind: "groups"}, "apps", "a", false},
		{Selector{Kind: "group*"}, "groups", "a", false},
		{Selector{Kind: "groups", Key: "a"}, "groups", "a", true},
		{Selector{Kind: "groups", Key: "a"}, "apps", "a", false},
		{Selector{Key: "a"}, "groups", "b", false},
		{Selector{Key: "*"}, "groups", "", true},
		{Selector{Key: "a*"}, "groups", "a/b", true},
		{Selector{Key: "*c"}, "groups", "abc", true},
		{Selector{Key: "*c"}, "groups", "cb", false},
		{Selector{Key: "a*c"}, "groups", "abc", true},
		{Selector{Key: "a*c"}, "groups", "ac", true},
		{Selector{Key: "a*b*c"}, "groups", "axbyc", true},
		{Selector{Key: "a*b*c"}, "groups", "acb", false},
		{Selector{Key: "a*a"}, "groups", "a", false},
		{Selector{Key: "*b*"}, "groups", "abc", true},
		{Selector{Key: "*b*"}, "groups", "ac", false},
		{Selector{Key: "*b*"}, "groups", "bc", true},
		{Selector{Key: "*b*"}, "groups", "ab", true},
		{Selector{Key: "*b*"}, "groups", "b", true},
		{Selector{Key: "*b*"}, "groups", "", false},
		{Selector{Key: "a*b*c"}, "groups", "abc", true},
		{Selector{Key: "a*b*c"}, "groups", "xabc", false},
		{Selector{Key: "a*b*c"}, "groups", "abcx", false},
		{Selector{Key: "*a*a*"}, "groups", "aa", true},
		{Selector{Key: "*a*a*"}, "groups", "a", false},
		{Selector{Key: "*b*b"}, "groups", "b", false},
		{Selector{Key: "*b*b"}, "groups", "bb", true},
		{Selector{Key: "a**c"}, "groups", "ac", true},
		{Selector{Key: "**"}, "groups", "", true},
	} {
		if got := tt.selector.Matches(tt.kind, tt.key); got != tt.want {
			t.Errorf("%+v matches %s/%s: got %t, want %t", tt.selector, tt.kind, tt.key, got, tt.want)
		}
	}
}
