package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// readOne reads an object and returns one of its properties.
func readOne(t *testing.T, c *graph.Client, kind, id, property string) string {
	t.Helper()
	got := "not read"
	res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: kind, All: true}, func(r tenant.Resource) error {
		if r.ID == id || id == "" {
			var o map[string]json.RawMessage
			if err := json.Unmarshal(r.Body, &o); err != nil {
				return err
			}
			got = string(o[property])
		}
		return nil
	})
	if err != nil || res.Completeness != tenant.Complete {
		t.Fatalf("%s: %+v, %v", kind, res, err)
	}
	return got
}

// Pieces are read where the host asks for them, of the objects that have them, with
// all their pages; otherwise nothing is asked.
func TestPiecesAreRead(t *testing.T) {
	server := graphtest.New(graphtest.Config{PageSize: 2})
	sales := server.Fake.Seed("groups", `{"displayName":"Sales"}`)
	staff := server.Fake.Seed("groups", `{"displayName":"Staff","members":["`+sales+`","u1","u2"],"owners":["u1"]}`)
	rule := server.Fake.Seed("groups", `{"displayName":"Rule","groupTypes":["DynamicMembership"],"membershipRule":"true","members":["u1"]}`)
	mail := server.Fake.Seed("groups", `{"displayName":"Mail","groupTypes":["Unified"],"hideFromOutlookClients":true}`)
	unit := server.Fake.Seed("administrativeUnits", `{"displayName":"Unit","members":["`+sales+`"],"scopedRoleMembers":[{"roleId":"r","roleMemberInfo":{"id":"u1"}}]}`)
	rollout := server.Fake.Seed("featureRolloutPolicies", `{"displayName":"R","feature":"passwordHashSync","appliesTo":["`+sales+`"]}`)
	_, partner := server.Fake.Seed("crossTenantAccessPolicyPartners", `{"tenantId":"a1","identitySynchronization":{"userSyncInbound":{"isSyncAllowed":true}}}`),
		server.Fake.Seed("crossTenantAccessPolicyPartners", `{"tenantId":"b2"}`)
	for _, tt := range []struct {
		kind, id, property string
		parts              []string
		want               string
		asked              string // part of an address
	}{
		{"groups", staff, "members", nil, "", ""},
		{"groups", staff, "members", []string{"groups/owners"}, "", ""},
		{"groups", staff, "members", []string{"groups/members"}, fmt.Sprintf(`[%q,"u1","u2"]`, sales), staff + "/members?$select=id"},
		{"groups", staff, "members", []string{"*"}, fmt.Sprintf(`[%q,"u1","u2"]`, sales), ""},
		{"groups", sales, "members", []string{"*"}, "[]", ""},
		{"groups", rule, "members", []string{"groups/members"}, "", ""},
		{"groups", staff, "owners", []string{"groups/owners"}, `["u1"]`, ""},
		{"groups", mail, "hideFromOutlookClients", nil, "", ""},
		{"groups", mail, "hideFromOutlookClients", []string{"groups/mailbox"}, "true", ""},
		{"groups", staff, "hideFromOutlookClients", []string{"groups/mailbox"}, "", ""},
		{"administrativeUnits", unit, "members", []string{"administrativeUnits/members"}, fmt.Sprintf(`[%q]`, sales), ""},
		{"featureRolloutPolicies", rollout, "appliesTo", []string{"featureRolloutPolicies/appliesTo"}, fmt.Sprintf(`[%q]`, sales), "?$expand=appliesTo"},
		{"featureRolloutPolicies", rollout, "appliesTo", nil, "", ""},
		{"crossTenantAccessPolicyPartners", "a1", "identitySynchronization", nil, `{"userSyncInbound":{"isSyncAllowed":true}}`, ""},
		{"crossTenantAccessPolicyPartners", partner, "identitySynchronization", nil, "", ""},
	} {
		before := len(server.Requests())
		c := newClient(t, server, func(cfg *graph.Config) { cfg.Parts = tt.parts })
		if got := readOne(t, c, tt.kind, tt.id, tt.property); got != tt.want {
			t.Errorf("%s of %s with %q: got %s, want %s", tt.property, tt.kind, tt.parts, got, tt.want)
		}
		paths := ""
		for _, r := range server.Requests()[before:] {
			paths += r.Path + "\n"
		}
		switch {
		case tt.asked != "" && !strings.Contains(paths, tt.asked):
			t.Errorf("%s of %s: %s was not asked for:\n%s", tt.property, tt.kind, tt.asked, paths)
		case tt.parts == nil && strings.Contains(paths, "/members"), strings.Contains(paths, rule+"/members"), strings.Contains(paths, staff+"?$select"):
			t.Errorf("%s of %s with %q: too much was asked for:\n%s", tt.property, tt.kind, tt.parts, paths)
		}
	}
}

