package syncer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/frozen"
	"github.com/tenantsync/tenantsync/internal/planning"
	"github.com/tenantsync/tenantsync/internal/readback"
	"github.com/tenantsync/tenantsync/internal/runlog"
	"github.com/tenantsync/tenantsync/state"
)

// The files in testdata/v1 are what version 1 of each form looks like. They are
// never rewritten once that version is released: a test that fails here says
// that this version cannot go on with what hosts have stored, or stores what
// their other processes cannot read. See package frozen.

// frozenForm is one form with its file.
type frozenForm struct {
	file   string
	newest int                       // the newest format of the form
	value  any                       // as decoded
	encode func() ([]byte, error)    // as this version writes it
	decode func([]byte) (any, error) // as this version reads it
}

func frozenForms() []frozenForm {
	var forms []frozenForm
	records := frozenRecords()
	for _, name := range slices.Sorted(maps.Keys(records)) {
		r := records[name]
		forms = append(forms, frozenForm{name + ".json", dataFormat, &r.data,
			func() ([]byte, error) { raw, _, err := r.data.encode("contoso"); return raw, err },
			func(raw []byte) (any, error) {
				return decodeData(state.Record{Tenant: "contoso", Status: r.status, Data: raw})
			}})
	}
	entries := frozenEntries()
	for _, typ := range slices.Sorted(maps.Keys(entries)) {
		forms = append(forms, frozenForm{"entry_" + string(typ) + ".json", entryFormat,
			Entry{Tenant: "contoso", Run: "run-2", Version: 7, N: 1, Time: at(4), Type: typ, EntryData: entries[typ]},
			func() ([]byte, error) { return newEntry("run-2", typ, entries[typ]).Data, nil },
			func(raw []byte) (any, error) {
				return decodeEntry(state.Entry{Tenant: "contoso", Run: "run-2", Version: 7, N: 1, Time: at(4), Type: string(typ), Data: raw})
			}})
	}
	return append(forms,
		frozenForm{"report.json", reportFormat, frozenReport(),
			func() ([]byte, error) { return json.Marshal(frozenReport()) },
			func(raw []byte) (any, error) { return DecodeReport(raw) }},
		frozenBlob("comparison", frozenComparison(), backup.SummaryFormat),
		frozenBlob("adoption", frozenAdoption(), backup.AdoptionFormat),
		frozenBlob("run", frozenRunFacts(), runFactsFormat),
		frozenBlob("after", frozenSnapshot(), readback.SnapshotFormat),
		frozenBlob("requests", frozenRequests(), deploy.RequestsFormat),
		frozenBlob("bindings", frozenBindings(), planning.BindingsFormat),
	)
}

func frozenBlob[T any](kind string, value *T, newest int) frozenForm {
	return frozenForm{kind + ".json", newest, value,
		func() ([]byte, error) { return json.Marshal(value) },
		func(raw []byte) (any, error) { v := new(T); return v, format.Decode(kind, raw, newest, v) }}
}

// asJSON compares what JSON within a form says, not how it is spaced or escaped.
var asJSON = cmp.Transformer("JSON", func(raw json.RawMessage) any {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return "no JSON: " + string(raw)
	}
	return v
})

