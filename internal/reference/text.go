package reference

import (
	"bytes"
	"io"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// EachInText calls yield for each reference in a JSON text in name form, in the
// order of the text. It needs no tree, unlike [EachReference]. It returns an
// error for a text that is not valid JSON, perhaps after calls of yield.
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

// MayHaveTemplates reports whether a file's text may contain templates. It never
// misses one, but may report true for a text without any: a \u escape can write
// a "$" or a "{".
func MayHaveTemplates(text []byte) bool {
	return bytes.Contains(text, []byte("${")) || bytes.Contains(text, []byte(`\u`))
}
