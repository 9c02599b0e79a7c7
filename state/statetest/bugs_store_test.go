package statetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

func nowOf(m *state.Memory) time.Time {
	page, _ := m.List(context.Background(), state.ListRequest{Limit: 1})
	return page.Now
}

// expired reports whether a tenant's stored deadline has passed.
func expired(m *state.Memory, tenant string) bool {
	got, err := m.Load(context.Background(), state.LoadRequest{Tenant: tenant})
	return err == nil && !got.Record.Deadline.IsZero() && !got.Now.Before(got.Record.Deadline)
}

var timeBugs = []bug{
	{"the deadline goes by the host's clock", "time/deadline", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			loaded, err := m.Load(ctx, state.LoadRequest{Tenant: req.Record.Tenant})
			if at := loaded.Record.Deadline; err == nil && req.BeforeDeadline && !at.IsZero() && !time.Now().Before(at) {
				return state.Committed{}, state.ErrExpired
			}
			req.BeforeDeadline = false
			return m.Commit(ctx, req)
		}
	})},
	{"the deadline is the request's", "time/stored deadline counts", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			now := nowOf(m)
			if at := req.Record.Deadline; req.BeforeDeadline && !at.IsZero() && !now.Before(at) {
				return state.Committed{}, state.ErrExpired
			}
			req.BeforeDeadline = false
			return m.Commit(ctx, req)
		}
	})},
	{"a commit without a deadline expires", "time/no deadline", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			got, err := m.Load(ctx, state.LoadRequest{Tenant: req.Record.Tenant})
			if err == nil && req.BeforeDeadline && got.Record.Deadline.IsZero() {
				return state.Committed{}, state.ErrExpired
			}
			return m.Commit(ctx, req)
		}
	})},
	{"expiry is found before conflicts of version", "time/conflict before expiry", expiryFirst},
	{"expiry is found before conflicts of fence", "fence/conflict before expiry", expiryFirst},
	{"WakeIn counts from the time given", "time/in", changedCommit(func(req *state.CommitRequest) {
		if req.WakeIn > 0 && !req.Record.WakeAt.IsZero() {
			req.Record.WakeAt = req.Record.WakeAt.Add(req.WakeIn)
			req.WakeIn = 0
		}
	})},
	{"a negative WakeIn counts", "time/given", changedCommit(func(req *state.CommitRequest) {
		if req.WakeIn < 0 {
			req.Record.WakeAt = req.Record.WakeAt.Add(req.WakeIn)
		}
	})},
	{"times are kept to the second", "time/resolution", changedCommit(func(req *state.CommitRequest) {
		req.Record.WakeAt = req.Record.WakeAt.Truncate(time.Second)
		req.Record.Deadline = req.Record.Deadline.Truncate(time.Second)
	})},
	{"a result has finer times than the stored record", "time/resolution", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			given := req.Record.WakeAt
			req.Record.WakeAt = given.Truncate(time.Microsecond)
			got, err := m.Commit(ctx, req)
			if req.WakeIn <= 0 {
				got.Record.WakeAt = given
			}
			return got, err
		}
	})},
	{"Now is missing", "time/now", brokenHistory(func(m *state.Memory) historyFunc {
		return func(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
			page, err := m.History(ctx, req)
			page.Now = time.Time{}
			return page, err
		}
	})},
}

var expiryFirst = brokenCommit(func(m *state.Memory) commitFunc {
	return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
		if req.BeforeDeadline && expired(m, req.Record.Tenant) {
			return state.Committed{}, state.ErrExpired
		}
		return m.Commit(ctx, req)
	}
})

// listAll is a List that reads everything, changes it, and pages by offset.
func listAll(change func(req state.ListRequest, all []state.Record) []state.Record) func(*state.Memory, *Fixture) {
	return brokenList(func(m *state.Memory) listFunc {
		return func(ctx context.Context, req state.ListRequest) (state.Page, error) {
			offset, err := strconv.Atoi(cmp.Or(req.Cursor, "0"))
			if err != nil || offset < 0 {
				return state.Page{}, state.ErrInvalid
			}
			whole := req
			whole.Cursor, whole.Limit = "", 1<<20
			page, err := m.List(ctx, whole)
			if err != nil || req.Limit < 0 {
				return page, cmp.Or(err, state.ErrInvalid)
			}
			all := change(req, page.Records)
			all = all[min(offset, len(all)):]
			limit := cmp.Or(req.Limit, 100)
			page.Records, page.Next = all[:min(limit, len(all))], ""
			if len(all) > limit {
				page.Next = strconv.Itoa(offset + limit)
			}
			return page, nil
		}
	})
}

