package syncer

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// column pads the cells of a table; the last one is as long as it is.
func column(rows [][]string) string {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += fmt.Sprintf("%-*s  ", width[i], cell)
		}
		fmt.Fprintf(&b, "//\t%s\n", strings.TrimRight(line, " "))
	}
	return b.String()
}

// moves says for people whether a run moves LastSuccess.
func moves(yes bool) string {
	if yes {
		return "moves"
	}
	return "stays"
}

// endingsTable is the table of the endings as the package's comment has it.
func endingsTable() string {
	rows := [][]string{{"ENDING", "STATUS", "OUTCOME", "LAST SUCCESS", "ERROR", "EXIT"}}
	for _, row := range endingTable {
		for _, c := range endingCases {
			if c.row != row.name {
				continue
			}
			f := c.facts.whole()
			d, end, n := f.particulars()
			_, to, got := conclude(endingTable, f.from, d, PhaseVerify, end, n)
			status, exit := to.Label(), fmt.Sprint(exitOf(to, got))
			if row.event == "" {
				status, exit = "as before", "*"
			}
			outcome, class := string(row.outcome), ""
			if outcome == "" {
				outcome = "*"
			}
			switch {
			case got.err != nil && (row.name == "timed out" || row.name == "failed, or cancelled after it wrote"):
				class = "*" // of what stopped it
			case got.err != nil:
				class = string(got.err.Class)
			}
			rows = append(rows, []string{row.name, status, outcome, moves(got.succeeded()), class, exit})
			break
		}
	}
	for _, row := range rows {
		if row[4] == "" {
			row[4] = "none"
		}
	}
	return column(rows)
}

// exitOf is the exit status that a command line has for an ending; a test of the
// example holds it against the same table.
func exitOf(to state.Status, end ending) int {
	switch {
	case to == state.Idle && end.outcome == NothingToRollBack:
		return 7
	case to == state.Idle:
		return 0
	case to == state.PartiallySuccessful:
		return 4
	case to == state.PendingAdminConsent:
		return 3
	case end.outcome == TimedOut:
		return 5
	case end.err != nil && end.err.Class == Class(auth.ConsentNeeded):
		return 3
	}
	return 1
}

// undoneTable is the table of the counts as the package's comment has it.
func undoneTable() string {
	rows := [][]string{{"COUNT", "SAYS", "STATUS", "LAST SUCCESS"}}
	for _, text := range undoneTexts {
		status := state.Idle
		if text.partly {
			status = state.PartiallySuccessful
		}
		rows = append(rows, []string{text.name, fmt.Sprintf(text.many, 2), status.Label(), moves(!text.partly)})
	}
	return column(rows)
}

// The package's comment has both tables. With -update it is made so.
func TestEndingsAreDocumented(t *testing.T) {
	raw, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for title, want := range map[string]string{"ENDING": endingsTable(), "COUNT": undoneTable()} {
		block := regexp.MustCompile(`(?m)^//\t` + title + `.*\n(//\t.*\n)*`)
		at := block.FindStringIndex(text)
		if at == nil {
			t.Fatalf("the comment has no table of %s", title)
		}
		text = text[:at[0]] + want + text[at[1]:]
	}
	script.Golden(t, "doc.go", []byte(text))
}

// undoneCases have, for each count, a run that left just that undone.
var undoneCases = map[string]struct {
	facts facts
	tally func(*tally)
}{
	"DeletesOff":  {facts{verdict: Approve, wrote: true, applied: 1}, func(n *tally) { n.deletesOff = 2 }},
	"LeftOut":     {facts{verdict: Approve, wrote: true, applied: 1}, func(n *tally) { n.leftOut = 2 }},
	"NamesOnly":   {facts{}, func(n *tally) { n.namesOnly = 2 }},
	"Unsupported": {facts{verdict: Approve, wrote: true, applied: 1}, func(n *tally) { n.unsupported = 2 }},
	"Failed":      {facts{verdict: Approve, wrote: true, applied: 1, open: 2}, func(*tally) {}},
	"Unknown":     {facts{verdict: Approve, wrote: true, open: 2, unknown: 2}, func(*tally) {}},
	"NotKept":     {facts{verdict: Approve, wrote: true, applied: 2, notKept: 2}, func(*tally) {}},
	"Unplanned":   {facts{verdict: Approve, wrote: true, applied: 1, problems: 2}, func(*tally) {}},
	"Refused":     {facts{verdict: RejectAndRevert, refused: 2}, func(*tally) {}},
	"Unread":      {facts{unread: 2}, func(*tally) {}},
}

