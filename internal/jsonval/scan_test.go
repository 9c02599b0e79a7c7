package jsonval

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// accepted and refused are texts for the tests and the start of fuzzing.
var accepted = []string{
	`{}`, `[]`, `""`, `0`, `-0`, `null`, `true`, `false`, " \t\r\n1\n",
	`{"a":1,"b":[true,false,null,{"a":{}}],"c":""}`, "{ \"a\" : [ 1 , 2 ] ,\n\t\"b\" : { } }",
	`[0,-1,10,1.5,1e5,1E+5,1.0e-5,123456789012345678901234567890]`,
	`"12345678"`, `"1234567"`, `"123456789012345 78901234567890"`,
	`"\u0123\u4567\u89ab\ucdef\u89AB\uCDEF"`, `"\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00"`, `"\u0000\uFFFD\ufffd"`,
	"\"ü\"", "\"Richtlinie für Geräte\"", "\"日本語のポリシー\"", "\"\U0001F600\"", "\"\x7f\"", "\"\ufffd\"",
	`{"a":1,"A":2,"":3,"\u0062":4}`, `[{"a":1},{"a":1}]`, `{"a":{"a":{"a":1}}}`,
	strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth),
	strings.Repeat(`{"a":`, maxDepth-1) + "{}" + strings.Repeat("}", maxDepth-1),
	objectText(0, smallObject), objectText(0, smallObject+1), objectText(0, 200),
}

var refused = []string{
	``, ` `, `{`, `[`, `}`, `]`, `:`, `,`, `"`, `-`, `x`, "\x00", "\ufeff{}", "\xff",
	`{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{"a",1}`, `{"a":1 "b":2}`, `{"a":1:"b":2}`, `{"a":}`, `{"a":,}`, `{"a":]`, `{"a"}`, `{"a"]`, `{]`,
	`{"a"::1}`, `{"a":1,,}`, `{"a":1]`, `{1:2}`, `{1x}`, `{-x}`, `{-`, `{null:1}`, `{nul:1}`, `{tru`, `{falsy`, `{true`, `{[]:1}`, `{{}:1}`, `{x`, `{"a":1,2}`, `{"a":1,[`,
	`[1`, `[1,`, `[1,]`, `[,`, `[,1]`, `[1 2]`, `[1:2]`, `[1}`, `[1,}`, `[:`, `[}`, `[1,,2]`, `[1,:`, `["a":1]`,
	`1 2`, `{} {}`, `{}x`, `{},`, `null,`, `01`, `1]`, `1}`, "1\x00", `[]]`, `""""`,
	`-x`, `1.`, `1.x`, `1e`, `1ex`, `1e+`, `1e+x`, `+1`, `.5`, `[1.]`, `[-]`, `[1e]`, `[00]`, `0x10`, `NaN`,
	`nul`, `nulL`, `nullx`, `tru`, `trux`, `fals`, `falsx`, `[nul]`, `n`, `True`,
	`"a`, `"12345678`, "\"\n\"", "\"a\tb\"", "\"\x1f\"", "\"12345678\x00\"", `"\`, `"\"`, `"\x"`, `"12345678\a"`,
	`"\u`, `"\u0`, `"\u004`, `"\u004"`, `"\u00g0"`, `"\u00G0"`, `"\u00@0"`, "\"\\u00`0\"", `"\u00/0"`, `"\u00:0"`, `"\U0041"`, `"\u 041"`,
	`"\ud83d"`, `"\ude00"`, `"\ud83d\ud83d"`, `"\ud83dx"`, `"\ud83d\n"`, `"\ud83d\u0041"`, `"\ud83d\ude0`, `"\ud83d\`, `"\ude00\ud83d"`, `"\ud83d\udexx"`,
	"\"\xff\"", "\"\xc3\"", "\"\xc3", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "\"\xe2\x82", "\"ü\xff\"", "\"1234567\x80\"", "\"\xf0\x9f\x98\"", "{\"\xff\":1}",
	`{"a":1,"a":2}`, `{"a":1,"b":2,"\u0061":3}`, `{"\u0061":1,"a":2}`, `{"\u0061":1,"\u0061":2}`, `{"":1,"":2}`, `[{"x":{"a":1,"a":2}}]`, `{"a":{"b":1},"a":2}`,
	"{\"\u00fc\":1,\"\\u00fc\":2}", `{"\ud83d\ude00":1,"😀":2}`, `{"a":1,"a`, `{"a":1,"a"`,
	strings.Repeat("[", maxDepth+1), strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1), strings.Repeat(`{"a":`, maxDepth+1),
	objectText(0, smallObject-1, 3), objectText(0, smallObject, 3), objectText(0, smallObject+1, 3), objectText(0, 200, 3), objectText(0, 200, 150),
	`{"x":` + objectText(0, 40) + `,"y":` + objectText(0, 40, 39) + `}`,
}

