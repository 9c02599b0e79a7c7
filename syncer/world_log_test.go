package syncer_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// logLevels are the levels of the lines that the stories log; the documentation
// of Syncer.Logs says what the levels mean. A story that logs another line, or a
// line at another level, fails, and so does a line that no story logs.
var logLevels = map[string][]string{
	"waiting until the tenant shows a write": {"DEBUG"},
	"write begun":                            {"DEBUG"},
	"cancelled":                              {"INFO"},
	"connected":                              {"INFO"},
	"decided":                                {"INFO"},
	"drift adopted":                          {"INFO"},
	"item applied":                           {"INFO"},
	"phase began":                            {"INFO"},
	"phase ended":                            {"INFO"},
	"plan made":                              {"INFO"},
	"reverted in the repository":             {"INFO"},
	"the work continues after earlier items": {"INFO"},
	"the permissions were not looked at, since somebody would have to sign in": {"INFO"},
	"the desired line could not be looked at":                                  {"WARN"},
	"run began": {"INFO"},
	"run ended": {"INFO", "WARN", "ERROR"},
	"signed in": {"INFO"},
	"the desired line was edited meanwhile; comparing again":         {"INFO"},
	"the missing permissions are granted":                            {"INFO"},
	"the sign-in goes on with a new code":                            {"INFO"},
	"voted to approve":                                               {"INFO"},
	"waiting for a sign-in":                                          {"INFO"},
	"waiting for approval":                                           {"INFO"},
	"waiting until nobody pauses the tenant":                         {"INFO"},
	"waiting until reads are sure to show what the last run created": {"INFO"},
	"waiting until the tenant shows a created object":                {"INFO"},
	"a part of the run's log could not be stored":                    {"WARN"},
	"a tenant could not be worked on; trying again":                  {"WARN"},
	"a write's outcome is unknown; reading the tenant":               {"WARN"},
	"item not applied":                                               {"WARN", "ERROR"},
	"item not read back as written":                                  {"WARN"},
	"kind not completely read":                                       {"WARN"},
	"no tenants could be claimed; trying again":                      {"WARN"},
	"not reverted":            {"WARN"},
	"permissions are missing": {"WARN"},
	"the approver failed; the plan stays undecided":        {"WARN"},
	"the lease could not be released; it will run out":     {"WARN"},
	"the permissions could not be checked":                 {"WARN"},
	"the run ends without more":                            {"WARN"},
	"the tenant refused the credentials; connecting again": {"WARN"},
	"the write had no effect and will be retried":          {"WARN"},
	"will try again":                              {"WARN"},
	"the report is not whole":                     {"ERROR"},
	"the run failed":                              {"ERROR"},
	"the run has timed out":                       {"ERROR"},
	"the run has timed out waiting for a sign-in": {"ERROR"},
	"the run has timed out waiting for approval":  {"ERROR"},
}

// levels has the levels at which lines were logged, by message, and counts the
// stories.
type levels struct {
	seen    map[string][]string
	stories int
}

// logLine is what every line of a log must have.
type logLine struct{ Level, Msg, Tenant, Run string }

// checkLog fails the test unless every line of every run's log, and every line
// of the host's about a tenant, names tenant and run.
func (w *world) checkLog(told *levels) {
	w.t.Helper()
	told.stories++
	reader := w.h.Worker("reader of logs", syncertest.WorkerConfig{})
	runs, err := reader.Runs(w.t.Context(), syncer.RunsRequest{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range runs.Items {
		raw, err := reader.Logs(w.t.Context(), r.RunRef)
		if err != nil {
			w.t.Errorf("the log of %+v: %v", r.RunRef, err)
		}
		for _, l := range told.lines(w.t, raw) {
			if (syncer.RunRef{Tenant: l.Tenant, Run: l.Run}) != r.RunRef {
				w.t.Errorf("the log of %+v has the line %+v", r.RunRef, l)
			}
		}
	}
	for _, l := range told.lines(w.t, w.hostLog.Bytes()) {
		if l.Msg != "no tenants could be claimed; trying again" && (l.Tenant == "" || l.Run == "") {
			w.t.Errorf("the host's log has the line %+v", l)
		}
	}
}

// lines decodes lines and takes their levels down.
func (told *levels) lines(t *testing.T, raw []byte) []logLine {
	t.Helper()
	var out []logLine
	for text := range bytes.Lines(raw) {
		var l logLine
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !slices.Contains(logLevels[l.Msg], l.Level) {
			t.Errorf("the level of this line is not in the table: %s", text)
		}
		if !slices.Contains(told.seen[l.Msg], l.Level) {
			told.seen[l.Msg] = append(told.seen[l.Msg], l.Level)
		}
		out = append(out, l)
	}
	return out
}

// checkAll fails the test for a line of the table that no story has logged, if
// all stories were told.
func (told *levels) checkAll(t *testing.T, stories int) {
	t.Helper()
	if told.stories < stories || t.Failed() {
		return
	}
	for msg, want := range logLevels {
		for _, level := range want {
			if !slices.Contains(told.seen[msg], level) {
				t.Errorf("no story logs %q at %s", msg, level)
			}
		}
	}
}
