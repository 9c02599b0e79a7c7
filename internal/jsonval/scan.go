package jsonval

import "io"

// maxDepth is how many objects and arrays may be open at once, as in jsontext.
const maxDepth = 10_000

// NameToken is the Kind of an object's name.
const NameToken byte = ':'

// Token is one piece of a JSON text.
type Token struct {
	// Kind is NameToken for the name of an object's member, '0' for a number
	// and for every other token its first byte: '{', '}', '[', ']', '"' for a
	// string, 'n', 't' or 'f'.
	Kind byte
	// Escaped says that a string or name holds a backslash, so its content is
	// not the text between its quotes.
	Escaped bool
	// Start and End are the token's place in the text, quotes included:
	// text[Start:End].
	Start, End int
}

// Scanner reads the tokens of a text with one JSON value. It accepts the texts
// that jsontext's decoder accepts by default, and refuses all others at the
// offset at which jsontext refuses them. Besides syntax errors, Scanner refuses
// duplicate names in one object (an escaped name equals a plain one), invalid
// UTF-8, escapes of unpaired surrogates, more than 10,000 open objects and
// arrays, and text after the value.
//
// The zero Scanner is ready for Reset. A scan takes time in proportion to the
// text's length. A scanner keeps its memory for the next text, so it allocates
// only for a text that is larger than the earlier ones. It is not safe for
// concurrent use.
//
// Scanner takes no context. A caller with a long text reads it with Next, and
// checks its context each time Offset has grown by some amount.
type Scanner struct {
	text  []byte
	pos   int // the first byte that no token has taken
	state scanState
	err   error // what Next returns in state ended

	open []container // the open objects and arrays, the innermost last
	nameSet
}

// scanState is the syntax that Next expects.
type scanState byte

const (
	atDocument  scanState = iota // the value
	atFirstName                  // a name or '}'
	atFirst                      // an element or ']'
	atColon                      // ':' and a member's value
	atNextName                   // ',' and a name, or '}'
	atNext                       // ',' and an element, or ']'
	ended                        // nothing: the value is complete, or wrong
)

// noDelimiter differs from every byte.
const noDelimiter = 1 << 8

// delimiters are the bytes that must be before the next token.
var delimiters = [...]uint16{
	atDocument:  noDelimiter,
	atFirstName: noDelimiter,
	atFirst:     noDelimiter,
	atColon:     ':',
	atNextName:  ',',
	atNext:      ',',
	ended:       noDelimiter,
}

// afterValue has the state after a value.
var afterValue = [ended]scanState{atFirst: atNext, atColon: atNextName, atNext: atNext}

// container is an open object or array.
type container struct {
	kind   byte   // '{' or '['
	first  int    // an object's first name in nameSet.names
	filter uint64 // a Bloom filter of an object's names: one bit each
}

// Reset makes s read text from its start. The caller must not change text while
// it uses s. Reset(nil) releases the text.
func (s *Scanner) Reset(text []byte) {
	s.text, s.pos, s.state, s.err = text, 0, atDocument, nil
	s.open = s.open[:0]
	s.nameSet.reset()
}

// Offset returns the number of bytes that s has read. After an error it is the
// offset of the error.
func (s *Scanner) Offset() int { return s.pos }

// Raw returns the bytes of t in the scanned text, a string with its quotes and
// escapes. They share the memory of the scanned text.
func (s *Scanner) Raw(t Token) []byte { return s.text[t.Start:t.End:t.End] }

// Text returns the bytes between the quotes of a string or name. They are its
// content unless t.Escaped. They share the memory of the scanned text.
func (s *Scanner) Text(t Token) []byte { return s.text[t.Start+1 : t.End-1 : t.End-1] }

// AppendText appends the unescaped content of a string or name to dst.
func (s *Scanner) AppendText(dst []byte, t Token) []byte {
	if !t.Escaped {
		return append(dst, s.Text(t)...)
	}
	return appendUnescaped(dst, s.Text(t))
}

// NameHash returns [HashName] of the content of the name that Next has just
// returned. After any other token its result is undefined, and it may panic.
func (s *Scanner) NameHash() uint64 { return s.names[len(s.names)-1].hash }

// Skip returns the next token like Next, but returns a whole object or array as
// one token: its Kind is '{' or '[', and its range ends with the closing bracket.
// Skip validates the whole value. To leave an object or array, call Skip until it
// returns '}' or ']'.
func (s *Scanner) Skip() (Token, error) {
	tok, err := s.Next()
	if err != nil {
		return tok, err
	}
	return s.rest(tok)
}

// rest reads the rest of the object or array that tok opens, and returns the
// whole value as one token. It returns any other token unchanged.
func (s *Scanner) rest(tok Token) (Token, error) {
	if tok.Kind != '{' && tok.Kind != '[' {
		return tok, nil
	}
	for depth := len(s.open); len(s.open) >= depth; {
		last, err := s.Next()
		if err != nil {
			return Token{}, err
		}
		tok.End = last.End
	}
	return tok, nil
}

