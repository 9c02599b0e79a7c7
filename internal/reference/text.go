package reference

import (
	"bytes"
	"io"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// EachInText is [EachReference] for a JSON text in name form, without a tree.
func EachInText(text []byte, yield func(Ref)) error {
	var scan jsonval.Scanner
	scan.Reset(text)
	for {
		tok, err := scan.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case tok.Kind != '"' || !tok.Escaped && !bytes.HasPrefix(scan.Text(tok), []byte("${")):
			continue
		}
		if ref := ReferenceIn(jsonval.StringNode(string(scan.AppendText(nil, tok)))); ref != nil {
			yield(*ref)
		}
	}
}

// MayHaveTemplates reports whether a file's text may have templates. It errs to
// the side of yes: a template may be written with escapes.
func MayHaveTemplates(text []byte) bool {
	return bytes.Contains(text, []byte("${")) || bytes.Contains(text, []byte(`\u`))
}
