package crashtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// callTimeout bounds every call except the wait for a sign-in. The engine sets
// a shorter one for writes.
const callTimeout = 20 * time.Second

// readTries is the number of attempts of a read whose connection breaks.
const readTries = 3

// Remote reaches a [World] in another process. It is safe for concurrent use.
type Remote struct {
	worker string
	http   *http.Client
}

// Dial returns the world behind a socket, for the named worker. The first call
// connects.
func Dial(socket, worker string) *Remote {
	var d net.Dialer
	return &Remote{worker: worker, http: &http.Client{Transport: &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", socket) },
		MaxIdleConnsPerHost: 64,
		DisableCompression:  true,
	}}}
}

// Close closes idle connections.
func (r *Remote) Close() { r.http.CloseIdleConnections() }

// noAnswer is the error of a call without an answer. sent reports whether the
// call may have arrived.
type noAnswer struct {
	sent bool
	err  error
}

func (e *noAnswer) Error() string { return "no answer from the world: " + e.err.Error() }
func (e *noAnswer) Unwrap() error { return e.err }

// ask makes a call. The error is the world's error, or a *noAnswer.
func ask[T any](ctx context.Context, r *Remote, path string, in any) (T, error) {
	var out answer[T]
	body, err := json.Marshal(in)
	if err != nil {
		return out.Result, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://world/"+path, bytes.NewReader(body))
	if err != nil {
		return out.Result, err
	}
	// With GetBody the transport could send a request twice.
	req.GetBody = nil
	res, err := r.http.Do(req)
	if err != nil {
		op, dial := errors.AsType[*net.OpError](err)
		return out.Result, &noAnswer{sent: !dial || op.Op != "dial", err: err}
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, bytes.TrimSpace(raw))
	}
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		return out.Result, &noAnswer{sent: true, err: err}
	}
	return out.Result, out.Error.err()
}

// askRead makes a call that changes nothing. It repeats the call if the
// connection breaks.
func askRead[T any](ctx context.Context, r *Remote, path string, in any) (T, error) {
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return *new(T), err
		}
		call, stop := context.WithTimeout(ctx, callTimeout)
		out, err := ask[T](call, r, path, in)
		stop()
		if _, lost := errors.AsType[*noAnswer](err); !lost {
			return out, err
		}
		if err := ctx.Err(); err != nil {
			return out, err
		}
		if n == readTries {
			return out, &tenant.Error{Class: tenant.Transient, Message: "no answer", Err: err}
		}
	}
}

// Connect returns a client of a tenant, authenticated by token.
func (r *Remote) Connect(ctx context.Context, tenantName, token string) (tenant.Client, error) {
	session, err := askRead[string](ctx, r, "connect", connectRequest{Tenant: tenantName, Worker: r.worker, Token: token})
	if err != nil {
		return nil, err
	}
	return &remoteClient{remote: r, session: session}, nil
}

// remoteClient is a tenant in another process.
type remoteClient struct {
	remote  *Remote
	session string
}

var _ tenant.Client = (*remoteClient)(nil)

func (c *remoteClient) path(method string) string { return "tenant/" + method + "/" + c.session }

// Kinds is part of [tenant.Client].
func (c *remoteClient) Kinds(ctx context.Context) ([]tenant.Kind, error) {
	return askRead[[]tenant.Kind](ctx, c.remote, c.path("kinds"), struct{}{})
}

// Permissions is part of [tenant.Client].
func (c *remoteClient) Permissions(ctx context.Context, req tenant.PermissionsRequest) (tenant.Permissions, error) {
	return askRead[tenant.Permissions](ctx, c.remote, c.path("permissions"), req)
}

// Read is part of [tenant.Client].
func (c *remoteClient) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	got, err := askRead[wireRead](ctx, c.remote, c.path("read"), req)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return tenant.ReadResult{}, ctx.Err()
	case tenant.ClassOf(err) == tenant.Unauthenticated:
		return tenant.ReadResult{}, err
	default: // the completeness of a read is not an error
		return tenant.ReadResult{Completeness: tenant.Failed, Class: tenant.ClassOf(err), Reason: err.Error()}, nil
	}
	for _, r := range got.Found {
		if err := ctx.Err(); err != nil {
			return tenant.ReadResult{}, err
		}
		if err := emit(r.resource()); err != nil {
			return tenant.ReadResult{}, err
		}
	}
	return got.Result, nil
}

// Get is part of [tenant.Client].
func (c *remoteClient) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	got, err := askRead[wireResource](ctx, c.remote, c.path("get"), req)
	return got.resource(), err
}

// Apply is part of [tenant.Client]. A connection that breaks, or a context
// that ends, leaves the outcome unknown.
func (c *remoteClient) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	if err := ctx.Err(); err != nil {
		return tenant.Applied{}, err
	}
	call, stop := context.WithTimeout(ctx, callTimeout)
	defer stop()
	sent := operationToWire(op)
	sent.Deadline, _ = call.Deadline() // always set
	got, err := ask[wireApplied](call, c.remote, c.path("apply"), sent)
	if lost, ok := errors.AsType[*noAnswer](err); ok {
		err = &tenant.Error{Class: tenant.Transient, Op: string(op.Verb), Kind: op.Kind, ID: op.ID,
			Message: "no answer", MaybeApplied: lost.sent, Err: lost.err}
	}
	return tenant.Applied{Resource: got.Resource.resource(), RequestID: got.RequestID}, err
}
