package runrecord_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// shelf keeps blobs, and counts the calls.
type shelf struct {
	blobs      map[state.BlobRef][]byte
	puts, gets int
	err        error                // of every call
	name       func(*state.BlobRef) // changes the name that Put returns
}

func newShelf() *shelf { return &shelf{blobs: map[state.BlobRef][]byte{}} }

func (s *shelf) lists() runrecord.Lists { return runrecord.Lists{Owner: owner, Get: s.get, Put: s.put} }

func (s *shelf) get(_ context.Context, ref state.BlobRef) ([]byte, error) {
	s.gets++
	raw, ok := s.blobs[ref]
	if s.err == nil && !ok {
		return nil, state.ErrNotFound
	}
	return raw, s.err
}

func (s *shelf) put(_ context.Context, req state.PutRequest) (*state.BlobRef, error) {
	s.puts++
	if s.err != nil {
		return nil, s.err
	}
	ref := req.Ref()
	s.blobs[ref] = req.Data
	if s.name != nil {
		s.name(&ref)
	}
	return &ref, nil
}

// What was stored is read again. No list needs no call.
func TestListsAreStoredAndRead(t *testing.T) {
	s := newShelf()
	l := s.lists()
	ids, what := items(t, "d1", "groups/B", "groups/A"), targets(t, plan.Target{Kind: "policies"}, plan.Target{Kind: "groups", Key: "A"})
	for _, c := range []*runrecord.Content{nil, &ids, &what} {
		if err := l.Store(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Items(t.Context(), runrecord.Chosen{List: &ids.List}, "d1")
	if diff := cmp.Diff([]string{"groups/A", "groups/B"}, got); err != nil || diff != "" {
		t.Errorf("%v, items (-want +got)\n%s", err, diff)
	}
	where, err := l.Targets(t.Context(), &what.List, nil)
	if diff := cmp.Diff([]plan.Target{{Kind: "groups", Key: "A"}, {Kind: "policies"}}, where); err != nil || diff != "" {
		t.Errorf("%v, targets (-want +got)\n%s", err, diff)
	}
	if s.puts != 2 || s.gets != 2 {
		t.Errorf("%d blobs stored and %d read, want 2 and 2", s.puts, s.gets)
	}

	// A record of a former release has the entries itself.
	if got, err := l.Items(t.Context(), runrecord.Chosen{Items: []string{"groups/Z"}}, "d1"); err != nil || !slices.Equal(got, []string{"groups/Z"}) {
		t.Errorf("items in the record: got %q, %v", got, err)
	}
	if got, err := l.Items(t.Context(), runrecord.Chosen{}, "d1"); err != nil || got != nil {
		t.Errorf("the whole plan: got %q, %v", got, err)
	}
	inline := []plan.Target{{Kind: "groups"}}
	if got, err := l.Targets(t.Context(), nil, inline); err != nil || !slices.Equal(got, inline) {
		t.Errorf("targets in the record: got %+v, %v", got, err)
	}
	if s.gets != 2 {
		t.Errorf("%d blobs were read, want 2", s.gets)
	}
}

// An error of the store is returned, and so is a name that is not the list's.
func TestListsOfAStoreThatFails(t *testing.T) {
	ids, what := items(t, "d1", "groups/A"), targets(t, plan.Target{Kind: "groups"})
	away := errors.New("away")
	s := newShelf()
	s.err = away
	l := s.lists()
	_, itemsErr := l.Items(t.Context(), runrecord.Chosen{List: &ids.List}, "d1")
	_, targetsErr := l.Targets(t.Context(), &what.List, nil)
	_, votedErr := l.Voted(t.Context(), []runrecord.Vote{{Actor: "bob", Chosen: runrecord.Chosen{List: &ids.List}, Digest: "d1"}})
	for act, err := range map[string]error{"Store": l.Store(t.Context(), &ids), "Items": itemsErr, "Targets": targetsErr, "Voted": votedErr} {
		if !errors.Is(err, away) {
			t.Errorf("%s: got %v, want the store's error", act, err)
		}
	}
	if !strings.Contains(votedErr.Error(), "approval by bob") {
		t.Errorf("got %v, want whose approval", votedErr)
	}
	s = newShelf()
	s.name = func(ref *state.BlobRef) { ref.Run = "run-9" }
	if err := s.lists().Store(t.Context(), &ids); failure.Classify(err) != word.ClassStorage || !strings.Contains(err.Error(), "run-9") {
		t.Errorf("another name: got %v, want an error of class storage", err)
	}
}

// Equal lists of several votes are read once.
func TestVotedListsAreReadOnce(t *testing.T) {
	s := newShelf()
	l := s.lists()
	part, other := items(t, "d1", "groups/A", "groups/B"), items(t, "d1", "groups/C")
	for _, c := range []*runrecord.Content{&part, &other} {
		if err := l.Store(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	vote := func(actor string, c *runrecord.Content) runrecord.Vote {
		v := runrecord.Vote{Actor: actor, Digest: "d1"}
		if c != nil {
			v.List = &c.List
		}
		return v
	}
	got, err := l.Voted(t.Context(), []runrecord.Vote{vote("ann", nil), vote("bob", &part), vote("cem", &part), vote("dan", &other)})
	want := map[string][]string{part.SHA256: {"groups/A", "groups/B"}, other.SHA256: {"groups/C"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if s.gets != 2 {
		t.Errorf("%d blobs were read, want 2", s.gets)
	}
}

// A part of a plan has the chosen items in the plan's order, and none that the plan
// lacks.
func TestCovered(t *testing.T) {
	p := &plan.Plan{Items: []plan.Item{{ID: "groups/C"}, {ID: "groups/A"}, {ID: "groups/B"}}}
	for _, tt := range []struct {
		ids  []string
		want string
	}{
		{nil, "groups/C groups/A groups/B"},
		{[]string{}, ""},
		{[]string{"groups/B", "groups/C"}, "groups/C groups/B"},
		{[]string{"groups/A", "groups/Z"}, "groups/A"},
	} {
		var got []string
		for _, it := range runrecord.Covered(p, tt.ids) {
			got = append(got, it.ID)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q: got %q, want %q", tt.ids, got, tt.want)
		}
	}
}

// A decision covers what its actors have voted for on the same plan. The votes of
// others, and on other plans, do not count.
func TestCheckVotes(t *testing.T) {
	part, other, old := items(t, "d1", "groups/A"), items(t, "d1", "groups/B"), items(t, "d0", "groups/A")
	whole, of := runrecord.Chosen{}, func(c runrecord.Content) runrecord.Chosen { return runrecord.Chosen{List: &c.List} }
	vote := func(actor, digest string, c runrecord.Chosen) runrecord.Vote {
		return runrecord.Vote{Actor: actor, Digest: digest, Chosen: c}
	}
	for _, tt := range []struct {
		name    string
		decided runrecord.Chosen
		votes   []runrecord.Vote
		want    string // a part of the error
	}{
		{"both voted for it", of(part), []runrecord.Vote{vote("bob", "d1", of(part)), vote("cem", "d1", of(part))}, ""},
		{"others voted for other items", of(part), []runrecord.Vote{vote("eve", "d1", of(other)), vote("bob", "d1", of(part))}, ""},
		{"on another plan", of(part), []runrecord.Vote{vote("bob", "d0", of(old)), vote("cem", "d1", of(part))}, ""},
		{"the whole plan, without votes", whole, nil, ""},
		{"the whole plan", whole, []runrecord.Vote{vote("bob", "d1", whole)}, ""},
		{"one voted for other items", of(part), []runrecord.Vote{vote("bob", "d1", of(part)), vote("cem", "d1", of(other))}, "other items than the approval by cem"},
		{"one voted for the whole plan", of(part), []runrecord.Vote{vote("bob", "d1", whole)}, "other items than the approval by bob"},
		{"one voted for a part", whole, []runrecord.Vote{vote("bob", "d1", of(part))}, "other items than the approval by bob"},
		{"nobody voted", of(part), []runrecord.Vote{vote("eve", "d1", of(part)), vote("bob", "d0", of(old))}, "items that none of them has approved"},
	} {
		err := tt.decided.CheckVotes(owner, "d1", []string{"bob", "cem"}, tt.votes)
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: got %v", tt.name, err)
			}
			continue
		}
		t.Run(tt.name, func(t *testing.T) { wantStale(t, err, tt.want) })
	}
}
