package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// The levels of findings.
const (
	good = "ok"
	warn = "warning"
	bad  = "problem"
)

// finding is the result of one check.
type finding struct {
	Level  string `json:"level"`
	Check  string `json:"check"`
	Tenant string `json:"tenant,omitempty"`
	Text   string `json:"text"`
	// Fix says how to fix the problem. It is empty for a good finding.
	Fix string `json:"fix,omitempty"`
}

// shownSetting is a setting and its source.
type shownSetting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
}

// diagnosis holds the settings and the findings of doctor.
type diagnosis struct {
	Settings []shownSetting `json:"settings"`
	Findings []finding      `json:"findings"`
	Problems int            `json:"problems"`
}

func (d *diagnosis) add(level, check, tenantName, text, fix string) {
	d.Findings = append(d.Findings, finding{level, check, tenantName, text, fix})
	if level == bad {
		d.Problems++
	}
}

// doctor is the command "doctor".
func doctor(a *app) func(context.Context, []string) error {
	offline := a.flags.Bool("offline", false, "ask neither Entra nor Graph")
	return func(ctx context.Context, _ []string) error {
		d := &diagnosis{Settings: []shownSetting{}, Findings: []finding{}}
		for _, s := range a.set.table {
			v := a.set.chosen[s.name]
			d.Settings = append(d.Settings, shownSetting{s.name, v.text, v.from})
		}
		if err := a.ready(); err != nil {
			f, _ := errors.AsType[*failure](err)
			d.add(bad, "folder", "", f.message(), f.next)
		} else {
			a.checkFolder(d)
			a.checkSettings(d)
			if err := a.checkRest(ctx, d, *offline); err != nil {
				return err
			}
		}
		a.show(d, func() { a.printDiagnosis(d) })
		if d.Problems > 0 {
			return &failure{exit: exitFailed, err: errors.New("there are problems"), silent: true}
		}
		return nil
	}
}

func (a *app) printDiagnosis(d *diagnosis) {
	var rows [][]cell
	for _, s := range d.Settings {
		rows = append(rows, []cell{{text: s.Name}, {text: s.Value}, {text: s.From}})
	}
	a.print([]string{"SETTING", "VALUE", "FROM"}, rows)
	a.printf("\n")
	for _, f := range d.Findings {
		about := f.Check
		if f.Tenant != "" {
			about = f.Tenant + ": " + about
		}
		level := map[string]string{good: "32", warn: "33", bad: "31"}[f.Level]
		text := fmt.Sprintf("%-8s", f.Level)
		if a.color {
			text = "\x1b[" + level + "m" + text + "\x1b[0m"
		}
		a.printf("%s %s: %s\n", safe(text), about, f.Text)
		if f.Fix != "" {
			a.printf("         fix: %s\n", f.Fix)
		}
	}
}

// checkFolder checks the permissions of the folder's files.
func (a *app) checkFolder(d *diagnosis) {
	dir := a.set.text("dir")
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		d.add(bad, "folder", "", err.Error(), "let the user that runs this own the folder")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		d.add(warn, "folder", "", fmt.Sprintf("%s can be read by others (mode %04o)", dir, info.Mode().Perm()), "chmod 700 "+dir)
	default:
		d.add(good, "folder", "", dir, "")
	}
	if a.set.text("sign-in") == "device-code" {
		if _, err := a.sealer(); err != nil {
			d.add(bad, "key", "", err.Error(), nextOf(err, "correct or remove it, then tenantsync init; everybody has to sign in again"))
		} else {
			d.add(good, "key", "", "seals the token caches", "")
		}
	}
}

// nextOf returns the fix that an error suggests, else fix.
func nextOf(err error, fix string) string {
	if f, ok := errors.AsType[*failure](err); ok && f.next != "" {
		return f.next
	}
	if errors.Is(err, fs.ErrPermission) {
		return "let the user that runs this own it"
	}
	if _, cmd, ok := strings.Cut(err.Error(), ": chmod "); ok {
		return "chmod " + cmd
	}
	return fix
}

