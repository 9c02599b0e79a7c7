package graph

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// Permissions is part of [tenant.Client]. What is granted is read from a token:
// Entra shows a new grant in new tokens only, and for some minutes Graph may
// refuse a permission that a token already has. A token that cannot be read counts as
// permitting everything, until the service refuses something.
func (c *Client) Permissions(ctx context.Context, req tenant.PermissionsRequest) (tenant.Permissions, error) {
	var out tenant.Permissions
	if err := ctx.Err(); err != nil {
		return out, context.Cause(ctx)
	}
	for _, kind := range req.Kinds {
		if _, err := c.entry("permissions", kind); err != nil {
			return out, err
		}
	}
	token, err := c.tokens.read(ctx, false)
	if err != nil {
		return out, err
	}
	person, err := c.tokens.read(ctx, true)
	if err != nil {
		return out, err
	}
	out.Directory = cmp.Or(token.Directory, c.cfg.Directory)
	out.ConsentURL = c.consentURL(token)
	out.Required = c.required(req, token, person, func(anyOf []string) { out.Granted = append(out.Granted, anyOf...) })
	out.Granted = append(append(out.Granted, token.granted()...), person.granted()...)
	slices.Sort(out.Granted)
	out.Granted = slices.Compact(out.Granted)
	return out, nil
}

// required are the permissions for the kinds, each once with all that need it. Of
// those that are for a token which cannot be read, nothing can be told before
// the service refuses something: they are passed to unknown.
func (c *Client) required(req tenant.PermissionsRequest, token, person claims, unknown func(anyOf []string)) []tenant.Permission {
	var all []tenant.Permission
	one := func(kind string, anyOf []string, write, optional bool) {
		i := slices.IndexFunc(all, func(p tenant.Permission) bool {
			return p.Write == write && p.Optional == optional && slices.Equal(p.AnyOf, anyOf)
		})
		if i < 0 {
			all = append(all, tenant.Permission{AnyOf: slices.Clone(anyOf), Write: write, Optional: optional})
			i = len(all) - 1
		}
		if !slices.Contains(all[i].Kinds, kind) {
			all[i].Kinds = append(all[i].Kinds, kind)
		}
	}
	add := func(kind string, s catalogue.Scopes, write bool) {
		who, application := token, token.isApplication()
		if c.byPerson(s) {
			who, application = person, false
		}
		for _, anyOf := range s.Needed(application) {
			one(kind, anyOf, write, s.Optional)
			if who.opaque {
				unknown(anyOf)
			}
		}
	}
	for _, kind := range req.Kinds {
		e := c.entries[kind]
		if lacking(e, c.cfg.Cloud) != "" {
			continue // no permission gives a missing kind
		}
		add(kind, e.Read, false)
		if k := allowed(e, &c.cfg); req.Write && (k.Create || k.Update || k.Delete) {
			add(kind, e.Write, true)
			if c.cfg.Justification != "" && mayBeHeld(e) {
				add(kind, approvalScopes, true)
			}
		}
	}
	return all
}

// consentURL is the page on which an administrator grants the permissions of the app
// registration:
// https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
func (c *Client) consentURL(token claims) string {
	client := cmp.Or(c.cfg.ClientID, token.AppID, token.Client)
	directory := cmp.Or(c.cfg.Directory, token.Directory)
	if client == "" || directory == "" {
		return ""
	}
	return clouds[c.cfg.Cloud].login + "/" + url.PathEscape(directory) + "/adminconsent?client_id=" + url.QueryEscape(client)
}

// missing returns the permissions that a kind needs and that the last token
// does not have.
func (c *Client) missing(s catalogue.Scopes) []string {
	token := c.tokens.known(c.byPerson(s))
	if token.opaque {
		return nil // it cannot be told
	}
	granted := token.granted()
	var out []string
	for _, anyOf := range s.Needed(token.isApplication()) {
		if !slices.ContainsFunc(anyOf, func(p string) bool { return slices.Contains(granted, p) }) && len(anyOf) > 0 {
			out = append(out, anyOf[0])
		}
	}
	return out
}

// explain adds the missing permissions to the error of a refused call.
func (c *Client) explain(s catalogue.Scopes, err error) error {
	if e, ok := errors.AsType[*tenant.Error](err); ok && e.Class == tenant.AccessDenied {
		e.Missing = c.missing(s)
	}
	return err
}