var listBugs = []bug{
	{"pages go by offset", "list/while others change", listAll(func(_ state.ListRequest, all []state.Record) []state.Record { return all })},
	{"the keyset begins with the last record", "list/by tenant", brokenList(func(m *state.Memory) listFunc {
		var last []state.Record
		return func(ctx context.Context, req state.ListRequest) (state.Page, error) {
			page, err := m.List(ctx, req)
			if req.Cursor != "" && len(last) > 0 {
				page.Records = append(last[len(last)-1:], page.Records...)[:max(len(page.Records), 1)]
			}
			last = page.Records
			return page, err
		}
	})},
	{"tenants are sorted as words", "list/by tenant", listAll(func(_ state.ListRequest, all []state.Record) []state.Record {
		slices.SortStableFunc(all, func(a, b state.Record) int {
			return strings.Compare(strings.ToLower(a.Tenant), strings.ToLower(b.Tenant))
		})
		return all
	})},
	{"by wake the latest comes first", "list/by wake", listAll(func(req state.ListRequest, all []state.Record) []state.Record {
		if req.Order == state.ByWake {
			slices.Reverse(all)
		}
		return all
	})},
	{"by updated is by tenant", "list/by updated", changedList(func(req *state.ListRequest) {
		if req.Order == state.ByUpdated {
			req.Order = ""
		}
	})},
	{"a feed does not say where it continues", "list/feed", brokenList(func(m *state.Memory) listFunc {
		return func(ctx context.Context, req state.ListRequest) (state.Page, error) {
			page, err := m.List(ctx, req)
			page.Resume = ""
			return page, err
		}
	})},
	{"a feed continues from the start", "list/feed", brokenList(func(m *state.Memory) listFunc {
		return func(ctx context.Context, req state.ListRequest) (state.Page, error) {
			if req.Order == state.ByUpdated && req.Limit == 0 {
				req.Cursor = ""
			}
			return m.List(ctx, req)
		}
	})},
	{"records are listed without labels", "list/whole records", listAll(func(_ state.ListRequest, all []state.Record) []state.Record {
		for i := range all {
			all[i].Labels = nil
		}
		return all
	})},
	{"no limit means no limit", "list/default limit", changedList(func(req *state.ListRequest) {
		if req.Limit == 0 {
			req.Limit = 1000
		}
	})},
	{"an empty list is an error", "list/empty", brokenList(func(m *state.Memory) listFunc {
		return func(ctx context.Context, req state.ListRequest) (state.Page, error) {
			page, err := m.List(ctx, req)
			if err == nil && len(page.Records) == 0 {
				err = state.ErrNotFound
			}
			return page, err
		}
	})},
	{"only the first status counts", "list/statuses", changedList(func(req *state.ListRequest) {
		req.Statuses = req.Statuses[:min(len(req.Statuses), 1)]
	})},
	{"a status named twice is listed twice", "list/statuses", listAll(func(req state.ListRequest, all []state.Record) []state.Record {
		for i, s := range req.Statuses {
			if slices.Contains(req.Statuses[:i], s) {
				return slices.Concat(all, all)
			}
		}
		return all
	})},
	{"the prefix is a pattern", "list/prefix", listAllWith(func(req *state.ListRequest) { req.Prefix = "" },
		func(req state.ListRequest, r state.Record) bool { return like(req.Prefix, r.Tenant) })},
	{"one label is enough", "list/labels", listAllWith(func(req *state.ListRequest) { req.Labels = nil },
		func(req state.ListRequest, r state.Record) bool {
			for key, value := range req.Labels {
				if got, ok := r.Labels[key]; ok && got == value {
					return true
				}
			}
			return len(req.Labels) == 0
		})},
	{"a prefix makes labels forgotten", "list/filters together", changedList(func(req *state.ListRequest) {
		if req.Prefix != "" {
			req.Labels = nil
		}
	})},
}

// listAllWith is a List without one filter and with another in its place.
func listAllWith(without func(*state.ListRequest), keep func(state.ListRequest, state.Record) bool) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) {
		f.Store = brokenStore{Records: m, list: func(ctx context.Context, req state.ListRequest) (state.Page, error) {
			whole := req
			without(&whole)
			page, err := m.List(ctx, whole)
			page.Records = slices.DeleteFunc(page.Records, func(r state.Record) bool { return !keep(req, r) })
			return page, err
		}}
	}
}

// like matches a prefix as SQL's LIKE does; it implements only _.
func like(prefix, name string) bool {
	if len(name) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if prefix[i] != '_' && prefix[i] != name[i] {
			return false
		}
	}
	return true
}

