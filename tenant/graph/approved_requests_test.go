package graph_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// What was approved is what is sent, also where one operation is not the usual
// request: links in the place of objects, actions that take changes, properties that go
// apart, headers, and patches that go before another request. The objects behind the
// approved names change between the approval and the writes, and the requests still
// name those that were approved.
func TestApprovedRequests(t *testing.T) {
	type step struct{ kind, key, body string }
	for _, tt := range []struct {
		name string
		// seeds are objects, as KIND NAME BODY; "<NAME>" in a later body is its id.
		seeds []step
		// files are written after a first sync has adopted the tenant.
		files []step
		// swap are objects that another one gets the name of, after the approval.
		swap []step
		want []string
	}{
		{
			name:  "a link",
			seeds: []step{{"intuneRoleDefinitions", "Reader", `{"displayName":"Reader"}`}, {"groups", "G", `{"displayName":"G","mailNickname":"g"}`}},
			files: []step{{"intuneRoleAssignments", "A", `{"displayName":"A","members":["${groups/G}"],"roleDefinition":{"id":"${intuneRoleDefinitions/Reader}"}}`}},
			swap:  []step{{"intuneRoleDefinitions", "Reader", `{"displayName":"Reader"}`}},
			want:  []string{`POST /beta/deviceManagement/roleAssignments {"displayName":"A","members":["<G>"],"roleDefinition@odata.bind":"https://graph.example/beta/deviceManagement/roleDefinitions('<Reader>')"}`},
		},
		{
			name: "an action that takes changes",
			seeds: []step{
				{"mobileApps", "One", `{"@odata.type":"#microsoft.graph.winGetApp","displayName":"One"}`},
				{"mobileApps", "Two", `{"@odata.type":"#microsoft.graph.winGetApp","displayName":"Two"}`},
				{"mobileApps", "Three", `{"@odata.type":"#microsoft.graph.winGetApp","displayName":"Three"}`},
				{"policySets", "S", `{"displayName":"S","items":[{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","id":"i1","intent":"required","payloadId":"<One>"},{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","id":"i2","intent":"required","payloadId":"<Two>"}]}`},
			},
			files: []step{{"policySets", "S", `{"displayName":"S","items":[{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","intent":"available","payloadId":"${mobileApps/One - %23microsoft.graph.winGetApp}"},{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","intent":"required","payloadId":"${mobileApps/Three - %23microsoft.graph.winGetApp}"}]}`}},
			swap:  []step{{"mobileApps", "Three", `{"@odata.type":"#microsoft.graph.winGetApp","displayName":"Three"}`}},
			want: []string{`POST /beta/deviceAppManagement/policySets/<S>/update {"addedPolicySetItems":[{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","intent":"required","payloadId":"<Three>"}],` +
				`"deletedPolicySetItems":["i2"],"updatedPolicySetItems":[{"@odata.type":"#microsoft.graph.mobileAppPolicySetItem","id":"i1","intent":"available","payloadId":"<One>"}]}`},
		},
		{
			name:  "properties that go apart",
			seeds: []step{{"groups", "G", `{"displayName":"G","mailNickname":"g","groupTypes":["Unified"],"description":"a","allowExternalSenders":false,"hideFromAddressLists":false}`}},
			files: []step{{"groups", "G", `{"displayName":"G","mailNickname":"g","groupTypes":["Unified"],"description":"b","allowExternalSenders":true,"hideFromAddressLists":false}`}},
			want:  []string{`PATCH /v1.0/groups/<G> {"description":"b"}`, `PATCH /v1.0/groups/<G> {"allowExternalSenders":true}`},
		},
		{
			name:  "headers",
			files: []step{{"organizationalBranding", "organizationalBranding", `{"signInPageText":"Hello"}`}},
			want:  []string{`PATCH /v1.0/organization/<directory>/branding {"signInPageText":"Hello"} Accept-Language: 0`},
		},
		{
			name:  "a patch before a delete",
			seeds: []step{{"namedLocations", "Office", `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"Office","isTrusted":true,"ipRanges":[]}`}},
			files: []step{{"namedLocations", "Office", ""}},
			want: []string{`PATCH /v1.0/identity/conditionalAccess/namedLocations/<Office> {"@odata.type":"#microsoft.graph.ipNamedLocation","isTrusted":false}`,
				`DELETE /v1.0/identity/conditionalAccess/namedLocations/<Office>`},
		},
		{
			name:  "a patch before another one",
			seeds: []step{{"applications", "App", `{"displayName":"App","appRoles":[{"id":"r1","isEnabled":true,"value":"a"},{"id":"r2","isEnabled":true,"value":"b"}]}`}},
			files: []step{{"applications", "App", `{"displayName":"App","appRoles":[{"id":"r1","isEnabled":true,"value":"a"}]}`}},
			want: []string{`PATCH /v1.0/applications/<App> {"appRoles":[{"id":"r1","isEnabled":true,"value":"a"},{"id":"r2","isEnabled":false,"value":"b"}]}`,
				`PATCH /v1.0/applications/<App> {"appRoles":[{"id":"r1","isEnabled":true,"value":"a"}]}`},
		},
		{
			name: "members that are links",
			seeds: []step{
				{"groups", "Old", `{"displayName":"Old","mailNickname":"o"}`}, {"groups", "New", `{"displayName":"New","mailNickname":"n"}`},
				{"groups", "G", `{"displayName":"G","mailNickname":"g","members":["<Old>"]}`},
			},
			files: []step{{"groups", "G", `{"displayName":"G","mailNickname":"g","members":["${groups/New}"]}`}},
			swap:  []step{{"groups", "New", `{"displayName":"New","mailNickname":"x"}`}},
			want: []string{`POST /v1.0/groups/<G>/members/$ref {"@odata.id":"https://graph.example/v1.0/directoryObjects/<New>"}`,
				`DELETE /v1.0/groups/<G>/members/<Old>/$ref`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newApprovals(t, func(c *syncer.Config) {
					c.Settings.Rules.Deletes = map[string]bool{"namedLocations": true}
					c.Settings.Scopes = map[string]tenant.Scope{"groups": tenant.All, "applications": tenant.All}
				})
				ids := []string{a.server.Fake.Directory(), "<directory>"}
				named := func(text string) string {
					for i := 0; i < len(ids); i += 2 {
						text = strings.ReplaceAll(text, ids[i+1], ids[i])
					}
					return text
				}
				for _, s := range tt.seeds {
					ids = append(ids, a.server.Fake.Seed(s.kind, named(s.body)), "<"+s.key+">")
				}
				_, row := a.plan(t)
				for row.Status.Active() {
					row = a.advance(t, row.Run)
				}
				for _, f := range tt.files {
					a.edit(t, f.kind, f.key, f.body)
				}
				p, row := a.plan(t)
				var rules []string
				for _, b := range p.Broken {
					rules = append(rules, b.Rule)
				}
				if err := a.approve(t, p, row.Run, rules...); err != nil {
					t.Fatal(err)
				}
				for _, s := range tt.swap {
					former := a.server.Fake.Object(s.kind, named("<"+s.key+">"))
					a.server.Fake.Set(s.kind, named("<"+s.key+">"), strings.Replace(string(former), `"`+s.key+`"`, `"Former"`, 1))
					a.server.Fake.Seed(s.kind, s.body)
				}
				a.sent.all = nil
				row = a.advance(t, row.Run)
				var got []string
				for _, r := range a.sent.all {
					if strings.HasSuffix(r.path, "/evaluate") {
						continue // What If, which writes nothing
					}
					line := r.method + " " + r.path
					if len(r.body) > 0 {
						line += " " + sortedJSON(t, r.body)
					}
					if v := r.header.Get("Accept-Language"); v != "" {
						line += " Accept-Language: " + v
					}
					got = append(got, strings.NewReplacer(ids...).Replace(line))
				}
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Errorf("it ended %s (%+v); sent (-want +got)\n%s", row.Outcome, row.Error, d)
				}
			})
		})
	}
}
