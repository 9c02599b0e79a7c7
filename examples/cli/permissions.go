package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// permission is a permission that an app registration must request.
type permission struct {
	// Name is the name of the least privileged sufficient permission.
	Name      string   `json:"name"`
	Mandatory bool     `json:"mandatory"`
	Read      bool     `json:"read"`
	Write     bool     `json:"write"`
	Kinds     []string `json:"kinds"`
	// Why is the purpose of a permission that the kinds themselves do not need.
	Why string `json:"why,omitempty"`
}

// guardPermission lets the client see which groups accounts are in that a policy
// must not lock out. Without it the guard says that it cannot tell:
// https://learn.microsoft.com/graph/api/user-list-transitivememberof
func guardPermission() permission {
	return permission{Name: "User.Read.All", Read: true, Kinds: []string{}, Why: "to see which groups the accounts are in that no policy may lock out"}
}

// permissionsFor holds the permissions that the kinds need, for a person (delegated)
// and for an application, and the page where an administrator consents to them.
type permissionsFor struct {
	Mode        string       `json:"mode"`
	Kinds       []string     `json:"kinds"`
	Delegated   []permission `json:"delegated"`
	Application []permission `json:"application"`
	ConsentURL  string       `json:"consentUrl,omitempty"`
}

// permissions is the command "permissions".
func permissions(a *app) func(context.Context, []string) error {
	mode := a.flags.String("mode", string(syncer.Full), "what for: full, preview or backup_only")
	return func(ctx context.Context, words []string) error {
		if err := oneOf(string(syncer.Full), string(syncer.Preview), string(syncer.BackupOnly))(*mode); err != nil {
			return usageError("-mode: %w", err)
		}
		t := tenantFile{}
		if len(words) == 1 {
			var err error
			if t, err = a.known(words[0]); err != nil {
				return err
			}
		}
		out, err := a.needed(ctx, t, *mode)
		if err != nil {
			return err
		}
		a.show(out, func() { a.printPermissions(out) })
		return nil
	}
}

// needed asks the client for the permissions, with fake tokens that grant nothing. The
// client sends no requests.
func (a *app) needed(ctx context.Context, t tenantFile, mode string) (permissionsFor, error) {
	out := permissionsFor{Mode: mode, Kinds: []string{}, Delegated: []permission{}, Application: []permission{}}
	cfg, err := a.set.graphConfig(t)
	if err != nil {
		return out, err
	}
	if a.set.bool("demo") && cfg.ClientID == "" {
		cfg.ClientID = demoClientID
	}
	if cfg.Directory == "" {
		cfg.Directory = "organizations" // Entra's name for the signed-in account's directory
	}
	out.Kinds = names(cfg.Catalogue)
	for _, application := range []bool{false, true} {
		token, into := graphtest.Token(authtest.DirectoryOf("nobody")), &out.Delegated
		if application {
			token, into = graphtest.ApplicationToken(authtest.DirectoryOf("nobody"), "None"), &out.Application
		}
		cfg.Credential = graphtest.Static(token)
		client, err := graph.New(cfg)
		if err != nil {
			return out, err
		}
		has, err := client.Permissions(ctx, tenant.PermissionsRequest{Kinds: out.Kinds, Write: mode == string(syncer.Full)})
		if err != nil {
			return out, err
		}
		*into = merged(has.Required)
		if mode == string(syncer.Full) && chosen(cfg.Catalogue, "conditionalAccessPolicies") {
			*into = append(*into, guardPermission())
		}
		if a.set.text("client-id") != "" || a.set.bool("demo") {
			out.ConsentURL = has.ConsentURL
		}
	}
	return out, nil
}

// merged returns each permission once, as mandatory if it is mandatory for any kind. It
// leaves out a permission if another permission of the list suffices instead. An
// administrator need not grant more than the list.
func merged(required []tenant.Permission) []permission {
	out := []permission{}
	add := func(p *permission, r tenant.Permission) {
		p.Read, p.Write = p.Read || !r.Write, p.Write || r.Write
		for _, k := range r.Kinds {
			if !slices.Contains(p.Kinds, k) {
				p.Kinds = append(p.Kinds, k)
			}
		}
	}
	// Permissions without alternatives come first, and optional permissions last, so
	// that later ones can reuse a permission of the list.
	required = slices.Clone(required)
	slices.SortStableFunc(required, func(a, b tenant.Permission) int {
		if a.Optional != b.Optional {
			return cmp.Compare(count(a.Optional), count(b.Optional))
		}
		return cmp.Compare(len(a.AnyOf), len(b.AnyOf))
	})
	for _, r := range required {
		if len(r.AnyOf) == 0 {
			continue
		}
		i := slices.IndexFunc(out, func(p permission) bool { return slices.Contains(r.AnyOf, p.Name) })
		if i < 0 {
			out = append(out, permission{Name: r.AnyOf[0], Mandatory: !r.Optional})
			i = len(out) - 1
		}
		add(&out[i], r)
	}
	return out
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (a *app) printPermissions(p permissionsFor) {
	for _, group := range []struct {
		title string
		all   []permission
	}{
		{"Delegated permissions of Microsoft Graph, where a person signs in (sign-in device-code):", p.Delegated},
		{"Application permissions, where an application works by itself (sign-in secret, certificate or federated):", p.Application},
	} {
		a.printf("%s\n\n", group.title)
		var rows [][]cell
		for _, each := range group.all {
			need, what := "optional", "read"
			if each.Mandatory {
				need = "mandatory"
			}
			switch {
			case each.Read && each.Write:
				what = "read, write"
			case each.Write:
				what = "write"
			}
			rows = append(rows, []cell{{text: "  " + each.Name}, {text: need}, {text: what}, {text: strings.Join(each.Kinds, ", ") + each.Why}})
		}
		a.print([]string{"  PERMISSION", "NEED", "TO", "FOR"}, rows)
		a.printf("\n")
	}
	if p.ConsentURL != "" {
		a.printf("An administrator of each tenant consents at\n  %s\n", p.ConsentURL)
	} else {
		a.printf("With the setting client-id, the address at which an administrator consents is shown here.\n")
	}
}
