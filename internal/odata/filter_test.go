package odata_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenantsync/tenantsync/internal/odata"
)

// decode reads an object as the package takes it.
func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var o map[string]any
	if err := d.Decode(&o); err != nil {
		t.Fatal(err)
	}
	return o
}

const person = `{"id":"0f1e2d3c-0000-4000-8000-abcdefabcdef","displayName":"Research and Development","mailNickname":"O'Neil","mail":null,
	"accountEnabled":true,"priority":10,"big":9007199254740993,"createdDateTime":"2021-01-02T12:00:00Z","empty":[],"state":"enabled",
	"groupTypes":["Unified","DynamicMembership"],"scenarios":"secureFoundation, zeroTrust",
	"assignedPlans":[{"servicePlanId":"2e2ddb96-6af9-4b1d-a3f0-d6ecfd22edb2","capabilityStatus":"Suspended"},{"servicePlanId":"3e2ddb96-6af9-4b1d-a3f0-d6ecfd22edb2","capabilityStatus":"Enabled"}],
	"nested":[{"of":[1,2]},{"of":[]}],
	"scope":{"@odata.type":"#microsoft.graph.accessReviewQueryScope","query":"/groups/x/members"}}`

// The operators of filter-query-parameter, each with an object that it finds and
// one that it leaves out.
func TestFilter(t *testing.T) {
	tests := []struct {
		filter string
		want   bool
	}{
		{`displayName eq 'research AND development'`, true},
		{`displayName eq 'Research and Development' and state eq 'enabled'`, true},
		{`displayName eq 'Research'`, false},
		{`mailNickname eq 'O''Neil'`, true},
		{`mailNickname eq ''`, false},
		{`displayName eq 'A' or displayName eq 'Research and Development'`, true},
		{`displayName eq 'A' OR state eq 'disabled'`, false},
		{`displayName eq 'A' and state eq 'enabled' or accountEnabled eq true`, true},
		{`displayName eq 'A' and (state eq 'enabled' or accountEnabled eq true)`, false},
		{`not (displayName eq 'A')`, true},
		{`NOT(displayName eq 'A') AND state eq 'enabled'`, true},
		{`not (not (displayName eq 'A'))`, false},
		{`not startswith(displayName,'Re')`, false},
		{`displayName ne 'A'`, true},
		{`displayName ne 'Research and Development'`, false},

		{`startsWith( displayName, 'research')`, true},
		{`startswith(displayName,'search')`, false},
		{`endswith(displayName,'ment')`, true},
		{`endsWith(displayName,'men')`, false},
		{`contains(displayName,'and')`, true},
		{`contains(displayName,'xyz')`, false},

		{`displayName in ('A', 'research and development')`, true},
		{`displayName in ('A','B')`, false},
		{`mail in (null, 'a@b')`, true},
		{`priority in (9, 10)`, true},

		// What is null is left out, also when it is negated.
		{`mail eq null`, true},
		{`mail ne null`, false},
		{`absent eq null`, true},
		{`displayName ne null`, true},
		{`mail eq 'x'`, false},
		{`mail ne 'x'`, true},
		{`mail gt 'x'`, false},
		{`startswith(mail,'x')`, false},
		{`not startswith(mail,'x')`, false},
		{`not startswith(mail,'x') or state eq 'enabled'`, true},
		{`not (startswith(mail,'x') and state eq 'enabled')`, false},
		{`not (startswith(mail,'x') and state eq 'disabled')`, true},

		{`priority eq 10`, true}, {`priority gt 9`, true}, {`priority gt 10`, false}, {`priority ge 10`, true}, {`priority ge 11`, false},
		{`priority lt 11`, true}, {`priority lt 10`, false}, {`priority le 10`, true}, {`priority le 9`, false},
		{`priority eq 1e1`, true}, {`priority gt -1`, true}, {`priority eq 10.5`, false},
		{`big eq 9007199254740993`, true}, {`big eq 9007199254740992`, false},
		{`accountEnabled eq true`, true}, {`accountEnabled eq false`, false}, {`accountEnabled ne FALSE`, true},

		{`id eq 0f1e2d3c-0000-4000-8000-abcdefabcdef`, true},
		{`id eq 0F1E2D3C-0000-4000-8000-ABCDEFABCDEF`, true},
		{`id eq '0F1E2D3C-0000-4000-8000-ABCDEFABCDEF'`, true},
		{`id eq 0f1e2d3c-0000-4000-8000-abcdefabcde0`, false},
		{`createdDateTime ge 2021-01-02`, true},
		{`createdDateTime ge 2021-01-03`, false},
		{`createdDateTime le 2021-01-02T12:00:00Z`, true},
		{`createdDateTime lt 2021-01-02T12:00:00Z`, false},
		{`createdDateTime eq 2021-01-02T14:00:00+02:00`, true},
		{`CreatedDateTime gt 2021-01-02T11:59:59.5Z`, true},
		{`state eq microsoft.graph.policyState'Enabled'`, true},

		{`groupTypes/any(c:c eq 'unified')`, true},
		{`groupTypes/any(c:c eq 'x')`, false},
		{`NOT groupTypes/any(c:c eq 'Unified')`, false},
		{`groupTypes/any (p:endsWith(p, 'Membership'))`, true},
		{`groupTypes/any()`, true},
		{`empty/any()`, false},
		{`absent/any(x:x eq 'a')`, false},
		{`assignedPlans/any(a:a/servicePlanId eq 2e2ddb96-6af9-4b1d-a3f0-d6ecfd22edb2 and a/capabilityStatus eq 'Suspended')`, true},
		{`assignedPlans/any(a:a/servicePlanId eq 2e2ddb96-6af9-4b1d-a3f0-d6ecfd22edb2 and a/capabilityStatus eq 'Enabled')`, false},
		{`nested/any(n:n/of/any(i:i eq 2))`, true},
		{`nested/any(n:n/of/any(i:i eq 3))`, false},
		{`nested/any(n:n/of/any(i:i eq 2) and state eq 'enabled')`, true},
		{`empty/$count eq 0`, true},
		{`groupTypes/$count ne 0`, true},
		{`groupTypes/$count eq 1`, false},
		{`scenarios has 'zerotrust'`, true},
		{`scenarios has 'secureFoundation,zeroTrust'`, true},
		{`scenarios has 'remoteWork'`, false},
		{`contains(scope/microsoft.graph.accessReviewQueryScope/query, '/members')`, true},
		{`contains(scope/microsoft.graph.other/query, '/members')`, false},
	}
	object := decode(t, person)
	for _, tt := range tests {
		f, err := odata.ParseFilter(tt.filter)
		if err != nil {
			t.Errorf("%s: %v", tt.filter, err)
			continue
		}
		if got, err := f.Match(object); err != nil || got != tt.want {
			t.Errorf("%s: %v, %v, want %v", tt.filter, got, err, tt.want)
		}
	}
}

