package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
)

const endpoint = "https://graph.example"

// credential gives tokens, or its error.
type credential struct{ err error }

func (c credential) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: strings.Join(o.Scopes, " "), ExpiresOn: time.Now().Add(time.Hour)}, c.err
}

// service answers requests.
type service func(*http.Request) (*http.Response, error)

func (s service) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

// answering is a service with one answer.
func answering(status int, body io.Reader, head http.Header) service {
	return func(r *http.Request) (*http.Response, error) {
		if head == nil {
			head = http.Header{}
		}
		return &http.Response{StatusCode: status, Header: head, Body: io.NopCloser(body), Request: r}, nil
	}
}

func newSender(s http.RoundTripper, most int64) Sender {
	return NewSender(Options{Endpoint: endpoint, Credential: credential{}, HTTPClient: &http.Client{Transport: s}, MaxAnswerBytes: most})
}

// get is a request without a body.
var get = Request{Method: http.MethodGet, URL: endpoint + "/v1.0/groups?$filter=secret"}

// Every request has a token for the endpoint, an id and the headers of the protocol. Those
// with a body say what it is.
func TestSend(t *testing.T) {
	var seen []*http.Request
	var bodies []string
	s := newSender(service(func(r *http.Request) (*http.Response, error) {
		body := ""
		if r.Body != nil {
			raw, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			body = string(raw)
		}
		seen, bodies = append(seen, r), append(bodies, body)
		return answering(http.StatusCreated, strings.NewReader("{}"), http.Header{"Request-Id": {" the\nservice's "}, "X": {"y"}})(r)
	}), 100)
	for _, r := range []Request{get, {Method: http.MethodPost, URL: endpoint + "/x", Body: []byte(`{"a":1}`), Headers: map[string]string{"Accept-Language": "de"}}} {
		a, err := s.Send(t.Context(), r)
		if err != nil || a.Status != http.StatusCreated || string(a.Body) != "{}" || a.Header.Get("X") != "y" || a.RequestID != "the service's" {
			t.Errorf("%s: got %+v, %v", r.Method, a, err)
		}
	}
	ids := map[string]bool{}
	for i, want := range []struct{ method, url, body, typ, language string }{
		{"GET", get.URL, "", "", ""}, {"POST", endpoint + "/x", `{"a":1}`, "application/json", "de"},
	} {
		r := seen[i]
		ids[r.Header.Get("client-request-id")] = true
		got := []string{r.Method, r.URL.String(), bodies[i], r.Header.Get("Content-Type"), r.Header.Get("Accept-Language"), r.Header.Get("Accept"),
			r.Header.Get("return-client-request-id"), r.Header.Get("Prefer"), r.Header.Get("Authorization")}
		all := []string{want.method, want.url, want.body, want.typ, want.language, "application/json", "true", "include-unknown-enum-members", "Bearer " + endpoint + "/.default"}
		if diff := cmp.Diff(all, got); diff != "" {
			t.Errorf("request %d (-want +got)\n%s", i, diff)
		}
		if !strings.Contains(r.UserAgent(), moduleName+"/"+moduleVersion) {
			t.Errorf("the user agent is %q", r.UserAgent())
		}
	}
	if len(ids) != 2 || ids[""] {
		t.Errorf("two requests have the ids %v", ids)
	}
}

// Without an id of the service the answer has that of the request, also if the answer
// never comes.
func TestRequestIDs(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"an answer":           answering(http.StatusOK, strings.NewReader("{}"), nil),
		"no answer":           func(*http.Request) (*http.Response, error) { return nil, errors.New("reset") },
		"an answer cut off":   answering(http.StatusOK, iotest.ErrReader(errors.New("cut")), nil),
		"an answer too large": answering(http.StatusOK, strings.NewReader(strings.Repeat(" ", 101)), nil),
	} {
		sent := ""
		a, _ := newSender(service(func(r *http.Request) (*http.Response, error) {
			sent = r.Header.Get("client-request-id")
			return answer(r)
		}), 100).Send(t.Context(), get)
		if sent == "" || a.RequestID != sent {
			t.Errorf("%s: got the id %q, want %q", name, a.RequestID, sent)
		}
	}
}

