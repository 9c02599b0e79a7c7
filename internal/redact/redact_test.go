package redact_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/redact"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// secret has characters that encodings change: quotes, angle brackets, letters
// beyond ASCII.
const secret = `hun"ter<2>-é\correct horse`

// forms are forms in which a service may repeat the secret. No such list is
// complete.
func forms() map[string]string {
	inJSON, _ := json.Marshal(map[string]string{"password": secret})
	inInJSON, _ := json.Marshal(map[string]string{"body": string(inJSON)})
	var entities, escaped strings.Builder
	for _, r := range secret {
		fmt.Fprintf(&entities, "&#%d;", r)
		fmt.Fprintf(&escaped, `\u%04x`, r)
	}
	return map[string]string{
		"plain": secret, "JSON": string(inJSON), "JSON in JSON": string(inInJSON), "Go": fmt.Sprintf("%q", secret),
		"URL": url.Values{"password": {secret}}.Encode(), "its beginning": secret[:12] + "…",
		"hexadecimal": hex.EncodeToString([]byte(secret)), "capital hexadecimal": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"base 64": base64.StdEncoding.EncodeToString([]byte(secret)), "base 64 for URLs": base64.URLEncoding.EncodeToString([]byte(secret)),
		"base 64 of more": base64.URLEncoding.EncodeToString([]byte("x" + secret)),
		"entities":        entities.String(), "escaped JSON": escaped.String(), "backwards": "esroh tcerroc",
	}
}

// No text of an answer is kept where secrets were sent, whatever its form.
func TestErrorKeepsNoText(t *testing.T) {
	for name, form := range forms() {
		text := "it says " + form + " is wrong"
		for _, err := range []error{
			errors.New(text), fmt.Errorf("%w: %s", tenant.ErrMoved, text), &classed{class: "storage", text: text},
			&tenant.Error{Class: tenant.Permanent, Message: text, Code: text, RequestID: text, ID: text, Missing: []string{text}, Err: errors.New(text)},
			fmt.Errorf("%s: %w", text, &tenant.Error{Class: tenant.Permanent}), &auth.Error{Class: auth.Failed, Message: text, Code: text, CorrelationID: text, Err: errors.New(text)},
			&fs.PathError{Op: "open", Path: text, Err: syscall.ENOSPC},
		} {
			got := redact.Error(err, []string{"", "another secret", secret})
			if shown := fmt.Sprintf("%v %+v %#v", got, got, errors.Unwrap(got)); strings.Contains(shown, form) || strings.Contains(shown, "it says") || !strings.Contains(shown, redact.LeftOut) {
				t.Errorf("%s: got %s of a %T, want nothing of the text, and a mark", name, shown, err)
			}
		}
	}
}

// A code and an id are kept if they are words that hold no secret.
func TestErrorKeepsWords(t *testing.T) {
	for _, word := range []string{"Request_BadRequest", "1f7e2b4c-9d1a-4c6e-8f00-aa11bb22cc33", "AADSTS53003", "Policies.ReadWrite:All/1"} {
		got, ok := errors.AsType[*tenant.Error](redact.Error(&tenant.Error{Code: word, RequestID: word, ID: word, Missing: []string{word}}, []string{secret}))
		if !ok || got.Code != word || got.RequestID != word || got.ID != word || !slices.Equal(got.Missing, []string{word}) {
			t.Errorf("got %+v, want %q in it", got, word)
		}
	}
	words := forms()
	words["a sentence"], words["too long"], words["a short secret"] = "two words", strings.Repeat("a", 129), "1234"
	delete(words, "backwards")
	delete(words, "base 64 of more") // no list finds it
	for name, word := range words {
		got, _ := errors.AsType[*tenant.Error](redact.Error(&tenant.Error{Code: word, RequestID: word, ID: word, Missing: []string{word}}, []string{secret, "1234"}))
		if got.Code != "" || got.RequestID != "" || got.ID != "" || len(got.Missing) > 0 {
			t.Errorf("%s: got %+v, want no word of it", name, got)
		}
	}
}

// A short secret is found where it stands alone, in any place of the text and
// after places where it is a part of a word.
func TestShortSecrets(t *testing.T) {
	for word, kept := range map[string]bool{
		"12": false, "x/12": false, "12/x": false, "x12/12": false, "123/12": false, "x12": true, "12x": true, "123": true, "312": true, "é12": false,
		"78": false, "x/78/y": false, "x78": true,
		"ab/x12": true, "12x/ab": true, "ab/x12/12": false, // "ab" stands alone, and is as long
	} {
		got, _ := errors.AsType[*tenant.Error](redact.Error(&tenant.Error{Code: word}, []string{"12", "78"}))
		if (got.Code != "") != kept {
			t.Errorf("%q: got %q, want it kept: %v", word, got.Code, kept)
		}
	}
}

