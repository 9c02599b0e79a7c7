package syncer

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/people"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// changes is a plan with the items given as "verb kind/key", and the guard rules
// that they break.
func changes(broken []plan.Violation, items ...string) *plan.Plan {
	p := &plan.Plan{Digest: "d1", Broken: broken}
	for _, it := range items {
		verb, id, _ := strings.Cut(it, " ")
		kind, key, _ := strings.Cut(id, "/")
		p.Items = append(p.Items, plan.Item{ID: id, Kind: kind, Key: key, Verb: tenant.Verb(verb)})
	}
	return p
}

// ruled is a policy with its defaults.
func ruled(r ApprovalRules) policy {
	return policy{ApprovalRules: r.withDefaults(), people: people.Rule{}}
}

func TestApprovalRules(t *testing.T) {
	groups := map[string][]string{"security": {"sam@example.com", "Sue"}, "owners": {"olga"}}
	p := changes([]plan.Violation{{Rule: "protected", Message: "no", Items: []string{"groups/C"}}},
		"create groups/A", "update groups/B", "delete groups/C", "delete policies/D")
	for _, tt := range []struct {
		name   string
		rules  ApprovalRules
		items  []string
		voters []string
		want   []string // the demands
		met    bool
	}{
		{"one for anything", ApprovalRules{}, nil, []string{"bob"}, []string{"1 of 1 approvals"}, true},
		{"nobody yet", ApprovalRules{}, nil, nil, []string{"0 of 1 approvals"}, false},
		{"one person in three spellings", ApprovalRules{Approvals: 2}, nil, []string{"bob", "Bob ", "bo\u200bb"}, []string{"1 of 2 approvals"}, false},
		{"the requester does not count", ApprovalRules{Approvals: 2}, nil, []string{"bob", "ANN"}, []string{"1 of 2 approvals"}, false},
		{"the requester may count", ApprovalRules{Approvals: 2, AllowRequester: true}, nil, []string{"bob", "ANN"}, []string{"2 of 2 approvals"}, true},
		{"two for deletes", ApprovalRules{Rules: []ApprovalRule{{Name: "deletes", Verbs: []tenant.Verb{tenant.Delete}, Approvals: 2}}},
			nil, []string{"bob"}, []string{"1 of 1 approvals", "1 of 2 approvals (rule deletes)"}, false},
		{"and one for the rest", ApprovalRules{Rules: []ApprovalRule{{Name: "deletes", Verbs: []tenant.Verb{tenant.Delete}, Approvals: 2}}},
			[]string{"groups/A", "groups/B"}, []string{"bob"}, []string{"1 of 1 approvals"}, true},
		{"a verb of a kind", ApprovalRules{Rules: []ApprovalRule{{Name: "x", Verbs: []tenant.Verb{tenant.Create}, Kinds: []string{"policies"}}}},
			nil, []string{"bob"}, []string{"1 of 1 approvals"}, true},
		{"a kind", ApprovalRules{Rules: []ApprovalRule{{Name: "x", Kinds: []string{"policies"}, Approvals: 2}}},
			nil, []string{"bob"}, []string{"1 of 1 approvals", "1 of 2 approvals (rule x)"}, false},
		{"fewer than the size", ApprovalRules{Rules: []ApprovalRule{{Name: "x", Verbs: []tenant.Verb{tenant.Delete}, AtLeast: 3, Approvals: 2}}},
			nil, []string{"bob"}, []string{"1 of 1 approvals"}, true},
		{"as many as the size", ApprovalRules{Rules: []ApprovalRule{{Name: "x", Verbs: []tenant.Verb{tenant.Delete}, AtLeast: 2, Approvals: 2}}},
			nil, []string{"bob"}, []string{"1 of 1 approvals", "1 of 2 approvals (rule x)"}, false},
		{"a broken rule", ApprovalRules{Rules: []ApprovalRule{{Name: "x", Broken: []string{"protected"}, Approvals: 2}}},
			nil, []string{"bob"}, []string{"1 of 1 approvals", "1 of 2 approvals (rule x)"}, false},
		{"a rule that the items do not break", ApprovalRules{Rules: []ApprovalRule{{Name: "x", Broken: []string{"protected"}, Approvals: 2}}},
			[]string{"policies/D"}, []string{"bob"}, []string{"1 of 1 approvals"}, true},
		{"a group", ApprovalRules{Groups: groups, Rules: []ApprovalRule{{Name: "x", Groups: []string{"security"}}}},
			nil, []string{"bob"}, []string{"1 of 1 approvals", "0 of 1 approvals by group security (rule x)"}, false},
		{"a member, in another spelling", ApprovalRules{Groups: groups, Rules: []ApprovalRule{{Name: "x", Groups: []string{"security"}}}},
			nil, []string{"SUE"}, []string{"1 of 1 approvals", "1 of 1 approvals by group security (rule x)"}, true},
		{"either group", ApprovalRules{Groups: groups, Rules: []ApprovalRule{{Name: "x", Approvals: 2, Groups: []string{"security", "owners"}}}},
			nil, []string{"sue", "olga"}, []string{"2 of 1 approvals", "2 of 2 approvals by group security or owners (rule x)"}, true},
		{"all that match", ApprovalRules{Approvals: 2, Groups: groups, Rules: []ApprovalRule{{Name: "x", Groups: []string{"owners"}}, {Name: "y", Approvals: 3}}},
			nil, []string{"olga", "bob"}, []string{"2 of 2 approvals", "1 of 1 approvals by group owners (rule x)", "2 of 3 approvals (rule y)"}, false},
		{"those that match, on both sides of one that does not", ApprovalRules{Rules: []ApprovalRule{{Name: "x", Kinds: []string{"groups"}}, {Name: "y", Kinds: []string{"users"}}, {Name: "z", Approvals: 2}}},
			nil, []string{"bob"}, []string{"1 of 1 approvals", "1 of 1 approvals (rule x)", "1 of 2 approvals (rule z)"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			y := ruled(tt.rules)
			if wrong := y.problems(""); len(wrong) > 0 {
				t.Fatal(wrong)
			}
			// The first half of the votes is stored as a former release stores them.
			part := listed(t, tt.items, "d1")
			var votes []runrecord.Vote
			for i, v := range tt.voters {
				votes = append(votes, runrecord.Vote{Actor: v, Chosen: part, Digest: "d1"})
				if i < len(tt.voters)/2 {
					votes[i].Chosen = runrecord.Chosen{Items: tt.items}
				}
			}
			votes = append(votes, runrecord.Vote{Actor: "zoe", Chosen: listed(t, []string{"groups/B"}, "d1"), Digest: "d1"}, runrecord.Vote{Actor: "zoe", Chosen: listed(t, tt.items, "d0"), Digest: "d0"})
			var got []string
			standing := y.standing(p, tt.items, part, votes, "ann")
			for _, d := range standing {
				got = append(got, strings.Replace(d.String(), fmt.Sprintf("%d of", min(d.Given, d.Approvals)), fmt.Sprintf("%d of", d.Given), 1))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if met(standing) != tt.met {
				t.Errorf("met: %v, want %v", met(standing), tt.met)
			}
		})
	}
}

// listed returns how a record holds the items of the plan with this digest.
func listed(t *testing.T, items []string, digest string) runrecord.Chosen {
	t.Helper()
	made, err := Decision{Verdict: Approve, Digest: digest, Items: items}.choose(runrecord.Owner{Tenant: "contoso", Run: "run-2"})
	if err != nil {
		t.Fatal(err)
	}
	return made.chosen()
}

// Whoever approves again, or what one asked for oneself, is refused in every
// spelling.
func TestApprovalsOfOnePerson(t *testing.T) {
	p := changes(nil, "create groups/A")
	for _, spelling := range []string{"änn ", "\tA\u0308nn\n", "\u2060ÄNN\ufe0f"} {
		asked := &run{Actor: spelling}
		if _, err := ruled(ApprovalRules{}).check(p, asked, Decision{Actor: "Änn"}); !errors.Is(err, ErrSelfApproval) {
			t.Errorf("%q asked, and Änn approves: got %v, want ErrSelfApproval", spelling, err)
		}
		voted := &run{Actor: "bob", Votes: []runrecord.Vote{{Actor: spelling, Digest: "d1"}}}
		if _, err := ruled(ApprovalRules{Approvals: 2}).check(p, voted, Decision{Actor: "Änn", Digest: "d1"}); !errors.Is(err, ErrAlreadyVoted) {
			t.Errorf("%q approved, and Änn approves again: got %v, want ErrAlreadyVoted", spelling, err)
		}
	}
	for _, stranger := range []string{"ann", "änna", "Анн"} {
		if _, err := ruled(ApprovalRules{}).check(p, &run{Actor: stranger}, Decision{Actor: "Änn"}); err != nil {
			t.Errorf("%q asked, and Änn approves: got %v", stranger, err)
		}
	}
}

// A person accepts the guard rules that the chosen items break, and no others.
func TestAcceptedRules(t *testing.T) {
	p := changes([]plan.Violation{{Rule: "protected", Items: []string{"groups/A"}}, {Rule: "max-deletes", Items: []string{"groups/B"}},
		{Rule: "protected", Items: []string{"groups/B"}}}, "delete groups/A", "delete groups/B", "delete groups/C")
	for _, tt := range []struct {
		items, accept, want []string
		missing             []string
	}{
		{nil, []string{"max-deletes", "protected"}, []string{"protected", "max-deletes"}, nil},
		{nil, []string{"protected"}, nil, []string{"max-deletes"}},
		{[]string{"groups/A"}, []string{"max-deletes", "protected", "unheard-of"}, []string{"protected"}, nil},
		{[]string{"groups/A"}, []string{"max-deletes"}, nil, []string{"protected"}},
		{[]string{"groups/C"}, []string{"max-deletes", "protected"}, nil, nil},
	} {
		got, err := ruled(ApprovalRules{}).check(p, &run{Actor: "ann"}, Decision{Actor: "bob", Items: tt.items, Accept: tt.accept})
		if diff := cmp.Diff(tt.want, got); diff != "" && tt.missing == nil {
			t.Errorf("items %q, accepting %q:\n%s", tt.items, tt.accept, diff)
		}
		broken, _ := errors.AsType[*BrokenRulesError](err)
		if (broken != nil) != (tt.missing != nil) || broken != nil && !cmp.Equal(broken.Rules, tt.missing) {
			t.Errorf("items %q, accepting %q: got %v, want %q missing", tt.items, tt.accept, err, tt.missing)
		}
	}
}

// No plan is approved by a rule unless the rule allows all that it does.
func TestAutomaticApproval(t *testing.T) {
	small := changes(nil, "create groups/A", "update policies/B")
	deletes := changes(nil, "delete groups/A")
	guarded := changes([]plan.Violation{{Rule: "protected", Items: []string{"groups/A"}}}, "update groups/A")
	clash := changes(nil, "update groups/A")
	clash.Items[0].Origin = plan.Clash
	inner := changes(nil, "update groups/A")
	inner.Items[0].Changes = []plan.PropertyChange{{Origin: plan.Deploy}, {Origin: plan.Clash}}
	for _, tt := range []struct {
		name string
		plan *plan.Plan
		rule AutomaticApproval
		want bool
	}{
		{"a small plan", small, AutomaticApproval{AtMost: 2}, true},
		{"more than the size", small, AutomaticApproval{AtMost: 1}, false},
		{"its kinds", small, AutomaticApproval{AtMost: 2, Kinds: []string{"groups", "policies"}}, true},
		{"another kind", small, AutomaticApproval{AtMost: 2, Kinds: []string{"groups"}}, false},
		{"no items", changes(nil), AutomaticApproval{AtMost: 2}, false},
		{"deletes", deletes, AutomaticApproval{AtMost: 2, Conflicts: true, Accept: []string{"protected"}}, false},
		{"deletes, said so", deletes, AutomaticApproval{AtMost: 2, Deletes: true}, true},
		{"a broken rule", guarded, AutomaticApproval{AtMost: 2, Conflicts: true, Deletes: true, Accept: []string{"max-deletes"}}, false},
		{"a broken rule, said so", guarded, AutomaticApproval{AtMost: 2, Accept: []string{"protected"}}, true},
		{"a conflict", clash, AutomaticApproval{AtMost: 2, Deletes: true, Accept: []string{"protected"}}, false},
		{"a conflict, said so", clash, AutomaticApproval{AtMost: 2, Conflicts: true}, true},
		{"a conflict in one property", inner, AutomaticApproval{AtMost: 2}, false},
	} {
		tt.rule.Name = "small"
		y := ruled(ApprovalRules{Automatic: []AutomaticApproval{tt.rule}})
		if _, got := y.automatic(tt.plan); got != tt.want {
			t.Errorf("%s: approved %v, want %v", tt.name, got, tt.want)
		}
		if _, got := ruled(ApprovalRules{}).automatic(tt.plan); got {
			t.Errorf("%s: approved without a rule", tt.name)
		}
		y.Rules = []ApprovalRule{{Name: "all", AtLeast: 1, Approvals: 1}}
		if _, got := y.automatic(tt.plan); got {
			t.Errorf("%s: approved although a rule asks for people", tt.name)
		}
	}
}

// Each message begins with the field's name.
func TestApprovalRulesRefused(t *testing.T) {
	long := strings.Repeat("n", bounds.MaxName+1)
	group := map[string][]string{"g": {"ann", "ANN"}}
	for _, tt := range []struct {
		field string
		rules ApprovalRules
	}{
		{"Approvals", ApprovalRules{Approvals: -1}},
		{"Timeout", ApprovalRules{Timeout: -time.Second}},
		{"Rules[0].Name", ApprovalRules{Rules: []ApprovalRule{{}}}},
		{"Rules[0].Name", ApprovalRules{Rules: []ApprovalRule{{Name: long}}}},
		{"Rules[1].Name", ApprovalRules{Rules: []ApprovalRule{{Name: "a"}, {Name: "a"}}}},
		{"Rules[0].AtLeast", ApprovalRules{Rules: []ApprovalRule{{Name: "a", AtLeast: -1}}}},
		{"Rules[0].Approvals", ApprovalRules{Rules: []ApprovalRule{{Name: "a", Approvals: -1}}}},
		{"Rules[0].Verbs", ApprovalRules{Rules: []ApprovalRule{{Name: "a", Verbs: []tenant.Verb{"deletes"}}}}},
		{"Rules[0].Groups", ApprovalRules{Rules: []ApprovalRule{{Name: "a", Groups: []string{"g"}}}}},
		{"Rules[0].Approvals", ApprovalRules{Groups: group, Rules: []ApprovalRule{{Name: "a", Approvals: 2, Groups: []string{"g"}}}}},
		{"Automatic[0].Name", ApprovalRules{Automatic: []AutomaticApproval{{AtMost: 1}}}},
		{"Automatic[0].AtMost", ApprovalRules{Automatic: []AutomaticApproval{{Name: "a"}}}},
	} {
		got := ruled(tt.rules).problems("Settings.Approval.")
		if len(got) == 0 || !strings.HasPrefix(got[0], "Settings.Approval."+tt.field+" ") {
			t.Errorf("got %q, want a message that begins with %s", got, tt.field)
		}
	}
}
