package tenant

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Text encodes text as UTF-16, without byte order mark.
func utf16Text(text string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestDecodeFile(t *testing.T) {
	const text = "{\r\n  \"a\": \"ä🙂\",\n  \"b\": [1, null]\n}"
	tests := map[string][]byte{
		"UTF-8":                      []byte(text),
		"UTF-8 with mark":            []byte("\xef\xbb\xbf" + text),
		"UTF-16 LE with mark":        append([]byte("\xff\xfe"), utf16Text(text, binary.LittleEndian)...),
		"UTF-16 BE with mark":        append([]byte("\xfe\xff"), utf16Text(text, binary.BigEndian)...),
		"UTF-16 LE":                  utf16Text(text, binary.LittleEndian),
		"UTF-16 BE":                  utf16Text(text, binary.BigEndian),
		"white space around":         []byte("\r\n\t " + text + " \r\n"),
		"UTF-16 LE with white space": utf16Text(" \n"+text+"\n", binary.LittleEndian),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeFile("f.json", data)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != text {
				t.Errorf("got %q, want %q", got, text)
			}
		})
	}
}

func TestDecodeFileErrors(t *testing.T) {
	le := func(text string) []byte { return append([]byte("\xff\xfe"), utf16Text(text, binary.LittleEndian)...) }
	tests := map[string]struct {
		data         []byte
		offset       int64
		line, column int
		message      string
	}{
		"empty":                              {[]byte(""), -1, 0, 0, "empty"},
		"white space":                        {[]byte(" \r\n"), -1, 0, 0, "empty"},
		"only a mark":                        {[]byte("\xef\xbb\xbf"), -1, 0, 0, "empty"},
		"array":                              {[]byte("\n [1]"), 2, 2, 2, "array"},
		"null":                               {[]byte("null"), 0, 1, 1, "null"},
		"number":                             {[]byte("12"), 0, 1, 1, "number"},
		"string":                             {[]byte(`"x"`), 0, 1, 1, "string"},
		"boolean":                            {[]byte("true"), 0, 1, 1, "boolean"},
		"two objects":                        {[]byte("{}\n{}"), 3, 2, 1, "one JSON object per file"},
		"text after it":                      {[]byte("{} x"), 3, 1, 4, "one JSON object per file"},
		"not closed":                         {[]byte(`{"a":1`), 6, 1, 7, "ends too early"},
		"trailing comma":                     {[]byte("{\"a\":1,\n}"), 8, 2, 1, "invalid JSON"},
		"comment":                            {[]byte("{ // x\n}"), 2, 1, 3, "invalid JSON"},
		"duplicate":                          {[]byte("{\"ä\":1,\n \"ä\":2}"), 10, 2, 2, `the member "ä" stands twice`},
		"duplicate by escape":                {[]byte(`{"a":1,"\u0061":2}`), 7, 1, 8, `the member "a" stands twice`},
		"deep duplicate":                     {[]byte(`{"x":[{"a":1,"a":2}]}`), 13, 1, 14, `"/x/0/a"`},
		"lone surrogate escape":              {[]byte(`{"a":"\ud83d"}`), 6, 1, 7, "surrogate"},
		"invalid UTF-8":                      {[]byte("{\"a\":\"\xff\"}"), 6, 1, 7, "UTF-8"},
		"lone UTF-16 surrogate":              {append(le(`{"a":"`), 0x3d, 0xd8, '"', 0), 6, 1, 7, "U+D83D"},
		"UTF-16 that ends in half of a pair": {append(le(`{"a":"`), 0x3d, 0xd8), 6, 1, 7, "U+D83D"},
		"UTF-16 that ends in half of a pair and one byte":  {append(le(`{"a":"`), 0x3d, 0xd8, 0x00), 6, 1, 7, "U+D83D"},
		"UTF-16 that ends in a pair of another first half": {append(le(`{"a":"`), 0x3d, 0xd8, 0x3d, 0xd8), 6, 1, 7, "U+D83D"},
		"UTF-16 that ends in the second half":              {append(le(`{"a":"`), 0x00, 0xde), 6, 1, 7, "U+DE00"},
		"UTF-16 cut in two":                                {append(le(`{}`), 'x'), 2, 1, 3, "middle of a character"},
		"UTF-16, then nothing":                             {[]byte("\xff\xfe"), -1, 0, 0, "empty"},
		"one zero byte":                                    {[]byte("\x00"), 0, 1, 1, "invalid JSON"},
		"one byte":                                         {[]byte("{"), 1, 1, 2, "ends too early"},
		"too deep":                                         {[]byte(strings.Repeat(`{"a":`, 10_001)), 50_000, 1, 50_001, "depth"},
		"too large":                                        {make([]byte, MaxFileSize+1), -1, 0, 0, "limit"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeFile("dir/f.json", test.data)
			e, ok := errors.AsType[*FileError](err)
			if !ok {
				t.Fatalf("got %q, %v; want a *FileError", got, err)
			}
			if e.Path != "dir/f.json" || e.Line != test.line || e.Column != test.column || e.Offset != test.offset || !strings.Contains(e.Message, test.message) {
				t.Errorf("got %+v, want offset %d, line %d, column %d and %q", e, test.offset, test.line, test.column, test.message)
			}
			if !strings.HasPrefix(e.Error(), "dir/f.json") {
				t.Errorf("the error %q does not begin with the file", e)
			}
		})
	}
}