// A word has up to 128 letters, digits and signs. A secret of eight bytes is
// found within a word, and a shorter one only alone.
func TestWordsAndPieces(t *testing.T) {
	for word, kept := range map[string]bool{
		"a": true, "z": true, "A": true, "Z": true, "0": true, "9": true, "-_.:/": true, "`": false, "{": false, "@": false, "[": false, ",": false, ";": false,
		strings.Repeat("w", 127): true, strings.Repeat("w", 128): true, strings.Repeat("w", 129): false,
		"xabcdefgh": false, "abcdefghx": false, "xabcdefg": true, "abcdefg": true, "x1234567": true, "1234567": false, "x12345678": true,
		"beginnin": false, "beginni": true, "ofalongs": false,
		"u003cbcdef": false, "003cbcdef": false, "03cbcdef": false, "3Cbcdef": true, // of "<" in JSON, and in a URL
	} {
		got, _ := errors.AsType[*tenant.Error](redact.Error(&tenant.Error{Code: word}, []string{"abcdefgh", "1234567", "beginningofalongsecret", "a<bcdef"}))
		if (got.Code != "") != kept {
			t.Errorf("%q: got %q, want it kept: %v", word, got.Code, kept)
		}
	}
}

// The parts by which the engine decides stay: class, retry, outcome, sentinels,
// and the classes of the caller's own errors.
func TestErrorKeepsTheRest(t *testing.T) {
	secrets := []string{"correct horse"}
	e := &tenant.Error{Class: tenant.Throttled, Op: "update", Kind: "groups", ID: "1", Code: "TooMany", Message: "for you", RequestID: "req-1",
		RetryAfter: time.Minute, Missing: []string{"a"}, MaybeApplied: true, Err: syscall.ECONNRESET}
	want := &tenant.Error{Class: tenant.Throttled, Op: "update", Kind: "groups", ID: "1", Code: "TooMany", RequestID: "req-1",
		Message: syscall.ECONNRESET.Error() + "; " + redact.LeftOut, RetryAfter: time.Minute, Missing: []string{"a"}, MaybeApplied: true}
	for name, err := range map[string]error{"alone": e, "wrapped": fmt.Errorf("client: %w", e)} {
		if diff := cmp.Diff(want, redact.Error(err, secrets)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, known := range []error{tenant.ErrMoved, tenant.ErrInvalidRequest, tenant.ErrNoRevision, tenant.ErrNewerFormat, context.DeadlineExceeded, fs.ErrPermission, syscall.ENOSPC} {
		if got := redact.Error(fmt.Errorf("%w: correct horse", known), secrets); !errors.Is(got, known) || !strings.HasPrefix(got.Error(), known.Error()+"; ") {
			t.Errorf("got %v, want %v without the secret", got, known)
		}
	}
	needed := &auth.Error{Class: auth.SignInNeeded, Tenant: "contoso", SignIn: "writer", Code: "AADSTS1", CorrelationID: "c-1", Message: "sign in"}
	got, ok := errors.AsType[*auth.Error](redact.Error(fmt.Errorf("write: %w", needed), secrets))
	if !ok || got.Class != needed.Class || got.Tenant != needed.Tenant || got.SignIn != needed.SignIn || got.Code != needed.Code || got.CorrelationID != needed.CorrelationID {
		t.Errorf("got %+v, want the class and the words of %+v", got, needed)
	}
	var own *classed
	if got := redact.Error(fmt.Errorf("plan: %w", &classed{class: "storage", text: "correct horse"}), secrets); !errors.As(got, &own) || *own != (classed{class: "storage", text: redact.LeftOut}) {
		t.Errorf("got %#v, want the class", got)
	}
	if got := redact.Error(e, nil); got != error(e) {
		t.Errorf("without secrets: got %v, want the error itself", got)
	}
	if got := redact.Error(e, []string{""}); got != error(e) {
		t.Errorf("with an empty secret: got %v, want the error itself", got)
	}
	if got := redact.Error(nil, secrets); got != nil {
		t.Errorf("got %v, want nil", got)
	}
}

// classed is an error of a caller with a class.
type classed struct{ class, text string }

func (e *classed) Error() string { return e.text }

func (e *classed) WithText(text string) error { return &classed{class: e.class, text: text} }

// Only the declared values of the changed objects are secrets.
func TestSecrets(t *testing.T) {
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "users", NaturalKey: []string{"/name"}, Sensitive: []string{"/pin"}}, {Name: "groups", NaturalKey: []string{"/name"}}})
	if err != nil {
		t.Fatal(err)
	}
	bodies := []json.RawMessage{json.RawMessage(`{"name":"ann","pin":"1234"}`), nil, json.RawMessage(`no object`), json.RawMessage(`{"name":"bob","pin":"5678"}`)}
	var changes []tenant.Change
	for _, body := range bodies {
		changes = append(changes, tenant.Change{Kind: "users", Body: body}, tenant.Change{Kind: "groups", Body: body}, tenant.Change{Kind: "unknown", Body: body})
	}
	want := []string{"1234", "5678"}
	if diff := cmp.Diff(want, redact.SecretsOf(kinds.Get("users"), bodies...)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, redact.SecretsIn(kinds, changes)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