// Pieces are written by requests of their own.
func TestPiecesAreWritten(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	const a, b, x = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002", "aaaaaaaa-0000-4000-8000-000000000003"
	staff := server.Fake.Seed("groups", `{"displayName":"Staff","members":["`+a+`","`+b+`"]}`)
	unit := server.Fake.Seed("administrativeUnits", `{"displayName":"Unit","scopedRoleMembers":[{"roleId":"r","roleMemberInfo":{"id":"`+a+`"}}]}`)
	app := server.Fake.Seed("applications", `{"displayName":"App","federatedIdentityCredentials":[{"name":"gh","issuer":"https://a.example","subject":"s","audiences":["x"]}]}`)
	principal := server.Fake.Seed("servicePrincipals", `{"displayName":"SP","appRoleAssignedTo":[{"principalId":"`+a+`","appRoleId":"`+x+`"}]}`)
	attribute := server.Fake.Seed("customSecurityAttributeDefinitions", `{"attributeSet":"E","name":"P","type":"String","allowedValues":[{"id":"Alpine","isActive":true}]}`)
	strength := server.Fake.Seed("authenticationStrengthPolicies", `{"displayName":"S","allowedCombinations":["fido2"],"combinationConfigurations":[{"@odata.type":"#microsoft.graph.fido2CombinationConfiguration","appliesToCombinations":["fido2"],"allowedAAGUIDs":["`+a+`"]}]}`)
	partner := server.Fake.Seed("crossTenantAccessPolicyPartners", `{"tenantId":"`+x+`"}`)
	policy := server.Fake.Seed("roleManagementPolicies", `{"displayName":"DirectoryRole","scopeId":"/","scopeType":"Directory","rules":[{"@odata.type":"#microsoft.graph.unifiedRoleManagementPolicyExpirationRule","id":"Expiration_Admin_Eligibility","maximumDuration":"P1D"}]}`)
	rollout := server.Fake.Seed("featureRolloutPolicies", `{"displayName":"R","feature":"passwordHashSync"}`)
	year, month := server.Fake.Seed("groupLifecyclePolicies", `{"managedGroupTypes":"Selected","groupLifetimeInDays":365}`), server.Fake.Seed("groupLifecyclePolicies", `{"managedGroupTypes":"Selected","groupLifetimeInDays":30}`)
	team := server.Fake.Seed("groups", `{"displayName":"Team","groupTypes":["Unified"],"groupLifecyclePolicies":["`+year+`"]}`)
	for _, tt := range []struct {
		kind, id, part, patch string
		want                  []string
	}{
		{"groups", staff, "members", `{"members":["` + strings.ToUpper(b) + `","` + x + `"]}`, []string{
			`POST /v1.0/groups/` + staff + `/members/$ref {"@odata.id":"URL/v1.0/directoryObjects/` + x + `"}`,
			`DELETE /v1.0/groups/` + staff + `/members/` + a + `/$ref`}},
		{"groups", staff, "owners", `{"owners":["` + x + `"]}`, []string{
			`POST /v1.0/groups/` + staff + `/owners/$ref {"@odata.id":"URL/v1.0/directoryObjects/` + x + `"}`}},
		{"groups", team, "groupLifecyclePolicies", `{"groupLifecyclePolicies":["` + month + `"]}`, []string{
			`POST /v1.0/groupLifecyclePolicies/` + month + `/addGroup {"groupId":"` + team + `"}`,
			`POST /v1.0/groupLifecyclePolicies/` + year + `/removeGroup {"groupId":"` + team + `"}`}},
		{"administrativeUnits", unit, "scopedRoleMembers", `{"scopedRoleMembers":[{"roleId":"r2","roleMemberInfo":{"id":"` + a + `","displayName":"Ann"},"administrativeUnitId":"old"}]}`, []string{
			`POST /v1.0/directory/administrativeUnits/` + unit + `/scopedRoleMembers {"roleId":"r2","roleMemberInfo":{"id":"` + a + `"}}`,
			`DELETE /v1.0/directory/administrativeUnits/` + unit + `/scopedRoleMembers/MEMBER`}},
		{"applications", app, "federatedIdentityCredentials", `{"federatedIdentityCredentials":[{"name":"gh","issuer":"https://b.example","subject":"s","audiences":["x"]}]}`, []string{
			`PATCH /v1.0/applications/` + app + `/federatedIdentityCredentials/MEMBER {"audiences":["x"],"issuer":"https://b.example","subject":"s"}`}},
		{"servicePrincipals", principal, "appRoleAssignedTo", `{"appRoleAssignedTo":[{"principalId":"` + b + `","appRoleId":"` + x + `","resourceId":"of another tenant"}]}`, []string{
			`POST /v1.0/servicePrincipals/` + principal + `/appRoleAssignedTo {"appRoleId":"` + x + `","principalId":"` + b + `","resourceId":"` + principal + `"}`,
			`DELETE /v1.0/servicePrincipals/` + principal + `/appRoleAssignedTo/MEMBER`}},
		{"customSecurityAttributeDefinitions", attribute, "allowedValues", `{"allowedValues":[{"id":"Alpine","isActive":false},{"id":"Baker","isActive":true}]}`, []string{
			`POST /v1.0/directory/customSecurityAttributeDefinitions/` + attribute + `/allowedValues {"id":"Baker","isActive":true}`,
			`PATCH /v1.0/directory/customSecurityAttributeDefinitions/` + attribute + `/allowedValues/Alpine {"isActive":false}`}},
		{"authenticationStrengthPolicies", strength, "combinationConfigurations", `{"combinationConfigurations":[{"@odata.type":"#microsoft.graph.fido2CombinationConfiguration","appliesToCombinations":["fido2"],"allowedAAGUIDs":["` + b + `"]}]}`, []string{
			`PATCH /v1.0/identity/conditionalAccess/authenticationStrength/policies/` + strength + `/combinationConfigurations/MEMBER {"@odata.type":"#microsoft.graph.fido2CombinationConfiguration","allowedAAGUIDs":["` + b + `"],"appliesToCombinations":["fido2"]}`}},
		{"crossTenantAccessPolicyPartners", partner, "identitySynchronization", `{"identitySynchronization":{"tenantId":"old","userSyncInbound":{"isSyncAllowed":true}}}`, []string{
			`PUT /v1.0/policies/crossTenantAccessPolicy/partners/` + partner + `/identitySynchronization {"userSyncInbound":{"isSyncAllowed":true}}`}},
		{"crossTenantAccessPolicyPartners", partner, "identitySynchronization", `{"identitySynchronization":null}`, []string{
			`DELETE /v1.0/policies/crossTenantAccessPolicy/partners/` + partner + `/identitySynchronization`}},
		{"roleManagementPolicies", policy, "rules", `{"rules":[{"@odata.type":"#microsoft.graph.unifiedRoleManagementPolicyExpirationRule","id":"Expiration_Admin_Eligibility","maximumDuration":"P2D"}]}`, []string{
			`PATCH /v1.0/policies/roleManagementPolicies/` + policy + `/rules/Expiration_Admin_Eligibility {"@odata.type":"#microsoft.graph.unifiedRoleManagementPolicyExpirationRule","id":"Expiration_Admin_Eligibility","maximumDuration":"P2D"}`}},
		{"featureRolloutPolicies", rollout, "appliesTo", `{"appliesTo":["` + staff + `"]}`, []string{
			`POST /v1.0/policies/featureRolloutPolicies/` + rollout + `/appliesTo/$ref {"@odata.id":"URL/v1.0/directoryObjects/` + staff + `"}`}},
	} {
		t.Run(tt.kind+" "+tt.part, func(t *testing.T) {
			c, lines := writer(t, server, func(cfg *graph.Config) { cfg.Parts = []string{"*"} })
			before, err := c.Get(t.Context(), tenant.GetRequest{Kind: tt.kind, ID: tt.id})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: tt.kind, ID: tt.id, Part: tt.part, Before: before.Body, Patch: json.RawMessage(tt.patch)}); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, line := range *lines {
				line = strings.ReplaceAll(line, server.URL(), "URL")
				for _, m := range membersOf(t, before.Body, tt.part) {
					line = strings.ReplaceAll(line, m, "MEMBER")
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("requests (-want +got)\n%s", diff)
			}
		})
	}
}

