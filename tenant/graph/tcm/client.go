package tcm

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// permission is what the app registration needs. To take a snapshot is a write:
// https://learn.microsoft.com/graph/api/configurationbaseline-createsnapshot#permissions
const permission = "ConfigurationMonitoring.ReadWrite.All"

// Client is a [tenant.Client] for Tenant Configuration Management. Make one with [New];
// it is safe for concurrent use.
type Client struct {
	cfg     Config
	types   []resourceType
	service service
	// turn has room for the one call that looks for a snapshot.
	turn   chan struct{}
	loaded whole
	// failure is the error of the last attempt, which counts until retryAt: the kinds
	// of one sync do not ask one after the other for what cannot be had.
	failure error
	retryAt time.Time
}

var _ tenant.Client = (*Client)(nil)

// failureRest is how long calls return the error of the last attempt.
const failureRest = time.Minute

// New returns a client, or an error that names every field of cfg that cannot be used. It
// sends nothing.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, types: cfg.types(), turn: make(chan struct{}, 1)}
	c.service = service{cfg: &c.cfg, sender: wire.NewSender(wire.Options{Endpoint: cfg.Endpoint, Credential: cfg.Credential,
		HTTPClient: cfg.HTTPClient, MaxAnswerBytes: cfg.MaxAnswerBytes})}
	return c, nil
}

// Kinds returns the kinds of the package, with what the service calls each type.
func Kinds() map[string]string {
	kinds := make(map[string]string, len(resourceTypes))
	for _, t := range resourceTypes {
		kinds[t.kind] = t.name
	}
	return kinds
}

// Kinds is part of [tenant.Client]. No kind has a verb.
func (c *Client) Kinds(ctx context.Context) ([]tenant.Kind, error) {
	kinds := make([]tenant.Kind, len(c.types))
	for i, t := range c.types {
		kinds[i] = t.asKind()
	}
	return kinds, ended(ctx)
}

// kind returns a kind of the client.
func (c *Client) kind(op, name string) (tenant.Kind, error) {
	for _, t := range c.types {
		if t.kind == name {
			return t.asKind(), nil
		}
	}
	return tenant.Kind{}, &tenant.Error{Class: tenant.Invalid, Op: op, Kind: name, Message: "there is no such kind"}
}

// Permissions is part of [tenant.Client]. The permission is optional: without it the kinds
// are out of scope. A token that cannot be read counts as having it.
func (c *Client) Permissions(ctx context.Context, req tenant.PermissionsRequest) (tenant.Permissions, error) {
	var out tenant.Permissions
	for _, name := range req.Kinds {
		if _, err := c.kind("permissions", name); err != nil {
			return out, err
		}
	}
	token, err := c.cfg.Credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.cfg.Endpoint + "/.default"}, EnableCAE: true})
	if cause := ended(ctx); cause != nil {
		return out, cause
	}
	if err != nil {
		return out, &tenant.Error{Class: tenant.Unauthenticated, Op: "token", Message: "no token", Err: err}
	}
	if len(req.Kinds) > 0 {
		out.Required = []tenant.Permission{{AnyOf: []string{permission}, Kinds: slices.Clone(req.Kinds), Optional: true}}
	}
	out.Directory, out.Granted = claimsOf(token.Token)
	return out, nil
}

// claimsOf reads the directory and the permissions of an access token. The service verifies
// the token: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
func claimsOf(token string) (directory string, granted []string) {
	var claims struct {
		Directory string   `json:"tid"`
		Scopes    string   `json:"scp"`
		Roles     []string `json:"roles"`
	}
	parts := strings.Split(token, ".")
	if len(parts) == 3 {
		if raw, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil && odatajson.Decode(raw, &claims) == nil {
			return claims.Directory, append(strings.Fields(claims.Scopes), claims.Roles...)
		}
	}
	return "", []string{permission}
}

// Read is part of [tenant.Client]. All kinds are read from one snapshot.
func (c *Client) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	kind, err := c.kind("read", req.Kind)
	if err != nil {
		return tenant.ReadResult{Completeness: tenant.Failed, Class: tenant.Invalid, Reason: err.Error()}, ended(ctx)
	}
	read, err := c.read(ctx, kind.Name)
	if err != nil {
		return resultOf(ctx, err)
	}
	result, err := req.Select(ctx, kind, read.objects, emit)
	if err != nil || read.result.Completeness == tenant.Complete {
		return result, err
	}
	return read.result, nil
}

