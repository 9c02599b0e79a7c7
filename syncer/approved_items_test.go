package syncer_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// itemExchanges are changes of the items that a decision covers, after bob has
// approved groups/Staff of groups/Leads and groups/Staff.
var itemExchanges = []struct {
	name  string
	edit  func(x *exchange, run map[string]any)
	class syncer.Class
	says  string
}{
	{"all items", func(_ *exchange, run map[string]any) { delete(decision(run), "list") }, "not_approved", "covers other items than the approval by bob"},
	{"the items of another vote", func(x *exchange, run map[string]any) { decision(run)["list"] = x.voted("cem") }, "not_approved", "covers other items than the approval by bob"},
	{"other items in the record", func(_ *exchange, run map[string]any) {
		delete(decision(run), "list")
		decision(run)["items"] = []any{"groups/Leads"}
	}, "not_approved", "covers other items than the approval by bob"},
	{"the items without a vote", func(_ *exchange, run map[string]any) { delete(run, "votes") }, "not_approved", "that none of them has approved"},
	{"the vote of another person", func(_ *exchange, run map[string]any) { decision(run)["actors"] = []any{"dan"} }, "not_approved", "that none of them has approved"},
	{"the items of another plan, with the vote", func(x *exchange, run map[string]any) {
		x.relist(run, run["digest"].(string), x.former["digest"].(string))
	}, "not_approved", "the list of items in the store is of plan"},
	{"fewer items than the record says, with the vote", func(x *exchange, run map[string]any) {
		x.relist(run, `"groups/Staff"`, ``)
	}, "storage", "it has 0 entries, and the record says 1"},
	{"items that are gone, with the vote", func(x *exchange, run map[string]any) {
		decision(run)["list"].(map[string]any)["sha256"] = strings.Repeat("0", 64)
		x.relist(run)
	}, "storage", "is gone from the store"},
}

// relist replaces texts in the list of the decision, and gives bob's vote that list too.
func (x *exchange) relist(run map[string]any, replace ...string) {
	list := decision(run)["list"].(map[string]any)
	if len(replace) > 0 {
		var ref state.BlobRef
		recode(x.t, list, &ref)
		ref.Tenant, ref.Kind = "contoso", "items"
		recode(x.t, x.copied(ref, replace...), &ref)
		list["sha256"], list["size"] = ref.SHA256, ref.Size
	}
	for _, v := range run["votes"].([]any) {
		if vote := v.(map[string]any); vote["actor"] == "bob" {
			vote["list"] = list
		}
	}
}

// voted returns the list of a person's vote.
func (x *exchange) voted(actor string) any {
	x.t.Helper()
	for _, v := range x.stored("contoso")["votes"].([]any) {
		if vote := v.(map[string]any); vote["actor"] == actor {
			return vote["list"]
		}
	}
	x.t.Fatalf("%s has not voted", actor)
	return nil
}

// A decision on a part of a plan covers the items that were approved. When the
// record leads to other items, nothing is written.
func TestOnlyTheApprovedItemsAreCarriedOut(t *testing.T) {
	for _, e := range itemExchanges {
		t.Run(e.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, w := newExchange(t)
				two := x.h.Worker("two", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Settings.Approval.Approvals = 2 }})
				row, err := w.Status(t.Context(), "contoso")
				d := syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: "cem", Items: []string{"groups/Leads"}}
				if err == nil {
					_, err = two.Decide(t.Context(), d)
				}
				d.Actor, d.Items = "bob", []string{"groups/Staff"}
				if err == nil {
					row, err = w.Decide(t.Context(), d)
				}
				if err != nil || row.Status != state.InProgress {
					t.Fatalf("%s, %v", row.Status, err)
				}
				x.edit(func(run map[string]any) { e.edit(x, run) })
				if _, err := w.Advance(t.Context(), "contoso"); err != nil {
					t.Fatal(err)
				}
				if n := len(x.h.Tenant("contoso").Writes()); n != 0 {
					t.Errorf("%d writes to the tenant", n)
				}
				row, err = w.Status(t.Context(), "contoso")
				if err != nil || row.Status != state.NewError || row.Error == nil || row.Error.Class != e.class || !strings.Contains(row.Error.Message, e.says) {
					t.Fatalf("got %s, %+v, %v, want New error, class %s, and %q", row.Status, row.Error, err, e.class, e.says)
				}
				if e.class == "not_approved" && !strings.Contains(row.Error.Message, "start the sync again") {
					t.Errorf("got %q, want what to do", row.Error.Message)
				}
				if rep, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"}); err != nil || len(rep.Items) != 0 {
					t.Errorf("the report has %+v, %v, want no item", rep, err)
				}
				if fresh := syncTenant(t, x.h.Worker("fresh", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")}), "contoso"); fresh.Status != state.Idle {
					t.Errorf("the next run: got %s, %+v", fresh.Status, fresh.Error)
				}
			})
		})
	}
}

