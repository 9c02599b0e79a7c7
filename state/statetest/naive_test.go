package statetest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// naive is a store as a stranger writes it from the interfaces' comments: maps,
// a lock, and each rule by hand. It shares no code with [state.Memory], and
// uses only the types of package state and their validation. A bug can be
// planted into it by its name.
type naive struct {
	planted string

	mu      sync.Mutex
	passed  time.Duration
	last    time.Time
	records map[string]state.Record
	removed map[string]int64 // the versions of removed tenants' last entries
	entries map[string][]state.Entry
	runs    []state.Run
	offset  int                         // for the bug that pages runs by offset
	blobs   map[state.BlobRef]naiveBlob // by name, without the size
	// For bugs: the ends of leases when they were acquired, and the references of
	// the records that were replaced.
	places map[string]time.Time
	former map[string][]state.BlobRef
}

type naiveBlob struct {
	data []byte
	at   time.Time
}

func newNaive(bug string) *naive {
	return &naive{
		planted: bug,
		records: map[string]state.Record{}, removed: map[string]int64{},
		entries: map[string][]state.Entry{}, blobs: map[state.BlobRef]naiveBlob{},
		places: map[string]time.Time{}, former: map[string][]state.BlobRef{},
	}
}

// bug reports whether a bug is planted.
func (s *naive) bug(name string) bool {
	if !slices.ContainsFunc(naiveBugs, func(b naiveBug) bool { return b.name == name }) {
		panic("no kit lists the bug " + name)
	}
	return s.planted == name
}

func (s *naive) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passed += d
}

func (s *naive) damage(ref state.BlobRef) {
	ref.Size = 0
	s.blobs[ref] = naiveBlob{data: []byte("damaged"), at: s.blobs[ref].at}
}

func (s *naive) begin(ctx context.Context, req interface{ Validate() error }) error {
	if err := ctx.Err(); err != nil && !s.bug("a cancelled call is carried out") {
		return err
	}
	if commit, ok := req.(state.CommitRequest); ok && (s.bug("a commit is not validated") || commit.Remove && s.bug("a removal is not validated")) {
		return nil
	}
	if renew, ok := req.(state.RenewRequest); ok && len(renew.Note) > 1024 && s.bug("a note has any size") {
		return nil
	}
	return req.Validate()
}

func (s *naive) now() time.Time {
	if now := time.Now().Add(s.passed).Round(0).UTC(); now.After(s.last) {
		s.last = now
	}
	return s.last
}

func (s *naive) clone(r state.Record) state.Record {
	if s.bug("a result shares the store's memory") {
		return r
	}
	r.Labels = maps.Clone(r.Labels)
	r.Data, r.Note = bytes.Clone(r.Data), bytes.Clone(r.Note)
	r.Refs = slices.Clone(r.Refs)
	return r
}

