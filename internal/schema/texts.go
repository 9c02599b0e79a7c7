package schema

import (
	"errors"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// Texts finds the strings of objects that may be references, in one pass over
// an object's bytes and without a tree. The zero value is ready for use. A
// Texts must not be used concurrently.
type Texts struct {
	scan    jsonval.Scanner
	yield   func(refs []*tenant.Reference, text []byte)
	waiting []waitingText
}

// waitingText is a string whose references depend on the type of the enclosing
// object. The type can follow the string.
type waitingText struct {
	refs []*tenant.Reference
	text []byte
}

// Each calls yield for each string that [Form.Apply] passes to Form.Text,
// except masks, with the references that the kind declares for its place. The
// text is valid only during the call. Each returns an error for a body that is
// not a JSON object. It may have called yield before.
func (t *Texts) Each(k *Schema, body []byte, yield func(refs []*tenant.Reference, text []byte)) error {
	t.scan.Reset(body)
	defer t.scan.Reset(nil)
	t.yield, t.waiting = yield, t.waiting[:0]
	tok, err := t.scan.Next()
	if err == nil && tok.Kind != '{' {
		return errors.New("not a JSON object")
	}
	if err == nil {
		err = t.object(k.Root, true)
	}
	return err
}

// object reads an object whose opening bracket has been read.
func (t *Texts) object(r *Rule, top bool) error {
	first, typ := len(t.waiting), ""
	for {
		tok, err := t.scan.Next()
		if err != nil {
			return err
		}
		if tok.Kind == '}' {
			break
		}
		name := t.content(tok)
		next, kind := r.member(name, t.scan.NameHash())
		f := next.Fact()
		if f.readOnly || f.isToken || kind != property || top && len(name) > 0 && name[0] == '$' {
			if _, err := t.scan.Skip(); err != nil {
				return err
			}
			continue
		}
		isType := string(name) == typeName
		if tok, err = t.scan.Next(); err == nil {
			err = t.value(tok, next, f.refs)
		}
		if err != nil {
			return err
		}
		if isType && tok.Kind == '"' {
			typ = bareType(string(t.content(tok)))
		}
	}
	for _, w := range t.waiting[first:] {
		t.yield(ofType(w.refs, typ), w.text)
	}
	t.waiting = t.waiting[:first]
	return nil
}

// value reads the value that tok begins.
func (t *Texts) value(tok jsonval.Token, r *Rule, refs []*tenant.Reference) error {
	switch tok.Kind {
	case '{':
		return t.object(r, false)
	case '[':
		return t.array(r, refs)
	case '"':
		text := t.content(tok)
		switch f := r.Fact(); {
		case (f.Masked || f.Sensitive) && (onlyAsterisks(text) || string(text) == reference.Redacted):
		case slices.ContainsFunc(refs, func(ref *tenant.Reference) bool { return ref.Type != "" }):
			t.waiting = append(t.waiting, waitingText{refs, text})
		default:
			t.yield(refs, text)
		}
	}
	return nil
}

// array reads an array whose opening bracket has been read.
func (t *Texts) array(r *Rule, refs []*tenant.Reference) error {
	next := r.Step("*")
	if own := next.Fact().refs; len(own) > 0 {
		refs = append(slices.Clip(own), refs...)
	}
	for {
		tok, err := t.scan.Next()
		if err != nil || tok.Kind == ']' {
			return err
		}
		if err := t.value(tok, next, refs); err != nil {
			return err
		}
	}
}

// content returns the decoded text of a string or name.
func (t *Texts) content(tok jsonval.Token) []byte {
	if tok.Escaped {
		return t.scan.AppendText(nil, tok)
	}
	return t.scan.Text(tok)
}
