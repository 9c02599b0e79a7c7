package jsonval

import (
	"errors"
)

// Pick returns a tree that has only the values at the given paths of an object.
// It is faster than [ParseObject], because it builds no nodes for the rest of the
// text. It validates the whole text and returns the errors of ParseObject. The
// segments of the paths are names. Pick returns an array on a path whole.
func Pick(raw []byte, paths ...[]string) (*Node, error) { return pick(raw, paths, -1) }

// PickFirst is [Pick] for a text that is decoded later, which finds its errors. It
// does not read the text after the last of the values.
func PickFirst(raw []byte, paths ...[]string) (*Node, error) { return pick(raw, paths, len(paths)) }

func pick(raw []byte, paths [][]string, most int) (*Node, error) {
	a := arenas.Get().(*arena)
	defer a.release()
	s := &a.scanner
	s.Reset(raw)
	tok, err := s.Next()
	switch {
	case err == nil && tok.Kind == '{':
		return s.pick(paths, &most)
	case err == nil && tok.Kind == '[':
		_, err = s.rest(tok)
	}
	if err == nil {
		err = errors.New("not a JSON object")
	}
	return nil, err
}

// pick picks from an object after its opening bracket. It counts the values down
// in missing, and ends when that is zero.
func (s *Scanner) pick(paths [][]string, missing *int) (*Node, error) {
	n := &Node{Kind: '{'}
	for *missing != 0 {
		tok, err := s.Next()
		if err != nil {
			return nil, err
		}
		if tok.Kind == '}' {
			break
		}
		name, below, whole := tok, [][]string(nil), 0
		for _, path := range paths {
			switch {
			case len(path) == 0 || !s.is(name, path[0]):
			case len(path) == 1:
				whole++
			default:
				below = append(below, path[1:])
			}
		}
		if tok, err = s.Next(); err != nil {
			return nil, err
		}
		var kid *Node
		switch {
		// The rest of a path through an array are indexes: pick the whole array.
		case whole > 0, tok.Kind == '[' && len(below) > 0:
			if tok, err = s.rest(tok); err == nil {
				kid, err = s.picked(tok)
			}
			*missing -= whole
		case tok.Kind == '{' && len(below) > 0:
			kid, err = s.pick(below, missing)
		default:
			_, err = s.rest(tok)
		}
		if err != nil {
			return nil, err
		}
		if kid != nil {
			n.Names, n.Kids = append(n.Names, s.contentOf(name)), append(n.Kids, kid)
		}
	}
	n.sort()
	return n, nil
}

// is reports whether a string or name has this content.
func (s *Scanner) is(t Token, content string) bool {
	if t.Escaped {
		return string(s.AppendText(nil, t)) == content
	}
	return string(s.Text(t)) == content
}

// contentOf returns the unescaped content of a string or name.
func (s *Scanner) contentOf(t Token) string {
	if t.Escaped {
		return string(s.AppendText(nil, t))
	}
	return string(s.Text(t))
}

// picked returns the node of a token. It builds a scalar from the token itself,
// and parses an object or array.
func (s *Scanner) picked(t Token) (*Node, error) {
	switch t.Kind {
	case 'n':
		return NullNode, nil
	case 't':
		return trueNode, nil
	case 'f':
		return falseNode, nil
	case '"':
		return StringNode(s.contentOf(t)), nil
	case '0':
		return &Node{Kind: '0', Text: CanonicalNumber(string(s.Raw(t)))}, nil
	}
	return Parse(s.Raw(t))
}