// membersOf are the ids that the service gave the members of a part.
func membersOf(t *testing.T, body json.RawMessage, part string) []string {
	t.Helper()
	var o map[string]json.RawMessage
	if err := json.Unmarshal(body, &o); err != nil {
		t.Fatal(err)
	}
	var members []struct{ ID string }
	if json.Unmarshal(o[part], &members) != nil {
		return nil
	}
	var ids []string
	for _, m := range members {
		if strings.Count(m.ID, "-") == 4 {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// What the service makes, or does not let go, is not written, and the error says why.
func TestPiecesAreRefused(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	c, lines := writer(t, server, func(cfg *graph.Config) { cfg.Parts = []string{"*"} })
	for _, tt := range []struct{ name, kind, part, before, patch, want string }{
		{"the members of a rule", "groups", "members", `{"groupTypes":["DynamicMembership"]}`, `{"members":["u1"]}`, "the service makes it where groupTypes has DynamicMembership"},
		{"the members of a rule, in another case", "groups", "members", `{"groupTypes":["dynamicmembership"]}`, `{"members":["u1"]}`, "the service makes it"},
		{"the members of a unit with a rule", "administrativeUnits", "members", `{"membershipType":"Dynamic"}`, `{"members":["u1"]}`, "membershipType has Dynamic"},
		{"an allowed value that goes", "customSecurityAttributeDefinitions", "allowedValues", `{"allowedValues":[{"id":"A","isActive":true}]}`, `{"allowedValues":[]}`, "set isActive to false"},
		{"a rule that goes", "roleManagementPolicies", "rules", `{"rules":[{"id":"A"}]}`, `{"rules":[]}`, "the service makes the rules"},
		{"a new rule", "roleManagementPolicies", "rules", `{"rules":[{"id":"A"}]}`, `{"rules":[{"id":"A"},{"id":"B"}]}`, "the service makes the rules"},
	} {
		_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: tt.kind, ID: "x", Part: tt.part, Before: json.RawMessage(tt.before), Patch: json.RawMessage(tt.patch)})
		if tenant.ClassOf(err) != tenant.Invalid || tenant.MaybeApplied(err) || !strings.Contains(err.Error(), tt.want) || len(*lines) > 0 {
			t.Errorf("%s: got %v after %q, want a refusal that says %q", tt.name, err, *lines, tt.want)
		}
	}
}

// A piece needs its own permissions where the host asks for it, and only there. A kind
// that is not asked for it does not have the part.
func TestPermissionsOfPieces(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	for _, parts := range [][]string{nil, {"groups/members"}} {
		c := newClient(t, server, func(cfg *graph.Config) { cfg.Parts = parts })
		p, err := c.Permissions(t.Context(), tenant.PermissionsRequest{Kinds: []string{"groups"}, Write: true})
		if err != nil {
			t.Fatal(err)
		}
		reads, writes := false, false
		for _, r := range p.Required {
			reads = reads || r.AnyOf[0] == "GroupMember.Read.All" && !r.Write
			writes = writes || r.AnyOf[0] == "GroupMember.ReadWrite.All" && r.Write
		}
		kinds, err := c.Kinds(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(kinds, func(k tenant.Kind) bool { return k.Name == "groups" })
		hasPart := slices.ContainsFunc(kinds[i].Parts, func(p tenant.Part) bool { return p.Name == "members" })
		left := slices.Contains(kinds[i].ReadOnly, "/members")
		if on := parts != nil; reads != on || writes != on || hasPart != on || left == on {
			t.Errorf("with %q: reads %v, writes %v, part %v, left alone %v", parts, reads, writes, hasPart, left)
		}
	}
}

func TestPartsAreChecked(t *testing.T) {
	for _, name := range []string{"groups", "groups/member", "group/members", ""} {
		_, err := graph.New(graph.Config{Credential: graphtest.Credential(), Parts: []string{name}})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("Parts names %q", name)) {
			t.Errorf("%q: got %v, want a refusal", name, err)
		}
	}
	if _, err := graph.New(graph.Config{Credential: graphtest.Credential(), Parts: []string{"*", "applications/owners"}}); err != nil {
		t.Error(err)
	}
}

// A piece whose properties the object shows itself replaces what the list had of them.
// Where the service has none, the object has none. Any other refusal ends the read, and
// so does a member without an id.
func TestPiecesOfAnswers(t *testing.T) {
	taken := entry("things", func(e *catalogue.Entry) { e.Subs = []catalogue.Sub{{Path: "?$select=a,b", Take: []string{"a", "b"}}} })
	ids := entry("things", func(e *catalogue.Entry) { e.Subs = []catalogue.Sub{{Path: "/m", Property: "m", IDs: true}} })
	one := entry("things", func(e *catalogue.Entry) { e.Subs = []catalogue.Sub{{Path: "/o", Property: "o", Object: true}} })
	const list = `{"value":[{"id":"1","a":"stale","b":"stale","c":1},{"id":"2"}]}`
	batch := func(status int, body string) string {
		return fmt.Sprintf(`{"responses":[{"id":"1","status":%d,"body":%s},{"id":"2","status":200,"body":{"id":"2"}}]}`, status, body)
	}
	for name, tt := range map[string]struct {
		entry  catalogue.Entry
		answer string
		want   string // of the first object; "" for none
	}{
		"some of them":        {taken, batch(200, `{"id":"1","a":"new"}`), `{"a":"new","c":1,"id":"1"}`},
		"no mailbox":          {taken, batch(404, `{"error":{"code":"ResourceNotFound","message":"none"}}`), `{"c":1,"id":"1"}`},
		"refused":             {taken, batch(403, `{"error":{"code":"x","message":"no"}}`), ""},
		"no object":           {taken, batch(200, `[]`), ""},
		"one that is a list":  {one, batch(200, `[]`), ""},
		"members without ids": {ids, `{"responses":[{"id":"1","status":200,"body":{"value":[{"name":"x"}]}},{"id":"2","status":200,"body":{"value":[]}}]}`, ""},
	} {
		c, _ := scriptedClient(t, &catalogue.Catalogue{Entries: []catalogue.Entry{tt.entry}}, list, tt.answer)
		var got []string
		res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "things", All: true}, func(r tenant.Resource) error {
			got = append(got, sortedJSON(t, r.Body))
			return nil
		})
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.want == "" && (res.Completeness == tenant.Complete || len(got) > 0):
			t.Errorf("%s: got %q, %s, want nothing", name, got, res.Completeness)
		case tt.want != "" && (len(got) != 2 || got[0] != tt.want || res.Completeness != tenant.Complete):
			t.Errorf("%s: got %q, %s, want %s", name, got, res.Completeness, tt.want)
		}
	}
}

