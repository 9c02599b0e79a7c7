package syncer

import (
	"encoding/json"
	"errors"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// scrub takes secrets out of an error of the tenant's or the repository's: a
// service that refuses a request may repeat it, and what it says goes into
// history, report and log. A secret is found as it is, in the escapes of JSON,
// Go, HTML and URLs, one within another too, and in pieces of eight bytes, as
// of a text that was cut off.
func scrub(err error, secrets []string) error {
	if err == nil || len(secrets) == 0 {
		return err
	}
	s := newScrubber(secrets)
	text := s.clean(err.Error())
	if text == err.Error() {
		return err
	}
	e, ok := errors.AsType[*tenant.Error](err)
	if !ok {
		for _, known := range []error{tenant.ErrMoved, tenant.ErrNoRevision, tenant.ErrInvalidRequest, tenant.ErrNewerFormat} {
			if errors.Is(err, known) {
				return &scrubbed{text: text, err: known}
			}
		}
		if e, ok := errors.AsType[*runError](err); ok {
			return &runError{class: e.class, err: errors.New(text)}
		}
		return errors.New(text)
	}
	clean := *e
	clean.Code, clean.Message, clean.RequestID = s.clean(e.Code), s.clean(e.Message), s.clean(e.RequestID)
	clean.Missing = slices.Clone(e.Missing)
	for i, m := range clean.Missing {
		clean.Missing[i] = s.clean(m)
	}
	if clean.Err = nil; e.Err != nil {
		clean.Err = errors.New(s.clean(e.Err.Error()))
	}
	if err == error(e) {
		return &clean
	}
	return &scrubbed{text: text, err: &clean}
}

// scrubbed is an error around another, with a text of its own.
type scrubbed struct {
	text string
	err  error
}

func (e *scrubbed) Error() string { return e.text }
func (e *scrubbed) Unwrap() error { return e.err }

// secretsOf are the secrets in the objects of a kind.
func secretsOf(k *schema.Schema, bodies ...json.RawMessage) []string {
	var out []string
	for _, b := range bodies {
		found, _ := k.SecretValues(b) // what is no object has none that is known
		out = append(out, found...)
	}
	return out
}

// secretsIn are the secrets in changes of the repository.
func secretsIn(kinds *schema.Kinds, changes []tenant.Change) []string {
	var out []string
	for _, ch := range changes {
		out = append(out, secretsOf(kinds.Get(ch.Kind), ch.Body)...)
	}
	return out
}

// piece is the length in bytes from which a part of a secret counts as one.
const piece = 8

// scrubber finds secrets in texts.
type scrubber struct {
	whole  []string // those shorter than a piece
	pieces map[string]bool
}

func newScrubber(secrets []string) *scrubber {
	s := &scrubber{pieces: map[string]bool{}}
	for _, secret := range secrets {
		for _, form := range spellings(secret) {
			if len(form) < piece {
				s.whole = append(s.whole, form)
			}
			for i := 0; i+piece <= len(form); i++ {
				s.pieces[form[i:i+piece]] = true
			}
		}
	}
	return s
}

// spellings are the ways in which a text repeats a secret.
func spellings(secret string) []string {
	inQuotes := func(quoted string) string { return quoted[1 : len(quoted)-1] }
	toJSON := func(escapeHTML bool) func(string) string {
		return func(s string) string {
			var b strings.Builder
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(escapeHTML)
			if enc.Encode(s) != nil {
				return s
			}
			return inQuotes(strings.TrimSpace(b.String()))
		}
	}
	escapes := []func(string) string{
		func(s string) string { return s }, toJSON(false), toJSON(true),
		func(s string) string { return inQuotes(strconv.Quote(s)) },
		func(s string) string { return inQuotes(strconv.QuoteToASCII(s)) },
		html.EscapeString, url.QueryEscape, url.PathEscape,
	}
	var out []string
	for _, inner := range escapes {
		for _, outer := range escapes {
			if form := outer(inner(secret)); form != "" && !slices.Contains(out, form) {
				out = append(out, form)
			}
		}
	}
	return out
}

// clean returns a text with secrets replaced.
func (s *scrubber) clean(text string) string {
	hidden := make([]bool, len(text))
	found := false
	hide := func(from, to int) {
		found = true
		for i := from; i < to; i++ {
			hidden[i] = true
		}
	}
	for i := 0; i+piece <= len(text); i++ {
		if s.pieces[text[i:i+piece]] {
			hide(i, i+piece)
		}
	}
	for _, short := range s.whole {
		for from := 0; ; {
			i := strings.Index(text[from:], short)
			if i < 0 {
				break
			}
			from += i
			if to := from + len(short); isWord(text, from, to) {
				hide(from, to)
			}
			from++
		}
	}
	if !found {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(plan.Redacted)
		}
	}
	return strings.ToValidUTF8(b.String(), "")
}

// isWord reports whether no letter or digit joins the part of a text to what is
// around it: a short secret, such as a digit, is in most words.
func isWord(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	joins := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return !joins(before) && !joins(after)
}
