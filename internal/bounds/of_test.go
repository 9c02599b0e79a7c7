package bounds

import (
	"encoding/json"
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
		{Comment("Comment", strings.Repeat("a", MaxComment+1)), "Comment has 4097 bytes"},
		{Comment("Comment", "\x00"), "Comment must be UTF-8 without NUL"},
		{Key("Targets", strings.Repeat("a", MaxKey)), ""},
		{Key("Targets", strings.Repeat("a", MaxKey+1)), "Targets has 1025 bytes"},
	} {
		err := Check(Name("First", "good"), tt.in)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
	for text, want := range map[string]bool{"contoso": true, "": false, "a\tb": false, strings.Repeat("n", MaxName+1): false} {
		if IsName(text) != want {
			t.Errorf("IsName(%q) = %v", text, !want)
		}
	}
}
