package reference

import (
	"slices"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// TestEachInText compares the references in a text with those in its tree.
func TestEachInText(t *testing.T) {
	for text, want := range map[string][]string{
		`{"a":"${groups/G}","b":["${users/U#mail}","x",1,null],"c":{"d":"${groups/a%23b}"}}`: {"${groups/G}", "${groups/a%23b}", "${users/U#mail}"},
		`{"${groups/G}":"$${groups/G}","a":"x ${groups/G}","b":"${var:x}"}`:                  nil,
		`["\u0024{groups/G}","${groups/\"G\"}"]`:                                             {`${groups/"G"}`, "${groups/G}"},
		`"` + SecretMark + `1.2}"`:                                                           nil,
		`"` + MaskMark + `"`:                                                                 nil,
		`"${groups/G}"`:                                                                      {"${groups/G}"},
	} {
		var got, inTree []string
		if err := EachInText([]byte(text), func(r Ref) { got = append(got, r.String()) }); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		n, err := jsonval.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		EachReference(n, func(r Ref) { inTree = append(inTree, r.String()) })
		slices.Sort(got)
		slices.Sort(inTree)
		if !slices.Equal(got, want) || !slices.Equal(inTree, want) {
			t.Errorf("%s: got %q, in the tree %q, want %q", text, got, inTree, want)
		}
	}
	if err := EachInText([]byte(`["${groups/G}"`), func(Ref) {}); err == nil {
		t.Error("no error for a truncated array")
	}
}
