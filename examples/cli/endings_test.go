package main

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// The program ends with the exit status that the engine's table of endings has.
func TestExitStatusesOfTheEndings(t *testing.T) {
	raw, err := os.ReadFile("../../syncer/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(raw), "//\tENDING")
	table, _, _ = strings.Cut(table, "//\n")
	statuses := map[string]state.Status{}
	for _, s := range []state.Status{state.Idle, state.PartiallySuccessful, state.NewError, state.PendingAdminConsent} {
		statuses[s.Label()] = s
	}
	cells := regexp.MustCompile(`  +`)
	rows := 0
	for _, line := range strings.Split(strings.TrimSpace(table), "\n")[1:] {
		c := cells.Split(strings.TrimSpace(strings.TrimPrefix(line, "//\t")), -1)
		if len(c) != 6 {
			t.Fatalf("%q has %d cells", line, len(c))
		}
		rows++
		if c[5] == "*" { // as before the run
			continue
		}
		row := syncer.Row{Status: statuses[c[1]], Outcome: syncer.Outcome(c[2])}
		if row.Status == "" {
			t.Errorf("%s: no status is called %q", c[0], c[1])
		}
		if c[0] == "timed out" {
			row.Outcome = syncer.TimedOut
		}
		if c[4] != "none" {
			row.Error = &syncer.ErrorInfo{Class: syncer.Class(c[4])}
		}
		exit := exitDone
		if f, ok := errors.AsType[*failure](ended(row)); ok {
			exit = f.exit
		}
		if want, err := strconv.Atoi(c[5]); err != nil || exit != want {
			t.Errorf("%s: exit status %d, want %s", c[0], exit, c[5])
		}
	}
	if !found || rows < 20 {
		t.Errorf("%d endings are documented; is the table read?", rows)
	}
}