func (s *naive) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	if err := s.begin(ctx, req); err != nil {
		return state.Loaded{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[req.Tenant]
	if !ok && !s.bug("a missing record is an empty one") {
		return state.Loaded{Now: s.now()}, state.ErrNotFound
	}
	return state.Loaded{Record: s.clone(r), Now: s.now()}, nil
}

func (s *naive) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	if err := s.begin(ctx, req); err != nil {
		return state.Committed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	tenant := req.Record.Tenant
	if len(tenant) == 256 && s.bug("the longest name is cut") {
		tenant = tenant[:255]
	}
	old, exists := s.records[tenant]
	if s.bug("events are checked before versions and deadlines") {
		if _, err := s.move(cmp.Or(old.Status, state.NotRun), req); err != nil {
			return state.Committed{Now: now}, err
		}
	}
	if s.bug("runs are written before the commit is checked") {
		for _, run := range req.Runs {
			s.putRun(tenant, run, now)
		}
	}
	if err := s.mayCommit(old, req, now); err != nil {
		return state.Committed{Now: now}, err
	}
	if req.Remove {
		return state.Committed{Record: s.remove(old, req, now), Now: now}, nil
	}
	rec := s.clone(req.Record)
	rec.Version = old.Version + 1
	rec.Fence = old.Fence
	if !exists && !s.bug("a tenant that is created again begins at version 1") {
		rec.Version, rec.Fence = s.removed[tenant]+1, s.removed[tenant]
	}
	if !exists && s.bug("a tenant that is created again begins at fence 0") {
		rec.Fence = 0
	}
	var err error
	if rec.Status, err = s.move(cmp.Or(old.Status, state.NotRun), req); err != nil {
		return state.Committed{Now: now}, err
	}
	rec.WakeAt, rec.Deadline = naiveTime(req.WakeIn, rec.WakeAt, now), naiveTime(req.DeadlineIn, rec.Deadline, now)
	if s.bug("WakeIn counts from the time given") && req.WakeIn > 0 {
		rec.WakeAt = req.Record.WakeAt.Add(req.WakeIn)
	}
	rec.LeaseOwner, rec.LeaseUntil = old.LeaseOwner, old.LeaseUntil
	if s.bug("a commit ends the lease") {
		rec.LeaseUntil = time.Time{}
	}
	if rec.Note = nil; s.bug("a commit keeps the note") {
		rec.Note = old.Note
	}
	if s.bug("a commit stores the caller's note") {
		rec.Note = req.Record.Note
	}
	rec.UpdatedAt = now
	s.records[tenant], s.former[tenant] = rec, old.Refs
	s.append(rec.Version, req, now)
	for _, run := range req.Runs {
		s.putRun(tenant, run, now)
	}
	return state.Committed{Record: s.clone(rec), Now: now}, nil
}

func naiveTime(d time.Duration, at, now time.Time) time.Time {
	if d > 0 {
		return now.Add(d)
	}
	if at.IsZero() {
		return time.Time{}
	}
	return at.Round(0).UTC()
}

func (s *naive) mayCommit(old state.Record, req state.CommitRequest, now time.Time) error {
	late := req.BeforeDeadline && !old.Deadline.IsZero() && !now.Before(old.Deadline)
	if late && s.bug("expiry is found before conflicts") {
		return state.ErrExpired
	}
	unchecked := s.bug("the version is not checked") || s.bug("a commit over a version that was replaced succeeds") || req.Remove && s.bug("a removal goes by no version")
	if old.Version != req.Record.Version && !unchecked {
		return state.ErrConflict
	}
	if req.Fence != 0 && old.Fence != req.Fence && !s.bug("the fence is not checked") {
		return state.ErrConflict
	}
	if late && !s.bug("the deadline is not checked") {
		return state.ErrExpired
	}
	return nil
}

// move looks moves up in the table.
func (s *naive) move(from state.Status, req state.CommitRequest) (state.Status, error) {
	if s.bug("the status is the request's") || req.Record.Version == 0 && s.bug("a new tenant's status is not checked") {
		return req.Record.Status, nil
	}
	for i, ev := range req.Events {
		if i > 0 && s.bug("only the first event counts") {
			break
		}
		to := state.Status("")
		for _, t := range state.Transitions() {
			if from == state.InProgress && ev == state.SucceedPartially && s.bug("an event is illegal in some statuses") {
				continue
			}
			if t.Event == ev && (t.From == from || s.bug("an event is legal in every status")) {
				to = t.To
			}
		}
		if to == "" {
			return "", &state.TransitionError{Event: ev, From: from}
		}
		from = to
	}
	return from, nil
}

func (s *naive) append(version int64, req state.CommitRequest, now time.Time) {
	tenant := req.Record.Tenant
	for n, e := range req.Entries {
		if n > 0 && s.bug("only the first entry is written") {
			return
		}
		e.Data = bytes.Clone(e.Data)
		e.Tenant, e.Version, e.N, e.Time = tenant, version, n, now
		s.entries[tenant] = append(s.entries[tenant], e)
	}
}

func (s *naive) putRun(tenant string, run state.Run, now time.Time) {
	run.Tenant, run.UpdatedAt = tenant, now
	run.Data = bytes.Clone(run.Data)
	if s.bug("a run's times and data are lost") {
		run.Ended, run.Data = time.Time{}, nil
	}
	if s.bug("texts of a run are cut") {
		run.Outcome = run.Outcome[:min(len(run.Outcome), 255)]
	}
	run.Started, run.Ended = naiveTime(0, run.Started, now), naiveTime(0, run.Ended, now)
	same := func(r state.Run) bool {
		return r.ID == run.ID && (r.Tenant == tenant || s.bug("a run replaces another tenant's"))
	}
	if i := slices.IndexFunc(s.runs, same); i >= 0 && !s.bug("a run is stored beside its former self") {
		if s.bug("a run keeps its first digest") {
			run.ChangeDigest = s.runs[i].ChangeDigest
		}
		s.runs[i] = run
		return
	}
	s.runs = append(s.runs, run)
}

func (s *naive) remove(old state.Record, req state.CommitRequest, now time.Time) state.Record {
	tenant := old.Tenant
	delete(s.records, tenant)
	if !s.bug("a removal keeps the lease's place") {
		delete(s.places, tenant)
	}
	if !s.bug("a removal leaves the history") {
		delete(s.entries, tenant)
	}
	if !s.bug("a removal leaves the runs") {
		s.runs = slices.DeleteFunc(s.runs, func(r state.Run) bool {
			return r.Tenant == tenant || strings.HasPrefix(r.Tenant, tenant) && s.bug("a removal removes by prefix")
		})
	}
	last := max(old.Version, old.Fence) + 1
	s.removed[tenant] = last
	if !s.bug("a removal leaves no entry") {
		s.append(last, req, now)
	}
	return state.Record{Tenant: tenant, Fence: last}
}

func (s *naive) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	if err := s.begin(ctx, req); err != nil {
		return state.Page{}, err
	}
	req = req.WithDefaults()
	after := state.ListCursor{}
	if req.Cursor != "" {
		c, err := state.DecodeListCursor(req.Cursor, req.Order)
		if err != nil {
			return state.Page{}, err
		}
		after = c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	behind := func(r state.Record) bool {
		c := state.NewListCursor(req.Order, r)
		return req.Cursor == "" || cmp.Or(c.Time.Compare(after.Time), cmp.Compare(c.Tenant, after.Tenant)) > 0
	}
	page := state.Page{Now: s.now()}
	for _, r := range s.records {
		if s.listed(r, req) && behind(r) {
			page.Records = append(page.Records, s.clone(r))
		}
	}
	slices.SortFunc(page.Records, func(a, b state.Record) int {
		x, y := state.NewListCursor(req.Order, a), state.NewListCursor(req.Order, b)
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Tenant, y.Tenant))
	})
	if s.bug("a list comes in any order") {
		slices.Reverse(page.Records)
	}
	page.Records = page.Records[:min(len(page.Records), req.Limit+1)]
	if n := len(page.Records); n == req.Limit && s.bug("a full page of records has a next one") {
		page.Next = state.NewListCursor(req.Order, page.Records[n-1]).Encode()
		return page, nil
	}
	page.Cut(req)
	return page, nil
}