var historyBugs = []bug{
	{"a history without a record is an error", "history/empty", brokenHistory(func(m *state.Memory) historyFunc {
		return func(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
			if got, err := m.Load(ctx, state.LoadRequest{Tenant: req.Tenant}); err != nil {
				return state.HistoryPage{Now: got.Now}, err
			}
			return m.History(ctx, req)
		}
	})},
	{"entries are counted from 1", "history/entries", brokenHistory(func(m *state.Memory) historyFunc {
		return func(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
			page, err := m.History(ctx, req)
			for i := range page.Entries {
				page.Entries[i].N++
			}
			return page, err
		}
	})},
	{"newest first is ignored", "history/pages", changedHistory(func(req *state.HistoryRequest) { req.Newest = false })},
	{"versions are sorted as text", "history/by number", brokenHistory(func(m *state.Memory) historyFunc {
		return func(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
			limit := req.Limit
			req.Limit = 1000
			page, err := m.History(ctx, req)
			if limit == 5 {
				slices.SortFunc(page.Entries, func(a, b state.Entry) int {
					return strings.Compare(strconv.FormatInt(a.Version, 10), strconv.FormatInt(b.Version, 10))
				})
				page.Entries = page.Entries[:min(5, len(page.Entries))]
			}
			return page, err
		}
	})},
	{"a history has no default limit", "history/default limit", changedHistory(func(req *state.HistoryRequest) {
		if req.Limit == 0 {
			req.Limit = 1000
		}
	})},
	{"the run is ignored", "history/filters", changedHistory(func(req *state.HistoryRequest) { req.Run = "" })},
	{"newest first pages go by offset", "history/while it grows", brokenHistory(func(m *state.Memory) historyFunc {
		return func(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
			offset, err := strconv.Atoi(cmp.Or(req.Cursor, "0"))
			if err != nil {
				return state.HistoryPage{}, state.ErrInvalid
			}
			limit := cmp.Or(req.Limit, 100)
			req.Cursor, req.Limit = "", offset+limit
			page, err := m.History(ctx, req)
			page.Entries = page.Entries[min(offset, len(page.Entries)):]
			if page.Next != "" {
				page.Next = strconv.Itoa(offset + limit)
			}
			return page, err
		}
	})},
}

var callerBugs = []bug{
	{"a store lets out what it keeps", "caller/owns what was returned", brokenLoad(func(m *state.Memory) loadFunc {
		kept := make(map[string]state.Loaded)
		return func(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
			got, err := m.Load(ctx, req)
			if old, ok := kept[req.Tenant]; ok && old.Record.Version == got.Record.Version {
				return old, err
			}
			kept[req.Tenant] = got
			return got, err
		}
	})},
	{"a store keeps what it was passed", "caller/owns what it passed", func(m *state.Memory, f *Fixture) {
		var passed []byte
		f.Store = brokenStore{
			Records: m,
			commit: func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
				passed = req.Record.Data
				return m.Commit(ctx, req)
			},
			load: func(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
				got, err := m.Load(ctx, req)
				got.Record.Data = passed
				return got, err
			},
		}
	}},
	{"the context is ignored", "caller/cancelled", brokenCommit(func(m *state.Memory) commitFunc {
		return func(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
			return m.Commit(context.WithoutCancel(ctx), req)
		}
	})},
	{"a name may have control characters", "caller/invalid tenant", brokenLoad(func(m *state.Memory) loadFunc {
		return func(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
			got, err := m.Load(ctx, req)
			if errors.Is(err, state.ErrInvalid) && req.Tenant != "" {
				err = state.ErrNotFound
			}
			return got, err
		}
	})},
	{"a long name is cut off by Load", "caller/invalid tenant", brokenLoad(func(m *state.Memory) loadFunc {
		return func(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
			req.Tenant = cutName(req.Tenant)
			return m.Load(ctx, req)
		}
	})},
	{"a long name is cut off by Commit", "caller/invalid tenant", changedCommit(func(req *state.CommitRequest) {
		req.Record.Tenant = cutName(req.Record.Tenant)
	})},
	{"a long name is cut off by History", "caller/invalid tenant", changedHistory(func(req *state.HistoryRequest) {
		req.Tenant = cutName(req.Tenant)
	})},
	{"entries are not checked", "caller/invalid commit", changedCommit(func(req *state.CommitRequest) {
		req.Entries = slices.DeleteFunc(req.Entries, func(e state.Entry) bool { return e.Type == "" })
	})},
	{"a foreign cursor begins from the start", "caller/invalid list", changedList(func(req *state.ListRequest) {
		if _, err := strconv.Atoi(req.Cursor); err == nil {
			req.Cursor = ""
		}
	})},
}

// cutName cuts a tenant's name off, as a column of a database may.
func cutName(name string) string { return name[:min(len(name), 256)] }