// An error says whether something was sent, and never what the address is.
func TestSendFails(t *testing.T) {
	down := errors.New("reset")
	refused := service(func(*http.Request) (*http.Response, error) { return nil, down })
	for _, tt := range []struct {
		name   string
		sender Sender
		url    string
		want   error
		class  tenant.Class
		maybe  bool
	}{
		{"no answer", newSender(refused, 100), get.URL, down, tenant.Transient, true},
		{"no address", newSender(refused, 100), "::", errNotSent, tenant.Transient, false},
		{"cut off", newSender(answering(http.StatusOK, io.MultiReader(strings.NewReader("{"), iotest.ErrReader(&url.Error{Op: "Get", URL: get.URL, Err: down})), nil), 100), get.URL, errCutOff, tenant.Transient, true},
		{"the end of the context", newSender(service(func(r *http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded }), 100), get.URL, context.DeadlineExceeded, tenant.Transient, true},
		{"no token", NewSender(Options{Endpoint: endpoint, Credential: credential{notRetried{}}, HTTPClient: &http.Client{Transport: refused}, MaxAnswerBytes: 1}), get.URL, notRetried{}, tenant.Unauthenticated, false},
	} {
		a, err := tt.sender.Send(t.Context(), Request{Method: http.MethodPatch, URL: tt.url, Body: []byte("{}")})
		if !errors.Is(err, tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		if e := Unanswered(err, a, Subject{}, true); e.Class != tt.class || e.MaybeApplied != tt.maybe || (e.Message == "no token for the request") != (tt.class == tenant.Unauthenticated) {
			t.Errorf("%s: got %+v, want %s, maybe applied: %v", tt.name, e, tt.class, tt.maybe)
		}
	}
}

// notRetried is an error as those of azidentity.
type notRetried struct{}

func (notRetried) Error() string { return "no token" }
func (notRetried) NonRetriable() {}

// An answer may have as many bytes as the limit says. A larger one is an error, which
// another read would bring again and which a write may have been carried out before.
func TestMaxAnswerBytes(t *testing.T) {
	for _, tt := range []struct {
		size  int
		large bool
	}{{0, false}, {9, false}, {10, false}, {11, true}, {1000, true}} {
		for _, body := range []io.Reader{strings.NewReader(strings.Repeat("x", tt.size)), iotest.OneByteReader(strings.NewReader(strings.Repeat("x", tt.size)))} {
			a, err := newSender(answering(http.StatusOK, body, nil), 10).Send(t.Context(), get)
			if _, large := errors.AsType[*tooLargeError](err); large != tt.large || !large && (err != nil || len(a.Body) != tt.size) {
				t.Errorf("%d bytes: got %d bytes, %v", tt.size, len(a.Body), err)
			}
			if !tt.large {
				continue
			}
			if !strings.Contains(err.Error(), "more than 10 bytes") || errors.Is(err, errCutOff) {
				t.Errorf("%d bytes: %v", tt.size, err)
			}
			read, write := Unanswered(err, a, Subject{}, false), Unanswered(err, a, Subject{}, true)
			if read.Class != tenant.Permanent || read.MaybeApplied || write.Class != tenant.Transient || !write.MaybeApplied {
				t.Errorf("got %+v for a read and %+v for a write", read, write)
			}
		}
	}
	cut := errors.New("cut")
	if _, err := newSender(answering(http.StatusOK, io.MultiReader(strings.NewReader("0123456789"), iotest.ErrReader(cut)), nil), 10).Send(t.Context(), get); !errors.Is(err, cut) {
		t.Errorf("cut off at the limit: got %v", err)
	}
}

// The status of a refusal is told, whatever its body is: too long, or cut off.
func TestBodiesOfRefusals(t *testing.T) {
	cut := iotest.ErrReader(errors.New("cut"))
	for _, tt := range []struct {
		name   string
		status int
		body   io.Reader
		most   int64
		want   int // bytes
	}{
		{"whole", 404, strings.NewReader("0123456789"), 10, 10},
		{"too long", 404, strings.NewReader("01234567890"), 10, 10},
		{"cut off", 503, io.MultiReader(strings.NewReader("01234"), cut), 10, 5},
		{"cut off at the end", 503, io.MultiReader(strings.NewReader("0123456789"), cut), 10, 10},
		{"too long to be of use", 500, strings.NewReader(strings.Repeat("x", maxErrorBody+1)), 10 << 20, maxErrorBody},
		{"a redirect", 300, io.MultiReader(strings.NewReader("01234"), cut), 10, 5},
		{"below the successes", 199, io.MultiReader(strings.NewReader("01234"), cut), 10, 5},
	} {
		a, err := newSender(answering(tt.status, tt.body, nil), tt.most).Send(t.Context(), get)
		if err != nil || a.Status != tt.status || len(a.Body) != tt.want {
			t.Errorf("%s: got %d, %d bytes, %v, want %d, %d bytes", tt.name, a.Status, len(a.Body), err, tt.status, tt.want)
		}
	}
	for _, status := range []int{200, 299} {
		if _, err := newSender(answering(status, io.MultiReader(strings.NewReader("01234"), cut), nil), 10).Send(t.Context(), get); !errors.Is(err, errCutOff) {
			t.Errorf("%d: got %v, want that it was cut off", status, err)
		}
	}
}

// A body ends with the context of its request, also where the transport goes on.
func TestBodyEndsWithItsContext(t *testing.T) {
	cause := errors.New("stopped")
	for _, status := range []int{http.StatusOK, http.StatusBadGateway} {
		ctx, cancel := context.WithCancelCause(t.Context())
		endless := readerFunc(func(p []byte) (int, error) {
			cancel(cause)
			return 1, nil
		})
		if _, err := newSender(answering(status, endless, nil), 1000).Send(ctx, get); !errors.Is(err, cause) && !(status > 299 && errors.Is(err, context.Canceled)) {
			t.Errorf("%d: got %v, want the cause, or azcore's error of a refusal", status, err)
		}
		ctx, cancel = context.WithCancelCause(t.Context())
		failing := readerFunc(func(p []byte) (int, error) {
			cancel(cause)
			return 0, context.Canceled
		})
		if _, err := newSender(answering(status, failing, nil), 1000).Send(ctx, get); !errors.Is(err, context.Canceled) {
			t.Errorf("%d, a transport that ends: got %v, want its error", status, err)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// The connection of an answer is free again, whatever came.
func TestBodiesAreClosed(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   io.Reader
	}{{200, strings.NewReader("{}")}, {404, strings.NewReader("{}")}, {200, strings.NewReader("more than ten bytes")}, {200, iotest.ErrReader(errors.New("cut"))}} {
		body := &closing{Reader: tt.body}
		_, _ = newSender(service(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: tt.status, Header: http.Header{}, Body: body, Request: r}, nil
		}), 10).Send(t.Context(), get)
		if !body.closed {
			t.Errorf("%d: the body is left open", tt.status)
		}
	}
}

// closing is a body that says whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

// A redirect is an answer like others: to follow it would carry the token to another
// host. The host's client keeps its own way.
func TestRedirectIsAnAnswer(t *testing.T) {
	sent := 0
	host := &http.Client{Transport: service(func(r *http.Request) (*http.Response, error) {
		sent++
		return answering(http.StatusFound, strings.NewReader(""), http.Header{"Location": {"https://other.example"}})(r)
	})}
	a, err := NewSender(Options{Endpoint: endpoint, Credential: credential{}, HTTPClient: host, MaxAnswerBytes: 1}).Send(t.Context(), get)
	if err != nil || a.Status != http.StatusFound || sent != 1 {
		t.Errorf("got %d after %d requests, %v", a.Status, sent, err)
	}
	if host.CheckRedirect != nil {
		t.Error("the host's client is changed")
	}
	own := newHTTPClient(nil)
	if pool, ok := own.Transport.(*http.Transport); !ok || pool == http.DefaultTransport || pool.MaxIdleConnsPerHost != 32 || own.CheckRedirect == nil {
		t.Errorf("without a client: got %+v", own)
	}
}
