package graph

import (
	"context"
	"errors"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// Read is part of [tenant.Client]. Lists are read page by page and passed on as
// they come, so that one page is in memory, however many there are.
func (c *Client) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	e, err := c.entry("read", req.Kind)
	if err != nil {
		return tenant.ReadResult{Completeness: tenant.Failed, Class: tenant.Invalid, Reason: err.Error()}, ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return tenant.ReadResult{}, context.Cause(ctx)
	}
	if why := lacking(e, c.cfg.Cloud); why != "" {
		return tenant.ReadResult{Completeness: tenant.Unlicensed, Reason: why}, nil
	}
	out := &output{emit: emit}
	if err := c.locate(ctx, e, "read"); err != nil {
		return c.result(ctx, e, out, err)
	}
	r := reading{c.fetcher(e, "read")}
	bounded, stop := r.bounded(ctx)
	defer stop()
	switch {
	case e.Singleton:
		err = r.singleton(bounded, out, req)
	case req.All:
		err = r.list(bounded, out, "", nil)
	default:
		err = r.some(bounded, out, req)
	}
	return c.result(ctx, e, out, err)
}

// result says how much was read.
func (c *Client) result(ctx context.Context, e *catalogue.Entry, out *output, err error) (tenant.ReadResult, error) {
	switch {
	case out.failed != nil:
		return tenant.ReadResult{}, out.failed
	case ctx.Err() != nil:
		return tenant.ReadResult{}, context.Cause(ctx)
	case err == nil && e.NamesOnly != "":
		return tenant.ReadResult{Completeness: tenant.NamesOnly, Absent: out.absent, Reason: "not read: " + e.NamesOnly}, nil
	case err == nil:
		return tenant.ReadResult{Completeness: tenant.Complete, Absent: out.absent}, nil
	}
	failed, ok := errors.AsType[*tenant.Error](err)
	if !ok {
		failed = &tenant.Error{Class: tenant.Permanent, Message: err.Error()}
	}
	if failed.Class == tenant.Unauthenticated {
		return tenant.ReadResult{}, err
	}
	res := tenant.ReadResult{Completeness: tenant.Failed, Class: failed.Class, Reason: reasonOf(failed), RequestID: failed.RequestID}
	switch {
	case failed.Class == tenant.AccessDenied && out.n == 0:
		res.Completeness, res.Class = tenant.Forbidden, ""
		if res.Missing = c.missing(e.Read); len(res.Missing) == 0 {
			res.Reason = joinWords(res.Reason, "the permissions are granted, so a directory role or a policy of the tenant stands against it")
		}
	case failed.Class == tenant.NotLicensed:
		res.Completeness, res.Class = tenant.Unlicensed, ""
		if e.Licence != "" {
			res.Reason = joinWords(res.Reason, "needs "+e.Licence)
		}
	case out.n > 0:
		res.Completeness = tenant.Partial
	}
	return res, nil
}

func reasonOf(e *tenant.Error) string {
	var words []string
	for _, s := range []string{e.Code, e.Message} {
		if s != "" {
			words = append(words, s)
		}
	}
	if e.Err != nil {
		words = append(words, e.Err.Error())
	}
	if len(words) == 0 {
		return string(e.Class)
	}
	return strings.Join(words, ": ")
}

// Get is part of [tenant.Client].
func (c *Client) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	e, err := c.entry("get", req.Kind)
	if err != nil {
		return tenant.Resource{}, err
	}
	if err := ctx.Err(); err != nil {
		return tenant.Resource{}, context.Cause(ctx)
	}
	if why := lacking(e, c.cfg.Cloud); why != "" {
		return tenant.Resource{}, &tenant.Error{Class: tenant.NotLicensed, Op: "get", Kind: req.Kind, ID: req.ID, Message: why}
	}
	if req.ID == "" && !e.Singleton {
		return tenant.Resource{}, &tenant.Error{Class: tenant.Invalid, Op: "get", Kind: req.Kind, Message: "no id is given"}
	}
	if err := c.locate(ctx, e, "get"); err != nil {
		return tenant.Resource{}, err
	}
	r := reading{c.fetcher(e, "get")}
	bounded, stop := r.bounded(ctx)
	defer stop()
	res, err := r.one(bounded, req.ID)
	other := e.Singleton && req.ID != "" && res.ID != "" && req.ID != res.ID
	if err == nil && (other || skipped(e, res.Body)) {
		return tenant.Resource{}, &tenant.Error{Class: tenant.NotFound, Op: "get", Kind: req.Kind, ID: req.ID, Message: "there is no such object"}
	}
	return res, c.explain(e.Read, err)
}
