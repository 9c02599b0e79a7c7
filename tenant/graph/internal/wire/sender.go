package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/google/uuid"
)

const (
	moduleName    = "tenantsync"
	moduleVersion = "v0"
)

// Options configure a [Sender].
type Options struct {
	// Endpoint is Graph's address, "https://host".
	Endpoint string
	// Credential gives the tokens.
	Credential azcore.TokenCredential
	// HTTPClient sends the requests. Redirects are never followed. Defaults to one
	// with a pool of its own.
	HTTPClient *http.Client
	// MaxAnswerBytes is the most bytes of one answer, unpacked.
	MaxAnswerBytes int64
}

// Sender sends requests with a credential's tokens. Safe for concurrent use.
type Sender struct{ pipeline runtime.Pipeline }

// NewSender returns a sender on azcore's pipeline: authentication, with new tokens
// where the service demands them (continuous access evaluation), and no retries:
// only the caller knows what may be retried, and when.
func NewSender(o Options) Sender {
	auth := runtime.NewBearerTokenPolicy(o.Credential, []string{o.Endpoint + "/.default"}, nil)
	return Sender{runtime.NewPipeline(moduleName, moduleVersion, runtime.PipelineOptions{PerRetry: []policy.Policy{auth}}, &policy.ClientOptions{
		Transport: bounded{newHTTPClient(o.HTTPClient), o.MaxAnswerBytes},
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{ApplicationID: moduleName},
	})}
}

// errNotSent marks an error of before anything was sent.
var errNotSent = errors.New("nothing was sent")

// errCutOff marks an answer that ended in the middle.
var errCutOff = errors.New("the answer was cut off")

// Send sends a request once. An error means that no whole answer came.
func (s Sender) Send(ctx context.Context, r Request) (Answer, error) {
	req, err := runtime.NewRequest(ctx, r.Method, r.URL)
	if err != nil {
		return Answer{}, errors.Join(errNotSent, err)
	}
	// By its own id Microsoft's support finds a request without an answer.
	id := uuid.NewString()
	out := Answer{RequestID: id}
	head := req.Raw().Header
	head.Set("Accept", "application/json")
	head.Set("client-request-id", id)
	head.Set("return-client-request-id", "true")
	// Values that are newer than a client are named, not hidden.
	head.Set("Prefer", "include-unknown-enum-members")
	for name, value := range r.Headers {
		head.Set(name, value)
	}
	if r.Body != nil {
		if err := req.SetBody(streaming.NopCloser(bytes.NewReader(r.Body)), "application/json"); err != nil {
			return out, errors.Join(errNotSent, err)
		}
	}
	runtime.SkipBodyDownload(req) // it is read here
	res, err := s.pipeline.Do(req)
	if err != nil {
		return out, hideURL(err)
	}
	defer res.Body.Close()
	out.Status, out.Header = res.StatusCode, res.Header
	if id := Word(res.Header.Get("request-id")); id != "" {
		out.RequestID = id
	}
	if out.Body, err = io.ReadAll(res.Body); err != nil {
		if _, large := errors.AsType[*tooLargeError](err); !large {
			err = errors.Join(errCutOff, hideURL(err))
		}
		return out, err
	}
	return out, nil
}

// newHTTPClient returns a copy of the host's client that follows no redirect:
// it would carry the token to another host.
func newHTTPClient(host *http.Client) *http.Client {
	var client http.Client
	if host != nil {
		client = *host
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = 32
		client.Transport = transport
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// hideURL takes the address out of an error of net/http: a query may hold names.
func hideURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