// half is data with only its first half written.
type half struct {
	mu   sync.Mutex
	ref  state.BlobRef
	data []byte
	seen chan struct{}
}

var blobBugs = []bug{
	{"a blob is seen half written", "blob/whole or not at all", func(m *state.Memory, f *Fixture) {
		var h half
		f.Blobs = brokenBlobs{
			Blobs: m,
			put: func(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
				seen := make(chan struct{})
				if ctx.Err() == nil && len(req.Data) > 1<<20 {
					h.mu.Lock()
					h.ref, h.data, h.seen = req.Ref(), bytes.Clone(req.Data[:len(req.Data)/2]), seen
					h.mu.Unlock()
					select { // gives a reader time
					case <-seen:
					case <-time.After(20 * time.Millisecond):
					}
					h.mu.Lock()
					h.data = nil
					h.mu.Unlock()
				}
				return m.Put(ctx, req)
			},
			get: func(ctx context.Context, ref state.BlobRef) ([]byte, error) {
				h.mu.Lock()
				defer h.mu.Unlock()
				if h.data != nil && h.ref == ref {
					data := h.data
					h.data = nil
					close(h.seen)
					return data, nil
				}
				return m.Get(ctx, ref)
			},
		}
	}},
	{"an empty blob is not stored", "blob/put and get", brokenPut(func(m *state.Memory, ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
		if len(req.Data) == 0 && req.Validate() == nil {
			return req.Ref(), nil
		}
		return m.Put(ctx, req)
	})},
	{"a blob cannot be put twice", "blob/put twice", brokenPut(func(m *state.Memory, ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
		if req.Validate() == nil {
			if _, err := m.Get(ctx, req.Ref()); err == nil {
				return state.BlobRef{}, errors.New("duplicate key")
			}
		}
		return m.Put(ctx, req)
	})},
	{"the run is no part of the name", "blob/missing", renamed(func(ref *state.BlobRef) { ref.Run = "" })},
	{"names are paths", "blob/names", renamed(func(ref *state.BlobRef) {
		ref.Tenant, ref.Run, ref.Kind = ref.Tenant+"/"+ref.Run+"/"+ref.Kind, "", "k"
	})},
	{"Get lets out what it keeps", "blob/caller owns", func(m *state.Memory, f *Fixture) {
		kept := make(map[state.BlobRef][]byte)
		var mu sync.Mutex
		f.Blobs = brokenBlobs{Blobs: m, get: func(ctx context.Context, ref state.BlobRef) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			got, err := m.Get(ctx, ref)
			if err != nil {
				return nil, err
			}
			if kept[ref] == nil {
				kept[ref] = got
			}
			return kept[ref], nil
		}}
	}},
	{"a cancelled Put continues", "blob/cancelled", brokenPut(func(m *state.Memory, ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
		ref, err := m.Put(context.WithoutCancel(ctx), req)
		return ref, cmp.Or(ctx.Err(), err)
	})},
	{"a long name is cut off by Put", "blob/invalid", brokenPut(func(m *state.Memory, ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
		req.Tenant = cutName(req.Tenant)
		return m.Put(ctx, req)
	})},
	{"kinds are not checked", "blob/invalid", brokenPut(func(m *state.Memory, ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
		req.Kind = cmp.Or(req.Kind, "none")
		return m.Put(ctx, req)
	})},
	{"damage goes unnoticed", "blob/damaged", func(m *state.Memory, f *Fixture) {
		damaged := false
		f.Damage = func(state.BlobRef) { damaged = true }
		f.Blobs = brokenBlobs{Blobs: m, get: func(ctx context.Context, ref state.BlobRef) ([]byte, error) {
			if damaged {
				return []byte("damaged"), nil
			}
			return m.Get(ctx, ref)
		}}
	}},
}

func brokenPut(put func(*state.Memory, context.Context, state.PutRequest) (state.BlobRef, error)) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) {
		f.Blobs = brokenBlobs{Blobs: m, put: func(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
			return put(m, ctx, req)
		}}
	}
}

// renamed stores blobs under other names than they have.
func renamed(rename func(*state.BlobRef)) func(*state.Memory, *Fixture) {
	return func(m *state.Memory, f *Fixture) {
		f.Blobs = brokenBlobs{
			Blobs: m,
			put: func(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
				ref := req.Ref()
				rename(&ref)
				_, err := m.Put(ctx, state.PutRequest{Tenant: ref.Tenant, Run: ref.Run, Kind: ref.Kind, Data: req.Data})
				return req.Ref(), err
			},
			get: func(ctx context.Context, ref state.BlobRef) ([]byte, error) {
				rename(&ref)
				return m.Get(ctx, ref)
			},
		}
	}
}