func (s *naive) listed(r state.Record, req state.ListRequest) bool {
	for key, value := range req.Labels {
		if got, ok := r.Labels[key]; (!ok || got != value) && !s.bug("labels do not filter") {
			return false
		}
	}
	if len(req.Statuses) > 0 && !slices.Contains(req.Statuses, r.Status) && !s.bug("statuses do not filter") {
		return false
	}
	if req.Order == state.ByWake && r.WakeAt.IsZero() {
		return false
	}
	return strings.HasPrefix(r.Tenant, req.Prefix)
}

func (s *naive) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	if err := s.begin(ctx, req); err != nil {
		return state.HistoryPage{}, err
	}
	req = req.WithDefaults()
	after := state.HistoryCursor{}
	if req.Cursor != "" {
		c, err := state.DecodeHistoryCursor(req.Cursor, req.Newest)
		if err != nil {
			return state.HistoryPage{}, err
		}
		after = c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page := state.HistoryPage{Now: s.now()}
	all := slices.Clone(s.entries[req.Tenant])
	if req.Newest {
		slices.Reverse(all)
	}
	for _, e := range all {
		order := cmp.Or(cmp.Compare(e.Version, after.Version), cmp.Compare(e.N, after.N))
		if req.Cursor != "" && (order == 0 || (order < 0) != req.Newest) {
			continue
		}
		if req.Run != "" && e.Run != req.Run && !s.bug("the run does not filter the history") || len(req.Types) > 0 && !slices.Contains(req.Types, e.Type) {
			continue
		}
		e.Data = bytes.Clone(e.Data)
		page.Entries = append(page.Entries, e)
	}
	more := len(page.Entries) > req.Limit || len(page.Entries) == req.Limit && (s.bug("a full page has a next one") || s.bug("a full page of entries is never the last") && len(page.Entries) > 0)
	if more {
		page.Entries = page.Entries[:req.Limit]
		last := page.Entries[req.Limit-1]
		page.Next = state.HistoryCursor{Newest: req.Newest, Version: last.Version, N: last.N}.Encode()
	}
	return page, nil
}

