package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// everything returns a kind with every declaration that affects equality.
func everything() tenant.Kind {
	return tenant.Kind{
		Name: "everything", ReadOnly: []string{"/id", "/a/id", "/list/*/id"}, EmptyIsAbsent: []string{"/empty", "/a/empty", "/set"},
		Sets:      []tenant.Set{{Path: "/set"}, {Path: "/bag", Multi: true}, {Path: "/list/*/set"}, {Path: "/a/set", By: []string{"/n"}}},
		Sensitive: []string{"/secret"}, Masked: []tenant.Masked{{Path: "/masked", Token: "token"}, {Path: "/list/*/masked"}, {Path: "/set/*"}},
		References: []tenant.Reference{{Path: "/one/*", Kinds: []string{"groups"}, Literals: []string{"Only"}}, {Path: "/refs/*", Kinds: []string{"groups"}, Literals: []string{"All", "None"}},
			{Path: "/typed/group", Type: "#t", Kinds: []string{"groups"}, Literals: []string{"Every*"}}},
		Forms: []tenant.Form{
			{Path: "/enum", As: tenant.Enumeration}, {Path: "/flags", As: tenant.Flags}, {Path: "/text", As: tenant.Text},
			{Path: "/list/*/time", As: tenant.Time}, {Path: "/typed/ip", Type: "t", As: tenant.IPRange}, {Path: "/**/deep", As: tenant.Enumeration},
		},
		Defaults: []tenant.Default{{Path: "/a/default", Value: json.RawMessage(`"none"`)}, {Path: "/list/*/default", Value: json.RawMessage(`{"x":1.0}`)}},
	}
}

// canonicalTexts returns the canonical text of a body, made with a tree and in
// one pass.
func canonicalTexts(t testing.TB, k *Schema, body []byte) (tree, onePass []byte) {
	t.Helper()
	tree, treeErr := new(Canonicalizer).appendByTree(nil, k, body)
	var c Canonicalizer
	onePass, err := c.Append(nil, k, body)
	if (treeErr == nil) != (err == nil) {
		t.Fatalf("%s: error with a tree: %v, in one pass: %v", body, treeErr, err)
	}
	if n, err := jsonval.ParseObject(body); err == nil {
		if got := c.AppendTree(nil, k, n); !bytes.Equal(got, tree) {
			t.Fatalf("%s\nwith trees %s\nfrom a tree %s", body, tree, got)
		}
	}
	return tree, onePass
}