// What is not understood is refused when it is read.
func TestFilterIsRefused(t *testing.T) {
	deep := strings.Repeat("(", 60) + "a eq 1" + strings.Repeat(")", 60)
	for filter, words := range map[string]string{
		``:                                "a property",
		`displayName`:                     "an operator",
		`displayName eq`:                  "a literal",
		`displayName eq 'A`:               "unterminated",
		`displayName eq 'A' 'B'`:          "the end",
		`displayName eq 'O'Neil'`:         "unterminated",
		`displayName eq "A"`:              "not valid",
		`displayName eq A`:                "a literal",
		`displayName == 'A'`:              "not valid",
		`displayName eq 'A' and`:          "a property",
		`displayName eq 'A' xor b eq 1`:   "the end",
		`and displayName eq 'A'`:          "one of eq",
		`'A' eq displayName`:              "a property",
		`displayName eq mail`:             "a literal",
		`not displayName eq 'A'`:          "incompatible type",
		`(displayName eq 'A'`:             "')'",
		`displayName eq 'A')`:             "the end",
		`tolower(displayName) eq 'a'`:     "tolower",
		`isof('microsoft.graph.group')`:   "isof",
		`startswith(displayName)`:         "','",
		`startswith(displayName,5)`:       "No function signature",
		`startswith('A',displayName)`:     "a property",
		`displayName in 'A'`:              "'('",
		`displayName in ()`:               "a literal",
		`displayName in ('A'`:             "','",
		`displayName like 'A'`:            "one of eq",
		`groupTypes/all(c:c eq 'A')`:      "all",
		`groupTypes/any(c eq 'A')`:        "':'",
		`groupTypes/any(c:)`:              "a property",
		`groupTypes/any(c:c eq 'A'`:       "')'",
		`any(c:c eq 'A')`:                 "any",
		`groupTypes/$count gt 0`:          "eq or ne",
		`groupTypes/$count eq 2`:          "0 and 1",
		`groupTypes/$count eq '0'`:        "0 and 1",
		`priority add 1 eq 2`:             "one of eq",
		`createdDateTime ge 2021-13-01`:   "no date",
		`createdDateTime ge 2021-1-1`:     "not valid",
		`a/ b eq 1`:                       "a property",
		`a eq 1 and @odata.type eq 'x'`:   "not valid",
		`id eq 0f1e2d3c-0000-4000-8000-x`: "not valid",
		deep:                              "node count",
	} {
		_, err := odata.ParseFilter(filter)
		var refused *odata.Error
		if !errors.As(err, &refused) || refused.Code != odata.BadRequest && refused.Code != odata.UnsupportedQuery || !strings.Contains(refused.Message, words) {
			t.Errorf("%s: %v, want a refusal with %q", filter, err, words)
		}
	}
}

