package syncer_test

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// switch TENANT: the commands that follow are about this tenant.
func (w *world) switchTo(c script.Command) string {
	w.tenant = arg(c, 0)
	return ""
}

// reconfigure makes an edit of the workers that are made from now on.
func (w *world) reconfigure(edit func(*syncer.Config)) string {
	w.edits = append(w.edits, edit)
	w.hold()
	w.workers = map[string]*syncertest.Worker{}
	return ""
}

// list is a value with commas; nil for none.
func list(c script.Command, name string) []string {
	if v := option(c, name, ""); v != "" {
		return strings.Split(v, ",")
	}
	return nil
}

// rule NAME [verbs=] [kinds=] [at-least=] [broken=] [approvals=] [groups=]
// [requester=yes]: a further approval rule.
func (w *world) rule(c script.Command) string {
	r := syncer.ApprovalRule{Name: arg(c, 0), Kinds: list(c, "kinds"), AtLeast: w.number(c, option(c, "at-least", "0")), Broken: list(c, "broken"),
		Approvals: w.number(c, option(c, "approvals", "0")), Groups: list(c, "groups"), AllowRequester: option(c, "requester", "") == "yes"}
	for _, v := range list(c, "verbs") {
		r.Verbs = append(r.Verbs, tenant.Verb(v))
	}
	return w.reconfigure(func(conf *syncer.Config) {
		conf.Settings.Approval.Rules = append(slices.Clone(conf.Settings.Approval.Rules), r)
	})
}

// group NAME MEMBER …: a group of approvers.
func (w *world) group(c script.Command) string {
	return w.reconfigure(func(conf *syncer.Config) {
		groups := map[string][]string{arg(c, 0): c.Args[1:]}
		maps.Copy(groups, conf.Settings.Approval.Groups)
		conf.Settings.Approval.Groups = groups
	})
}

// auto NAME at-most=N [kinds=] [deletes=yes] [conflicts=yes] [accept=]: a rule
// that approves plans.
func (w *world) auto(c script.Command) string {
	r := syncer.AutomaticApproval{Name: arg(c, 0), AtMost: w.number(c, option(c, "at-most", "0")), Kinds: list(c, "kinds"),
		Deletes: option(c, "deletes", "") == "yes", Conflicts: option(c, "conflicts", "") == "yes", Accept: list(c, "accept")}
	return w.reconfigure(func(conf *syncer.Config) {
		conf.Settings.Approval.Automatic = append(slices.Clone(conf.Settings.Approval.Automatic), r)
	})
}

// settings TENANT [approvals=] [approval-timeout=] [auth-timeout=] [run-timeout=]
// [require-consent=]: the tenant's own, in place of the fleet's.
func (w *world) settings(c script.Command) string {
	var own syncer.Settings
	for name, v := range c.Options {
		switch name {
		case "approvals":
			own.Approval.Approvals = w.number(c, v)
		case "approval-timeout":
			own.Approval.Timeout = w.duration(c, v)
		case "auth-timeout":
			own.AuthTimeout = w.duration(c, v)
		case "run-timeout":
			own.RunTimeout = w.duration(c, v)
		case "require-consent":
			own.RequireConsent = v == "yes"
		default:
			w.t.Fatalf("%s: unknown setting %q", c.Pos, name)
		}
	}
	return w.reconfigure(func(conf *syncer.Config) {
		others := conf.SettingsFor
		conf.SettingsFor = func(ctx context.Context, name string) (syncer.Settings, error) {
			switch {
			case name == arg(c, 0):
				return own, nil
			case others != nil:
				return others(ctx, name)
			}
			return conf.Settings, nil
		}
	})
}
