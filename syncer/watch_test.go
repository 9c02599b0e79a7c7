package syncer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/secretsearch"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// The channels through which a secret could get out. Those that begin with
// shown may have the code that a person is to enter, while it is to be entered.
const (
	chRecord      = "store/record"
	chShownRecord = "shown/record"
	chEntry       = "store/entry"
	chBlob        = "store/blob"
	chBase        = "store/base"
	chCache       = "store/cache"
	chRepository  = "repository/write"
	chMessage     = "repository/message"
	chLog         = "log"
	chEvent       = "event"
	chShownEvent  = "shown/event"
	chSpan        = "span"
	chMetric      = "metric"
	chReview      = "review"
	chError       = "error"
	chRow         = "row"
	chShownRow    = "shown/row"
	chPlan        = "plan"
	chReport      = "report"
	chCopyError   = "report/copy error"
	chHistory     = "history"
	chRunLog      = "run log"
	chArtifacts   = "artifacts"
)

// watchedStore is a store that shows all that is written to it. Any store can
// be within.
type watchedStore struct {
	state.Store
	seen *secretsearch.Channels
}

func (w watchedStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	show := func(r state.Record) {
		channel := chRecord
		if r.Status == state.PendingAuthentication {
			channel = chShownRecord
		}
		w.seen.AddValue(channel, r)
		w.seen.Add(channel, r.Data)
	}
	show(req.Record) // also what is refused has left the engine
	for _, e := range req.Entries {
		w.seen.AddValue(chEntry, e)
		w.seen.Add(chEntry, e.Data)
	}
	done, err := w.Store.Commit(ctx, req)
	if err == nil {
		show(done.Record)
	}
	return done, err
}

// watchedBlobs shows every blob that is put.
type watchedBlobs struct {
	state.Store
	seen *secretsearch.Channels
}

func (w watchedBlobs) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	channel := chBlob
	if req.Kind == "base" {
		channel = chBase
	}
	w.seen.Add(channel, req.Data)
	w.seen.Add(channel, []byte(req.Tenant+" "+req.Run+" "+req.Kind))
	return w.Store.Put(ctx, req)
}

// watchedCache shows what is stored of sign-ins.
type watchedCache struct {
	auth.CacheStore
	seen *secretsearch.Channels
}

func (w watchedCache) Save(ctx context.Context, key auth.CacheKey, c auth.Cache) (int64, error) {
	w.seen.Add(chCache, c.Sealed)
	w.seen.AddValue(chCache, key)
	return w.CacheStore.Save(ctx, key, c)
}

// watchedRepository shows what the engine writes into the repository. What a
// person's file already had at the same place is theirs.
type watchedRepository struct {
	tenant.Repository
	seen *secretsearch.Channels
	// fail, if not nil, may refuse an update.
	fail func(tenant.UpdateRequest) error
}

func (w watchedRepository) Update(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
	line, err := w.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: req.Tenant})
	if err != nil {
		return tenant.Revision{}, err
	}
	w.seen.AddValue(chMessage, []string{req.Message, req.Author, req.Key, req.Parent})
	for _, ch := range req.Changes {
		was := map[string]string{}
		for _, r := range line.Resources {
			if r.Kind == ch.Kind && r.Key == ch.Key {
				leaves("", r.Body, was)
			}
		}
		now := map[string]string{}
		leaves("", ch.Body, now)
		for pointer, value := range now {
			if was[pointer] != value {
				w.seen.Add(chRepository, fmt.Appendf(nil, "%s/%s%s = %s", ch.Kind, ch.Key, pointer, value))
			}
		}
	}
	if w.fail != nil {
		if err := w.fail(req); err != nil {
			return tenant.Revision{}, err
		}
	}
	return w.Repository.Update(ctx, req)
}

func (w watchedRepository) Backup(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
	w.seen.AddValue(chMessage, []string{req.Message, req.Author, req.Key, req.Parent})
	w.seen.AddValue(chRepository, req.Removed)
	for _, r := range req.Snapshot.Resources {
		w.seen.Add(chRepository, r.Body)
	}
	w.seen.AddValue(chRepository, req.Snapshot)
	return w.Repository.Backup(ctx, req)
}

// leaves collects the texts and numbers of a JSON value by their place.
func leaves(at string, raw json.RawMessage, into map[string]string) {
	var object map[string]json.RawMessage
	var array []json.RawMessage
	switch {
	case json.Unmarshal(raw, &object) == nil:
		for name, v := range object {
			leaves(at+"/"+name, v, into)
		}
	case json.Unmarshal(raw, &array) == nil:
		for i, v := range array {
			leaves(fmt.Sprintf("%s/%d", at, i), v, into)
		}
	default:
		into[at] = string(raw)
	}
}

// watchedApprover shows what approvers are shown.
type watchedApprover struct {
	syncer.Approver
	seen *secretsearch.Channels
}

func (w watchedApprover) Review(ctx context.Context, r syncer.Review) (syncer.Decision, error) {
	w.seen.AddValue(chReview, r)
	return w.Approver.Review(ctx, r)
}

// watchedObserver shows what observers are told.
type watchedObserver struct{ seen *secretsearch.Channels }

func (w watchedObserver) Observe(_ context.Context, e syncer.Event) {
	channel := chEvent
	if e.Type == syncer.PromptShown {
		channel = chShownEvent
	}
	w.seen.AddValue(channel, e)
	if e.Item != nil {
		w.seen.AddValue(channel, *e.Item)
	}
	if e.Error != nil {
		w.seen.AddValue(channel, *e.Error)
	}
}

// watchedLogger logs at every level, in the ways in which handlers do.
func watchedLogger(seen *secretsearch.Channels) *slog.Logger {
	all := &slog.HandlerOptions{Level: slog.Level(-100)}
	return slog.New(slog.NewMultiHandler(
		slog.NewTextHandler(seen.Writer(chLog), all), slog.NewJSONHandler(seen.Writer(chLog), all), goHandler{w: seen.Writer(chLog)}))
}

// goHandler writes attributes in their Go form, with what their texts hide.
type goHandler struct {
	w     io.Writer
	attrs []slog.Attr
}

func (h goHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h goHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintln(&b, r.Message)
	show := func(a slog.Attr) bool {
		v := a.Value.Resolve().Any()
		fmt.Fprintf(&b, "%s %+v %#v\n", a.Key, v, v)
		for err, ok := v.(error); ok && err != nil; {
			fmt.Fprintf(&b, "%+v %#v\n", err, err)
			wrapped, more := err.(interface{ Unwrap() error })
			if !more {
				break
			}
			err = wrapped.Unwrap()
		}
		return true
	}
	for _, a := range h.attrs {
		show(a)
	}
	r.Attrs(show)
	_, err := io.WriteString(h.w, b.String())
	return err
}

func (h goHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(slices.Clone(h.attrs), attrs...)
	return h
}

func (h goHandler) WithGroup(string) slog.Handler { return h }
