package apply

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// inTenant parses a value from the plan, and returns it as planned and with the
// tenant's values in place of references. It returns nil for an absent value.
func (w *Writing) inTenant(raw json.RawMessage) (planned, value *jsonval.Node, err error) {
	if raw == nil {
		return nil, nil, nil
	}
	planned, err = jsonval.Parse(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("plan: %s: %w", w.Item.ID, err)
	}
	value, err = Resolve(planned, w.Value)
	return planned, value, err
}

// Resolve converts a tree from name form to the tenant's form: it replaces each
// reference by the text that value returns for it, and each $${ by ${. It returns
// the first error that value returns.
func Resolve(n *jsonval.Node, value func(reference.Ref) (string, error)) (*jsonval.Node, error) {
	if n.IsString() {
		if ref := reference.ReferenceIn(n); ref != nil {
			text, err := value(*ref)
			return jsonval.StringNode(text), err
		}
		return n.WithText(reference.Literal(n.Text)), nil
	}
	var failed error
	out := n.MapKids(func(i int) *jsonval.Node {
		kid, err := Resolve(n.Kids[i], value)
		failed = cmp.Or(failed, err)
		return kid
	})
	return out, failed
}

// ResolveText is [Resolve] for a JSON text in name form. It replaces strings,
// copies the rest of the text unchanged, and builds no tree.
func ResolveText(raw []byte, value func(reference.Ref) (string, error)) ([]byte, error) {
	return resolveText(raw, value, nil)
}

// resolveText is [ResolveText] that also puts texts in place of the values at
// some paths. A path that does not lead to a string of the text is an error.
func resolveText(raw []byte, value func(reference.Ref) (string, error), put *textsAt) ([]byte, error) {
	var scan jsonval.Scanner
	scan.Reset(raw)
	out, copied := make([]byte, 0, len(raw)), 0
	walk, left := textWalk{root: put}, put.count()
	for {
		tok, err := scan.Next()
		switch {
		case err == io.EOF && left > 0:
			return nil, fmt.Errorf("%d secrets have no place in the text", left)
		case err == io.EOF:
			return append(out, raw[copied:]...), nil
		case err != nil:
			return nil, err
		}
		var at *textsAt
		if put != nil {
			at = walk.step(&scan, tok)
		}
		switch {
		case at.puts() && tok.Kind == '"':
			out, copied = append(append(out, raw[copied:tok.Start]...), at.text...), tok.End
			left--
			continue
		case tok.Kind != '"' || !tok.Escaped && !bytes.Contains(scan.Text(tok), []byte("${")):
			continue
		}
		n, err := Resolve(jsonval.StringNode(string(scan.AppendText(nil, tok))), value)
		if err != nil {
			return nil, err
		}
		out, copied = jsonval.AppendString(append(out, raw[copied:tok.Start]...), n.Text), tok.End
	}
}
