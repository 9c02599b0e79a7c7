package entra

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// requestTimeout bounds one request, so that a server that does not answer
	// counts as a passing fault long before the caller's context ends.
	requestTimeout = 15 * time.Second
	// answerLimit bounds what is read of an answer; real ones are a few KB.
	answerLimit = 1 << 20
)

// client is the HTTP client that MSAL is given. It turns every answer but
// success into a *serverError and every broken connection into a
// *networkError. MSAL would put the request, with its secrets, and the whole
// answer into its own error, and would read the answer's body up before
// anybody else could; and its own loop would ignore the pace that the server asks for.
type client struct{ http *http.Client }

func newClient(base *http.Client) client {
	c := *base
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client{&c}
}

func (c client) CloseIdleConnections() { c.http.CloseIdleConnections() }

func (c client) Do(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), requestTimeout)
	defer cancel()
	res, err := c.http.Do(req.WithContext(ctx))
	if err != nil {
		return nil, newNetworkError(req, err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	_ = res.Body.Close() // all of it was read
	if err != nil {
		return nil, newNetworkError(req, err)
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated {
		return nil, newServerError(res, body)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// networkError says that there was no whole answer.
type networkError struct {
	host string
	err  error
}

func newNetworkError(req *http.Request, err error) error {
	if ctxErr := req.Context().Err(); ctxErr != nil {
		return ctxErr
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the URL
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %v", requestTimeout)
	}
	return &networkError{host: req.URL.Host, err: err}
}

func (e *networkError) Error() string { return "no answer from " + e.host + ": " + e.err.Error() }
func (e *networkError) Unwrap() error { return e.err }

// serverError is an error answer, reduced to what is no secret and safe to
// show: the description is left out, since it may repeat what was sent.
type serverError struct {
	status      int
	code        string // "error", such as "invalid_grant"
	sub         string // "suberror"
	number      int    // of "AADSTS50173"; 0 if none
	correlation string
	retryAfter  time.Duration
}

func newServerError(res *http.Response, body []byte) *serverError {
	var answer struct {
		Error         string `json:"error"`
		SubError      string `json:"suberror"`
		Description   string `json:"error_description"`
		Codes         []int  `json:"error_codes"`
		CorrelationID string `json:"correlation_id"`
	}
	_ = json.Unmarshal(body, &answer) // what is no JSON has no code: the status alone counts
	e := &serverError{
		status:      res.StatusCode,
		code:        word(answer.Error),
		sub:         word(answer.SubError),
		correlation: word(answer.CorrelationID),
		number:      aadsts(answer.Codes, answer.Description),
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.retryAfter = time.Duration(seconds) * time.Second
	}
	return e
}

func (e *serverError) Error() string {
	var parts []string
	for _, s := range []string{e.code, e.sub, e.name()} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("HTTP %d", e.status)), ", ")
}

// name returns "AADSTS50173", or nothing if there is no number.
func (e *serverError) name() string {
	if e.number == 0 {
		return ""
	}
	return "AADSTS" + strconv.Itoa(e.number)
}

// word returns s if it is a short plain word, as the protocol's codes and ids
// are, and nothing otherwise, so that a server cannot put anything else into
// an error.
func word(s string) string {
	if len(s) > 64 {
		return ""
	}
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == '-':
		default:
			return ""
		}
	}
	return s
}

// aadsts returns the first known of the answer's numbers, else the first.
func aadsts(codes []int, description string) int {
	if _, after, ok := strings.Cut(description, "AADSTS"); ok {
		digits := len(after) - len(strings.TrimLeft(after, "0123456789"))
		if n, err := strconv.Atoi(after[:digits]); err == nil {
			codes = append(codes, n)
		}
	}
	for _, n := range codes {
		if _, ok := numbers[n]; ok {
			return n
		}
	}
	if len(codes) == 0 {
		return 0
	}
	return codes[0]
}