// A piece adds to the permissions of persons and of applications, and changes no map of
// the catalogue that it is added to.
func TestPiecesAdd(t *testing.T) {
	scopes := func(name string) [][]string { return [][]string{{name}} }
	for name, tt := range map[string]struct {
		kind, piece catalogue.Scopes
		want        []string // of an application
	}{
		"persons only":             {catalogue.Scopes{Delegated: scopes("K")}, catalogue.Scopes{Delegated: scopes("P")}, []string{"K", "P"}},
		"the kind's applications":  {catalogue.Scopes{Delegated: scopes("K"), Application: scopes("KA")}, catalogue.Scopes{Delegated: scopes("P")}, []string{"KA", "P"}},
		"the piece's applications": {catalogue.Scopes{Delegated: scopes("K")}, catalogue.Scopes{Delegated: scopes("P"), Application: scopes("PA")}, []string{"K", "PA"}},
	} {
		c := &catalogue.Catalogue{Entries: []catalogue.Entry{entry("things", func(e *catalogue.Entry) {
			e.Read, e.ReadOnly, e.PartRequests = tt.kind, []string{"/p"}, map[string]catalogue.PartRequest{"own": {}}
			e.Parts = []tenant.Part{{Name: "own"}}
			e.OptIns = map[string]catalogue.OptIn{"p": {Read: tt.piece, Subs: []catalogue.Sub{{Path: "/p", Property: "p"}}, Parts: []tenant.Part{{Name: "p"}}, PartRequests: map[string]catalogue.PartRequest{"p": {}}}}
		})}}
		with, err := c.WithParts("things/p")
		if err != nil {
			t.Fatal(err)
		}
		if got := with.Scopes([]string{"things"}, false, true); !slices.Equal(got, tt.want) {
			t.Errorf("%s: applications need %q, want %q", name, got, tt.want)
		}
		if len(c.Entries[0].PartRequests) != 1 || len(with.Entries[0].PartRequests) != 2 {
			t.Errorf("%s: the requests are %v, and were %v", name, with.Entries[0].PartRequests, c.Entries[0].PartRequests)
		}
	}
}