var directoryID = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// checkSettings checks settings that can have a valid form and still be wrong.
func (a *app) checkSettings(d *diagnosis) {
	id := a.set.text("client-id")
	switch {
	case a.set.bool("demo"):
		d.add(good, "client-id", "", "a demonstration needs none", "")
	case id == "":
		d.add(bad, "client-id", "", "is missing", "register an application (see \"Connect a real tenant\" in the README) and write its application id into "+a.set.path(settingsFile))
	case !directoryID.MatchString(id):
		d.add(bad, "client-id", "", fmt.Sprintf("%q is no application (client) id", id), "take it from the overview of the app registration; it has the form 00000000-0000-0000-0000-000000000000")
	default:
		d.add(good, "client-id", "", id, "")
	}
	c, err := a.set.catalogue()
	if err == nil {
		_, err = a.set.graphConfig(tenantFile{})
	}
	if err != nil {
		d.add(bad, "kinds", "", err.Error(), "correct the setting kinds or unproven, or the files in "+a.set.path(kindsFolder))
		return
	}
	var lacking []string
	for _, e := range c.Entries {
		if chosen(c, e.Name) && slices.Contains(e.Unavailable, catalogue.Cloud(a.set.text("cloud"))) {
			lacking = append(lacking, e.Name)
		}
	}
	if len(lacking) > 0 {
		d.add(warn, "cloud", "", fmt.Sprintf("%s lacks %s", a.set.text("cloud"), strings.Join(lacking, ", ")), "leave these out of the setting kinds")
	}
	d.add(good, "kinds", "", fmt.Sprintf("%d are kept in step", len(slices.DeleteFunc(names(c), func(k string) bool { return !chosen(c, k) }))), "")
	breakGlass := a.set.list("break-glass")
	for _, account := range breakGlass {
		if !directoryID.MatchString(account) {
			d.add(bad, "break-glass", "", fmt.Sprintf("%q is no object id", account), "take the object id from the account's page in the Entra admin center, not its name")
		}
	}
	if chosen(c, "conditionalAccessPolicies") && len(breakGlass) == 0 {
		d.add(warn, "break-glass", "", "no account is named that must always get in", "set break-glass to the object ids of your emergency access accounts")
	}
}

// checkRest checks the store, the configuration, and every tenant.
func (a *app) checkRest(ctx context.Context, d *diagnosis, offline bool) error {
	added, err := a.tenants()
	if err != nil {
		d.add(bad, "tenants", "", err.Error(), "correct the file, or remove it and add the tenant again")
	}
	e, err := a.open(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		d.add(bad, "store", "", err.Error(), nextOf(err, "let the user that runs this write to "+a.set.text("dir")+", on a local disk"))
		return nil
	}
	defer e.close()
	if _, err := e.Statuses(ctx, syncer.StatusesRequest{Limit: 1}); err != nil {
		d.add(bad, "store", "", err.Error(), "use the newest version of this program, or restore the store from a backup")
	} else {
		d.add(good, "store", "", a.set.path(storeFile), "")
	}
	if !offline {
		a.checkClock(ctx, d, added)
	}
	unable := e.able()
	if unable != nil && a.set.text("sign-in") != "device-code" {
		d.add(bad, "sign-in", "", unable.Error(), nextOf(unable, "correct the settings of sign-in "+a.set.text("sign-in")))
	}
	if len(added) == 0 {
		d.add(warn, "tenants", "", "none was added", "tenantsync tenants add NAME")
	}
	for _, t := range added {
		a.checkConfiguration(ctx, e, d, t)
		if unable == nil && !offline {
			a.checkTenant(ctx, e, d, t)
		}
	}
	return ctx.Err()
}

// checkConfiguration checks that every file of a tenant's configuration is usable.
func (a *app) checkConfiguration(ctx context.Context, e *engine, d *diagnosis, t tenantFile) {
	line, err := e.repository.Desired(ctx, tenant.DesiredRequest{Tenant: t.Name})
	if err != nil {
		d.add(bad, "configuration", t.Name, err.Error(), "correct "+a.set.path(filepath.Join(configurationDir, t.Name)))
		return
	}
	for _, p := range line.Problems {
		d.add(bad, "configuration", t.Name, p.Error(), "correct the file")
	}
	if len(line.Problems) == 0 {
		d.add(good, "configuration", t.Name, fmt.Sprintf("%d resources", len(line.Resources)), "")
	}
}

