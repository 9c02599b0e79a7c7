package syncertest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// reviews are reviews of all sorts: of creates that depend on each other, of
// an update, of a newer plan of the same tenant, of deletes that break a rule.
func reviews(t tb) []syncer.Review {
	t.Helper()
	return []syncer.Review{
		changeReview(t, "contoso", "run-1", "Staff"),
		changeReview(t, "contoso", "run-2", "Guests"),
		changeReview(t, "fabrikam", "run-3", "Staff"),
		updateReview(t),
		brokenReview(t),
	}
}

// changeReview is a review of a plan that creates a group and a policy that
// refers to it.
func changeReview(t tb, tenantName, run, group string) syncer.Review {
	t.Helper()
	desired := []tenant.Resource{
		object("groups", group, fmt.Sprintf(`{"displayName":%q}`, group)),
		object("policies", "Block legacy", fmt.Sprintf(`{"displayName":"Block legacy","groups":["${groups/%s}"]}`, group)),
	}
	return reviewOf(t, run, diff.Input{Tenant: tenantName, Desired: tenant.Desired{Resources: desired}})
}

// updateReview is a review of a plan that changes a group.
func updateReview(t tb) syncer.Review {
	t.Helper()
	was := object("groups", "Staff", `{"displayName":"Staff","mail":"old@example.com"}`)
	return reviewOf(t, "run-4", diff.Input{
		Tenant:  "contoso",
		Base:    &diff.Base{Format: format.FormatVersion, Objects: []*diff.BaseObject{{Kind: was.Kind, Key: was.Key, ID: was.ID, Body: was.Body}}},
		Desired: tenant.Desired{Resources: []tenant.Resource{object("groups", "Staff", `{"displayName":"Staff","mail":"new@example.com"}`)}},
		Current: tenant.Snapshot{Resources: []tenant.Resource{{Kind: was.Kind, ID: was.ID, Body: was.Body}}},
	})
}

// brokenReview is a review of a plan that breaks two guard rules.
func brokenReview(t tb) syncer.Review {
	t.Helper()
	rules := plan.Rules{
		Protected: []plan.Selector{{Kind: "groups"}},
		Guards: []plan.Guard{func(context.Context, tenant.GuardRequest) []tenant.Violation {
			return []tenant.Violation{{Rule: "freeze", Message: "no changes today"}}
		}},
	}
	r := reviewOf(t, "run-5", diff.Input{Tenant: "contoso", Rules: rules,
		Desired: tenant.Desired{Resources: []tenant.Resource{object("groups", "Staff", `{"displayName":"Staff"}`)}}})
	if len(r.Plan.Broken) != 2 {
		t.Fatalf("the kit's plan breaks %v, want two rules", r.Plan.Broken)
	}
	return r
}

// object is a resource of the repository, with an id for when it is the tenant's.
func object(kind, key, body string) tenant.Resource {
	return tenant.Resource{Kind: kind, Key: key, ID: "id-of-" + key, Body: json.RawMessage(body)}
}

// reviewOf is the review of a comparison's plan, all kinds being read whole.
func reviewOf(t tb, run string, in diff.Input) syncer.Review {
	t.Helper()
	var err error
	if in.Kinds, err = schema.CompileAll(Kinds()); err != nil {
		t.Fatalf("the kit's kinds: %v", err)
	}
	for _, k := range in.Kinds.All() {
		in.Current.Kinds = append(in.Current.Kinds, tenant.KindState{Kind: k.Name, Completeness: tenant.Complete, Scope: tenant.All})
	}
	res, err := diff.Compare(context.Background(), in)
	if err != nil {
		t.Fatalf("the kit's plan: %v", err)
	}
	if len(res.Plan.Items) == 0 || res.Plan.Counts().Problems > 0 {
		t.Fatalf("the kit's plan has %d items and %d problems: %v", len(res.Plan.Items), res.Plan.Counts().Problems, res.Plan.Notes)
	}
	now := time.Now()
	return syncer.Review{RunRef: syncer.RunRef{Tenant: in.Tenant, Run: run}, Requester: "ben", Comment: "a test", Plan: res.Plan,
		Since: now, Deadline: now.Add(syncer.ApprovalTimeoutDefault)}
}