// Each count is said in the row's words, and the run ends as the table says.
func TestWhatIsUndone(t *testing.T) {
	fields := reflect.TypeFor[Undone]()
	if fields.NumField() != len(undoneTexts) {
		t.Fatalf("Undone has %d fields, and %d have a text", fields.NumField(), len(undoneTexts))
	}
	for i, text := range undoneTexts {
		if name := fields.Field(i).Name; name != text.name {
			t.Errorf("the text of %s stands where %s does", text.name, name)
		}
		c, ok := undoneCases[text.name]
		if !ok {
			t.Errorf("no run of the test leaves %s undone", text.name)
			continue
		}
		f := c.facts.whole()
		d, end, n := f.particulars()
		c.tally(&n)
		_, to, got := conclude(endingTable, f.from, d, PhaseVerify, end, n)
		var want Undone
		reflect.ValueOf(&want).Elem().FieldByName(text.name).SetInt(2)
		if got.undone != want {
			t.Errorf("%s: got %+v, want %+v", text.name, got.undone, want)
		}
		if said := fmt.Sprintf(text.many, 2); want.String() != said || want.Qualify(Deployed) != "deployed; "+said {
			t.Errorf("%s: said is %q", text.name, want.Qualify(Deployed))
		}
		status := state.Idle
		if text.partly {
			status = state.PartiallySuccessful
		}
		if to != status || got.succeeded() == text.partly {
			t.Errorf("%s: ended %s, LastSuccess %s", text.name, to, moves(got.succeeded()))
		}
	}
	two := Undone{DeletesOff: 2, LeftOut: 1}
	if got, want := two.Qualify(Deployed), "deployed; 2 deletes switched off, 1 item left out by the decision"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (Undone{}).Qualify(Deployed); got != "deployed" {
		t.Errorf("nothing is undone, and said is %q", got)
	}
}

// A preview and a backup plan nothing to be done, and a run that was stopped
// before it changed anything has its error.
func TestNothingIsUndone(t *testing.T) {
	n := tally{deletesOff: 1, leftOut: 1, unsupported: 1, namesOnly: 1, problems: []plan.Note{{}}}
	for _, c := range []struct {
		facts facts
		want  Undone
	}{
		{facts{mode: Preview, problems: 1}, Undone{NamesOnly: 1}},
		{facts{mode: BackupOnly, problems: 1}, Undone{NamesOnly: 1}},
		{facts{mode: Full, verdict: Reject, problems: 1}, Undone{NamesOnly: 1, Unplanned: 1}},
		{facts{mode: Full, stop: stopFailed, problems: 1}, Undone{}},
	} {
		if got := undoneOf(c.facts, n); got != c.want {
			t.Errorf("%+v: got %+v, want %+v", c.facts, got, c.want)
		}
	}
}

// The error of a run that ends Partially successful is whole, whatever stopped
// the run: its class, phase, how many, what failed first, and the request.
func TestPartialErrorsAreWhole(t *testing.T) {
	stopped := &ErrorInfo{Class: ClassDeclined, Phase: PhaseConnect, Message: "declined by the person", RequestID: "req-2"}
	seen := map[string]bool{}
	for _, c := range endingCases {
		if c.event != state.SucceedPartially {
			continue
		}
		f := c.facts.whole()
		seen[c.row] = true
		for _, err := range []*ErrorInfo{nil, stopped} {
			if err != nil && f.stop != stopFailed && f.stop != stopTimedOut {
				continue // nothing stopped it
			}
			d, end, n := f.particulars()
			end.err = err
			if f.open > 0 {
				n.items = append(n.items, ItemResult{Item: "groups/G", Status: ItemFailed, Class: "invalid", Message: "refused", RequestID: "req-1"})
			}
			_, _, got := conclude(endingTable, f.from, d, PhaseVerify, end, n)
			info := got.err
			if info == nil || info.Class == "" || info.Phase == "" || !regexp.MustCompile(`[0-9]`).MatchString(info.Message) {
				t.Errorf("%s: the error %+v", c.row, info)
				continue
			}
			if f.applied+f.open > 0 && f.notKept == 0 && !strings.Contains(info.Message, fmt.Sprintf("%d of %d changes applied", f.applied, f.applied+f.open)) {
				t.Errorf("%s: the message does not say how many: %s", c.row, info.Message)
			}
			if err != nil && (info.Class != err.Class || info.RequestID != err.RequestID || !strings.Contains(info.Message, err.Message)) {
				t.Errorf("%s: the error does not say what stopped it: %+v", c.row, info)
			}
			first := map[bool]string{true: "groups/G: refused", false: "groups"}[f.open > 0]
			if f.lost == 0 && err == nil && f.open+f.notKept+f.unread+f.refused > 0 && !strings.Contains(info.Message, first) {
				t.Errorf("%s: the message does not name the first failure: %s", c.row, info.Message)
			}
			if err == nil && f.lost == 0 && (f.open > 0 || f.notKept > 0 || f.unread > 0) && info.RequestID != "req-1" {
				t.Errorf("%s: the request is %q", c.row, info.RequestID)
			}
		}
	}
	for _, row := range endingTable {
		if row.event == state.SucceedPartially && !seen[row.name] {
			t.Errorf("no run of the test ends by %q", row.name)
		}
	}
}
