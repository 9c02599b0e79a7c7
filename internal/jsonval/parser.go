package jsonval

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Parse reads one JSON value. Duplicate names and invalid UTF-8 are errors,
// with their offset.
func Parse(raw []byte) (*Node, error) {
	p := parsers.Get().(*parser)
	defer parsers.Put(p)
	return p.parse(raw)
}

// ParseObject is parse for what must be an object.
func ParseObject(raw []byte) (*Node, error) {
	n, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	if !n.IsObject() {
		return nil, errors.New("not a JSON object")
	}
	return n, nil
}

// parser makes trees with few allocations: nodes come in blocks, members are
// collected on a stack until their number is known, and names, of which a kind
// has few, are kept.
type parser struct {
	dec   *jsontext.Decoder
	nodes []Node
	kids  []*Node
	names []string
	known map[string]string
}

var parsers = sync.Pool{New: func() any {
	return &parser{dec: jsontext.NewDecoder(&bytes.Buffer{}), known: map[string]string{}}
}}

// Limits of what a parser keeps.
const (
	nodeBlock  = 32
	knownNames = 4096
)

func (p *parser) parse(raw []byte) (*Node, error) {
	p.dec.Reset(bytes.NewBuffer(raw))
	p.nodes, p.kids, p.names = nil, p.kids[:0], p.names[:0]
	n, err := p.value()
	clear(p.kids[:cap(p.kids)])
	p.nodes = nil
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("text after the JSON value at offset %d", p.dec.InputOffset())
	}
	return n, nil
}

func (p *parser) node(kind byte, text string) *Node {
	if len(p.nodes) == 0 {
		p.nodes = make([]Node, nodeBlock)
	}
	n := &p.nodes[0]
	p.nodes = p.nodes[1:]
	n.Kind, n.Text = kind, text
	return n
}

func (p *parser) value() (*Node, error) {
	tok, err := p.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch kind := byte(tok.Kind()); kind {
	case '"':
		return p.node('"', tok.String()), nil
	case '0':
		return p.node('0', CanonicalNumber(tok.String())), nil
	case '[':
		return p.array()
	case '{':
		return p.object()
	case 'n':
		return NullNode, nil
	case 't':
		return trueNode, nil
	default:
		return falseNode, nil
	}
}

func (p *parser) array() (*Node, error) {
	first := len(p.kids)
	for p.dec.PeekKind() != ']' {
		kid, err := p.value()
		if err != nil {
			return nil, err
		}
		p.kids = append(p.kids, kid)
	}
	n := p.node('[', "")
	n.Kids = slices.Clone(p.kids[first:])
	p.kids = p.kids[:first]
	_, err := p.dec.ReadToken()
	return n, err
}

func (p *parser) object() (*Node, error) {
	firstKid, firstName := len(p.kids), len(p.names)
	for p.dec.PeekKind() != '}' {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		p.names = append(p.names, name)
		kid, err := p.value()
		if err != nil {
			return nil, err
		}
		p.kids = append(p.kids, kid)
	}
	n := p.node('{', "")
	n.Kids, n.Names = slices.Clone(p.kids[firstKid:]), slices.Clone(p.names[firstName:])
	p.kids, p.names = p.kids[:firstKid], p.names[:firstName]
	n.sort()
	_, err := p.dec.ReadToken()
	return n, err
}

// name reads a member's name.
func (p *parser) name() (string, error) {
	raw, err := p.dec.ReadValue()
	if err != nil {
		return "", err
	}
	if name, ok := p.known[string(raw)]; ok {
		return name, nil
	}
	unquoted, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "", err
	}
	if len(p.known) >= knownNames {
		clear(p.known)
	}
	name := string(unquoted)
	p.known[string(raw)] = name
	return name, nil
}
