package syncer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
)

// newer makes an engine and a record that a newer version wrote, due at once.
func newer(t *testing.T, status state.Status) (*Syncer, *state.Memory) {
	t.Helper()
	c := plugged()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	m := c.Store.(*state.Memory)
	_, err = m.Commit(t.Context(), state.CommitRequest{Record: state.Record{
		Tenant: "contoso", Run: "run-1", Data: json.RawMessage(`{"format":3,"run":["another","shape"]}`),
		WakeAt: time.Now().Add(-time.Hour), Labels: map[string]string{"ring": "1"},
	}, Events: statetest.Path(state.NotRun, status)})
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

// During a rolling upgrade, an old process must leave alone what a new one has
// written: every method refuses, and none writes.
func TestNewerRecordsAreNeverOverwritten(t *testing.T) {
	tests := []struct {
		name string
		call func(ctx context.Context, s *Syncer) error
	}{
		{"Start", func(ctx context.Context, s *Syncer) error {
			_, err := s.Start(ctx, StartRequest{Tenant: "contoso", Actor: "ann", Supersede: true})
			return err
		}},
		{"Sync", func(ctx context.Context, s *Syncer) error {
			_, err := s.Sync(ctx, StartRequest{Tenant: "contoso", Actor: "ann"})
			return err
		}},
		{"Await", func(ctx context.Context, s *Syncer) error {
			_, err := s.Await(ctx, RunRef{Tenant: "contoso", Run: "run-1"})
			return err
		}},
		{"Advance", func(ctx context.Context, s *Syncer) error {
			_, err := s.Advance(ctx, "contoso")
			return err
		}},
		{"Decide", func(ctx context.Context, s *Syncer) error {
			_, err := s.Decide(ctx, Decision{RunRef: RunRef{Tenant: "contoso", Run: "run-1"}, Digest: "d1g357", Verdict: Approve, Actor: "ann"})
			return err
		}},
		{"Cancel", func(ctx context.Context, s *Syncer) error {
			_, err := s.Cancel(ctx, CancelRequest{RunRef: RunRef{Tenant: "contoso", Run: "run-1"}, Actor: "ann"})
			return err
		}},
		{"Retry", func(ctx context.Context, s *Syncer) error {
			_, err := s.Retry(ctx, RetryRequest{RunRef: RunRef{Tenant: "contoso", Run: "run-1"}, Actor: "ann"})
			return err
		}},
		{"Recheck", func(ctx context.Context, s *Syncer) error {
			_, err := s.Recheck(ctx, RecheckRequest{Tenant: "contoso", Actor: "ann"})
			return err
		}},
		{"Pause", func(ctx context.Context, s *Syncer) error {
			_, err := s.Pause(ctx, PauseRequest{Tenant: "contoso", Actor: "ann"})
			return err
		}},
		{"Resume", func(ctx context.Context, s *Syncer) error {
			_, err := s.Resume(ctx, ResumeRequest{Tenant: "contoso", Actor: "ann"})
			return err
		}},
		{"Status", func(ctx context.Context, s *Syncer) error {
			_, err := s.Status(ctx, "contoso")
			return err
		}},
		{"Plan", func(ctx context.Context, s *Syncer) error {
			_, err := s.Plan(ctx, RunRef{Tenant: "contoso"})
			return err
		}},
		{"Report", func(ctx context.Context, s *Syncer) error {
			_, err := s.Report(ctx, RunRef{Tenant: "contoso"})
			return err
		}},
		{"Logs", func(ctx context.Context, s *Syncer) error {
			_, err := s.Logs(ctx, RunRef{Tenant: "contoso"})
			return err
		}},
		{"Artifacts", func(ctx context.Context, s *Syncer) error {
			return s.Artifacts(ctx, RunRef{Tenant: "contoso"}, new(bytes.Buffer))
		}},
	}
	for _, status := range []state.Status{state.Idle, state.InProgress, state.PendingApproval} {
		for _, tt := range tests {
			t.Run(tt.name+"/"+string(status), func(t *testing.T) {
				s, m := newer(t, status)
				before, _ := m.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
				err := tt.call(t.Context(), s)
				if !errors.Is(err, ErrNewerFormat) {
					t.Errorf("got %v, want %v", err, ErrNewerFormat)
				}
				after, _ := m.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
				if after.Record.Version != before.Record.Version || !bytes.Equal(after.Record.Data, before.Record.Data) {
					t.Errorf("the record was written: %s", after.Record.Data)
				}
			})
		}
	}
}

// Run leaves it alone too, without spinning on it, and goes on with the rest.
func TestRunLeavesNewerRecordsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := newer(t, state.InProgress)
		claims := 0
		s.cfg.Store = countingLeaser{m, &claims}
		if _, err := s.Start(t.Context(), StartRequest{Tenant: "fabrikam", Actor: "ann"}); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		if err := s.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
		got, err := m.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
		if err != nil || got.Record.Version != 1 {
			t.Errorf("got version %d, %v, want the record as it was", got.Record.Version, err)
		}
		if row, err := s.Status(t.Context(), "fabrikam"); err != nil || row.Status != state.NewError {
			t.Errorf("the other tenant is %s, %v, want it synced (to %s: it has no client)", row.Status, err, state.NewError)
		}
		if looks := int(10 * time.Second / PollIntervalDefault); claims > 3*looks {
			t.Errorf("got %d claims in 10 seconds, want one or two each of the %d times that it looks", claims, looks)
		}
	})
}

