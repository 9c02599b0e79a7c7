package jsonval

import (
	"bytes"
	"encoding/json"
	"io"
)

// CanonicalJSON returns the value with sorted names, numbers by value and no
// whitespace, so that equal values have equal text. A text that is canonical
// already is returned as it is, and not parsed: so are nearly all texts within
// plans. The caller must not change the result.
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

// isCanonical reports whether a text is valid and what [Node.JSON] writes.
func (a *arena) isCanonical(raw []byte) bool {
	s := &a.scanner
	s.Reset(raw)
	a.records = a.records[:0] // the last name of each open object
	end, first := 0, true     // where the last token ended, and whether it opened something
	for {
		tok, err := s.Next()
		if err != nil {
			return err == io.EOF && end == len(raw)
		}
		// Between two tokens stands one delimiter, and none within brackets.
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
			if !a.isCanonicalString(tok) || last.End > 0 && a.compare(*last, tok) > 0 {
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

// isCanonicalString reports whether a string or name is as [AppendString]
// writes it.
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