// Each form is written as its file has it and read as what was written.
func TestFrozenForms(t *testing.T) {
	for _, f := range frozenForms() {
		t.Run(f.file, func(t *testing.T) {
			now, err := f.encode()
			if err != nil {
				t.Fatal(err)
			}
			frozen.JSON(t, f.file, now)
			got, err := f.decode(frozen.Read(t, f.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(f.value, got, cmp.AllowUnexported(data{}, run{}), asJSON); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		})
	}
}

// There is a file for every form, and a form for every file.
func TestFrozenFilesAreAllRead(t *testing.T) {
	want := []string{"words.json", "log.jsonl"}
	for _, f := range frozenForms() {
		want = append(want, f.file)
	}
	entries, err := os.ReadDir("testdata/v1")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "store_") { // TestFrozenRunsGoOn's
			got = append(got, e.Name())
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// Every field of every form is set in at least one file, so that a new field
// cannot be added without being seen here.
func TestFrozenFilesAreWhole(t *testing.T) {
	var records []data
	statuses := map[state.Status]bool{}
	for _, r := range frozenRecords() {
		records = append(records, r.data)
		statuses[r.status] = true
	}
	frozen.Covers(t, records)
	for _, s := range state.Statuses() {
		if !statuses[s] {
			t.Errorf("no frozen record is %s", s)
		}
	}
	frozen.Covers(t, slices.Collect(maps.Values(frozenEntries())), "ItemResult.Changes", "ItemResult.NotKept", "ItemResult.NotKeptMore",
		"NotKept.Pointer", "NotKept.Wanted", "NotKept.Got", "NotKept.Redacted", "PropertyChange.NotKept",
		"PropertyChange.Pointer", "PropertyChange.Base", "PropertyChange.Before", "PropertyChange.After", "PropertyChange.Origin", "PropertyChange.Redacted", "PropertyChange.Secrets",
		"PropertyChange.FleetSecrets")
	for _, typ := range entryTypes {
		if _, ok := frozenEntries()[typ]; !ok {
			t.Errorf("no frozen entry is of type %s", typ)
		}
	}
	frozen.Covers(t, []Report{*frozenReport()})
	frozen.Covers(t, []backup.Summary{*frozenComparison()})
	frozen.Covers(t, []backup.Adoption{*frozenAdoption()})
	frozen.Covers(t, []readback.Snapshot{*frozenSnapshot()})
	frozen.Covers(t, []planning.Bindings{*frozenBindings()})
	frozen.Covers(t, []deploy.Requests{*frozenRequests()})
}

// Words are persisted too: a status or a phase is what it is called.
func TestFrozenWords(t *testing.T) {
	frozen.Words(t, "EntryType", "Phase", "Mode", "Outcome", "Verdict", "ItemStatus")
	for name, n := range map[string]int{"EntryType": len(entryTypes), "Phase": len(phases), "Mode": len(modes), "Verdict": len(verdicts)} {
		var words map[string][]string
		if err := json.Unmarshal(frozen.Read(t, "words.json"), &words); err != nil {
			t.Fatal(err)
		}
		if len(words[name]) != n {
			t.Errorf("%s: %d words, and %d that this version knows", name, len(words[name]), n)
		}
	}
}

// What a later version adds without a new format is overlooked, anywhere.
func TestUnknownFieldsAreOverlooked(t *testing.T) {
	for _, f := range frozenForms() {
		t.Run(f.file, func(t *testing.T) {
			raw := frozen.With(t, frozen.Read(t, f.file), `{"another":["shape"]}`, "fromALaterVersion")
			var members map[string]json.RawMessage
			if err := json.Unmarshal(raw, &members); err != nil {
				t.Fatal(err)
			}
			for _, within := range []string{"run", "intent", "result", "error"} {
				if bytes.HasPrefix(members[within], []byte("{")) {
					raw = frozen.With(t, raw, `[1]`, within, "fromALaterVersion")
				}
			}
			got, err := f.decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(f.value, got, cmp.AllowUnexported(data{}, run{}), asJSON); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		})
	}
}

// A form without a number is of format 1; one of a newer format is refused with
// a clear error, whatever its shape is.
func TestNewerFormsAreRefused(t *testing.T) {
	for _, f := range frozenForms() {
		t.Run(f.file, func(t *testing.T) {
			raw := frozen.Read(t, f.file)
			for _, same := range [][]byte{frozen.With(t, raw, `1`, "format"), frozen.Without(t, raw, "format")} {
				if _, err := f.decode(same); err != nil {
					t.Errorf("%.40s…: %v", same, err)
				}
			}
			next := strconv.Itoa(f.newest + 1)
			for _, newer := range []string{string(frozen.With(t, raw, next, "format")), `{"format":` + next + `,"run":[],"items":1,"intent":"x","kinds":{}}`, `{"format":99}`} {
				got, err := f.decode([]byte(newer))
				if !errors.Is(err, ErrNewerFormat) {
					t.Errorf("%.60s…: got %+v, %v, want %v", newer, got, err, ErrNewerFormat)
					continue
				}
				if !strings.Contains(err.Error(), fmt.Sprintf("this version knows %d", f.newest)) || !strings.Contains(err.Error(), "upgrade") {
					t.Errorf("got %q, want it to say what is known and what to do", err)
				}
			}
			for _, bad := range []string{``, `[]`, `{"format":"1"}`, string(raw[:len(raw)/2])} {
				if got, err := f.decode([]byte(bad)); bad != "" && err == nil || errors.Is(err, ErrNewerFormat) {
					t.Errorf("%.30q: got %+v, %v, want an error, and not that it is newer", bad, got, err)
				}
			}
		})
	}
}

// A record with a word by which this version would have to act, and which it
// does not know, is of a newer version, whatever its format says.
func TestUnknownWordsAreRefused(t *testing.T) {
	records := frozenRecords()
	for name, r := range map[string]state.Record{
		"status":  {Status: "pending_somebody", Data: frozen.Read(t, "record_idle.json")},
		"phase":   {Status: state.InProgress, Data: frozen.With(t, frozen.Read(t, "record_in_progress_deploy.json"), `"deploy_again"`, "run", "phase")},
		"mode":    {Status: state.InProgress, Data: frozen.With(t, frozen.Read(t, "record_in_progress.json"), `"halfway"`, "run", "options", "mode")},
		"verdict": {Status: state.InProgress, Data: frozen.With(t, frozen.Read(t, "record_in_progress_deploy.json"), `"approve_some"`, "run", "decision", "verdict")},
		"no data": {Status: "pending_somebody"},
	} {
		r.Tenant = "contoso"
		if d, err := decodeData(r); !errors.Is(err, ErrNewerFormat) {
			t.Errorf("%s: got %+v, %v, want %v", name, d, err, ErrNewerFormat)
		}
	}
	if len(records) == 0 {
		t.Error("no records")
	}
}

// A run's log is lines of JSON, chunk after chunk. Nothing in the engine reads
// them again; people and their tools do.
func TestFrozenLog(t *testing.T) {
	var lines runlog.Buffer
	log := lines.Logger(slog.New(slog.DiscardHandler), "contoso", func() string { return "run-1" })
	log.Info("drift adopted", "changes", 2, "revision", "desired-9")
	log.Warn("item not applied", "item", "groups/<Staff>", "error", errors.New("refused"))
	sameTime := regexp.MustCompile(`"time":"[^"]*"`)
	frozen.Bytes(t, "log.jsonl", sameTime.ReplaceAll(lines.Take("run-1"), []byte(`"time":"2026-03-01T08:00:00.123456789Z"`)))
}