func (s *naive) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	if s.bug("runs are listed for a cancelled call") {
		ctx = context.WithoutCancel(ctx)
	}
	if s.bug("a request for runs is not validated") {
		req.Statuses, req.Actor = nil, ""
	}
	if err := s.begin(ctx, req); err != nil {
		return state.RunsPage{}, err
	}
	req = req.WithDefaults()
	after := state.Run{}
	if req.Cursor != "" {
		c, err := state.DecodeRunsCursor(req.Cursor)
		if err != nil {
			return state.RunsPage{}, err
		}
		after = state.Run{Started: c.Started, Tenant: c.Tenant, ID: c.ID}
	}
	compare := func(a, b state.Run) int {
		return -cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page := state.RunsPage{Now: s.now()}
	for _, r := range s.runs {
		if s.listedRun(r, req) && (req.Cursor == "" || compare(r, after) > 0 || s.bug("runs are paged by offset")) {
			if !s.bug("a run's data is the store's own") {
				r.Data = bytes.Clone(r.Data)
			}
			page.Runs = append(page.Runs, r)
		}
	}
	slices.SortFunc(page.Runs, compare)
	if s.bug("runs come oldest first") {
		slices.Reverse(page.Runs)
	}
	if req.Cursor != "" && s.bug("runs are paged by offset") {
		page.Runs = page.Runs[min(len(page.Runs), s.offset):]
	}
	s.offset += req.Limit
	page.Runs = page.Runs[:min(len(page.Runs), req.Limit+1)]
	if n := len(page.Runs); n == req.Limit && s.bug("a full page of runs has a next one") {
		page.Next = state.RunsCursor{Started: page.Runs[n-1].Started, Tenant: page.Runs[n-1].Tenant, ID: page.Runs[n-1].ID}.Encode()
		return page, nil
	}
	page.Cut(req)
	return page, nil
}

func (s *naive) listedRun(r state.Run, req state.RunsRequest) bool {
	switch {
	case req.Tenant != "" && r.Tenant != req.Tenant,
		len(req.Statuses) > 0 && !slices.Contains(req.Statuses, r.Status),
		len(req.Outcomes) > 0 && !slices.Contains(req.Outcomes, r.Outcome),
		req.Actor != "" && r.Actor != req.Actor,
		req.ChangeDigest != "" && r.ChangeDigest != req.ChangeDigest && !s.bug("the digest does not filter"),
		r.Started.Before(req.Since):
		return false
	}
	if req.Until.Equal(r.Started) && s.bug("Until is inclusive") {
		return true
	}
	return req.Until.IsZero() || r.Started.Before(req.Until)
}

