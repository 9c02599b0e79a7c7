package jsonval

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// SyntaxError says why a text is not exactly one valid JSON value.
type SyntaxError struct {
	Offset int // in bytes from the text's start
	Reason string
}

// Error returns the reason and the offset.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at offset %d", e.Reason, e.Offset) }

// expectedToken and expectedDelimiter name the syntax that is valid in each
// state.
var (
	expectedToken = [ended]string{
		atDocument:  "a value",
		atFirstName: "a name or '}'",
		atFirst:     "a value or ']'",
		atColon:     "a value",
		atNextName:  "a name",
		atNext:      "a value",
	}
	expectedDelimiter = [ended]string{
		atColon:    "':'",
		atNextName: "',' or '}'",
		atNext:     "',' or ']'",
	}
)

// fail ends the scan with an error.
func (s *Scanner) fail(offset int, reason string) (Token, error) {
	s.pos, s.state, s.err = offset, ended, &SyntaxError{Offset: offset, Reason: reason}
	return Token{}, s.err
}

func (s *Scanner) failTruncated(offset int) (Token, error) {
	return s.fail(offset, "unexpected end of the JSON text")
}

// failInvalid reports the character at offset, where another was expected.
func (s *Scanner) failInvalid(offset int, expected string) (Token, error) {
	r, n := utf8.DecodeRune(s.text[offset:])
	character := fmt.Sprintf("%q", r)
	if r == utf8.RuneError && n == 1 {
		character = fmt.Sprintf("0x%02x", s.text[offset])
	}
	return s.fail(offset, fmt.Sprintf("invalid character %s, expected %s,", character, expected))
}

// failString reports the invalid byte of a string.
func (s *Scanner) failString(offset int) (Token, error) {
	switch rest := s.text[offset:]; {
	case len(rest) == 0:
		return s.failTruncated(offset)
	case rest[0] == '\\':
		return s.fail(offset, "invalid escape in a string")
	case rest[0] >= utf8.RuneSelf:
		return s.fail(offset, "invalid UTF-8 in a string")
	}
	return s.fail(offset, fmt.Sprintf("control character %q in a string, which must be escaped,", s.text[offset]))
}

// failNumber reports the invalid byte of the number at start. The offset is start
// itself if the text ends within the number, as in jsontext.
func (s *Scanner) failNumber(start, offset int) (Token, error) {
	if start == offset {
		return s.failTruncated(offset)
	}
	return s.failInvalid(offset, "a digit")
}

// failLiteral reports the first byte in which the text at start differs from
// word.
func (s *Scanner) failLiteral(start int, word string) (Token, error) {
	i := 0
	for start+i < len(s.text) && s.text[start+i] == word[i] {
		i++
	}
	if start+i == len(s.text) {
		return s.failTruncated(start + i)
	}
	return s.failInvalid(start+i, fmt.Sprintf("%q of %s", word[i], word))
}

// failDuplicate reports the second of two equal names of an object.
func (s *Scanner) failDuplicate(t Token) (Token, error) {
	return s.fail(t.Start, fmt.Sprintf("duplicate name %q", s.AppendText(nil, t)))
}

// failName reports another token where a name was expected. For an invalid
// literal or number it reports the invalid byte, as jsontext does.
func (s *Scanner) failName(start int) (Token, error) {
	for _, word := range []string{"null", "true", "false"} {
		if s.text[start] == word[0] && !bytes.HasPrefix(s.text[start:], []byte(word)) {
			return s.failLiteral(start, word)
		}
	}
	if c := s.text[start]; c == '-' || isDigit(c) {
		if end := numberEnd(s.text, start); end < 0 {
			return s.failNumber(start, ^end)
		}
	}
	return s.failInvalid(start, expectedToken[s.state])
}
