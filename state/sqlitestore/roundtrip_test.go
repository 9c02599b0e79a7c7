package sqlitestore_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// Opaque data comes back byte for byte, on connections with any settings.
func TestBytesComeBack(t *testing.T) {
	dir := t.TempDir()
	for _, s := range []*sqlitestore.Store{
		openPath(t, filepath.Join(dir, "path.db")),
		openDB(t, hostDB(t, filepath.Join(dir, "host.db"), "_texttotime=1&_inttotime=1&_timezone=Asia/Tokyo&_time_format=datetime")),
	} {
		for i, data := range []string{
			" {\t\"a\" : 1.0e+00 ,\n \"a\": 2 } ", // spaces, doubles and spellings are kept
			`"\u0000\u001f\ud83d\ude00\ud800"`,
			"\"\u2028\u2029\U0010ffff\"",
			`-0`, `1e999999`, `0.1000000000000000055511151231257827`, `123456789012345678901234567890123456789012345678901234567890`,
			strings.Repeat("[", 9999) + strings.Repeat("]", 9999),
			`"2026-01-02T03:04:05Z"`, `"2026-01-02 03:04:05"`,
		} {
			r := newRecord(tenantName(i))
			r.Data = []byte(data)
			commit(t, s, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t", Data: r.Data}}})
			got, err := s.Load(t.Context(), state.LoadRequest{Tenant: r.Tenant})
			if err != nil || string(got.Record.Data) != data {
				t.Errorf("data %d: got %.60q, %v; want %.60q", i, got.Record.Data, err, data)
			}
			page, err := s.History(t.Context(), state.HistoryRequest{Tenant: r.Tenant})
			if err != nil || len(page.Entries) != 1 || string(page.Entries[0].Data) != data {
				t.Errorf("data %d of an entry: %v", i, err)
			}
		}
		// Texts that look like something else, wherever there is a text.
		for _, text := range []string{"2026-01-02", "2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z", "1", "1.0", "null", "0x10", "é", "e\u0301", "<&>", "\u2028"} {
			r := newRecord(text)
			r.Run = text
			r.WakeAt = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
			r.Labels = map[string]string{text: text, "x": ""}
			r.Refs = []state.BlobRef{{Tenant: text, Run: text, Kind: text, SHA256: strings.Repeat("00", 32)}}
			commit(t, s, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: text, Run: text}}})
			claimed, err := s.Claim(t.Context(), state.ClaimRequest{Owner: text, For: time.Hour, Limit: 1})
			if err != nil || len(claimed.Leases) != 1 {
				t.Fatalf("Claim: %v, %v", claimed, err)
			}
			page, err := s.List(t.Context(), state.ListRequest{Prefix: text, Labels: map[string]string{text: text}, Order: state.ByWake})
			if err != nil || len(page.Records) != 1 {
				t.Fatalf("List of %q: %v, %v", text, page, err)
			}
			for _, got := range []state.Record{claimed.Leases[0].Record, page.Records[0]} {
				if got.Tenant != text || got.Run != text || got.LeaseOwner != text || !maps.Equal(got.Labels, r.Labels) || !slices.Equal(got.Refs, r.Refs) {
					t.Errorf("%q came back in %+v", text, got)
				}
			}
			history, err := s.History(t.Context(), state.HistoryRequest{Tenant: text, Run: text, Types: []string{text}})
			if err != nil || len(history.Entries) != 1 || history.Entries[0].Type != text || history.Entries[0].Run != text {
				t.Errorf("history of %q: %+v, %v", text, history, err)
			}
		}
	}
}

// A record without labels, references and times has none in its row either.
func TestNothingIsStoredAsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openPath(t, path)
	db := hostDB(t, path, "")
	r := newRecord("contoso")
	for _, some := range []bool{false, true, false} {
		r.Labels, r.Refs, r.WakeAt = map[string]string{}, []state.BlobRef{}, time.Time{}
		if some {
			r.Labels["region"], r.WakeAt = "eu", time.Now()
			r.Refs = append(r.Refs, state.BlobRef{Tenant: "contoso", Kind: "plan", SHA256: strings.Repeat("00", 32)})
		}
		r = commit(t, s, state.CommitRequest{Record: r})
		var labels, refs, wakeAt bool
		err := db.QueryRow("SELECT labels IS NOT NULL, refs IS NOT NULL, wake_at IS NOT NULL FROM tenantsync_record").Scan(&labels, &refs, &wakeAt)
		if err != nil || labels != some || refs != some || wakeAt != some {
			t.Errorf("stored are labels: %v, refs: %v, a time: %v, and %v; want %v", labels, refs, wakeAt, err, some)
		}
		got, err := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
		if err != nil || (got.Record.Labels != nil) != some || (got.Record.Refs != nil) != some {
			t.Errorf("Load returns labels %v and refs %v, %v; want any: %v", got.Record.Labels, got.Record.Refs, err, some)
		}
	}
}