func (s *naive) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	if err := s.begin(ctx, req); err != nil {
		return state.Claimed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	claimed := state.Claimed{Now: s.now()}
	due := slices.SortedFunc(maps.Values(s.records), func(a, b state.Record) int {
		if s.bug("claims go by tenant") {
			return cmp.Compare(a.Tenant, b.Tenant)
		}
		if s.bug("a tenant whose lease ran out comes last") {
			return cmp.Or(cmp.Compare(len(a.LeaseOwner), len(b.LeaseOwner)), a.WakeAt.Compare(b.WakeAt))
		}
		return cmp.Or(a.WakeAt.Compare(b.WakeAt), cmp.Compare(a.Tenant, b.Tenant))
	})
	for _, r := range due {
		if len(claimed.Leases) == req.Limit && !s.bug("a claim has no limit") {
			break
		}
		if len(claimed.Leases) == req.Limit-1 && len(due) == req.Limit && s.bug("a claim of exactly Limit leaves one out") {
			break
		}
		leased := s.leased(r, claimed.Now) && !s.bug("leased tenants are claimed")
		if _, placed := s.places[r.Tenant]; placed && !leased && s.bug("a lease that runs out wakes the tenant") {
			r.WakeAt = claimed.Now
		}
		if r.WakeAt.IsZero() && !s.bug("tenants that wait for nothing are claimed") || r.WakeAt.After(claimed.Now) || leased {
			continue
		}
		claimed.Leases = append(claimed.Leases, s.lease(r, req.Owner, req.For, claimed.Now))
	}
	return claimed, nil
}

// leased reports whether a claim must skip a tenant. The bugs are those of a
// store that goes by a place in a queue, which is not always the lease's end.
func (s *naive) leased(r state.Record, now time.Time) bool {
	place, placed := s.places[r.Tenant]
	live := r.LeaseUntil.After(now)
	switch {
	case s.bug("a renewed lease ends at its first end"),
		s.bug("a release keeps the lease's place"),
		s.bug("a removal keeps the lease's place"),
		s.bug("a renewal after a release gets no place"):
		return placed && place.After(now)
	case s.bug("a shorter renewal keeps its place"):
		return live || placed && place.After(now)
	case live && placed && !place.After(now) && s.bug("a claim forgets a renewed tenant"),
		placed && !live && r.WakeAt.IsZero() && s.bug("a claim forgets a tenant that waits for nothing"):
		s.places[r.Tenant] = now.AddDate(100, 0, 0)
	case placed && !live && s.bug("a claim meets one ended lease and forgets the others"):
		for tenant, other := range s.places {
			if tenant != r.Tenant && !other.After(now) {
				s.places[tenant] = now.AddDate(100, 0, 0)
			}
		}
	}
	return live || placed && place.Sub(now) > 50*365*24*time.Hour
}

func (s *naive) lease(r state.Record, owner string, d time.Duration, now time.Time) state.Lease {
	if !s.bug("the fence stays") {
		r.Fence++
	}
	if s.bug("a lease is a commit") {
		r.Version++
		r.UpdatedAt = now
	}
	r.LeaseOwner, r.LeaseUntil = owner, now.Add(d)
	if s.bug("the owner is not kept") {
		r.LeaseOwner = ""
	}
	if !s.bug("a new holder has the former one's note") {
		r.Note = nil
	}
	s.records[r.Tenant] = r
	s.places[r.Tenant] = r.LeaseUntil
	return state.Lease{Record: s.clone(r), Now: now}
}