func TestCanonicalText(t *testing.T) {
	k := compiled(t, everything())
	for body, want := range map[string]string{
		`{}`:                                                                         `{}`,
		`{"b":1,"a":{"y":2,"x":[3,2,1]}}`:                                            `{"a":{"x":[3,2,1],"y":2},"b":1}`,
		`{"id":"1","x":1.50,"y":null,"@z":1}`:                                        `{"x":1.5}`,
		`{"set":["b","a","b","****"]}`:                                               `{"set":["****","a","b"]}`,
		`{"set":["a","a","b"]}`:                                                      `{"set":["a","b"]}`,
		`{"enum":"${groups/A}","flags":"${groups/B,A}"}`:                             `{"enum":"${groups/A}","flags":"${groups/B,A}"}`,
		`{"bag":["b","a","b"]}`:                                                      `{"bag":["a","b","b"]}`,
		`{"set":[],"empty":{"a":1},"list":[]}`:                                       `{"empty":{"a":1},"list":[]}`,
		`{"empty":{"@odata.id":"1"}}`:                                                `{}`,
		`{"masked":"***","token":"t"}`:                                               `{}`,
		`{"masked":"*","list":[{"masked":"*"},{"masked":""}]}`:                       `{"list":[{},{}]}`,
		`{"$":1,"a":{"$":1}}`:                                                        `{"a":{"$":1}}`,
		"{\"flags\":\"a\u2000,b\"}":                                                  `{"flags":"a,b"}`,
		"{\"flags\":\"a,\u2000b\"}":                                                  `{"flags":"a,b"}`,
		`{"masked":{"guid":"AAAAAAAA-0000-4000-8000-00000000000A"}}`:                 `{"masked":{"guid":"AAAAAAAA-0000-4000-8000-00000000000A"}}`,
		`{"masked":"visible"}`:                                                       `{"masked":"visible"}`,
		`{"secret":"AAAAAAAA-0000-4000-8000-00000000000A"}`:                          `{"secret":"AAAAAAAA-0000-4000-8000-00000000000A"}`,
		`{"guid":"AAAAAAAA-0000-4000-8000-00000000000A"}`:                            `{"guid":"aaaaaaaa-0000-4000-8000-00000000000a"}`,
		`{"guid":"09afAF09-09af-AF09-afAF-09afAF09afAF"}`:                            `{"guid":"09afaf09-09af-af09-afaf-09afaf09afaf"}`,
		`{"guid":"AAAAAAAA-0000-4000-8000-00000000000G"}`:                            `{"guid":"AAAAAAAA-0000-4000-8000-00000000000G"}`,
		`{"text":"AAAAAAAA-0000-4000-8000-00000000000A"}`:                            `{"text":"AAAAAAAA-0000-4000-8000-00000000000A"}`,
		`{"enum":"Enabled","flags":"b, A","refs":["ALL","X"]}`:                       `{"enum":"enabled","flags":"a,b","refs":["all","X"]}`,
		`{"enum":"@AZ[az"}`:                                                          `{"enum":"@az[az"}`,
		`{"flags":"@AZ[,Za"}`:                                                        `{"flags":"@az[,za"}`,
		`{"flags":"b,a,b"}`:                                                          `{"flags":"a,b"}`,
		`{"flags":"a,a"}`:                                                            `{"flags":"a"}`,
		`{"flags":"a ,b"}`:                                                           `{"flags":"a,b"}`,
		`{"flags":"a,,b"}`:                                                           `{"flags":"a,b"}`,
		`{"refs":["aLL","None","Al","Alle"]}`:                                        `{"refs":["all","none","Al","Alle"]}`,
		`{"a":{"default":"none","x":null}}`:                                          `{"a":{}}`,
		`{"list":[{"default":{"x":1},"x":"","y":{"z":null}},null,"",[]]}`:            `{"list":[{},null,"",[]]}`,
		`{"typed":{"ip":"192.0.2.5/24","@odata.type":"#t"}}`:                         `{"typed":{"@odata.type":"t","ip":"192.0.2.0-192.0.2.255"}}`,
		`{"@":1,"":2,"a":{"@":1,"":2}}`:                                              `{"":2,"a":{"":2}}`,
		`{"one":["ONLY","only ","x"]}`:                                               `{"one":["only","only ","x"]}`,
		`{"a":{"default":"","x":""}}`:                                                `{"a":{"x":""}}`,
		`{"@odata.type":""}`:                                                         `{"@odata.type":""}`,
		`{"typed":{"x":{"y":1},"@odata.type":"#t","ip":"192.0.2.5/24"}}`:             `{"typed":{"@odata.type":"t","ip":"192.0.2.0-192.0.2.255","x":{"y":1}}}`,
		`{"typed":{"ip":"192.0.2.5/24"},"@odata.type":"#t"}`:                         `{"@odata.type":"t","typed":{"ip":"192.0.2.5/24"}}`,
		`{"typed":{"@odata.type":"\u0023t","ip":"192.0.2.5/24"}}`:                    `{"typed":{"@odata.type":"t","ip":"192.0.2.0-192.0.2.255"}}`,
		`{"refs":{"@odata.type":"All","x":"All"}}`:                                   `{"refs":{"@odata.type":"All","x":"all"}}`,
		`{"refs":{"id":{},"@odata.type":"#All"}}`:                                    `{"refs":{"@odata.type":"All","id":{}}}`,
		`{"refs":{"@odata.type":"\u0041ll"}}`:                                        `{"refs":{"@odata.type":"All"}}`,
		`{"@odata.type":"#"}`:                                                        `{"@odata.type":""}`,
		`{"@odata.type":"##"}`:                                                       `{"@odata.type":"#"}`,
		`{"typed":{"ip":"192.0.2.5/24","@odata.type":"u"}}`:                          `{"typed":{"@odata.type":"u","ip":"192.0.2.5/24"}}`,
		`{"typed":{"x":{"@odata.type":"#t"},"ip":"192.0.2.5/24"}}`:                   `{"typed":{"ip":"192.0.2.5/24","x":{"@odata.type":"t"}}}`,
		`{"typed":{"\u0040odata.type":"#t","ip":"192.0.2.5/24","group":"everyone"}}`: `{"typed":{"@odata.type":"t","group":"everyone","ip":"192.0.2.0-192.0.2.255"}}`,
		`{"x":{"y":[{"deep":"ABC"}]},"\u0078\n":"\u00e9\/"}`:                         `{"x":{"y":[{"deep":"abc"}]},"x\n":"é/"}`,
		`{"$previousNames":["a"],"x":{"$y":1}}`:                                      `{"x":{"$y":1}}`,
		`{"n":[1e2,-0,0.10,123456789012345678901234567890,1.0e400]}`:                 `{"n":[100,0,0.1,1.2345678901234567890123456789e29,1e400]}`,
	} {
		tree, onePass := canonicalTexts(t, k, []byte(body))
		if string(tree) != string(onePass) {
			t.Errorf("%s\nwith a tree %s\nin one pass %s", body, tree, onePass)
		}
		if !strings.Contains(body, "1234567") && string(onePass) != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, onePass, want)
		}
	}
	for _, body := range []string{``, `[]`, `"x"`, `{"a":1,"a":2}`, `{"a":[1,]}`, `{"a":1}}`, `{"typed":{"a":1,}}`, "{\"a\":\"\xff\"}"} {
		if tree, onePass := canonicalTexts(t, k, []byte(body)); len(tree)+len(onePass) > 0 {
			t.Errorf("%s: got %s with a tree and %s in one pass, want errors", body, tree, onePass)
		}
	}
}