// objectText returns an object with the names from first to last-1, and then more.
func objectText(first, last int, more ...int) string {
	var b strings.Builder
	add := func(n int) {
		fmt.Fprintf(&b, `%s"property-%d":%d`, map[bool]string{true: ","}[b.Len() > 0], n, n)
	}
	for n := first; n < last; n++ {
		add(n)
	}
	for _, n := range more {
		add(n)
	}
	return "{" + b.String() + "}"
}

// tokenContent is the kind of a token and its content.
type tokenContent struct {
	Kind    byte
	Content string
}

// fromScanner returns the tokens that s reads from a text and their contents. The
// offset is that of the error, or -1.
func fromScanner(s *Scanner, text []byte) (tokens []Token, contents []tokenContent, offset int, err error) {
	s.Reset(text)
	for {
		tok, err := s.Next()
		if err == io.EOF {
			return tokens, contents, -1, nil
		}
		if err != nil {
			wrong, ok := errors.AsType[*SyntaxError](err)
			if !ok {
				panic(fmt.Sprintf("%T", err))
			}
			return tokens, contents, wrong.Offset, err
		}
		content := string(s.Raw(tok))
		if tok.Kind == '"' || tok.Kind == NameToken {
			content = string(s.AppendText(nil, tok))
		}
		tokens, contents = append(tokens, tok), append(contents, tokenContent{tok.Kind, content})
	}
}

// fromJSONText is fromScanner for jsontext's decoder, which is the reference.
func fromJSONText(text []byte) (contents []tokenContent, offset int, err error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(bytes.Clone(text)))
	for {
		tok, err := dec.ReadToken()
		if err == io.EOF {
			return contents, len(text), err
		}
		if err != nil {
			wrong, ok := errors.AsType[*jsontext.SyntacticError](err)
			if !ok {
				panic(fmt.Sprintf("%T", err))
			}
			return contents, int(wrong.ByteOffset), err
		}
		kind := byte(tok.Kind())
		if in, n := dec.StackIndex(dec.StackDepth()); kind == '"' && in == '{' && n%2 == 1 {
			kind = NameToken
		}
		if dec.StackDepth() == 0 {
			end := int(dec.InputOffset())
			if rest := bytes.TrimLeft(text[end:], " \t\r\n"); len(rest) > 0 {
				return contents, len(text) - len(rest), errors.New("text after the value")
			}
			return append(contents, tokenContent{kind, tok.String()}), -1, nil
		}
		contents = append(contents, tokenContent{kind, tok.String()})
	}
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkAgainstJSONText fails if the scanner and jsontext differ about a text: in
// whether they accept it, in the offset of the error, or in a token before it.
func checkAgainstJSONText(t failer, s *Scanner, text []byte) {
	t.Helper()
	want, wantOffset, wantErr := fromJSONText(text)
	_, got, gotOffset, gotErr := fromScanner(s, text)
	if gotOffset != wantOffset {
		t.Fatalf("%.200q: error at %d (%v), with jsontext at %d (%v)", text, gotOffset, gotErr, wantOffset, wantErr)
	}
	if len(got) != len(want) {
		t.Fatalf("%.200q: %d tokens, %d with jsontext", text, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%.200q: token %d differs from jsontext's: %s", text, i, cmp.Diff(want[i], got[i]))
		}
	}
	if _, again := s.Next(); gotErr != nil && again != gotErr || gotErr == nil && again != io.EOF {
		t.Fatalf("%.200q: a call after the end returned %v", text, again)
	}
	if gotErr != nil && s.Offset() != gotOffset {
		t.Fatalf("%.200q: Offset is %d, the error at %d", text, s.Offset(), gotOffset)
	}
	checkNoNamesRemain(t, s, gotErr == nil)
}

