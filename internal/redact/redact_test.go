package redact_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/redact"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestError(t *testing.T) {
	const secret = `hun"ter<2>-é\correct horse`
	inJSON, _ := json.Marshal(map[string]string{"password": secret})
	inInJSON, _ := json.Marshal(map[string]string{"body": string(inJSON)})
	for name, text := range map[string]string{
		"plain":          "it says " + secret + " is wrong",
		"JSON":           "it says " + string(inJSON) + " is wrong",
		"JSON in JSON":   "it says " + string(inInJSON) + " is wrong",
		"Go":             fmt.Sprintf("it says %q is wrong", secret),
		"JSON in Go":     fmt.Sprintf("it says %q is wrong", inJSON),
		"URL":            "it says /groups?" + url.Values{"password": {secret}}.Encode() + " is wrong",
		"its beginning":  "it says " + secret[:12] + "… is wrong",
		"its end":        "it says …" + secret[9:] + " is wrong",
		"twice":          "it says " + secret + " and " + secret + " is wrong",
		"nothing but it": secret,
	} {
		got := redact.Error(errors.New(text), []string{"another secret", secret}).Error()
		for _, part := range []string{"hun", "ter<", "correct", "horse", "é"} {
			if strings.Contains(got, part) {
				t.Errorf("%s: got %q, want nothing of the secret", name, got)
				break
			}
		}
		if !strings.Contains(got, "[redacted]") || strings.HasPrefix(text, "it says") && !strings.HasPrefix(got, "it says") || strings.HasSuffix(text, "is wrong") && !strings.HasSuffix(got, "is wrong") {
			t.Errorf("%s: got %q, want the text around the secret", name, got)
		}
	}
}

// A short secret is found where no letter or digit joins it to the text.
func TestErrorShortSecrets(t *testing.T) {
	got := redact.Error(errors.New(`pin "7" of 17 objects is 7, not in 7th, 1234`), []string{"7", "1234"}).Error()
	if want := `pin "[redacted]" of 17 objects is [redacted], not in 7th, [redacted]`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The parts that the engine acts by stay: class, retry, outcome, sentinels, and
// the classes of the caller's own errors.
func TestErrorKeepsTheRest(t *testing.T) {
	secrets := []string{"correct horse"}
	e := &tenant.Error{Class: tenant.Throttled, Op: "update", Kind: "groups", ID: "1", Code: "TooMany", Message: "for correct horse", RequestID: "req-1",
		RetryAfter: time.Minute, Missing: []string{"a"}, MaybeApplied: true, Err: errors.New("cause: correct horse")}
	want := &tenant.Error{Class: tenant.Throttled, Op: "update", Kind: "groups", ID: "1", Code: "TooMany", Message: "for [redacted]", RequestID: "req-1",
		RetryAfter: time.Minute, Missing: []string{"a"}, MaybeApplied: true, Err: errors.New("cause: [redacted]")}
	errorText := cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
	if diff := cmp.Diff(want, redact.Error(e, secrets), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Err" }, errorText)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wrapped := redact.Error(fmt.Errorf("client: %w", e), secrets)
	if got, ok := errors.AsType[*tenant.Error](wrapped); !ok || got.RetryAfter != time.Minute || !tenant.MaybeApplied(wrapped) || strings.Contains(fmt.Sprintf("%v %v", got, got.Err), "horse") {
		t.Errorf("wrapped: got %v around %+v, want the tenant's error, clean", wrapped, got)
	}
	for _, known := range []error{tenant.ErrMoved, tenant.ErrInvalidRequest, tenant.ErrNoRevision, tenant.ErrNewerFormat} {
		if got := redact.Error(fmt.Errorf("%w: correct horse", known), secrets); !errors.Is(got, known) || strings.Contains(got.Error(), "horse") {
			t.Errorf("got %v, want %v without the secret", got, known)
		}
	}
	var own *classed
	if got := redact.Error(fmt.Errorf("plan: %w", &classed{class: "storage", text: "correct horse"}), secrets); !errors.As(got, &own) || *own != (classed{class: "storage", text: "plan: [redacted]"}) {
		t.Errorf("got %#v, want the class and the whole text, clean", got)
	}
	clean := fmt.Errorf("nothing in it: %w", tenant.ErrMoved)
	if got := redact.Error(clean, secrets); got != clean {
		t.Errorf("got %v, want the error itself", got)
	}
	if got := redact.Error(e, nil); got != error(e) {
		t.Errorf("without secrets: got %v, want the error itself", got)
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
