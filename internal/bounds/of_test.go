package bounds

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// document has a text of each kind of field, at every depth.
type document struct {
	Message string
	Code    string
	Key     string
	Value   json.RawMessage
	Raw     []byte
	Time    time.Time
	Labels  map[string]string
	Inner   *document
	List    []document
	Any     any
	hidden  string
}

// Each text is cut to the limit of its field, in a copy; an identifier is never
// cut.
func TestOf(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	inner := func() document {
		return document{Message: long, Code: long, Key: long, Value: json.RawMessage(`"` + long + `"`), Raw: []byte(long),
			Labels: map[string]string{"a": long, long: "b"}, Any: long, hidden: long, Time: time.Unix(0, 0)}
	}
	in := inner()
	deep := inner()
	in.Inner, in.List = &deep, []document{inner()}
	out := Of(in)
	for name, d := range map[string]document{"top": out, "behind a pointer": *out.Inner, "in a list": out.List[0]} {
		if len(d.Message) != MaxText || len(d.Code) != MaxWord || len(d.Any.(string)) != MaxWord || !strings.HasSuffix(d.Message, cutMark) {
			t.Errorf("%s: got a message of %d bytes, a code of %d, a value of %d", name, len(d.Message), len(d.Code), len(d.Any.(string)))
		}
		if d.Key != long || d.hidden != long || len(d.Raw) != len(long) || !d.Time.Equal(time.Unix(0, 0)) {
			t.Errorf("%s: an identifier, bytes, a time or an unexported field changed", name)
		}
		if len(d.Value) > MaxValue || !json.Valid(d.Value) {
			t.Errorf("%s: got a value of %d bytes", name, len(d.Value))
		}
		for key, value := range d.Labels {
			if len(key) > MaxText || len(value) > MaxWord {
				t.Errorf("%s: got a label of %d=%d bytes", name, len(key), len(value))
			}
		}
	}
	if len(in.Message) != len(long) || len(deep.Message) != len(long) || len(in.List[0].Message) != len(long) {
		t.Error("what was bounded has changed")
	}
}

// Sentences, words and identifiers have limits of their own, and a text at its
// limit stays.
func TestLimitsOfFields(t *testing.T) {
	type fields struct{ Comment, ConsentURL, Error, Message, Pointer, Reason, URL, Code, Backup, Item, Run, Tenant string }
	for n, want := range map[int]int{MaxText: MaxText, MaxText + 1: MaxText} {
		text := strings.Repeat("x", n)
		got := Of(fields{text, text, text, text, text, text, text, text, text, text, text, text})
		for _, sentence := range []string{got.Comment, got.ConsentURL, got.Error, got.Message, got.Pointer, got.Reason, got.URL} {
			if len(sentence) != want || strings.HasSuffix(sentence, cutMark) != (n > want) {
				t.Errorf("%d bytes: got a sentence of %d", n, len(sentence))
			}
		}
		if len(got.Code) != MaxWord {
			t.Errorf("%d bytes: got a word of %d", n, len(got.Code))
		}
		for _, id := range []string{got.Backup, got.Item, got.Run, got.Tenant} {
			if id != text || !IsIdentifier("Run") || IsIdentifier("Code") {
				t.Errorf("%d bytes: got an identifier of %d", n, len(id))
			}
		}
	}
	ids := map[string]string{strings.Repeat("x", MaxText+1): strings.Repeat("x", MaxText+1)}
	if got := Of(struct{ Bindings map[string]string }{ids}).Bindings; !maps.Equal(got, ids) {
		t.Error("an identifier was cut in a map")
	}
	for _, n := range []int{MaxWord - 1, MaxWord, MaxWord + 1} {
		if got := Of(struct{ Code string }{strings.Repeat("x", n)}).Code; len(got) != min(n, MaxWord) || strings.HasSuffix(got, cutMark) != (n > MaxWord) {
			t.Errorf("a word of %d bytes: got %d", n, len(got))
		}
	}
	for _, n := range []int{MaxValue - 1, MaxValue, MaxValue + 1} {
		value := json.RawMessage(`"` + strings.Repeat("x", n-2) + `"`)
		if got := Of(struct{ V json.RawMessage }{value}).V; (string(got) == string(value)) != (n <= MaxValue) {
			t.Errorf("a value of %d bytes: got %d", n, len(got))
		}
	}
}