// Next returns the next token, and io.EOF after the last one. It returns a
// *[SyntaxError] for the first invalid token and from all later calls. The last
// token counts as invalid if other text than white space follows it. So a caller
// that reads the end of the value knows that the whole text is valid.
func (s *Scanner) Next() (Token, error) {
	text, state, i := s.text, s.state, s.pos
	switch {
	case i+1 < len(text) && uint16(text[i]) == delimiters[state] && text[i+1] > ' ' && !isClosing(text[i+1]):
		i++ // Most texts have no white space, so that this finds most tokens.
	case state == ended:
		return Token{}, s.err
	default:
		if i = s.tokenStart(i); i < 0 {
			return Token{}, s.err
		}
	}
	if state == atFirstName || state == atNextName {
		return s.name(i)
	}
	switch c := text[i]; c {
	case '"':
		end, escaped := stringEnd(text, i+1)
		if end < 0 {
			return s.failString(^end)
		}
		return s.value(Token{Kind: '"', Escaped: escaped, Start: i, End: end})
	case '{', '[':
		if len(s.open) == maxDepth {
			return s.fail(i, "more than 10000 open objects and arrays")
		}
		s.open = append(s.open, container{kind: c, first: len(s.names)})
		s.pos, s.state = i+1, atFirst
		if c == '{' {
			s.state = atFirstName
		}
		return Token{Kind: c, Start: i, End: i + 1}, nil
	case ']':
		if state == atFirst || state == atNext {
			return s.close(Token{Kind: ']', Start: i, End: i + 1})
		}
	case 'n':
		if i+4 > len(text) || string(text[i:i+4]) != "null" {
			return s.failLiteral(i, "null")
		}
		return s.value(Token{Kind: 'n', Start: i, End: i + 4})
	case 't':
		if i+4 > len(text) || string(text[i:i+4]) != "true" {
			return s.failLiteral(i, "true")
		}
		return s.value(Token{Kind: 't', Start: i, End: i + 4})
	case 'f':
		if i+5 > len(text) || string(text[i:i+5]) != "false" {
			return s.failLiteral(i, "false")
		}
		return s.value(Token{Kind: 'f', Start: i, End: i + 5})
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		stop := numberEnd(text, i)
		if stop < 0 {
			return s.failNumber(i, ^stop)
		}
		return s.value(Token{Kind: '0', Start: i, End: stop})
	}
	return s.failInvalid(i, expectedToken[state])
}

// tokenStart reads white space, and the comma or colon that must be before the
// next token. It returns the offset of the token, or -1 after an error. A
// closing bracket may be at the place of a comma.
func (s *Scanner) tokenStart(i int) int {
	i = afterSpace(s.text, i)
	if i == len(s.text) {
		s.failTruncated(i)
		return -1
	}
	if s.state < atColon {
		return i
	}
	comma := s.state != atColon
	switch c := s.text[i]; {
	case uint16(c) == delimiters[s.state]:
		next := afterSpace(s.text, i+1)
		switch {
		case next == len(s.text):
			s.failTruncated(next)
			return -1
		case comma && isClosing(s.text[next]):
			s.fail(i, "trailing comma")
			return -1
		}
		return next
	case comma && isClosing(c):
		return i
	}
	s.failInvalid(i, expectedDelimiter[s.state])
	return -1
}

func isClosing(c byte) bool { return c|0x20 == '}' } // 0x20 is the bit in which the brackets differ

// name returns the name at i, or the closing bracket of its object.
func (s *Scanner) name(i int) (Token, error) {
	switch s.text[i] {
	case '"':
		end, escaped := stringEnd(s.text, i+1)
		if end < 0 {
			return s.failString(^end)
		}
		t := Token{Kind: NameToken, Escaped: escaped, Start: i, End: end}
		if !s.addName(&s.open[len(s.open)-1], s.text, t) {
			return s.failDuplicate(t)
		}
		s.pos, s.state = end, atColon
		return t, nil
	case '}':
		s.removeNames(s.open[len(s.open)-1].first)
		return s.close(Token{Kind: '}', Start: i, End: i + 1})
	}
	return s.failName(i)
}

// value returns the token of a string, number or literal.
func (s *Scanner) value(t Token) (Token, error) {
	if s.state == atDocument {
		return s.finish(t)
	}
	s.pos, s.state = t.End, afterValue[s.state]
	return t, nil
}

// close returns the token that ends the innermost object or array.
func (s *Scanner) close(t Token) (Token, error) {
	last := len(s.open) - 1
	s.open = s.open[:last]
	if last == 0 {
		return s.finish(t)
	}
	s.pos, s.state = t.End, atNext
	if s.open[last-1].kind == '{' {
		s.state = atNextName
	}
	return t, nil
}

// finish returns the last token, or an error if more text follows it.
func (s *Scanner) finish(t Token) (Token, error) {
	if i := afterSpace(s.text, t.End); i < len(s.text) {
		return s.fail(i, "text after the JSON value")
	}
	s.pos, s.state, s.err = t.End, ended, io.EOF
	return t, nil
}

// afterSpace returns the offset of the first byte from i on that is not white
// space.
func afterSpace(text []byte, i int) int {
	for i < len(text) && text[i] <= ' ' && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}

// clipped returns an empty slice with the memory of s. It returns nil if s has
// more memory than a scanner may hold between two texts.
func clipped[T any](s []T) []T {
	if cap(s) > 1<<14 {
		return nil
	}
	return s[:0]
}