func (s *naive) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	if err := s.begin(ctx, req); err != nil {
		return state.Lease{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	r, ok := s.records[req.Tenant]
	if !ok {
		return state.Lease{Now: now}, state.ErrNotFound
	}
	own := r.LeaseOwner == req.Owner && s.bug("the same owner acquires again")
	if r.LeaseUntil.After(now) && !own && !s.bug("a lease is not exclusive") {
		return state.Lease{Now: now}, state.ErrLeased
	}
	return s.lease(r, req.Owner, req.For, now), nil
}

func (s *naive) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	if err := s.begin(ctx, req); err != nil {
		return state.Lease{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	r, err := s.fenced(req.Tenant, req.Fence)
	if err != nil {
		if r.Version > 0 && s.bug("a renewal of a lost lease writes its note") {
			r.Note = req.Note
			s.records[req.Tenant] = r
		}
		return state.Lease{Now: now}, err
	}
	if !r.LeaseUntil.After(now) && s.bug("a lease that ran out is lost") {
		return state.Lease{Now: now}, state.ErrLeaseLost
	}
	from := now
	if s.bug("a renewal counts from the lease's end") {
		from = r.LeaseUntil
	}
	r.LeaseUntil = from.Add(req.For)
	if req.Note != nil || s.bug("a renewal without a note clears it") {
		r.Note = bytes.Clone(req.Note)
	}
	if s.bug("a note is a commit") && req.Note != nil {
		r.UpdatedAt = now
	}
	s.records[req.Tenant] = r
	return state.Lease{Record: s.clone(r), Now: now}, nil
}

func (s *naive) Release(ctx context.Context, req state.ReleaseRequest) error {
	if err := s.begin(ctx, req); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.fenced(req.Tenant, req.Fence)
	if err != nil {
		return err
	}
	if r.LeaseUntil.IsZero() && s.bug("releasing twice is an error") {
		return state.ErrLeaseLost
	}
	r.LeaseOwner, r.LeaseUntil = "", time.Time{}
	if s.bug("a release clears the note") {
		r.Note = nil
	}
	s.records[req.Tenant] = r
	if !s.bug("a release keeps the lease's place") {
		delete(s.places, r.Tenant)
	}
	return nil
}

func (s *naive) fenced(tenant string, fence int64) (state.Record, error) {
	r, ok := s.records[tenant]
	if !ok {
		return r, state.ErrNotFound
	}
	if r.Fence != fence && !s.bug("any fence renews and releases") {
		return r, state.ErrLeaseLost
	}
	return r, nil
}

func (s *naive) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	if err := s.begin(ctx, req); err != nil {
		return state.BlobRef{}, err
	}
	sum := sha256.Sum256(req.Data)
	ref := state.BlobRef{Tenant: req.Tenant, Run: req.Run, Kind: req.Kind, SHA256: hex.EncodeToString(sum[:])}
	s.mu.Lock()
	defer s.mu.Unlock()
	data := bytes.Clone(req.Data)
	if s.bug("Put keeps the caller's data") {
		data = req.Data
	}
	if s.bug("large blobs are cut") {
		data = data[:min(len(data), 1<<16)]
	}
	b := naiveBlob{data: data, at: s.now()}
	name := s.nameOf(ref)
	if old, ok := s.blobs[name]; ok {
		if s.bug("putting again is an error") {
			return state.BlobRef{}, fmt.Errorf("%s is there already", ref.SHA256)
		}
		if s.bug("putting again leaves the age") || s.bug("an old blob that is put again is pruned before its commit") {
			b.at = old.at
		}
	}
	s.blobs[name] = b
	if !s.bug("the size is not returned") {
		ref.Size = int64(len(req.Data))
	}
	return ref, nil
}

func (s *naive) nameOf(ref state.BlobRef) state.BlobRef {
	ref.Size = 0
	switch {
	case s.bug("the run is no part of a name"):
		ref.Run = ""
	case s.bug("names are paths"):
		return state.BlobRef{Tenant: strings.Join([]string{ref.Tenant, ref.Run, ref.Kind, ref.SHA256}, "/")}
	case s.bug("blobs are shared by their content"):
		ref.Tenant = ""
	}
	return ref
}

func (s *naive) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	if err := s.begin(ctx, ref); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.blobs[s.nameOf(ref)]
	if !ok {
		if s.bug("a missing blob is empty") {
			return nil, nil
		}
		return nil, state.ErrNotFound
	}
	if err := ref.Verify(b.data); err != nil && !s.bug("damage is not noticed") {
		return nil, err
	}
	if s.bug("Get returns the store's data") {
		return b.data, nil
	}
	return bytes.Clone(b.data), nil
}