type countingLeaser struct {
	state.Store
	claims *int
}

func (l countingLeaser) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	*l.claims++
	<-time.After(10 * time.Millisecond) // as a database takes
	return l.Store.Claim(ctx, req)
}

// A list shows what can be told without reading the data.
func TestStatusesShowNewerRecords(t *testing.T) {
	s, _ := newer(t, state.PendingApproval)
	listed, err := s.Statuses(t.Context(), StatusesRequest{})
	rows := listed.Items
	if err != nil || len(rows) != 1 {
		t.Fatalf("got %d rows, %v, want 1", len(rows), err)
	}
	got := rows[0]
	if got.Status != state.PendingApproval || got.Label != "Pending approval" || got.Run != "run-1" || got.Labels["ring"] != "1" {
		t.Errorf("got %+v, want status, label, run and labels", got)
	}
	if !strings.Contains(got.Reason, "newer version") {
		t.Errorf("got reason %q, want it to say to upgrade", got.Reason)
	}
}

func TestDecodeReportRefusesNewer(t *testing.T) {
	for _, raw := range []string{`{"format":2}`, `{"format":2,"items":{"another":"shape"}}`} {
		if _, err := DecodeReport([]byte(raw)); !errors.Is(err, ErrNewerFormat) {
			t.Errorf("%s: got %v, want %v", raw, err, ErrNewerFormat)
		}
	}
	for _, raw := range []string{``, `[]`, `{"format":"1"}`, `{"format":1,"items":{}}`, `{"format":1`} {
		if rep, err := DecodeReport([]byte(raw)); err == nil || errors.Is(err, ErrNewerFormat) {
			t.Errorf("%s: got %+v, %v, want an error", raw, rep, err)
		}
	}
}

func FuzzDecodeReport(f *testing.F) {
	f.Add([]byte(`{"format":1,"tenant":"contoso","run":"run-1","status":"idle","outcome":"deployed","items":[{"item":"groups/Staff","status":"applied","verb":"create"}]}`))
	f.Add([]byte(`{"format":1,"error":{"class":"read","message":"no"},"kinds":[{"kind":"groups","completeness":"failed","reason":"\u001b[31m"}]}`))
	f.Add([]byte(`{"format":1,"outcome":"\u001b[2J","kinds":[{"kind":"\n","completeness":"\u007f"}],"missing":[{"anyOf":["\t"],"kinds":["\r"]}]}`))
	f.Add([]byte(`{"format":2}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		rep, err := DecodeReport(raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(rep)
		if err != nil {
			t.Fatalf("a report that was read cannot be written: %v", err)
		}
		if _, err := DecodeReport(again); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		var text bytes.Buffer
		if err := rep.Text(&text); err != nil {
			t.Fatal(err)
		}
		// Whatever is in it, nothing may move a terminal's cursor.
		for _, s := range []string{text.String(), rep.CopyError()} {
			if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }); i >= 0 {
				t.Fatalf("a control character is shown: %q", s)
			}
		}
	})
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte(`{"format":1,"directory":"d","run":{"id":"run-1","actor":"ann","options":{"mode":"full"},"phase":"backup","started":"2026-01-02T03:04:05Z","before":"idle","workUntil":"2026-01-02T03:04:05Z"}}`))
	f.Add([]byte(`{"format":1,"paused":[{"holder":"ann"}],"run":{"prompt":{"userCode":"C"},"counts":{"create":1}}}`))
	f.Add([]byte(`{"format":3}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := newLoaded(state.Record{Tenant: "contoso", Status: state.Idle, Data: raw}, time.Now())
		if err != nil {
			return
		}
		rowOf(l)
		again, _, err := l.d.encode("contoso")
		if err != nil {
			t.Fatalf("data that was read cannot be written: %v", err)
		}
		if _, err := decodeData(state.Record{Tenant: "contoso", Status: state.Idle, Data: again}); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

// Only a record without data is new. One whose data is no object is damaged, however
// short the data is.
func TestShortRecords(t *testing.T) {
	for text, ok := range map[string]bool{"": true, "1": false, "{": false, "{}": true, "[]": false} {
		d, err := decodeData(state.Record{Tenant: "contoso", Status: state.NotRun, Data: json.RawMessage(text)})
		if (err == nil) != ok || ok && (d.Format != 1 || d.Run != nil) {
			t.Errorf("%q: got %+v, %v; want it read: %v", text, d, err, ok)
		}
	}
}
