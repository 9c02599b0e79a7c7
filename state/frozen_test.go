package state_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/frozen"
	"github.com/tenantsync/tenantsync/state"
)

// frozenCursors are the cursors that hosts store: a host keeps the cursor of a
// feed between restarts, and uses it after an upgrade. Cursors are texts
// without a format version. A store refuses a text that this version did not
// make, such as one of a later format, with ErrInvalid: begin again without a
// cursor.
type frozenCursors struct {
	ByTenant  string `json:"byTenant"`
	ByUpdated string `json:"byUpdated"`
	ByWake    string `json:"byWake"`
	Oldest    string `json:"oldest"`
	Newest    string `json:"newest"`
	Runs      string `json:"runs"`
}

func TestFrozenCursors(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 123456789, time.UTC)
	lists := []state.ListCursor{
		{Order: state.ByTenant, Tenant: "contoso <é>"},
		{Order: state.ByUpdated, Time: at, Tenant: "contoso"},
		{Order: state.ByWake, Time: at, Tenant: "contoso"},
	}
	histories := []state.HistoryCursor{{Version: 7, N: 3}, {Newest: true, Version: 1 << 62}}
	runs := state.RunsCursor{Started: at, Tenant: "contoso <é>", ID: "run-1"}
	now := frozenCursors{
		lists[0].Encode(), lists[1].Encode(), lists[2].Encode(), histories[0].Encode(), histories[1].Encode(), runs.Encode(),
	}
	raw, err := json.Marshal(now)
	if err != nil {
		t.Fatal(err)
	}
	frozen.JSON(t, "cursors.json", raw)

	var was frozenCursors
	if err := json.Unmarshal(frozen.Read(t, "cursors.json"), &was); err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{was.ByTenant, was.ByUpdated, was.ByWake} {
		got, err := state.DecodeListCursor(text, lists[i].Order)
		if diff := cmp.Diff(lists[i], got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", lists[i].Order, err, diff)
		}
	}
	for i, text := range []string{was.Oldest, was.Newest} {
		if got, err := state.DecodeHistoryCursor(text, histories[i].Newest); err != nil || got != histories[i] {
			t.Errorf("got %+v, %v, want %+v", got, err, histories[i])
		}
	}
	if got, err := state.DecodeRunsCursor(was.Runs); err != nil || got != runs {
		t.Errorf("got %+v, %v, want %+v", got, err, runs)
	}
	frozen.Covers(t, lists)
	frozen.Covers(t, histories)
	frozen.Covers(t, []state.RunsCursor{runs})
}

// A blob's name is in records and entries, which have formats of their own.
func TestFrozenBlobRef(t *testing.T) {
	want := state.PutRequest{Tenant: "contoso", Run: "run-2", Kind: "plan", Data: []byte("a plan")}.Ref()
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	frozen.JSON(t, "blobref.json", raw)
	var got state.BlobRef
	if err := json.Unmarshal(frozen.Read(t, "blobref.json"), &got); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if err := got.Verify([]byte("a plan")); err != nil {
		t.Error(err)
	}
	frozen.Covers(t, []state.BlobRef{got})
}

func TestFrozenWords(t *testing.T) { frozen.Words(t, "Status", "Event", "Order") }

// A memory store returns an error for a cursor that it cannot read. It does not
// return the first page, because a feed would get everything again.
func TestNewerCursorsAreRefused(t *testing.T) {
	m := state.NewMemory()
	for _, cursor := range []string{"eyJmb3JtYXQiOjJ9", "2:abc"} {
		if _, err := m.List(t.Context(), state.ListRequest{Cursor: cursor}); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("List: got %v, want %v", err, state.ErrInvalid)
		}
		if _, err := m.History(t.Context(), state.HistoryRequest{Tenant: "contoso", Cursor: cursor}); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("History: got %v, want %v", err, state.ErrInvalid)
		}
		if _, err := m.Runs(t.Context(), state.RunsRequest{Cursor: cursor}); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("Runs: got %v, want %v", err, state.ErrInvalid)
		}
	}
}