// resultOf is the result of a read that failed with an error.
func resultOf(ctx context.Context, err error) (tenant.ReadResult, error) {
	if cause := ended(ctx); cause != nil {
		return tenant.ReadResult{}, cause
	}
	e, ok := err.(*tenant.Error)
	if !ok || e.Class == tenant.Unauthenticated {
		return tenant.ReadResult{}, err
	}
	result := tenant.ReadResult{Completeness: tenant.Failed, Reason: err.Error(), Missing: e.Missing, RequestID: e.RequestID}
	switch e.Class {
	case tenant.AccessDenied:
		result.Completeness = tenant.Forbidden
	case tenant.NotLicensed:
		result.Completeness = tenant.Unlicensed
	default:
		result.Class = e.Class
	}
	return result, nil
}

// Get is part of [tenant.Client]. An object that a whole snapshot lacks is not found.
func (c *Client) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	kind, err := c.kind("get", req.Kind)
	if err == nil {
		err = req.Check(kind)
	}
	if cause := ended(ctx); cause != nil {
		return tenant.Resource{}, cause
	}
	if err != nil {
		return tenant.Resource{}, err
	}
	read, err := c.read(ctx, kind.Name)
	if err != nil {
		return tenant.Resource{}, err
	}
	for _, o := range read.objects {
		if o.ID == req.ID || kind.Singleton && req.ID == "" {
			o.Body = slices.Clone(o.Body)
			return o, nil
		}
	}
	e := &tenant.Error{Class: tenant.NotFound, Op: "get", Kind: req.Kind, ID: req.ID, Message: "the snapshot of " + until(c.taken()) + " lacks it"}
	switch read.result.Completeness {
	case tenant.Forbidden:
		e.Class, e.Message = tenant.AccessDenied, read.result.Reason
	case tenant.Partial, tenant.Failed:
		e.Class, e.Message = tenant.Permanent, read.result.Reason
	}
	return tenant.Resource{}, e
}

// Apply is part of [tenant.Client]. It refuses every operation, and sends nothing.
func (c *Client) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	if cause := ended(ctx); cause != nil {
		return tenant.Applied{}, cause
	}
	if _, err := c.kind(string(op.Verb), op.Kind); err != nil {
		return tenant.Applied{}, err
	}
	return tenant.Applied{}, &tenant.Error{Class: tenant.Invalid, Op: string(op.Verb), Kind: op.Kind, ID: op.ID, Message: readOnly}
}

// read returns what the newest snapshot has of a kind.
func (c *Client) read(ctx context.Context, kind string) (kindRead, error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return kindRead{}, context.Cause(ctx)
	}
	defer func() { <-c.turn }()
	if cause := ended(ctx); cause != nil {
		return kindRead{}, cause
	}
	if c.loaded.kinds != nil && time.Since(c.loaded.created) < c.cfg.Every {
		return c.loaded.kinds[kind], nil
	}
	if c.failure != nil && time.Now().Before(c.retryAt) {
		return kindRead{}, aboutKind(c.failure, kind)
	}
	loaded, err := c.service.load(ctx, c.types)
	if cause := ended(ctx); cause != nil {
		return kindRead{}, cause
	}
	if err != nil {
		if tenant.ClassOf(err) == tenant.NotFound {
			err = &tenant.Error{Class: tenant.Permanent, Op: "read", Message: fmt.Sprintf("the service does not have the snapshot, or not Tenant Configuration Management: %v", err)}
		}
		c.failure, c.retryAt = err, time.Now().Add(failureRest)
		return kindRead{}, aboutKind(err, kind)
	}
	c.loaded, c.failure = loaded, nil
	return loaded.kinds[kind], nil
}

// taken is when the snapshot was created.
func (c *Client) taken() time.Time {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	return c.loaded.created
}

// aboutKind returns a copy of the error of a load that names the kind. Nothing of a read
// may have taken effect for its caller.
func aboutKind(err error, kind string) error {
	e, ok := err.(*tenant.Error)
	if !ok {
		return err
	}
	about := *e
	about.Kind, about.MaybeApplied = kind, false
	return &about
}

// ended returns the cause of a context that has ended.
func ended(ctx context.Context) error { return wire.Ended(ctx) }