// An error of a file stays short, however deep the file is nested and however long
// its names are.
func TestDecodeFileErrorsAreShort(t *testing.T) {
	name := strings.Repeat("é", 100_000)
	for what, text := range map[string]string{
		"deep":              strings.Repeat(`{"level":`, 20_000),
		"a long name twice": `{"` + name + `":1,"` + name + `":2}`,
		"in a long name":    `{"` + name + `":x}`,
	} {
		_, err := DecodeFile("groups/A.json", []byte(text))
		if err == nil || len(err.Error()) > 1000 || !utf8.ValidString(err.Error()) {
			t.Errorf("%s: got an error of %d bytes: %.200v", what, len(fmt.Sprint(err)), err)
		}
	}
}

func TestDecodeFileDoesNotShareMemory(t *testing.T) {
	data := []byte(`{"a":1}`)
	got, err := DecodeFile("f.json", data)
	if err != nil {
		t.Fatal(err)
	}
	clear(data)
	if string(got) != `{"a":1}` {
		t.Errorf("got %q after the input was cleared", got)
	}
}

func TestFormatFile(t *testing.T) {
	got, err := formatFile("f.json", []byte("\xef\xbb\xbf{\"b\":1e2,\"a\":{\"z\":0.10,\"y\":[]},\"c\":[1,\"\\u00e4\"]}"))
	if err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"a\": {\n    \"y\": [],\n    \"z\": 0.10\n  },\n  \"b\": 1e2,\n  \"c\": [\n    1,\n    \"ä\"\n  ]\n}\n"
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestIndentedSize(t *testing.T) {
	for _, text := range []string{`{}`, `{"a":[]}`, `{"a":[{}]}`, `{"a":[1,[2,3],"x,]\\"],"b":{"c":"{[\",:"}}`, ` { "a" : [ ] , "b" : [ 1 , 2 ] } `} {
		formatted, err := formatFile("f.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := indentedSize([]byte(text)) + 1; got != len(formatted) {
			t.Errorf("%s: got %d bytes, want %d:\n%s", text, got, len(formatted), formatted)
		}
	}
}

// A small body whose indented form is too large is refused before that form is
// made: here it would have 40 GB.
func TestFormatFileIsBounded(t *testing.T) {
	const depth, n = 9_000, 1_000_000
	body := `{"a":` + strings.Repeat("[", depth) + strings.Repeat("1,", n) + "1" + strings.Repeat("]", depth) + "}"
	_, err := formatFile("f.json", []byte(body))
	if e, ok := errors.AsType[*FileError](err); !ok || !strings.Contains(e.Message, "once it is indented") {
		t.Errorf("got %v, want an error that says that it is too large", err)
	}
}

func FuzzDecodeFile(f *testing.F) {
	for _, text := range []string{`{"a":[1,"ä"]}`, `{"a":1,"a":2}`, "\xef\xbb\xbf{}", `{"\ud83d\ude00":"\ud83d"}`, "[]", "{} {}", "\x00{\x00}"} {
		f.Add([]byte(text))
		f.Add(utf16Text(text, binary.LittleEndian))
		f.Add(append([]byte("\xfe\xff"), utf16Text(text, binary.BigEndian)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := DecodeFile("f.json", data)
		if err != nil {
			e, ok := errors.AsType[*FileError](err)
			if !ok || e.Message == "" || e.Offset < -1 || (e.Line == 0) != (e.Offset < 0) {
				t.Fatalf("%q: the error is %#v", data, err)
			}
			return
		}
		again, err := DecodeFile("f.json", got)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("%q: decoded to %q, which decodes to %q, %v", data, got, again, err)
		}
		formatted, err := formatFile("f.json", data)
		if indentedSize(got) >= MaxFileSize {
			if err == nil {
				t.Fatalf("%q: formatted, and cannot be read", data)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q: cannot be formatted: %v", data, err)
		}
		if len(formatted) > indentedSize(got)+1 {
			t.Fatalf("%q: formatted to %d bytes, and reckoned with %d", data, len(formatted), indentedSize(got)+1)
		}
		if twice, err := formatFile("f.json", formatted); err != nil || !bytes.Equal(twice, formatted) {
			t.Fatalf("%q: formatted to %q, which formats to %q, %v", data, formatted, twice, err)
		}
	})
}

// A file of the greatest size is read.
func TestDecodeFileAtTheLimit(t *testing.T) {
	data := append(bytes.Repeat([]byte(" "), MaxFileSize-2), "{}"...)
	if got, err := DecodeFile("f.json", data); err != nil || string(got) != "{}" {
		t.Errorf("got %.20q, %v, want an empty object", got, err)
	}
}

// A text in a message has at most 200 bytes, up to a whole character.
func TestShortened(t *testing.T) {
	for n, want := range map[int]string{199: strings.Repeat("x", 199), 200: strings.Repeat("x", 200), 201: strings.Repeat("x", 200) + "…"} {
		if got := shortened(strings.Repeat("x", n)); got != want {
			t.Errorf("%d bytes: got %q", n, got)
		}
	}
	for text, want := range map[string]string{
		strings.Repeat("x", 199) + "éx": strings.Repeat("x", 199) + "…", strings.Repeat("x", 198) + "éx": strings.Repeat("x", 198) + "é…", strings.Repeat("\x80", 300): "…",
	} {
		if got := shortened(text); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}
