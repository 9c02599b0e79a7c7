package syncer_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// What a host plugs in may panic: the run says so, at rest, what it wrote is
// known, and the worker goes on with other tenants.
func TestPanics(t *testing.T) {
	for _, tt := range []struct {
		op      string
		nth     int // of op's calls; -1: all
		want    state.Status
		outcome syncer.Outcome
	}{
		{"Connector.Connect", 0, state.NewError, syncer.FailedWith},

		{"Authenticator.Credential", 0, state.NewError, syncer.FailedWith},
		{"Repository.Desired", 0, state.NewError, syncer.FailedWith},
		{"Repository.Backup", 0, state.NewError, syncer.FailedWith},
		{"Repository.Update", -1, state.NewError, syncer.FailedWith}, // adopting
		{"Client.Read", 0, state.NewError, syncer.FailedWith},
		{"Client.Read", -1, state.NewError, syncer.FailedWith},
		{"Client.Get", 0, state.PartiallySuccessful, syncer.Deployed}, // applied, and not confirmed
		{"Client.Apply", 0, state.Idle, syncer.Deployed},              // read, and sent again
		{"Client.Apply", -1, state.NewError, syncer.FailedWith},
		{"Approver.Review", 0, state.Idle, syncer.Deployed}, // asked again
		{"Approver.Review", -1, state.NewError, syncer.TimedOut},
		{"Observer", -1, state.Idle, syncer.Deployed},
		{"SettingsFor", 1, state.NewError, syncer.FailedWith}, // 0 is Start
		{"Store.Commit", 3, state.NewError, syncer.FailedWith},
		{"Blobs.Put", 1, state.NewError, syncer.FailedWith},
	} {
		name := tt.op
		if tt.nth < 0 {
			name += " always"
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log lockedBuffer
				h := syncertest.New(syncertest.Config{})
				desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
				desire(t, h, "contoso", "groups", "Guests", `{"displayName":"Guests"}`)
				if tt.op == "Repository.Update" {
					h.Tenant("contoso").Seed("groups", `{"displayName":"Drift"}`)
				}
				var over atomic.Bool
				strikes := func(op string, nth int) bool {
					return !over.Load() && op == tt.op && (nth == tt.nth || tt.nth < 0)
				}
				var settings atomic.Int32
				w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
					c.Logger = slog.New(slog.NewTextHandler(&log, nil))
					c.Observer = syncer.ObserverFunc(func(context.Context, syncer.Event) {
						if strikes("Observer", 0) {
							panic("at the disco")
						}
					})
					c.SettingsFor = func(_ context.Context, name string) (syncer.Settings, error) {
						if n := settings.Add(1); name == "contoso" && strikes("SettingsFor", int(n)-1) {
							panic("at the disco")
						}
						return syncer.Settings{Approval: syncer.ApprovalRules{Timeout: 2 * time.Hour}}, nil
					}
				}})
				start(t, w, "contoso")
				w.Strike(func(c statetest.Call) statetest.Fault {
					if strikes(c.Op, c.Nth) {
						panic("at the disco")
					}
					return statetest.Fault{}
				})
				ctx, stop := context.WithTimeout(t.Context(), 60*24*time.Hour)
				defer stop()
				go func() { _ = w.Run(ctx) }()
				row, err := w.Await(ctx, syncer.RunRef{Tenant: "contoso", Run: "run-1"})
				if err != nil {
					t.Fatal(err)
				}
				if row.Status != tt.want || row.Outcome != tt.outcome {
					t.Errorf("got %s (%s), %+v; want %s (%s)\n%s", row.Status, row.Outcome, row.Error, tt.want, tt.outcome, log.String())
				}
				if row.Outcome == syncer.FailedWith && (row.Error == nil || row.Error.Class != "internal" && tt.op != "Client.Apply" || !strings.Contains(row.Error.Message, "a panic: at the disco")) {
					t.Errorf("the run says %+v", row.Error)
				}
				if !strings.Contains(log.String(), "panic_test.go") {
					t.Errorf("the log does not say where it happened:\n%s", log.String())
				}
				if r := h.Tenant("contoso").Repeated(); len(r) > 0 {
					t.Errorf("written twice: %v", r)
				}
				over.Store(true)
				if row := syncTenant(t, w, "fabrikam"); row.Status != state.Idle {
					t.Errorf("another tenant: %s, %+v", row.Status, row.Error)
				}
				if row := syncTenant(t, w, "contoso"); row.Status != state.Idle {
					t.Errorf("the next sync: %s, %+v", row.Status, row.Error)
				}
				if got := h.Tenant("contoso").Find("groups", "Staff") != "" && h.Tenant("contoso").Find("groups", "Guests") != ""; !got {
					t.Errorf("there are the groups %v", h.Tenant("contoso").Objects("groups"))
				}
				stop()
				synctest.Wait()
			})
		})
	}
}

// babbler panics with what it was told to write.
type babbler struct{ tenant.Client }

func (babbler) Apply(_ context.Context, op tenant.Operation) (tenant.Applied, error) {
	panic("what is this: " + string(op.After))
}

// What a plug-in panics with may hold what it was sent: no secret of it gets
// into log, history or report.
func TestPanicWithASecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secret = "correct horse battery"
		var log lockedBuffer
		kinds := syncertest.Kinds()[:1]
		kinds[0].Sensitive = append(kinds[0].Sensitive, "/password")
		h := syncertest.New(syncertest.Config{Kinds: kinds})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff","password":"`+secret+`"}`)
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			inner := c.Connector
			c.Connector = syncer.ConnectorFunc(func(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
				client, err := inner.Connect(ctx, req)
				return babbler{client}, err
			})
		}})
		row := syncTenant(t, w, "contoso")
		if row.Status != state.NewError || row.Error == nil || !strings.Contains(row.Error.Message, "a panic; its text is left out") {
			t.Errorf("got %s, %+v, want New error with the panic", row.Status, row.Error)
		}
		listed, err := w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Limit: 1000})
		entries := listed.Items
		if err != nil {
			t.Fatal(err)
		}
		lines, err := w.Logs(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(lines), "a panic") {
			t.Errorf("the run's log says nothing of it:\n%s", lines)
		}
		for what, text := range map[string]string{"log": log.String(), "row": fmt.Sprintf("%+v", *row.Error), "history": fmt.Sprintf("%+v", entries), "run's log": string(lines)} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s has the secret:\n%s", what, text)
			}
		}
	})
}
