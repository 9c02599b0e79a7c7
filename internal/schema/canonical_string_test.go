package schema

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/tenant"
)

// lowerBytes converts the letters from A to Z and no other byte, in texts of
// each length.
func TestLowerBytes(t *testing.T) {
	for length := range 20 {
		for place := range length {
			for b := range 256 {
				text := bytes.Repeat([]byte{'x', 'Y', 0xff, '@'}, 5)[:length]
				text[place] = byte(b)
				want := lowerASCII(string(text))
				if lowerBytes(text); string(text) != want {
					t.Fatalf("byte %#x at %d of %d: got %q, want %q", b, place, length, text, want)
				}
			}
		}
	}
}

// A GUID with one capital letter, wherever it is, becomes a GUID in lower case.
func TestCanonicalTextOfGUIDs(t *testing.T) {
	const guid = "abcdefab-cdef-abcd-efab-cdefabcdefab"
	for i := range guid {
		body := fmt.Appendf(nil, `{"x":"%s"}`, guid[:i]+strings.ToUpper(guid[i:i+1])+guid[i+1:])
		if tree, onePass := canonicalTexts(t, compiled(t, tenant.Kind{Name: "k"}), body); !bytes.Equal(tree, onePass) || !bytes.Contains(onePass, []byte(guid)) {
			t.Errorf("%s\nwith a tree %s\nin one pass %s", body, tree, onePass)
		}
	}
}

// Strings with escapes have the notation of the tree, for each form.
func TestCanonicalTextOfEscapes(t *testing.T) {
	const guid = "AAAAAAAA-0000-4000-8000-00000000000A"
	kind := tenant.Kind{Name: "k", Sensitive: []string{"/secret"}, References: []tenant.Reference{{Path: "/ref", Kinds: []string{"groups"}, Literals: []string{"All"}}}}
	for _, form := range []tenant.ValueForm{tenant.Text, tenant.Enumeration, tenant.Flags, tenant.ID, tenant.Time} {
		kind.Forms = append(kind.Forms, tenant.Form{Path: "/" + string(form), As: form})
	}
	k := compiled(t, kind)
	escapes := []string{`\"`, `\\`, `\b`, `\f`, `\n`, `\r`, `\t`, `\/`, `\u0041`, `\u000a`, `\u0022`, `\u005c`, `\u001f`, `\u007f`, `\u2028`, `\ud83d\ude00`}
	for _, property := range []string{"other", "secret", "ref", "text", "enumeration", "flags", "id", "time", "@odata.type"} {
		for _, escape := range escapes {
			for _, text := range []string{escape, "A" + escape + "B", escape + guid[1:], guid[:35] + escape, escape + escape, escape + `\\`, `\"` + escape} {
				body := fmt.Appendf(nil, `{"%s":"%s"}`, property, text)
				if tree, onePass := canonicalTexts(t, k, body); !bytes.Equal(tree, onePass) {
					t.Errorf("%s\nwith a tree %s\nin one pass %s", body, tree, onePass)
				}
			}
		}
	}
}

// Objects and sets of each size have the order of the tree. Their names and
// elements share prefixes, are prefixes of each other, or have escapes.
func TestCanonicalTextOfOrders(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "k", Sets: []tenant.Set{{Path: "/set"}, {Path: "/bag", Multi: true}}})
	words := []string{"", " ", "!", "#", "a", "a ", "a!", "a#", "ab", `a\u0000`, `a\"`, `a\\`, `a\u0062c`, "é", `\u00e9a`, `\ud83d\ude00`, "\uffff", "include", "includeU",
		"includeUsers", "includeGroups", "includeGuests", "includeGuestsOrExternalUsers", "1234567", "12345678", "12345678 ", "12345678!", "12345678#", `12345678\u0000`, `12345678\u001f`, `12345678\\`, "12345678Z", "12345678a"}
	for i := range 10 {
		words = append(words, fmt.Sprintf("n%d", i), fmt.Sprintf("a longer name %d", i))
	}
	for _, a := range words {
		for _, b := range words {
			if a == b {
				continue
			}
			body := fmt.Appendf(nil, `{"%s":1,"%s":2,"set":["%s","%s"]}`, a, b, a, b)
			if tree, onePass := canonicalTexts(t, k, body); !bytes.Equal(tree, onePass) {
				t.Errorf("%s\nwith a tree %s\nin one pass %s", body, tree, onePass)
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		some := rapid.SliceOfNDistinct(rapid.SampledFrom(words), 0, len(words), rapid.ID[string])
		var members, elements []string
		for i, name := range some.Draw(rt, "names") {
			members = append(members, fmt.Sprintf(`"%s":%d`, name, i))
		}
		for _, text := range some.Draw(rt, "elements") {
			elements = append(elements, fmt.Sprintf(`"%s"`, text), "7", `{"x":[]}`)
		}
		elements = slices.Concat(elements, elements[:len(elements)/2])
		space := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(rt, "space")
		array := "[" + strings.Join(elements, ","+space) + "]"
		body := fmt.Sprintf(`{"set":%s,"object":{%s},"bag"%s:%s}`, array, strings.Join(members, space+","), space, array)
		if tree, onePass := canonicalTexts(t, k, []byte(body)); !bytes.Equal(tree, onePass) {
			rt.Fatalf("%s\nwith a tree %s\nin one pass %s", body, tree, onePass)
		}
	})
}