// The one pass and the tree return the same text for random objects.
func TestCanonicalTextAgrees(t *testing.T) {
	k := compiled(t, everything())
	rapid.Check(t, func(rt *rapid.T) {
		body := randomValue(rt, 0, true)
		if tree, onePass := canonicalTexts(t, k, []byte(body)); !bytes.Equal(tree, onePass) {
			rt.Fatalf("%s\nwith a tree %s\nin one pass %s", body, tree, onePass)
		}
	})
}

func FuzzCanonicalText(f *testing.F) {
	k := compiled(f, everything())
	f.Add([]byte(`{"typed":{"ip":"192.0.2.5/24","@odata.type":"#t"},"set":["b",{"x":null}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if tree, onePass := canonicalTexts(t, k, body); !bytes.Equal(tree, onePass) {
			t.Fatalf("%s\nwith a tree %s\nin one pass %s", body, tree, onePass)
		}
	})
}

var names = []string{"id", "a", "b", "empty", "set", "bag", "list", "secret", "masked", "token", "refs", "typed", "group", "enum", "flags", "text", "time", "ip",
	"deep", "default", "x", "y", "@odata.type", "@odata.id", "x@odata.bind", "x@odata.type", "set@odata.type", "#f.x", "#y", "$y", "é", "\\u0061b"}

var texts = []string{"", "****", "All", "all", "Everyone", "none", "#t", "t", "a,B", "2026-01-01T00:00:00.000Z", "192.0.2.5/24",
	"AAAAAAAA-0000-4000-8000-00000000000A", "${groups/A}", "$${x", "\\u0041", "ü"}

func randomValue(t *rapid.T, depth int, object bool) string {
	choice := rapid.IntRange(0, 9).Draw(t, "what")
	switch {
	case object || choice < 3 && depth < 5:
		var members []string
		var used []string
		for range rapid.IntRange(0, 6).Draw(t, "members") {
			name := rapid.SampledFrom(names).Draw(t, "name")
			if !slices.Contains(used, name) {
				used = append(used, name)
				members = append(members, fmt.Sprintf(`"%s":%s`, name, randomValue(t, depth+1, false)))
			}
		}
		return "{" + strings.Join(members, ", ") + "}"
	case choice < 5 && depth < 5:
		var elements []string
		for range rapid.IntRange(0, 4).Draw(t, "elements") {
			elements = append(elements, randomValue(t, depth+1, false))
		}
		return "[" + strings.Join(elements, ",") + "]"
	case choice < 8:
		return `"` + rapid.SampledFrom(texts).Draw(t, "text") + `"`
	}
	return rapid.SampledFrom([]string{"null", "true", "false", "0", "-1", "1.50", "1e2"}).Draw(t, "scalar")
}

// Append allocates only the type's name for an object in canonical notation.
func TestCanonicalTextDoesNotAllocate(t *testing.T) {
	k := compiled(t, everything())
	body := []byte(`{"x":{"b":[1,2,{"c":"d"}],"a":"AAAAAAAA-0000-4000-8000-00000000000A"},"set":["b","a"],"typed":{"@odata.type":"#t","x":1}}`)
	var c Canonicalizer
	var dst []byte
	if n := testing.AllocsPerRun(100, func() {
		var err error
		if dst, err = c.Append(dst[:0], k, body); err != nil {
			t.Fatal(err)
		}
	}); n > 1 { // the type's name
		t.Errorf("got %v allocations", n)
	}
}

// If the type of each object follows its other members, at many levels, Append
// does not search each level: it reads the object into a tree.
func TestLateTypesAreSearchedInLinearTime(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "deep", Forms: []tenant.Form{{Path: "/**/ip", Type: "t", As: tenant.IPRange}}})
	const depth = 2000
	body := []byte(strings.Repeat(`{"x":`, depth) + `{}` + strings.Repeat(`,"@odata.type":"#t"}`, depth))
	var c Canonicalizer
	got, err := c.Append(nil, k, body)
	if err != nil {
		t.Fatal(err)
	}
	if c.looked > 6*len(body) {
		t.Errorf("%d of %d bytes were searched", c.looked, len(body))
	}
	n, err := jsonval.Parse(got)
	if err != nil || typeOf(n) != "t" {
		t.Errorf("got %.80s, %v", got, err)
	}
}

// A text of flags has one canonical text, with spaces around its flags or not.
func TestCanonicalTextOfFlags(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "flags", Forms: []tenant.Form{{Path: "/f", As: tenant.Flags}}})
	for value, want := range map[string]string{
		"a,b": "a,b", "a, b": "a,b", "a ,b": "a,b", " a,b": "a,b", "a,b ": "a,b", "a,\tb": "a,b", "b,a": "a,b", "B,A": "a,b", "a,a": "a", "a,,b": "a,b", "a": "a", "a b": "a b",
	} {
		body, err := json.Marshal(map[string]string{"f": value})
		if err != nil {
			t.Fatal(err)
		}
		var c Canonicalizer
		got, err := c.Append(nil, k, body)
		if err != nil || string(got) != `{"f":"`+want+`"}` {
			t.Errorf("%q: %s, %v, want %q", value, got, err, want)
		}
	}
}

// An object whose members are not sorted at many levels is not copied once for
// each level, and has the same text.
func TestCanonicalTextOfDeepObjects(t *testing.T) {
	k := compiled(t, tenant.Kind{Name: "things"})
	for _, n := range []int{1, 10, 500} {
		body := strings.Repeat(`{"b":"x","a":`, n) + "1" + strings.Repeat("}", n)
		var c Canonicalizer
		got, err := c.Append(nil, k, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Repeat(`{"a":`, n) + "1" + strings.Repeat(`,"b":"x"}`, n); string(got) != want {
			t.Errorf("%d levels: %.80s", n, got)
		}
		if most := (maxMoved + 1) * len(body); c.pieces.moved > most || c.pieces.moved <= 0 {
			t.Errorf("%d levels: %d bytes were copied, want at most %d", n, c.pieces.moved, most)
		}
	}
}
