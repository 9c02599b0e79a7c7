package frozen

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type inner struct {
	Name string            `json:"name"`
	Tags map[string]string `json:"tags,omitempty"`
}

type embedded struct {
	Kept bool `json:"kept"`
}

type outer struct {
	embedded
	When    time.Time        `json:"when"`
	Inner   *inner           `json:"inner"`
	Many    []inner          `json:"many"`
	ByName  map[string]inner `json:"byName"`
	Left    string           `json:"-"`
	private int
	Never   int `json:"never"`
}

type unnamed struct {
	embedded
	Plain int
}

func TestCheck(t *testing.T) {
	full := outer{
		embedded: embedded{Kept: true}, When: time.Now(), Inner: &inner{Name: "a"}, Many: []inner{{Tags: map[string]string{"a": "b"}}},
		ByName: map[string]inner{"a": {}}, private: 1, Never: 1,
	}
	without := full
	without.Never = 0
	tests := []struct {
		name            string
		values          []outer
		except          []string
		unset, needless []string
	}{
		{"whole", []outer{full}, nil, nil, nil},
		{"whole in two files", []outer{{embedded: embedded{Kept: true}, Never: 1, When: time.Now()}, without}, nil, nil, nil},
		{"nothing", nil, nil, []string{"embedded.Kept", "inner.Name", "inner.Tags", "outer.ByName", "outer.Inner", "outer.Many", "outer.Never", "outer.When"}, nil},
		{"empty lists and zero structs", []outer{{Inner: &inner{Tags: map[string]string{}}, Many: []inner{}, ByName: map[string]inner{}}}, nil,
			[]string{"embedded.Kept", "inner.Name", "inner.Tags", "outer.ByName", "outer.Many", "outer.Never", "outer.When"}, nil},
		{"a field that is never set", []outer{without}, []string{"outer.Never"}, nil, nil},
		{"a needless exception", []outer{full}, []string{"outer.Never"}, nil, []string{"outer.Never"}},
		{"an exception that is no field", []outer{full}, []string{"outer.Nothing"}, nil, []string{"outer.Nothing"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			unset, unnamed, needless := check(reflect.TypeFor[outer](), reflect.ValueOf(tt.values), tt.except)
			if !slices.Equal(unset, tt.unset) || !slices.Equal(needless, tt.needless) || len(unnamed) > 0 {
				t.Errorf("got unset %q, needless %q, unnamed %q, want %q, %q and none", unset, needless, unnamed, tt.unset, tt.needless)
			}
		})
	}
	_, got, _ := check(reflect.TypeFor[unnamed](), reflect.ValueOf([]unnamed{{embedded{true}, 1}}), nil)
	if !slices.Equal(got, []string{"unnamed.Plain"}) {
		t.Errorf("got unnamed %q, want unnamed.Plain", got)
	}
}

func TestWith(t *testing.T) {
	object := []byte(`{"a":{"b":1},"n":12345678901234567890}`)
	if got, want := string(With(t, object, `[2]`, "a", "b")), `{"a":{"b":[2]},"n":12345678901234567890}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(Without(t, object, "a", "b")), `{"a":{},"n":12345678901234567890}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(With(t, object, `2`, "format")), `{"a":{"b":1},"format":2,"n":12345678901234567890}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestConstants(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a.go", "package p\n\ntype Word string\n\nconst (\n\tB Word = \"b\"\n\tA Word = `a`\n\tNone Word = \"\"\n\tother Other = \"x\"\n\tC q.Word = \"c\"\n)\n")
	write("a_test.go", "package p\n\nconst D Word = \"d\"\n")
	got, err := constants(dir, []string{"Word"})
	if err != nil || !reflect.DeepEqual(got, map[string][]string{"Word": {"a", "b", "c"}}) {
		t.Errorf("got %v, %v, want a, b and c", got, err)
	}
	if _, err := constants(dir, []string{"Nothing"}); err == nil {
		t.Error("a type without constants: got no error")
	}
	write("b.go", "package p\n\nconst D Word = \"d\" + \"e\"\n")
	if _, err := constants(dir, []string{"Word"}); err == nil {
		t.Error("a constant that is not read: got no error")
	}
}

func TestCompareWords(t *testing.T) {
	now := map[string][]string{"Word": {"a", "b"}}
	if got := compareWords(map[string][]string{"Word": {"a", "b"}}, now); len(got) > 0 {
		t.Errorf("equal lists: got %q", got)
	}
	got := compareWords(map[string][]string{"Word": {"a", "gone"}, "Old": {"x"}}, now)
	if len(got) != 3 || !strings.Contains(got[0], `Old "x"`) || !strings.Contains(got[1], `"gone"`) || !strings.Contains(got[2], `"b" is in no words.json`) {
		t.Errorf("got %q, want x and gone missed, and b unlisted", got)
	}
}
