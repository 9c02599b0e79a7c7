package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/syncer"
)

// command is a command of the program.
type command struct {
	name, args, short string
	min, max          int // words after the name
	// prepare adds the command's flags and returns the function that runs it.
	prepare func(*app) func(context.Context, []string) error
}

// commands returns all commands, in the order of -h.
func commands() []command {
	return []command{
		{"init", "", "make the folder with settings, key and store", 0, 0, initialize},
		{"tenants add", "NAME", "add a tenant", 1, 1, tenantsAdd},
		{"tenants list", "", "list the tenants that were added", 0, 0, tenantsList},
		{"tenants remove", "NAME", "remove a tenant; its configuration and history stay", 1, 1, tenantsRemove},
		{"import", "NAME FOLDER", "put what another tool exported into a tenant's configuration", 2, 2, importFolder},
		{"permissions", "[NAME]", "list the permissions that the kinds chosen need", 0, 1, permissions},
		{"doctor", "", "check settings, folder, store, clock, cloud, sign-ins and permissions", 0, 0, doctor},
		{"sync", "NAME", "sync a tenant, or go on with its sync, until it rests or needs a person", 1, 1, syncTenant},
		{"run", "", "work on all tenants that are due, until Ctrl-C", 0, 0, work},
		{"status", "[NAME]", "show the tenants, or one of them", 0, 1, status},
		{"plan", "NAME", "show what the sync proposes", 1, 1, showThePlan},
		{"approve", "NAME", "have a plan carried out", 1, 1, decide(syncer.Approve)},
		{"reject", "NAME", "leave tenant and configuration as they are", 1, 1, decide(syncer.Reject)},
		{"revert", "NAME", "leave the tenant, and take the plan's changes back in the configuration", 1, 1, decide(syncer.RejectAndRevert)},
		{"cancel", "NAME", "end the sync that is under way", 1, 1, cancelRun},
		{"retry", "NAME", "propose again what a sync did not do", 1, 1, retryRun},
		{"recheck", "NAME", "look again whether permissions were granted", 1, 1, recheck},
		{"pause", "NAME", "hold a tenant, in the name of -actor", 1, 1, pause},
		{"resume", "NAME", "no longer hold it", 1, 1, resume},
		{"report", "NAME", "show what became of a sync", 1, 1, showReport},
		{"history", "NAME", "show what happened to a tenant", 1, 1, showHistory},
		{"logs", "NAME", "show the log of a sync", 1, 1, showLogs},
		{"artifacts", "NAME", "save snapshots, plan, report and log of a sync as a zip archive", 1, 1, saveArtifacts},
		{"rollback", "NAME [REVISION]", "list the backups, or propose to go back to one", 1, 2, rollback},
	}
}

// findCommand finds the command that the words begin with, and returns the rest.
func findCommand(words []string) (*command, []string) {
	for _, c := range commands() {
		parts := strings.Fields(c.name)
		if len(words) >= len(parts) && strings.Join(words[:len(parts)], " ") == c.name {
			return &c, words[len(parts):]
		}
	}
	return nil, words
}

// help prints the help of the program, for -h.
func (a *app) help() error {
	var b strings.Builder
	b.WriteString("Tenantsync keeps Microsoft 365 tenants in step with configuration kept as code.\n\nUsage: tenantsync [flags] COMMAND [flags]\n\nCommands:\n")
	b.WriteString(commandList())
	b.WriteString("\nExit status:\n" + exitCodes + "\n\nSettings: by flag, by the environment (TENANTSYNC_CLIENT_ID for -client-id), and by\n" +
		"name in the folder's file " + settingsFile + "; the first that is there counts.\n")
	b.WriteString(settingList(a.set.table))
	b.WriteString("\ntenantsync COMMAND -h lists the flags of a command.\n\nTo try it, without a network or a tenant:\n" + tryIt)
	a.console.printf("%s", safe(b.String()))
	return nil
}

// tryIt lists commands that work anywhere, with the folder tenantsync.
const tryIt = `  tenantsync init -demo
  tenantsync tenants add contoso
  tenantsync sync contoso
  tenantsync plan contoso
  tenantsync approve contoso -plan …
  tenantsync status
`

func commandList() string {
	var b strings.Builder
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-25s %s\n", strings.TrimSpace(c.name+" "+c.args), c.short)
	}
	return b.String()
}

func settingList(table []setting) string {
	var b strings.Builder
	for _, s := range table {
		usage := s.usage
		if s.value != "" && s.name != "actor" && !s.isBool {
			usage += " (" + s.value + ")"
		}
		if s.here {
			usage += "; not in the file"
		}
		fmt.Fprintf(&b, "  -%-21s %s\n", s.name, usage)
	}
	return b.String()
}

// helpFor prints the help of a command, for COMMAND -h.
func (a *app) helpFor(c *command) error {
	shared := map[string]bool{}
	for _, s := range a.set.table {
		shared[s.name] = true
	}
	var b strings.Builder
	a.flags.VisitAll(func(f *flag.Flag) {
		if !shared[f.Name] {
			fmt.Fprintf(&b, "  -%-21s %s\n", f.Name, f.Usage)
		}
	})
	text := "Usage: tenantsync " + strings.TrimSpace(c.name+" "+c.args) + " [flags]\n\n" + c.short + "\n"
	if b.Len() > 0 {
		text += "\nFlags:\n" + b.String()
	}
	a.console.printf("%s", safe(text+"\nBeside them, all settings are flags: tenantsync -h.\n"))
	return nil
}
