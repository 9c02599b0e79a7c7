package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/access"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// method is the configuration of an authentication method.
type method struct {
	id               string
	enabled          bool
	include, exclude []string // ids of groups; everyone is "all_users"
}

// methodChange is a change of a configuration.
type methodChange struct {
	item          string
	before, after method
}

// configured says which configuration lets people use which registered methods. Methods
// without one here are not governed by the policy: passwords, Windows Hello for
// Business. https://learn.microsoft.com/graph/api/resources/authenticationmethods-overview
// and .../authenticationmethodspolicies-overview (v1.0).
var configured = map[string][]string{
	"fido2AuthenticationMethod":                  {"Fido2"},
	"microsoftAuthenticatorAuthenticationMethod": {"MicrosoftAuthenticator"},
	"phoneAuthenticationMethod":                  {"Sms", "Voice"},
	"emailAuthenticationMethod":                  {"Email"},
	"softwareOathAuthenticationMethod":           {"SoftwareOath"},
	"hardwareOathAuthenticationMethod":           {"HardwareOath"},
	"temporaryAccessPassAuthenticationMethod":    {"TemporaryAccessPass"},
	"qrCodePinAuthenticationMethod":              {"QRCodePin"},
}

// governedByDevice are the registered methods that need no configuration.
var governedByDevice = []string{"windowsHelloForBusinessAuthenticationMethod", "platformCredentialAuthenticationMethod"}

func readMethodChange(change tenant.GuardChange) (methodChange, error) {
	m := methodChange{item: change.Item}
	var err error
	if m.before, err = readMethod(change.ID, change.Before); err != nil && len(change.Before) > 0 {
		m.before = method{id: change.ID, enabled: true, include: []string{"all_users"}} // the worst
	}
	m.after = method{id: change.ID}
	if change.Verb != tenant.Delete {
		if m.after, err = readMethod(change.ID, change.After); err != nil {
			return m, err
		}
	}
	return m, nil
}

// readMethod reads a configuration exactly.
func readMethod(id string, body json.RawMessage) (method, error) {
	m := method{id: id}
	o, err := exactObject(body, "state", "includeTargets", "excludeTargets")
	if err != nil {
		return m, err
	}
	if raw := o["state"]; raw != nil {
		var state string
		if err := odatajson.Decode(raw, &state); err != nil {
			return m, errors.New("/state: not a text")
		}
		m.enabled = strings.EqualFold(state, "enabled")
	}
	for name, ids := range map[string]*[]string{"includeTargets": &m.include, "excludeTargets": &m.exclude} {
		var targets []struct {
			ID string `json:"id"`
		}
		if raw := o[name]; raw != nil && json.Unmarshal(raw, &targets) != nil {
			return m, fmt.Errorf("/%s: not a list of targets", name)
		}
		for _, t := range targets {
			*ids = append(*ids, t.ID)
		}
	}
	return m, nil
}

// narrows reports whether somebody may not use the method any more.
func (m methodChange) narrows() bool {
	return m.before.enabled && (!m.after.enabled ||
		slices.ContainsFunc(m.before.include, func(id string) bool { return !access.Has(m.after.include, id) }) ||
		slices.ContainsFunc(m.after.exclude, func(id string) bool { return !access.Has(m.before.exclude, id) }))
}

// usable says whether an account may use the method.
func (m method) usable(a *account) access.Answer {
	among := func(ids []string) access.Answer {
		answer := access.No
		for _, id := range ids {
			in := a.Groups[strings.ToLower(id)]
			switch {
			case strings.EqualFold(id, "all_users") || strings.EqualFold(id, a.ID):
				in = access.Yes
			case in == access.No && a.Unknown != "":
				in = access.Maybe
			}
			answer = max(answer, in)
		}
		return answer
	}
	if !m.enabled {
		return access.No
	}
	return min(among(m.include), access.Yes-among(m.exclude))
}

// judgeMethods finds accounts that would lose their last method beside the password.
func (g *guarding) judgeMethods(ctx context.Context) error {
	if len(g.methods) == 0 {
		return nil
	}
	if err := g.readAccounts(ctx); err != nil {
		return err
	}
	for _, a := range g.accounts {
		lost := map[string]string{} // items, by configuration in lower case
		for _, m := range g.methods {
			if m.before.usable(a) != access.No && m.after.usable(a) != access.Yes {
				lost[strings.ToLower(m.after.id)] = m.item
			}
		}
		if len(lost) == 0 || a.ID == "" || a.Partner {
			continue
		}
		if err := g.judgeMethodsOf(ctx, a, lost); err != nil {
			return err
		}
	}
	return nil
}

func (g *guarding) judgeMethodsOf(ctx context.Context, a *account, lost map[string]string) error {
	var used []string // items that take away a method that the account has
	others := false   // it keeps a method that no configuration governs
	held, err := g.registered(ctx, a)
	if cause := wire.Ended(ctx); cause != nil {
		return cause
	}
	if tenant.ClassOf(err) == tenant.Unauthenticated {
		return err
	}
	if err != nil {
		var items, names []string
		for id, item := range lost {
			items, names = append(items, item), append(names, id)
		}
		slices.Sort(items)
		g.breaks(RuleMethods, items, "%s could not use %s any more, and whether it has another method could not be found out: %v", a.who, listed(names), err)
		return nil
	}
	var kept []string // configurations that the account needs, and that the plan leaves alone
	for _, t := range held {
		others = others || slices.Contains(governedByDevice, t)
		for _, id := range configured[t] {
			if item, is := lost[strings.ToLower(id)]; is {
				used = append(used, item)
			} else {
				kept = append(kept, id)
			}
		}
	}
	if len(used) == 0 || others {
		return nil
	}
	slices.Sort(used)
	if len(kept) > 0 {
		works, err := g.anyUsable(ctx, a, kept)
		if works || err != nil {
			return err
		}
	}
	g.breaks(RuleMethods, slices.Compact(used), "%s would lose its last method of signing in beside the password: register another one for it first, or leave this method to it", a.who)
	return nil
}

// registered returns the types of the methods that an account has.
func (g *guarding) registered(ctx context.Context, a *account) ([]string, error) {
	segment, err := odatajson.Segment(a.ID)
	if err != nil {
		return nil, err
	}
	f := g.c.fetcher(g.c.usersEntry(), "guard")
	bounded, stop := f.bounded(ctx)
	defer stop()
	var types []string
	err = f.pages(bounded, collection{url: f.at.of(f.entry, "/"+segment+"/authentication/methods"), id: a.ID}, func(_ wire.Answer, p odatajson.Page) error {
		for _, raw := range p.Value {
			o, err := odatajson.Parse(raw)
			if err != nil {
				return err
			}
			types = append(types, strings.TrimPrefix(o.Text("@odata.type"), "#microsoft.graph."))
		}
		return nil
	})
	return types, err
}

// anyUsable reports whether one of the configurations lets the account use its method.
// One that cannot be read does not.
func (g *guarding) anyUsable(ctx context.Context, a *account, ids []string) (bool, error) {
	works := false
	err := g.list(ctx, methodConfigurations, func(id string, raw json.RawMessage, _ odatajson.Object) {
		m, err := readMethod(id, raw)
		for _, change := range g.methods {
			if strings.EqualFold(change.after.id, id) {
				m = change.after
			}
		}
		works = works || err == nil && access.Has(ids, id) && m.usable(a) == access.Yes
	})
	if tenant.ClassOf(err) == tenant.Unauthenticated || wire.Ended(ctx) != nil {
		return false, err
	}
	return works, nil
}
