package jsonval

import (
	"bytes"
	"encoding/json"
	"io"
)

// CanonicalJSON returns the canonical text of a value: names are sorted, equal
// numbers have one notation ([CanonicalNumber]), and there is no white space.
// Equal values have equal canonical texts. CanonicalJSON returns a text that is
// already canonical without parsing it. Nearly all texts in plans are. The result
// may share memory with raw, so the caller must not change it. The error is a
// *[SyntaxError].
func CanonicalJSON(raw json.RawMessage) ([]byte, error) {
	a := arenas.Get().(*arena)
	canonical := a.isCanonical(raw)
	a.release()
	if canonical {
		return raw, nil
	}
	n, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	return n.JSON(), nil
}

// isCanonical reports whether a text is valid, and identical to the text that
// [Node.JSON] returns for its value.
func (a *arena) isCanonical(raw []byte) bool {
	s := &a.scanner
	s.Reset(raw)
	a.records = a.records[:0] // the last name of each open object
	end, first := 0, true     // the end of the last token, and whether it was an opening bracket
	for {
		tok, err := s.Next()
		if err != nil {
			return err == io.EOF && end == len(raw)
		}
		// A canonical text has one delimiter between two tokens, but none after
		// an opening bracket and none before a closing one.
		if gap := tok.Start - end; gap > 1 || gap == 1 && (first || isClosing(tok.Kind)) {
			return false
		}
		end, first = tok.End, tok.Kind == '{' || tok.Kind == '['
		switch tok.Kind {
		case '{', '[':
			a.records = append(a.records, arenaRecord{})
		case '}', ']':
			a.records = a.records[:len(a.records)-1]
		case NameToken:
			last := &a.records[len(a.records)-1].Token
			if !a.isCanonicalString(tok) || last.End != 0 && a.compare(*last, tok) > 0 {
				return false
			}
			*last = tok
		case '"':
			if !a.isCanonicalString(tok) {
				return false
			}
		case '0':
			if text := string(s.Raw(tok)); CanonicalNumber(text) != text {
				return false
			}
		}
	}
}

// isCanonicalString reports whether a string or name has the escapes that
// [AppendString] writes.
func (a *arena) isCanonicalString(t Token) bool {
	if !t.Escaped {
		return true
	}
	content := string(a.scanner.AppendText(nil, t))
	a.escaped = AppendString(a.escaped[:0], content)
	return bytes.Equal(a.escaped, a.scanner.Raw(t))
}

// compare compares the content of two strings or names.
func (a *arena) compare(x, y Token) int {
	if !x.Escaped && !y.Escaped {
		return bytes.Compare(a.scanner.Text(x), a.scanner.Text(y))
	}
	return bytes.Compare(a.scanner.AppendText(nil, x), a.scanner.AppendText(nil, y))
}
