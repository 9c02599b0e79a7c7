package odata_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/odata"
)

// The rules and examples of search-query-parameter.
func TestSearch(t *testing.T) {
	object := decode(t, `{"displayName":"HelloWorld OneVideo hello.there David-Li team123west","description":"say \"hi\"","mail":"onevideo@contoso.com","absent":null}`)
	tests := []struct {
		search string
		want   bool
	}{
		{`"displayName:OneVideo"`, true},
		{`"displayName:video one"`, true}, // in any order
		{`"displayName:World"`, true},
		{`"displayName:orld"`, false}, // a word is found by its beginning
		{`"displayName:Hel"`, true},
		{`"displayName:hellothere"`, true}, // symbols may be left out
		{`"displayName:Li"`, true},
		{`"displayName:123"`, true},
		{`"displayName:west"`, true},
		{`"displayName:OneVideo missing"`, false},
		{`"mail:onevideo"`, true},
		{`"mail:contoso"`, false}, // other properties: startswith
		{`"displayName:nothing" OR "mail:onevideo"`, true},
		{`"displayName:OneVideo" AND "mail:other"`, false},
		{`"displayName:OneVideo" AND ("mail:other" OR "description:say")`, true},
		{`"displayName:x" OR "displayName:y" AND "displayName:OneVideo"`, false},
		{`"displayName:OneVideo" OR "displayName:y" AND "displayName:x"`, true},
		{`"description:\"hi\""`, true},
		{`"absent:x"`, false},
		{`"other:x"`, false},
	}
	for _, tt := range tests {
		s, err := odata.ParseSearch(tt.search)
		if err != nil {
			t.Errorf("%s: %v", tt.search, err)
			continue
		}
		if got := s.Match(object); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.search, got, tt.want)
		}
	}
	for _, search := range []string{
		``, `OneVideo`, `"OneVideo"`, `"displayName:"`, `":x"`, `"displayName:x`, `"displayName:x" "mail:y"`, `"displayName:x" or "mail:y"`,
		`("displayName:x"`, `"displayName:x")`, `"displayName:x" AND `, `displayName:x`, `"display name:x"`,
		strings.Repeat("(", 60) + `"displayName:x"` + strings.Repeat(")", 60),
	} {
		_, err := odata.ParseSearch(search)
		if refused := new(odata.Error); !errors.As(err, &refused) || refused.Code != odata.DirectoryRequest {
			t.Errorf("%s: %v, want a refusal", search, err)
		}
	}
}

func FuzzSearch(f *testing.F) {
	f.Add(`"a:b" OR ("c:\"d" AND "e:f")`)
	object := map[string]any{"displayName": "a b-c D1"}
	f.Fuzz(func(t *testing.T, search string) {
		if s, err := odata.ParseSearch(search); err == nil && s.Match(object) != again(t, search).Match(object) {
			t.Errorf("%q has two answers", search)
		}
	})
}

// again reads a search that was read before.
func again(t *testing.T, search string) *odata.Search {
	t.Helper()
	s, err := odata.ParseSearch(search)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
