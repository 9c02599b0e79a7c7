package wire

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// maxErrorBody is the most bytes that are read of a refusal. The rest is not missed:
// only a code and some words are kept.
const maxErrorBody = 1 << 20

// bounded sends requests and bounds the answers. It stands below azcore's pipeline,
// because azcore reads the whole body of every answer from status 400 on.
type bounded struct {
	client *http.Client
	most   int64 // bytes of one answer
}

// Do is part of azcore's policy.Transporter.
func (b bounded) Do(r *http.Request) (*http.Response, error) {
	res, err := b.client.Do(r)
	if err != nil {
		return res, err
	}
	body := &boundedBody{ReadCloser: res.Body, request: r, most: b.most, left: b.most}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		body.failed, body.left = true, min(b.most, maxErrorBody)
	}
	res.Body = body
	return res, nil
}

// boundedBody is the body of an answer. It ends with the context of its request,
// which not all transports see to, and with a *tooLargeError after the most bytes.
//
// The body of a refusal never fails, and only ends early: the status says what
// happened. azcore would make of a body that was cut off an error
// like that of a credential, by which a write would count as surely not carried out.
type boundedBody struct {
	io.ReadCloser
	request *http.Request
	most    int64
	left    int64
	failed  bool
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if err := Ended(b.request.Context()); err != nil {
		return 0, err
	}
	if b.left == 0 {
		if b.failed {
			return 0, io.EOF
		}
		var more [1]byte
		n, err := b.ReadCloser.Read(more[:])
		if n > 0 {
			return 0, &tooLargeError{b.most}
		}
		return 0, err
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err != nil && b.failed && Ended(b.request.Context()) == nil {
		err = io.EOF
	}
	return n, err
}

// tooLargeError says that an answer has too many bytes.
type tooLargeError struct{ most int64 }

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("the answer has more than %d bytes, the most that Config.MaxAnswerBytes allows: raise it if objects are that large; "+
		"otherwise look at what stands between this program and the service", e.most)
}

// Ended returns the context's error where it is what made err.
func Ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}