// checkNoNamesRemain fails if a scanner still has names or open objects after a
// complete text.
func checkNoNamesRemain(t failer, s *Scanner, complete bool) {
	t.Helper()
	if !complete {
		return
	}
	if len(s.names) > 0 || s.indexed > 0 || len(s.open) > 0 {
		t.Fatalf("%d names, %d of them in the table, and %d objects remain", len(s.names), s.indexed, len(s.open))
	}
	for i, slot := range s.table {
		if slot != 0 {
			t.Fatalf("slot %d of the table is still taken", i)
		}
	}
}

// checkSkip fails if a scan with Skip differs from a scan with Next alone. Bit i
// of skips says that call i is a Skip.
func checkSkip(t failer, s *Scanner, text []byte, skips uint64) {
	t.Helper()
	tokens, _, _, wantErr := fromScanner(s, text)
	ends := closingTokens(tokens)
	s.Reset(text)
	for call, i := 0, 0; ; call++ {
		read, last := s.Next, i
		if skips>>(call%64)&1 == 1 {
			read = s.Skip
			if i < len(tokens) {
				last = ends[i]
			}
		}
		got, err := read()
		if err != nil || last >= len(tokens) {
			if last < len(tokens) || fmt.Sprint(err) != fmt.Sprint(cmpErr(wantErr)) {
				t.Fatalf("%.200q, skips %b: call %d returned %v, want %v", text, skips, call, err, wantErr)
			}
			return
		}
		want := tokens[i]
		want.End = tokens[last].End
		if got != want || s.Offset() != want.End {
			t.Fatalf("%.200q, skips %b: call %d returned %+v at %d, want %+v", text, skips, call, got, s.Offset(), want)
		}
		i = last + 1
	}
}