func (s *naive) Remove(ctx context.Context, tenant string) error {
	if err := s.begin(ctx, state.LoadRequest{Tenant: tenant}); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.blobs, func(ref state.BlobRef, _ naiveBlob) bool {
		return ref.Tenant == tenant && (ref.Run != "" || !s.bug("blobs of no run are left")) ||
			strings.HasPrefix(ref.Tenant, tenant) && s.bug("removing goes by prefix")
	})
	return nil
}

func (s *naive) Prune(ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
	if err := s.begin(ctx, req); err != nil {
		return state.Pruned{}, err
	}
	req = req.WithDefaults()
	s.mu.Lock()
	defer s.mu.Unlock()
	pruned := state.Pruned{Now: s.now()}
	before := pruned.Now.Add(-req.Age)
	if s.bug("the age does not count") {
		before = pruned.Now
	}
	mine := func(tenant string) bool {
		return req.Tenant == "" || tenant == req.Tenant || s.bug("every tenant is pruned")
	}
	may := func(n int) bool {
		if n == req.Limit-1 && n > 0 && s.bug("a prune of exactly Limit leaves one out") {
			return false
		}
		return n < req.Limit || s.bug("a prune has no limit")
	}
	for tenant, all := range s.entries {
		s.entries[tenant] = slices.DeleteFunc(all, func(e state.Entry) bool {
			current := e.Run != "" && e.Run == s.records[tenant].Run && !s.bug("the current run's entries are pruned")
			if !mine(tenant) || !may(pruned.Entries) || !e.Time.Before(before) || current ||
				e.Run == "" && s.bug("entries of no run are kept") || s.records[tenant].Version == 0 && s.bug("the entries of a removal are kept") {
				return false
			}
			pruned.Entries++
			return true
		})
	}
	s.runs = slices.DeleteFunc(s.runs, func(r state.Run) bool {
		at := r.UpdatedAt
		if s.bug("a run's age counts from its start") {
			at = r.Started
		}
		current := r.ID == s.records[r.Tenant].Run && !s.bug("the current run is pruned")
		if !mine(r.Tenant) || !may(pruned.Runs) || !at.Before(before) || current || s.bug("runs are kept") {
			return false
		}
		pruned.Runs++
		return true
	})
	s.pruneBlobs(&pruned, pruned.Now.Add(-max(req.Age, 24*time.Hour)), mine, may)
	return pruned, nil
}

func (s *naive) pruneBlobs(pruned *state.Pruned, before time.Time, mine func(string) bool, may func(int) bool) {
	if s.bug("young blobs are pruned") {
		before = pruned.Now
	}
	maps.DeleteFunc(s.blobs, func(ref state.BlobRef, b naiveBlob) bool {
		r := s.records[ref.Tenant]
		current := ref.Run != "" && ref.Run == r.Run && !s.bug("the current run's blobs are pruned")
		refs := r.Refs
		if s.bug("a record keeps what its predecessor referred to") {
			refs = slices.Concat(refs, s.former[ref.Tenant])
		}
		if s.bug("a record's reference keeps every tenant's blob") {
			for _, other := range s.records {
				refs = slices.Concat(refs, other.Refs)
			}
		}
		referred := slices.ContainsFunc(refs, func(kept state.BlobRef) bool {
			if s.bug("a record's reference keeps every tenant's blob") {
				kept.Tenant = ref.Tenant
			}
			kept.Size = 0
			return kept == ref && (kept.Run == r.Run || !s.bug("a record keeps only the blobs of its own run"))
		}) && !s.bug("blobs in Refs are pruned")
		if !mine(ref.Tenant) || !may(pruned.Blobs) || !b.at.Before(before) || current || referred {
			return false
		}
		pruned.Blobs++
		return true
	})
}
