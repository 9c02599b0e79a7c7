package jsonval

import (
	"errors"
)

// Pick reads the values at some paths of an object, and returns them as a tree
// that has nothing else. It reads the whole text and refuses what [ParseObject]
// refuses, but makes no nodes of the rest: looking for a name costs little
// beside a parse. The paths consist of names; values at them are read whole.
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

// pick picks from the object whose opening bracket has been read.
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
		// A path through an array has its elements' numbers.
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

// picked returns the node of a token that has no children, and parses others.
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