// checkTenant gets credentials without asking a person, and compares their permissions
// with the permissions that the kinds need.
func (a *app) checkTenant(ctx context.Context, e *engine, d *diagnosis, t tenantFile) {
	row, err := e.Status(ctx, t.Name)
	if err != nil {
		d.add(bad, "store", t.Name, err.Error(), "see the store")
		return
	}
	if row.Status.Active() { // two processes must not renew one account's token at once
		d.add(good, "sign-in", t.Name, "not looked at: a sync is under way ("+row.Label+")", "")
		return
	}
	directory := t.Directory
	if directory == "" {
		directory = row.Directory
	}
	credential, err := e.authenticator.Credential(ctx, auth.Request{Tenant: t.Name, Directory: directory})
	if err != nil {
		switch auth.ClassOf(err) {
		case auth.SignInNeeded:
			d.add(warn, "sign-in", t.Name, "nobody is signed in", "tenantsync sync "+t.Name+" asks somebody to")
		case auth.Transient:
			d.add(warn, "sign-in", t.Name, err.Error(), "try again later; check the network and a proxy's settings")
		default:
			d.add(bad, "sign-in", t.Name, err.Error(), "do what the message says")
		}
		return
	}
	who := credential.Identity()
	text := "as application " + who.Application
	if who.Username != "" {
		text = "as " + who.Username
	}
	d.add(good, "sign-in", t.Name, text+" in directory "+who.Directory, "")
	a.checkPermissions(ctx, d, t, credential)
}

func (a *app) checkPermissions(ctx context.Context, d *diagnosis, t tenantFile, credential auth.Credential) {
	client, err := a.connect(ctx, syncer.ConnectRequest{Tenant: t.Name, Credential: credential})
	if err != nil {
		d.add(bad, "connection", t.Name, err.Error(), "correct the settings")
		return
	}
	cfg, err := a.set.graphConfig(t)
	if err != nil {
		d.add(bad, "kinds", t.Name, err.Error(), "correct the setting kinds")
		return
	}
	has, err := client.Permissions(ctx, tenant.PermissionsRequest{Kinds: names(cfg.Catalogue), Write: true})
	if err != nil {
		d.add(bad, "permissions", t.Name, err.Error(), "try again later")
		return
	}
	missing := 0
	for _, need := range has.Required {
		if slices.ContainsFunc(need.AnyOf, func(p string) bool { return slices.Contains(has.Granted, p) }) || len(need.AnyOf) == 0 {
			continue
		}
		missing++
		level, fix := bad, "add it to the app registration, and have an administrator consent at "+has.ConsentURL
		if need.Optional {
			level, fix = warn, "it is optional: without it these are left out"
		}
		d.add(level, "permissions", t.Name, strings.Join(need.AnyOf, " or ")+" is not granted, for "+strings.Join(need.Kinds, ", "), fix)
	}
	if missing == 0 {
		d.add(good, "permissions", t.Name, "all that are needed are granted", "")
	}
	checkBreakGlass(ctx, d, t, client)
}

// checkBreakGlass checks that the tenant has the break-glass accounts.
func checkBreakGlass(ctx context.Context, d *diagnosis, t tenantFile, client tenant.Client) {
	looks, ok := client.(interface {
		MissingBreakGlass(context.Context) ([]string, error)
	})
	if !ok {
		return
	}
	missing, err := looks.MissingBreakGlass(ctx)
	if err != nil {
		d.add(warn, "break-glass", t.Name, err.Error(), "grant GroupMember.Read.All or User.Read.All, so that the accounts and their groups can be read")
	}
	for _, id := range missing {
		d.add(bad, "break-glass", t.Name, "no account has the object id "+id, "correct the setting break-glass: take the object id from the account's page in the Entra admin center")
	}
}