// Values of two types are not compared.
func TestFilterOfAnotherType(t *testing.T) {
	object := decode(t, person)
	for _, filter := range []string{
		`displayName eq 5`, `displayName eq true`, `displayName eq 0f1e2d3c-0000-4000-8000-abcdefabcdef`, `displayName gt 2021-01-02`,
		`priority eq '10'`, `accountEnabled eq 'true'`, `accountEnabled eq 1`, `createdDateTime ge '2021-01-02'`,
		`groupTypes eq 'Unified'`, `scope eq 'x'`, `startswith(priority,'1')`, `displayName/any(x:x eq 'a')`, `groupTypes/x eq 'a'`, `displayName/x eq 'a'`,
		`priority has 'a'`, `scenarios has 5`, `displayName/$count eq 0`, `groupTypes/any(g:g eq 5)`, `displayName in ('a',5)`,
	} {
		f, err := odata.ParseFilter(filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if got, err := f.Match(object); err == nil || got {
			t.Errorf("%s: %v, want a refusal", filter, got)
		} else if refused := new(odata.Error); !errors.As(err, &refused) || refused.Code != odata.BadRequest {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

// A filter that is read gives the same answer each time, and neither reading nor
// asking it panics. What is quoted is found.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`a eq 'b'`, `not (a eq null) and startswith(b,'''')`, `c/any(x:x/d ge 2021-01-02 or x in (1,2.5))`, `e/$count ne 1`, `((a has 'x'))`, `a eq 0f1e2d3c-0000-4000-8000-abcdefabcdef`} {
		f.Add(seed, "O'Neil and sons")
	}
	object := decode(f, person)
	f.Fuzz(func(t *testing.T, filter, name string) {
		if parsed, err := odata.ParseFilter(filter); err == nil {
			a, errA := parsed.Match(object)
			b, errB := parsed.Match(object)
			if a != b || (errA == nil) != (errB == nil) || errA != nil && a {
				t.Errorf("%q: %v %v, then %v %v", filter, a, errA, b, errB)
			}
		} else if refused := new(odata.Error); !errors.As(err, &refused) {
			t.Errorf("%q: %v is no refusal", filter, err)
		}
		equal, err := odata.ParseFilter("name eq '" + strings.ReplaceAll(name, "'", "''") + "'")
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if found, err := equal.Match(map[string]any{"name": name}); err != nil || !found {
			t.Errorf("%q is not found: %v", name, err)
		}
	})
}

// A filter tells which operators and properties it uses, and which token it does not
// understand.
func TestFilterTells(t *testing.T) {
	f, err := odata.ParseFilter(`NOT (a/b in ('x') or c/any(d:d/e ne 'y')) and f/$count eq 0 and endsWith(g,'z') and h gt 1`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"not", "in", "any", "ne", "or", "$count", "endswith", "gt", "and"}, f.Operators, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("operators (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a/b", "c", "f", "g", "h"}, f.Paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	if !f.Uses("has", "ne") || f.Uses("has", "contains") {
		t.Error("it does not tell what it uses")
	}
	for filter, want := range map[string]string{
		`a eq 'b' xor`: "'xor' was found at position 9", `a eq 'b' )`: "')' was found at position 9", `a 5`: "Edm.Int32 was found at position 2", `a eq`: "the end was found at position 4",
	} {
		if _, err := odata.ParseFilter(filter); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", filter, err, want)
		}
	}
}

// Parentheses, negations and lambdas nest 49 times and not more.
func TestFilterDepth(t *testing.T) {
	for open, end := range map[string]string{"(": ")", "not (": ")", "a/any(x:": ")"} {
		each := 1
		if open == "not (" {
			each = 2
		}
		for n, ok := range map[int]bool{48 / each: true, 60: false} {
			_, err := odata.ParseFilter(strings.Repeat(open, n) + "b eq 1" + strings.Repeat(end, n))
			if (err == nil) != ok {
				t.Errorf("%d times %q: %v, want it to be read: %v", n, open, err, ok)
			}
		}
	}
	if _, err := odata.ParseFilter(strings.Repeat("(", 49) + "b eq 1" + strings.Repeat(")", 49)); err != nil {
		t.Errorf("49 parentheses: %v", err)
	}
	if _, err := odata.ParseFilter(strings.Repeat("(", 50) + "b eq 1" + strings.Repeat(")", 50)); err == nil {
		t.Error("50 parentheses are read")
	}
}
