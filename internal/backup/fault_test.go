package backup_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// hooked is a repository whose calls do something more.
type hooked struct {
	*world
	// afterBackup and afterUpdate follow a call that succeeded.
	afterBackup, afterUpdate func()
	// onDesired follows a read of the desired line, and can make it fail.
	onDesired func(revision string) error
}

func (h *hooked) Backup(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
	rev, err := h.world.Backup(ctx, req)
	if h.afterBackup != nil {
		h.afterBackup()
	}
	return rev, err
}

func (h *hooked) Update(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
	rev, err := h.world.Update(ctx, req)
	if err == nil && h.afterUpdate != nil {
		h.afterUpdate()
	}
	return rev, err
}

func (h *hooked) Desired(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
	d, err := h.world.Desired(ctx, req)
	if err == nil && h.onDesired != nil {
		err = h.onDesired(req.Revision)
	}
	return d, err
}

// Each step that fails for good ends the backup with its error, and nothing
// later is done.
func TestMakeReturnsEachError(t *testing.T) {
	for _, tt := range []struct {
		name string
		// breaks makes the step fail. stop ends the context.
		breaks func(h *hooked, req *backup.Request, stop func())
		err    error
		text   string
		events []string
	}{
		{"the context ends before the comparison", func(_ *hooked, _ *backup.Request, stop func()) { stop() },
			context.Canceled, "backup: compare: ", nil},
		{"the context ends before the whole tenant is compared", func(h *hooked, _ *backup.Request, stop func()) {
			h.refuse, h.afterBackup = []error{tenant.ErrNoRevision}, stop
		}, context.Canceled, "backup: compare: ", []string{"backup: refused"}},
		{"the backup is refused", func(h *hooked, _ *backup.Request, _ func()) { h.refuse = []error{tenant.ErrNewerFormat} },
			tenant.ErrNewerFormat, "backup: append to the backup line: ", []string{"backup: refused"}},
		{"the adoption cannot be encoded", func(_ *hooked, req *backup.Request, _ func()) {
			req.Before.Changes = []plan.AdoptedChange{{Kind: "groups", Key: "Z", Changes: []plan.PropertyChange{{After: json.RawMessage(`{`)}}}}
		}, nil, "backup: encode what is adopted: ", []string{"backup"}},
		{"the adoption is not stored", func(h *hooked, _ *backup.Request, _ func()) { h.storeErr = errAway },
			errAway, "away", []string{"backup", "store: refused"}},
		{"the line cannot be read after the write", func(h *hooked, _ *backup.Request, _ func()) {
			h.afterUpdate = func() { h.onDesired = func(string) error { return tenant.ErrInvalidRequest } }
		}, tenant.ErrInvalidRequest, "read the desired line: ", []string{"backup", "store", "update"}},
		{"the context ends before the comparison with the written line", func(h *hooked, _ *backup.Request, stop func()) {
			h.onDesired = func(string) error { stop(); return nil }
		}, context.Canceled, "plan: compare: ", []string{"backup", "store", "update"}},
		{"an edited line cannot be read", func(h *hooked, _ *backup.Request, _ func()) {
			h.edits = []func(){func() { h.edit("B", "red") }}
			h.onDesired = func(string) error { return tenant.ErrInvalidRequest }
		}, tenant.ErrInvalidRequest, "read the desired line: ", []string{"backup", "store", "update: moved"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &hooked{world: newWorld(t, "A")}
			h.edit("C", "red") // the line differs
			req := h.request()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			tt.breaks(h, &req, stop)
			req.Lines.Repository = h
			made, err := backup.Make(ctx, req)
			if made != nil || err == nil || tt.err != nil && !errors.Is(err, tt.err) || !strings.HasPrefix(err.Error(), tt.text) {
				t.Errorf("got %+v, %v, want %q of %v", made, err, tt.text, tt.err)
			}
			h.want(tt.events...)
		})
	}
}

// Drift that remains after the write waits for the next run, and is not adopted
// twice: a person may have taken it back at once.
func TestAdoptOnce(t *testing.T) {
	h := &hooked{world: newWorld(t, "A", "B")}
	h.onDesired = func(revision string) error {
		if revision != "" { // only the head is kept, and it has A no more
			if err := h.Edit("contoso", "groups", "A", nil); err != nil {
				t.Fatal(err)
			}
			return tenant.ErrNoRevision
		}
		return nil
	}
	req := h.request()
	req.Lines.Repository = h
	made := h.make(req)
	h.want("backup", "store", "update")
	if len(made.Result.Adopt) != 1 {
		t.Errorf("the result adopts %d changes, want the one that was taken back", len(made.Result.Adopt))
	}
	if diff := cmp.Diff([]string{"create A", "create B"}, keys(made.Summary.Adopted)); diff != "" {
		t.Errorf("adopted (-want +got)\n%s", diff)
	}
}

// A repository that does not answer leaves open what was adopted. That is no
// answer: neither that it was written nor that it was not.
func TestFindReturnsError(t *testing.T) {
	h := &hooked{world: newWorld(t, "A")}
	h.make(h.request())
	h.onDesired = func(string) error { return tenant.ErrInvalidRequest }
	lines := h.lines()
	lines.Repository = h
	got, err := backup.Find(t.Context(), lines, h.stored)
	if !errors.Is(err, tenant.ErrInvalidRequest) || got.Revision != "" {
		t.Errorf("got %+v, %v, want the repository's error", got, err)
	}
}