func cmpErr(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// closingTokens returns, for each token, the index of the token that ends its
// value, or len(tokens) if the value does not end.
func closingTokens(tokens []Token) []int {
	ends := make([]int, len(tokens))
	var open []int
	for i, tok := range tokens {
		ends[i] = i
		switch tok.Kind {
		case '{', '[':
			ends[i] = len(tokens)
			open = append(open, i)
		case '}', ']':
			ends[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	return ends
}

func TestScannerAgreesWithJSONText(t *testing.T) {
	var s Scanner // one for all texts: an error must not affect the next text
	for name, texts := range map[string][]string{"accepted": accepted, "refused": refused} {
		t.Run(name, func(t *testing.T) {
			for _, text := range texts {
				checkAgainstJSONText(t, &s, []byte(text))
				if _, _, _, err := fromScanner(&s, []byte(text)); (err == nil) != (name == "accepted") {
					t.Errorf("%.200q: %v", text, err)
				}
				for _, skips := range []uint64{1, 2, 0b1000, 0xaaaaaaaaaaaaaaaa, ^uint64(0)} {
					checkSkip(t, &s, []byte(text), skips)
				}
			}
		})
	}
}

// TestScannerRefusesTruncatedTexts scans every prefix of the accepted texts.
func TestScannerRefusesTruncatedTexts(t *testing.T) {
	var s Scanner
	for _, text := range accepted {
		for end := range min(len(text), 1000) {
			checkAgainstJSONText(t, &s, []byte(text[:end]))
		}
	}
}

// TestScannerReadsEveryByteInAString scans strings with every byte at every place
// of a group of eight bytes, and before several other bytes. This covers the
// borrows of specialBytes.
func TestScannerReadsEveryByteInAString(t *testing.T) {
	var s Scanner
	for place := range 9 {
		for c := range 256 {
			for _, next := range []byte{'a', '"', '\\', '!', '#', '[', ']', ' ', 0x1f, 0x7f, 0x80, 0xa2, 0xdc} {
				text := append([]byte(`"`+strings.Repeat("x", place)), byte(c), next)
				checkAgainstJSONText(t, &s, append(text, `yyyyyyyyyyyy"`...))
			}
		}
	}
}

func TestSyntaxError(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{``, "unexpected end of the JSON text at offset 0"},
		{`[1,`, "unexpected end of the JSON text at offset 3"},
		{`{"a":1}}`, "text after the JSON value at offset 7"},
		{`{"a":1,"b":2,"\u0061":3}`, `duplicate name "a" at offset 13`},
		{`{"a" 1}`, `invalid character '1', expected ':', at offset 5`},
		{`{1:2}`, `invalid character '1', expected a name or '}', at offset 1`},
		{`{"a":1,}`, "trailing comma at offset 6"},
		{`[1 2]`, `invalid character '2', expected ',' or ']', at offset 3`},
		{`{"a":1 "b"}`, `invalid character '"', expected ',' or '}', at offset 7`},
		{`[}`, `invalid character '}', expected a value or ']', at offset 1`},
		{`[-]`, `invalid character ']', expected a digit, at offset 2`},
		{`[-`, `unexpected end of the JSON text at offset 1`},
		{`nul1`, `invalid character '1', expected 'l' of null, at offset 3`},
		{`[nul`, "unexpected end of the JSON text at offset 4"},
		{"\xff", `invalid character 0xff, expected a value, at offset 0`},
		{"\"\n\"", `control character '\n' in a string, which must be escaped, at offset 1`},
		{`"\x"`, "invalid escape in a string at offset 1"},
		{"\"\xff\"", "invalid UTF-8 in a string at offset 1"},
		{"\"\x80\"", "invalid UTF-8 in a string at offset 1"},
		{"\"\x1f\"", "control character '\\x1f' in a string, which must be escaped, at offset 1"},
		{strings.Repeat("[", maxDepth+1), "more than 10000 open objects and arrays at offset 10000"},
	} {
		var s Scanner
		if _, _, _, err := fromScanner(&s, []byte(test.text)); err == nil || err.Error() != test.want {
			t.Errorf("%.40q: %v, want %s", test.text, err, test.want)
		}
	}
}

func TestToken(t *testing.T) {
	text := []byte(` {"a":"b","\u0061b":"c\n","list":[1.50,{}]} `)
	var s Scanner
	s.Reset(text)
	type read struct {
		Kind       byte
		Escaped    bool
		Raw, Plain string
	}
	var got []read
	for {
		tok, err := s.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		plain := ""
		if tok.Kind == '"' || tok.Kind == NameToken {
			plain = string(s.AppendText([]byte("+"), tok))
			if !tok.Escaped && plain != "+"+string(s.Text(tok)) {
				t.Errorf("Text is %q, AppendText %q", s.Text(tok), plain)
			}
		}
		got = append(got, read{tok.Kind, tok.Escaped, string(s.Raw(tok)), plain})
	}
	want := []read{
		{'{', false, `{`, ""},
		{NameToken, false, `"a"`, "+a"}, {'"', false, `"b"`, "+b"},
		{NameToken, true, `"\u0061b"`, "+ab"}, {'"', true, `"c\n"`, "+c\n"},
		{NameToken, false, `"list"`, "+list"}, {'[', false, `[`, ""},
		{'0', false, `1.50`, ""}, {'{', false, `{`, ""}, {'}', false, `}`, ""},
		{']', false, `]`, ""}, {'}', false, `}`, ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSkipReturnsWholeElements walks an array with Skip.
func TestSkipReturnsWholeElements(t *testing.T) {
	var s Scanner
	s.Reset([]byte(`[ {"a":[1]} , "x",[[]] ,{}]`))
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		tok, err := s.Skip()
		if err != nil {
			t.Fatal(err)
		}
		if tok.Kind == ']' {
			break
		}
		got = append(got, string(s.Raw(tok)))
	}
	if diff := cmp.Diff([]string{`{"a":[1]}`, `"x"`, `[[]]`, `{}`}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Skip(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

func TestScannerAgreesWithJSONTextOnRandomTexts(t *testing.T) {
	var s Scanner
	rapid.Check(t, func(t *rapid.T) {
		text := randomText(t)
		checkAgainstJSONText(t, &s, text)
		checkSkip(t, &s, text, rapid.Uint64().Draw(t, "skips"))
	})
}

// TestScannerDoesNotAllocate scans texts that are no larger than earlier ones.
func TestScannerDoesNotAllocate(t *testing.T) {
	var s Scanner
	texts := append([][]byte{[]byte(objectText(0, 100)), []byte(`{"\u0061":"\n","b":"\u0062"}`)}, manyPolicies[:20]...)
	for _, text := range texts {
		scanAll(t, &s, text)
	}
	got := testing.AllocsPerRun(10, func() {
		for _, text := range texts {
			scanAll(t, &s, text)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations for %d texts", got, len(texts))
	}
}

// TestNamesOfNestedObjectsAreSpreadOverTheTable has the same names in nested
// objects. They must not fill one run of slots in the table: the time to find a
// name would grow with the depth.
func TestNamesOfNestedObjectsAreSpreadOverTheTable(t *testing.T) {
	const depth = 2000
	large := strings.TrimSuffix(objectText(0, smallObject+1), "}") + `,"within":`
	var s Scanner
	s.Reset([]byte(strings.Repeat(large, depth)))
	var err error
	for err == nil {
		_, err = s.Next()
	}
	if s.indexed != depth*(smallObject+2) {
		t.Fatalf("%d names in the table: %v", s.indexed, err)
	}
	longest := uint64(0)
	mask := uint64(len(s.table) - 1)
	for i := range s.names {
		n := &s.names[i]
		begin := slotOf(s.content(n, s.text), int(n.object))
		longest = max(longest, (uint64(n.slot)-begin)&mask)
	}
	if longest > depth/4 {
		t.Errorf("a name is %d slots away from the slot where its probing begins", longest)
	}
}

// TestResetReleasesTheMemoryOfLargeTexts checks that a reused scanner holds
// neither its last text nor the memory that an unusual text needed.
func TestResetReleasesTheMemoryOfLargeTexts(t *testing.T) {
	const size = 50_000
	for name, text := range map[string]string{
		"names":   objectText(0, size),
		"escapes": `{"\u0061` + strings.Repeat("x", size) + `":1}`,
	} {
		var s Scanner
		scanAll(t, &s, []byte(text))
		s.Reset(nil)
		if s.text != nil || cap(s.names) >= size || cap(s.decoded) >= size || cap(s.table) >= size {
			t.Errorf("%s: memory for %d names, %d decoded bytes and %d slots remains", name, cap(s.names), cap(s.decoded), cap(s.table))
		}
	}
}

// A scanner keeps the memory of 16,384 names, and a table for as many, and releases
// that of more.
func TestResetKeepsTheMemoryOfUsualTexts(t *testing.T) {
	const most = 1 << 14
	for n := most - 1; n <= most+1; n++ {
		kept := 0
		if n <= most {
			kept = n
		}
		if got := clipped(make([]byte, 1, n)); len(got) != 0 || cap(got) != kept {
			t.Errorf("memory for %d bytes: %d with memory for %d, want none with memory for %d", n, len(got), cap(got), kept)
		}
		var s Scanner
		scanAll(t, &s, []byte(objectText(0, n)))
		table := len(s.table) // half of its slots are free
		if s.Reset(nil); table < 2*n || table >= 4*n || len(s.table) != map[bool]int{true: table}[n <= most] {
			t.Errorf("%d names: a table of %d slots, and of %d after Reset", n, table, len(s.table))
		}
	}
}

// Two names of one length have different hashes if they differ in one of the first or
// the last eight bytes.
func TestHashNameOfSimilarNames(t *testing.T) {
	for length := 1; length <= 20; length++ {
		name := []byte("abcdefghijklmnopqrst")[:length]
		for i := range name {
			if i >= 8 && i < length-8 {
				continue
			}
			other := bytes.Clone(name)
			other[i] ^= 1
			if HashName(name) == HashName(other) {
				t.Errorf("%s and %s have the same hash", name, other)
			}
		}
		if HashName(name) == HashName(name[1:]) {
			t.Errorf("%s and %s have the same hash", name, name[1:])
		}
	}
}

func scanAll(tb testing.TB, s *Scanner, text []byte) {
	s.Reset(text)
	if _, err := s.Skip(); err != nil {
		tb.Fatal(err)
	}
}

// A duplicate is found wherever its first occurrence is, in small objects, at the
// size from which a table is used, and beyond it.
func TestDuplicateOfEachName(t *testing.T) {
	for _, n := range []int{1, 2, smallObject - 1, smallObject, smallObject + 1, 40, 200} {
		for first := range n {
			text := objectText(0, n, first)
			var s Scanner
			s.Reset([]byte(text))
			var err error
			for err == nil {
				_, err = s.Next()
			}
			if err == io.EOF {
				t.Fatalf("%d names, and name %d again: got no error", n, first)
			}
		}
	}
}

// The filter of a small object has a bit for each name. A duplicate is found with
// each of the 64 bits, also behind a name with another bit.
func TestDuplicateWithEachBit(t *testing.T) {
	names := map[uint64]string{}
	for i := 0; len(names) < 64; i++ {
		name := strconv.Itoa(i)
		names[HashName(name)>>58] = name
	}
	for bit, name := range names {
		other := names[(bit+1)%64]
		for text, duplicate := range map[string]bool{
			fmt.Sprintf(`{"%s":1}`, name):                            false,
			fmt.Sprintf(`{"%s":1,"%s":2}`, other, name):              false,
			fmt.Sprintf(`{"%s":1,"%s":2}`, name, name):               true,
			fmt.Sprintf(`{"%s":1,"%s":2,"%s":3}`, other, name, name): true,
		} {
			if _, err := Parse([]byte(text)); (err != nil) != duplicate {
				t.Errorf("bit %d: %s: got the error %v, a duplicate: %t", bit, text, err, duplicate)
			}
		}
	}
}

// NameHash is HashName of a name's content, with escapes or not, in small and
// large objects.
func TestNameHash(t *testing.T) {
	for _, text := range []string{`{"\u0061b":{"displayName":1,"":2},"abcdefg\n":[{"a":1}]}`, objectText(0, 40)} {
		var s Scanner
		s.Reset([]byte(text))
		for {
			tok, err := s.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if tok.Kind != NameToken {
				continue
			}
			name := s.AppendText(nil, tok)
			if s.NameHash() != HashName(name) || HashName(name) != HashName(string(name)) {
				t.Errorf("%q: NameHash is %x, HashName %x, and %x for a string", name, s.NameHash(), HashName(name), HashName(string(name)))
			}
		}
	}
}
