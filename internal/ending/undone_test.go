package ending

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// undoneCases have, for each count, a run that left just that undone.
var undoneCases = map[string]struct {
	facts facts
	more  func(*Tally)
}{
	"DeletesOff":  {facts{verdict: word.Approve, wrote: true, applied: 1}, func(n *Tally) { n.DeletesOff = 2 }},
	"LeftOut":     {facts{verdict: word.Approve, wrote: true, applied: 1}, func(n *Tally) { n.LeftOut = 2 }},
	"NamesOnly":   {facts{}, func(n *Tally) { n.NamesOnly = 2 }},
	"Unsupported": {facts{verdict: word.Approve, wrote: true, applied: 1}, func(n *Tally) { n.Unsupported = 2 }},
	"Failed":      {facts{verdict: word.Approve, wrote: true, applied: 1, open: 2}, func(*Tally) {}},
	"Unknown":     {facts{verdict: word.Approve, wrote: true, open: 2, unknown: 2}, func(*Tally) {}},
	"Waits":       {facts{verdict: word.Approve, wrote: true, open: 2, waits: 2}, func(*Tally) {}},
	"NotKept":     {facts{verdict: word.Approve, wrote: true, applied: 2, notKept: 2}, func(*Tally) {}},
	"Unconfirmed": {facts{verdict: word.Approve, wrote: true, applied: 3, unconfirmed: 2}, func(*Tally) {}},
	"Unplanned":   {facts{verdict: word.Approve, wrote: true, applied: 1, problems: 2}, func(*Tally) {}},
	"Refused":     {facts{verdict: word.RejectAndRevert, refused: 2}, func(*Tally) {}},
	"Unread":      {facts{unread: 2}, func(*Tally) {}},
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
		run, end, n := c.facts.whole().particulars()
		c.more(&n)
		got := Conclude(run, end, n)
		var want Undone
		reflect.ValueOf(&want).Elem().FieldByName(text.name).SetInt(2)
		if got.Undone != want {
			t.Errorf("%s: got %+v, want %+v", text.name, got.Undone, want)
		}
		if said := fmt.Sprintf(text.many, 2); want.String() != said {
			t.Errorf("%s: said is %q", text.name, want)
		}
		status := state.Idle
		if text.partly {
			status = state.PartiallySuccessful
		}
		if got.To != status || got.Succeeded() == text.partly {
			t.Errorf("%s: ended %s, LastSuccess %s", text.name, got.To, moves(got.Succeeded()))
		}
	}
	two := Undone{DeletesOff: 2, LeftOut: 1}
	if got, want := two.String(), "2 deletes switched off, 1 item left out by the decision"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A preview and a backup plan nothing to be done, and a run that was stopped
// before it changed anything has its error.
func TestNothingIsUndone(t *testing.T) {
	n := Tally{DeletesOff: 1, LeftOut: 1, Unsupported: 1, NamesOnly: 1, Problems: []plan.Note{{}}}
	for _, c := range []struct {
		facts facts
		want  Undone
	}{
		{facts{mode: word.Preview, problems: 1}, Undone{NamesOnly: 1}},
		{facts{mode: word.BackupOnly, problems: 1}, Undone{NamesOnly: 1}},
		{facts{mode: word.Full, verdict: word.Reject, problems: 1}, Undone{NamesOnly: 1, Unplanned: 1}},
		{facts{mode: word.Full, stop: Failed, problems: 1}, Undone{}},
	} {
		if got := undoneOf(c.facts, n); got != c.want {
			t.Errorf("%+v: got %+v, want %+v", c.facts, got, c.want)
		}
	}
}

func TestQualify(t *testing.T) {
	for _, c := range []struct {
		undone  Undone
		outcome string
		want    string
	}{
		{Undone{}, word.Deployed, "deployed"},
		{Undone{DeletesOff: 2, LeftOut: 1}, word.Deployed, "deployed; 2 deletes switched off, 1 item left out by the decision"},
		{Undone{Unread: 1}, "", "1 kind not completely read"},
	} {
		if got := c.undone.Qualify(c.outcome); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