// A row counts the items of a vote on a part. A review, of a person or of the
// Approver, also has the items; also those of a vote that a superseding run has
// taken over.
func TestItemsOfVotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _ := newExchange(t)
		two := x.h.Worker("two", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Settings.Approval.Approvals = 2 }})
		row, err := two.Status(t.Context(), "contoso")
		vote := func(actor string, items ...string) {
			d := syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: actor, Items: items}
			if err == nil {
				row, err = two.Decide(t.Context(), d)
			}
		}
		vote("bob", "groups/Staff")
		vote("cem", "groups/Staff", "groups/Leads")
		vote("dan")
		var asked syncer.Review
		for _, superseded := range []bool{false, true} {
			if superseded {
				w := x.h.Worker("asks", syncertest.WorkerConfig{
					Edit: func(c *syncer.Config) { c.Settings.Approval.Approvals = 2 },
					Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
						asked = r
						return syncer.Decision{}, nil
					})})
				if _, err = w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Supersede: true}); err == nil {
					_, err = w.Advance(t.Context(), "contoso")
				}
				if err == nil {
					row, err = w.Status(t.Context(), "contoso")
				}
			}
			review, rerr := two.Review(t.Context(), syncer.RunRef{Tenant: "contoso"})
			if err != nil || rerr != nil || len(row.Votes) != 3 {
				t.Fatalf("%v, %v, %d votes", err, rerr, len(row.Votes))
			}
			for i, want := range [][]string{{"groups/Staff"}, {"groups/Leads", "groups/Staff"}, nil} {
				got := row.Votes[i]
				if got.Items != nil || (got.Part == nil) != (want == nil) || want != nil && (got.Part.Items != len(want) || len(got.Part.Digest) != 64) {
					t.Errorf("superseded %t: the row has the vote %+v, of part %+v, want %d items", superseded, got, got.Part, len(want))
				}
				got.Items = want
				if diff := cmp.Diff(got, review.Votes[i]); diff != "" {
					t.Errorf("superseded %t: the review (-want +got):\n%s", superseded, diff)
				}
			}
			if row.Votes[0].Part.Digest == row.Votes[1].Part.Digest {
				t.Error("different parts have one digest")
			}
			if superseded {
				if diff := cmp.Diff(review.Votes, asked.Votes); diff != "" {
					t.Errorf("the approver is shown (-want +got):\n%s", diff)
				}
			}
		}
		<-time.After(2 * state.MinBlobAge)
		for _, age := range []time.Duration{state.MinBlobAge, state.MinBlobAge} {
			if _, err := x.h.Store.Prune(t.Context(), state.PruneRequest{Age: age}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := two.Review(t.Context(), syncer.RunRef{Tenant: "contoso"}); err != nil {
			t.Errorf("the items of the former run's votes were pruned: %v", err)
		}
		if vote("eve", "groups/Leads", "groups/Staff"); err != nil || row.Status != state.InProgress {
			t.Fatalf("cem and eve have approved the same items, in two runs: got %s, %v", row.Status, err)
		}
		if _, err := two.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		rep, err := two.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil || rep.Outcome != syncer.Deployed || !cmp.Equal(rep.Decision.Items, []string{"groups/Leads", "groups/Staff"}) || rep.Decision.Actor != "cem, eve" {
			t.Errorf("got %s, %+v, %v", rep.Outcome, rep.Decision, err)
		}
	})
}
