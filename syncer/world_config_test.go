package syncer_test

import (
	"context"
	"errors"
	"strings"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// errRefused is what a host says to whoever may do nothing.
var errRefused = errors.New("the host refuses it")

// config: settings of the workers that are made from now on.
func (w *world) config(c script.Command) string {
	asked := approver(option(c, "approver", "")) // one for all workers, as a ticket system is
	for name, v := range c.Options {
		edit, ok := map[string]func(*syncer.Config){
			"auth-timeout":     func(conf *syncer.Config) { conf.Settings.AuthTimeout = w.duration(c, v) },
			"approval-timeout": func(conf *syncer.Config) { conf.Settings.Approval.Timeout = w.duration(c, v) },
			"run-timeout":      func(conf *syncer.Config) { conf.Settings.RunTimeout = w.duration(c, v) },
			"verify-timeout":   func(conf *syncer.Config) { conf.Settings.VerifyTimeout = w.duration(c, v) },
			"recheck":          func(conf *syncer.Config) { conf.Settings.RecheckInterval = w.duration(c, v) },
			"newer":            func(conf *syncer.Config) { conf.Settings.NewerInterval = w.duration(c, v) },
			"permissions":      func(conf *syncer.Config) { conf.Settings.PermissionsInterval = w.duration(c, v) },
			"require-current":  func(conf *syncer.Config) { conf.Settings.Approval.RequireCurrent = v == "yes" },
			"approvals":        func(conf *syncer.Config) { conf.Settings.Approval.Approvals = w.number(c, v) },
			"allow-requester":  func(conf *syncer.Config) { conf.Settings.Approval.AllowRequester = v == "yes" },
			"lease":            func(conf *syncer.Config) { conf.LeaseDuration = w.duration(c, v) },
			"writes-at-once":   func(conf *syncer.Config) { conf.WriteConcurrency = w.number(c, v) },
			"reads-at-once":    func(conf *syncer.Config) { conf.ReadConcurrency = w.number(c, v) },
			"attempts":         func(conf *syncer.Config) { conf.MaxAttempts = w.number(c, v) },
			"stop-on-failure":  func(conf *syncer.Config) { conf.StopOnFailure = v == "yes" },
			"require-consent":  func(conf *syncer.Config) { conf.Settings.RequireConsent = v == "yes" },
			"drift":            func(conf *syncer.Config) { conf.Settings.Rules.Enforce = v == "enforce" },
			"max-deletes":      func(conf *syncer.Config) { conf.Settings.Rules.MaxDeletes = w.number(c, v) },
			"protected": func(conf *syncer.Config) {
				kind, key, _ := strings.Cut(v, "/")
				conf.Settings.Rules.Protected = []plan.Selector{{Kind: kind, Key: key}}
			},
			"scope": func(conf *syncer.Config) {
				kind, scope, _ := strings.Cut(v, ":")
				conf.Settings.Scopes = map[string]tenant.Scope{kind: tenant.Scope(scope)}
			},
			"deletes": func(conf *syncer.Config) { conf.Settings.Rules.Deletes = map[string]bool{v: true} },
			"refuse": func(conf *syncer.Config) {
				conf.Authorize = func(_ context.Context, actor string, _ syncer.Action, _ string) error {
					if actor == v {
						return errRefused
					}
					return nil
				}
			},
			"approver": func(conf *syncer.Config) { conf.Approver = asked },
			"moved":    func(conf *syncer.Config) { w.moved(c, v)(conf) },
		}[name]
		if !ok {
			w.t.Fatalf("%s: unknown setting %q", c.Pos, name)
		}
		w.edits = append(w.edits, edit)
	}
	w.workers = map[string]*syncertest.Worker{}
	w.hold()
	return ""
}
