package jsonval

import (
	"errors"
)

// Pick returns a tree that has only the values at the given paths of an object.
// It is faster than [ParseObject], because it builds no nodes for the rest of the
// text. It validates the whole text and returns the errors of ParseObject. The
// segments of the paths are names. Pick returns an array on a path whole.
func Pick(raw []byte, paths ...[]string) (*Node, error) {
	a := arenas.Get().(*arena)
	defer a.release()
	s := &a.scanner
	s.Reset(raw)
	tok, err := s.Next()
	switch {
	case err == nil && tok.Kind == '{':
		return s.pick(paths)
	case err == nil && tok.Kind == '[':
		_, err = s.rest(tok)
	}
	if err == nil {
		err = errors.New("not a JSON object")
	}
	return nil, err
}

// pick picks from an object after its opening bracket.
func (s *Scanner) pick(paths [][]string) (*Node, error) {
	n := &Node{Kind: '{'}
	for {
		tok, err := s.Next()
		if err != nil {
			return nil, err
		}
		if tok.Kind == '}' {
			n.sort()
			return n, nil
		}
		name, below, whole := tok, [][]string(nil), false
		for _, path := range paths {
			if len(path) == 0 || !s.is(name, path[0]) {
				continue
			}
			if whole = whole || len(path) == 1; !whole {
				below = append(below, path[1:])
			}
		}
		if tok, err = s.Next(); err != nil {
			return nil, err
		}
		// The rest of a path through an array are indexes: pick the whole array.
		whole = whole || tok.Kind == '[' && len(below) > 0
		var kid *Node
		switch {
		case whole:
			if tok, err = s.rest(tok); err == nil {
				kid, err = s.picked(tok)
			}
		case tok.Kind == '{' && len(below) > 0:
			kid, err = s.pick(below)
		default:
			_, err = s.rest(tok)
		}
		if err != nil {
			return nil, err
		}
		if kid != nil {
			n.Names, n.Kids = append(n.Names, string(s.AppendText(nil, name))), append(n.Kids, kid)
		}
	}
}

// is reports whether a string or name has this content.
func (s *Scanner) is(t Token, content string) bool {
	if t.Escaped {
		return string(s.AppendText(nil, t)) == content
	}
	return string(s.Text(t)) == content
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
		return StringNode(string(s.AppendText(nil, t))), nil
	case '0':
		return &Node{Kind: '0', Text: CanonicalNumber(string(s.Raw(t)))}, nil
	}
	return Parse(s.Raw(t))
}
