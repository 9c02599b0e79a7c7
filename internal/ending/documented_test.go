package ending

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/state"
)

// documented is the file whose comment has the tables of the endings and of the
// counts, for hosts.
const documented = "../../syncer/doc.go"

// column pads the cells of a table, except the last one.
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

// endingsTable is the table of the endings as the comment has it.
func endingsTable() string {
	rows := [][]string{{"ENDING", "STATUS", "OUTCOME", "LAST SUCCESS", "ERROR", "EXIT"}}
	for _, r := range table {
		for _, c := range cases {
			if c.row != r.name {
				continue
			}
			got := Conclude(c.facts.whole().particulars())
			status, exit := got.To.Label(), fmt.Sprint(exitOf(got))
			if r.event == "" {
				status, exit = "as before", "*"
			}
			class := "none"
			switch {
			case got.Err != nil && (r.name == "timed out" || r.name == "failed, or cancelled after it wrote"):
				class = "*" // of what stopped it
			case got.Err != nil:
				class = got.Err.Class
			}
			rows = append(rows, []string{r.name, status, cmp.Or(r.outcome, "*"), moves(got.Succeeded()), class, exit})
			break
		}
	}
	return column(rows)
}

// exitOf is the exit status that a command line has for an ending; a test of the
// example holds it against the same table.
func exitOf(r Result) int {
	switch {
	case r.To == state.Idle && r.Outcome == word.NothingToRollBack:
		return 7
	case r.To == state.Idle:
		return 0
	case r.To == state.PartiallySuccessful:
		return 4
	case r.To == state.PendingAdminConsent:
		return 3
	case r.Outcome == word.TimedOut:
		return 5
	case r.Err != nil && r.Err.Class == string(auth.ConsentNeeded):
		return 3
	}
	return 1
}

// undoneTable is the table of the counts as the comment has it.
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

// The comment of the engine has both tables. -update writes them.
func TestEndingsAreDocumented(t *testing.T) {
	raw, err := os.ReadFile(documented)
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
	script.Golden(t, documented, []byte(text))
}
