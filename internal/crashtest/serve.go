package crashtest

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/tenant"
)

// effectTimeout bounds a write whose sender has disconnected.
const effectTimeout = time.Minute

// handler serves the world.
func (w *World) handler() http.Handler {
	mux := http.NewServeMux()
	handle(mux, "connect", func(r *http.Request, req connectRequest) (string, error) { return w.connect(r.Context(), req) })

	handle(mux, "tenant/kinds/{session}", func(r *http.Request, _ struct{}) ([]tenant.Kind, error) {
		return w.clientOf(r).Kinds(r.Context())
	})
	handle(mux, "tenant/permissions/{session}", func(r *http.Request, req tenant.PermissionsRequest) (tenant.Permissions, error) {
		return w.clientOf(r).Permissions(r.Context(), req)
	})
	handle(mux, "tenant/read/{session}", func(r *http.Request, req tenant.ReadRequest) (out wireRead, err error) {
		out.Result, err = w.clientOf(r).Read(r.Context(), req, func(res tenant.Resource) error {
			out.Found = append(out.Found, resourceToWire(res))
			return nil
		})
		return out, err
	})
	handle(mux, "tenant/get/{session}", func(r *http.Request, req tenant.GetRequest) (wireResource, error) {
		got, err := w.clientOf(r).Get(r.Context(), req)
		return resourceToWire(got), err
	})
	handle(mux, "tenant/apply/{session}", w.apply)

	handle(mux, "auth/credential", w.credential)
	handle(mux, "auth/token", w.token)
	handle(mux, "auth/begin", w.begin)
	handle(mux, "auth/wait", w.wait)
	return mux
}

// handle serves calls that are answered in one piece.
func handle[In, Out any](mux *http.ServeMux, path string, do func(*http.Request, In) (Out, error)) {
	mux.HandleFunc("POST /"+path, func(rw http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		out, err := do(r, in)
		rw.Header().Set("Content-Type", "application/json")
		// The caller may have disconnected.
		_ = json.NewEncoder(rw).Encode(answer[Out]{Result: out, Error: toWire(err)})
	})
}

// clientOf returns the client of a call's session. For an unknown session it
// returns a client that refuses every call.
func (w *World) clientOf(r *http.Request) tenant.Client {
	s, ok := w.session(r.PathValue("session"))
	if !ok {
		panic(http.ErrAbortHandler)
	}
	return s.client
}

// apply carries out a write, even if the sender has disconnected.
func (w *World) apply(r *http.Request, in wireOperation) (wireApplied, error) {
	s, ok := w.session(r.PathValue("session"))
	if !ok {
		panic(http.ErrAbortHandler)
	}
	before, after := w.hooks()
	write := Write{Tenant: s.tenant, Worker: s.worker, Operation: in.operation()}
	if before(write) {
		panic(http.ErrAbortHandler) // breaks the connection
	}
	// A write that waited longer than its sender is not carried out. On a busy
	// machine it could take effect after the consistency bound that the engine
	// relies on, and no test here covers that.
	if time.Now().After(in.Deadline) {
		panic(http.ErrAbortHandler)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(r.Context()), effectTimeout)
	defer stop()
	got, err := s.client.Apply(ctx, write.Operation)
	if after(write) {
		panic(http.ErrAbortHandler)
	}
	return wireApplied{Resource: resourceToWire(got.Resource), RequestID: got.RequestID}, err
}

func (w *World) credential(r *http.Request, req auth.Request) (wireCredential, error) {
	cred, err := w.Auth.Credential(r.Context(), req)
	if err != nil {
		return wireCredential{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.newID()
	w.credentials[id] = cred
	return wireCredential{ID: id, Identity: cred.Identity()}, nil
}

func (w *World) token(r *http.Request, req tokenRequest) (wireToken, error) {
	w.mu.Lock()
	cred := w.credentials[req.ID]
	w.mu.Unlock()
	if cred == nil {
		panic(http.ErrAbortHandler)
	}
	token, err := cred.Token(r.Context(), req.Request)
	return wireToken{Value: token.Value.Reveal(), Token: token}, err
}

func (w *World) begin(r *http.Request, req auth.Request) (wireSignIn, error) {
	s, err := w.Auth.Begin(r.Context(), req)
	if err != nil {
		return wireSignIn{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.newID()
	w.signIns[id] = s
	return wireSignIn{ID: id, Prompt: s.Prompt()}, nil
}

func (w *World) wait(r *http.Request, id string) (struct{}, error) {
	w.mu.Lock()
	s := w.signIns[id]
	w.mu.Unlock()
	if s == nil {
		panic(http.ErrAbortHandler)
	}
	return struct{}{}, s.Wait(r.Context())
}