// The limits are what the documentation of requests and stores says.
func TestLimits(t *testing.T) {
	got := []int{MaxName, MaxComment, MaxKey, MaxTargets, MaxLabels, MaxWord, MaxText, MaxStack, MaxValue}
	want := []int{256, 4096, 1024, 10_000, 64, 256, 4096, 16_384, 65_536}
	if !slices.Equal(got, want) {
		t.Errorf("got %d, want %d", got, want)
	}
	for _, field := range []string{"Backup", "Bindings", "Commits", "Desired", "DesiredFrom", "Digest", "ID", "Item", "Items", "Key", "Kind", "Kinds",
		"Refused", "RetryOf", "Run", "SHA256", "Same", "SignIn", "Tenant", "TenantID", "Written"} {
		if !IsIdentifier(field) {
			t.Errorf("%s may be cut, and would find nothing then", field)
		}
	}
}

// A part that fits is not copied, wherever the part is that does not.
func TestWhatFitsIsShared(t *testing.T) {
	atLimit := document{Message: strings.Repeat("x", MaxText), Code: strings.Repeat("x", MaxWord), Raw: []byte("x"),
		Value: json.RawMessage(`"` + strings.Repeat("x", MaxValue-2) + `"`), Labels: map[string]string{strings.Repeat("x", MaxText): strings.Repeat("x", MaxWord)}}
	in := document{Message: strings.Repeat("x", MaxText+1), Raw: []byte("raw"), Value: json.RawMessage(`1`), Inner: &atLimit, List: []document{atLimit}, Any: &document{}}
	out := Of(in)
	if &out.Raw[0] != &in.Raw[0] || &out.Value[0] != &in.Value[0] || out.Inner != in.Inner || &out.List[0] != &in.List[0] || out.Any != in.Any {
		t.Error("a part that fits was copied")
	}
}

// Of a list, only the members that are too long are cut; of a map also the keys.
func TestMembersAreCut(t *testing.T) {
	long := strings.Repeat("x", MaxText+1)
	got := Of(document{List: []document{{Code: "a"}, {Code: long}, {Code: "b"}}, Labels: map[string]string{"a": "1", "b": long, long: "c"}})
	if got.List[0].Code != "a" || len(got.List[1].Code) != MaxWord || got.List[2].Code != "b" {
		t.Errorf("got codes of %d, %d and %d bytes", len(got.List[0].Code), len(got.List[1].Code), len(got.List[2].Code))
	}
	if len(got.Labels) != 3 || got.Labels["a"] != "1" || len(got.Labels["b"]) != MaxWord || got.Labels[Cut(long, MaxText)] != "c" {
		t.Errorf("got labels %.200v", got.Labels)
	}
}

// What a person sends is refused when it is too long or no text, and the error
// names the field.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		in   Input
		want string // part of the error; "" for none
	}{
		{Name("Actor", "ann"), ""},
		{Name("Actor", strings.Repeat("a", MaxName)), ""},
		{Name("Actor", strings.Repeat("a", MaxName+1)), "Actor has 257 bytes, and the limit is 256"},
		{Name("Actor", "a\nb"), "Actor must be without control characters"},
		{Name("Actor", "a\x00b"), "Actor must be UTF-8 without NUL"},
		{Name("Actor", "a\xff"), "Actor must be UTF-8"},
		{Comment("Comment", "two\nlines"), ""},
		{Comment("Comment", strings.Repeat("a", MaxComment)), ""},
		{Comment("Comment", strings.Repeat("a", MaxComment+1)), "Comment has 4097 bytes"},
		{Comment("Comment", "\x00"), "Comment must be UTF-8 without NUL"},
		{Key("Targets", strings.Repeat("a", MaxKey)), ""},
		{Key("Targets", strings.Repeat("a", MaxKey+1)), "Targets has 1025 bytes"},
		{Key("Targets", "a\nb"), "Targets must be without control characters"},
	} {
		err := Check(Name("First", "good"), tt.in)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
	for text, want := range map[string]bool{"contoso": true, "": false, "a\tb": false, strings.Repeat("n", MaxName): true, strings.Repeat("n", MaxName+1): false} {
		if IsName(text) != want {
			t.Errorf("IsName(%q) = %v", text, !want)
		}
	}
}
