package graph

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

// newPipeline returns azcore's pipeline: authentication, with new tokens where
// the service demands them (continuous access evaluation), and no retries: what
// may be retried, and when, only the caller knows.
func newPipeline(cfg Config, cred azcore.TokenCredential) runtime.Pipeline {
	scopes := []string{cfg.Endpoint + "/.default"}
	auth := runtime.NewBearerTokenPolicy(cred, scopes, nil)
	return runtime.NewPipeline(moduleName, moduleVersion, runtime.PipelineOptions{PerRetry: []policy.Policy{auth}}, &policy.ClientOptions{
		Transport: bounded{newHTTPClient(cfg.HTTPClient), cfg.MaxAnswerBytes},
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{ApplicationID: moduleName},
	})
}

// request is one request, to be sent once.
type request struct {
	method string
	url    string
	body   []byte
	// prefer are values of the header Prefer.
	prefer string
	// headers are those of the kind.
	headers map[string]string
	// until, if not nil, waits after a write until it shows.
	until func(context.Context) error
	// clientID is the client-request-id, by which Microsoft's support finds a
	// request without an answer.
	clientID string
}

// answer is what came back, whole.
type answer struct {
	status int
	header http.Header
	body   []byte
	// requestID is the service's id of the request, or ours.
	requestID string
}

// errNotSent marks an error of before anything was sent.
var errNotSent = errors.New("nothing was sent")

// send sends a request once. An error means that no whole answer came.
func (c *Client) send(ctx context.Context, pl runtime.Pipeline, r request) (answer, error) {
	req, err := runtime.NewRequest(ctx, r.method, r.url)
	if err != nil {
		return answer{}, errors.Join(errNotSent, err)
	}
	if r.clientID == "" {
		r.clientID = uuid.NewString()
	}
	out := answer{requestID: r.clientID}
	head := req.Raw().Header
	head.Set("Accept", "application/json")
	head.Set("client-request-id", r.clientID)
	head.Set("return-client-request-id", "true")
	// Values that are newer than a client are named, not hidden.
	head.Set("Prefer", "include-unknown-enum-members")
	if r.prefer != "" {
		head.Add("Prefer", r.prefer)
	}
	for name, value := range r.headers {
		head.Set(name, value)
	}
	if r.body != nil {
		if err := req.SetBody(streaming.NopCloser(bytes.NewReader(r.body)), "application/json"); err != nil {
			return out, errors.Join(errNotSent, err)
		}
	}
	runtime.SkipBodyDownload(req) // it is read here
	res, err := pl.Do(req)
	if err != nil {
		return out, hideURL(err)
	}
	defer res.Body.Close()
	out.status, out.header = res.StatusCode, res.Header
	if id := cut(plain(res.Header.Get("request-id")), maxWord); id != "" {
		out.requestID = id
	}
	if out.body, err = io.ReadAll(res.Body); err != nil {
		if _, large := errors.AsType[*tooLargeError](err); !large {
			err = errors.Join(errCutOff, hideURL(err))
		}
		return out, err
	}
	return out, nil
}

// errCutOff marks an answer that ended in the middle.
var errCutOff = errors.New("the answer was cut off")

// hideURL takes the address out of an error of net/http: a query may hold names.
func hideURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
