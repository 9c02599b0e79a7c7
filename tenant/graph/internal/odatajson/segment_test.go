package odatajson

import (
	"net/url"
	"strings"
	"testing"
)

// unsafeIDs are ids that a server could take for something else than one segment, by a
// part of the reason.
func unsafeIDs() map[string]string {
	return map[string]string{
		"": "is empty", ".": "dots", "..": "dots", "...": "dots", " ": "dots", ". .": "dots", "%2e": "dots", "%2E%2e": "dots", "%252e%252E": "dots", ".%20.": "dots",
		"a/b": "slash", "/": "slash", "../a": "slash", `a\b`: "slash", "a%2fb": "slash", "a%2Fb": "slash", "a%5cb": "slash", "a%252fb": "slash", "a%25252fb": "slash",
		"%zz%2f": "slash", "%%2f": "slash", "a%u002fb": "slash", "%U002F": "slash",
		"a\nb": "control", "a\x00": "control", "\x7f": "control", "a\u0085": "control", "a%0ab": "control", "%00": "control",
		"$ref": "begins with $", "$count": "begins with $", "%24ref": "begins with $",
		"a\xff": "UTF-8", "%c0%ae%c0%ae": "UTF-8", strings.Repeat("a", MaxID+1): "more than the limit of 1000",
	}
}

func TestSegment(t *testing.T) {
	for id, want := range unsafeIDs() {
		if got, err := Segment(id); err == nil || got != "" || !strings.Contains(err.Error(), want) || len(err.Error()) > 500 {
			t.Errorf("%.40q: got %.40q, %v, want an error with %q", id, got, err, want)
		}
	}
	for _, id := range []string{
		"a", "12345678-1234-1234-1234-123456789abc", "19:abc@thread.tacv2", "a b", "it's", "x;y", "a?b", "a#b", "a&b=c", "ä", "50%", "100%zz", "a.b", ".a", "a..", "a$",
		"%41", "%u012f", "%U265C", "contoso.com,1,2", "a_b-c~d!*()", "𝄞", strings.Repeat("a", MaxID-1), strings.Repeat("a", MaxID),
	} {
		got, err := Segment(id)
		if err != nil {
			t.Errorf("%.40q: %v", id, err)
			continue
		}
		u, err := url.Parse("https://graph.example/v1.0/things/" + got + "/assign?x=1")
		if err != nil || u.Path != "/v1.0/things/"+id+"/assign" || strings.Count(u.EscapedPath(), "/") != 4 || u.RawQuery != "x=1" || u.Fragment != "" {
			t.Errorf("%.40q: in an address it is %.200q, %v", id, u, err)
		}
	}
}
