package diff

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestCompareReferences(t *testing.T) {
	const group = `groups/G=g1 {"displayName":"G"}` + "\n"
	const file = `groups/G {"displayName":"G"}` + "\n"
	const inTenant = `groups g1 {"displayName":"G","mail":"g@contoso.com"}` + "\n"
	runComparisons(t, []comparisonCase{
		{
			name:        "ids and names",
			explanation: "names in the file are compared with ids in the tenant; literals stay",
			base:        group + `policies/P=1 {"displayName":"P","conditions":{"groups":["${groups/G}","All"]},"owner":"${groups/G}"}`,
			desired:     file + `policies/P {"displayName":"P","conditions":{"groups":["${groups/G}","All"]},"owner":"${groups/G}"}`,
			current:     inTenant + `policies 1 {"displayName":"P","conditions":{"groups":["All","g1"]},"owner":"g1"}`,
			want:        "base " + group + `base policies/P=1 {"conditions":{"groups":["${groups/G}","All"]},"displayName":"P","owner":"${groups/G}"}`,
		},
		{
			name:        "an id in the file",
			explanation: "an id in place of a name means the object's name",
			desired:     file + `policies/P {"displayName":"P","owner":"g1"}`,
			current:     inTenant + `policies 1 {"displayName":"P","owner":"g1"}`,
			want:        "base " + group + `base policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
		},
		{
			name:        "created in the same plan",
			explanation: "an item that refers to a new object waits for it",
			desired:     `groups/N {"displayName":"N"}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/N}"}`,
			current:     `policies 1 {"displayName":"P","owner":null}`,
			want: `create groups/N deploy : - | - -> {"displayName":"N"}
				update policies/P deploy /owner: - | null -> "${groups/N}"
				base policies/P=1 {"displayName":"P"}`,
		},
		{
			name:        "unresolved",
			explanation: "an unresolved reference stops its item and the items that depend on it, and no others",
			desired: `policies/P {"displayName":"P","conditions":{"groups":["${groups/No}","All"]}}` + "\n" +
				`groups/G {"displayName":"G","sub":"${policies/P}"}` + "\n" + `groups/H {"displayName":"H","sub":"${groups/G}"}` + "\n" + `groups/I {"displayName":"I"}`,
			want: `create groups/I deploy : - | - -> {"displayName":"I"}
				note unresolved_reference groups/G
				note unresolved_reference groups/H
				note unresolved_reference policies/P /conditions/groups/*`,
		},
		{
			name:        "withheld create",
			explanation: "a reference to an object that cannot be created is unresolved",
			desired:     `groups/G {"displayName":"G"}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/G}"}` + "\n" + `policies/Q {"displayName":"Q","owner":"${groups/G}","x":1}`,
			current:     `policies 3 {"displayName":"Q"}`,
			adjust:      func(in *Input) { editKinds(in, func(kinds []tenant.Kind) { kinds[1].Create = false }) },
			want: `note unsupported groups/G
				note unresolved_reference policies/P
				note unresolved_reference policies/Q
				base policies/Q=3 {"displayName":"Q"}`,
		},
		{
			name:        "dangling",
			explanation: "an id of no known object in the tenant stays a literal, with a note",
			current:     `policies 1 {"displayName":"P","owner":"gone","conditions":{"groups":["well-known-1","lost"]}}`,
			want: `adopt policies/P {"conditions":{"groups":["lost","well-known-1"]},"displayName":"P","owner":"gone"}
				note dangling_reference policies/P /conditions/groups/*
				note dangling_reference policies/P /owner
				base policies/P=1`,
		},
		{
			name:        "delete while a kind that may refer was not read",
			explanation: "it is unknown whether a policy refers to it, so the group is not deleted",
			base:        group + `policies/P=1 {"displayName":"P"}`,
			desired:     `policies/P {"displayName":"P"}`,
			current:     inTenant,
			adjust: func(in *Input) {
				withState(in, "policies", tenant.Failed)
			},
			want: `note not_read groups/G
				note not_read policies/
				base ` + group + `base policies/P=1 {"displayName":"P"}`,
		},
		{
			name:        "delete while the referring kind is out of scope",
			explanation: "the policy's references in the base count",
			base:        group + `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
			current:     inTenant,
			adjust: func(in *Input) {
				withState(in, "policies", tenant.NotInScope)
			},
			want: `note unresolved_reference groups/G
				base ` + group + `base policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
		},
		{
			name:        "several kinds",
			explanation: "the declared kinds are searched in their order",
			current:     `groups g1 {"displayName":"G"}` + "\n" + `roles g1 {"displayName":"R"}` + "\n" + `roles r1 {"displayName":"R1"}` + "\n" + `policies 1 {"displayName":"P","conditions":{"groups":["g1","r1"]}}`,
			want: `adopt groups/G {"displayName":"G"}
				adopt policies/P {"conditions":{"groups":["${groups/G}","${roles/R1}"]},"displayName":"P"}
				base groups/G=g1
				base policies/P=1
				base roles/R=g1
				base roles/R1=r1`,
		},
		{
			name:        "type",
			explanation: "a reference declared for one type does not apply to others",
			current: `groups g1 {"displayName":"G"}` + "\n" +
				`policies 1 {"displayName":"P","assignments":[{"@odata.type":"#group","group":"g1","target":1},{"@odata.type":"#other","group":"g1","target":2}]}`,
			want: `adopt groups/G {"displayName":"G"}
				adopt policies/P {"assignments":[{"@odata.type":"#group","group":"${groups/G}","target":1},{"@odata.type":"#other","group":"g1","target":2}],"displayName":"P"}
				base groups/G=g1
				base policies/P=1`,
		},
		{
			name:        "another property",
			explanation: "a reference can be to another property than the id",
			base:        group + `policies/P=1 {"displayName":"P","contact":"${groups/G#mail}"}`,
			desired:     file + `policies/P {"displayName":"P","contact":"${groups/G}"}`,
			current:     inTenant + `policies 1 {"displayName":"P","contact":"g@contoso.com"}`,
			want:        "base " + group + `base policies/P=1 {"contact":"${groups/G#mail}","displayName":"P"}`,
		},
		{
			name:        "a property that is not known yet",
			explanation: "before a new object exists, only the properties in its file are known",
			desired:     `groups/N {"displayName":"N","nick":"n"}` + "\n" + `policies/P {"displayName":"P","contact":"${groups/N}"}` + "\n" + `policies/Q {"displayName":"Q","x":"${groups/N#nick}"}`,
			want: `create groups/N deploy : - | - -> {"displayName":"N","nick":"n"}
				create policies/Q deploy : - | - -> {"displayName":"Q","x":"${groups/N#nick}"}
				note unresolved_reference policies/P /contact`,
		},
		{
			name:        "a place that is not declared",
			explanation: "a file can have a reference anywhere; there the tenant's id becomes the file's reference",
			base:        group + `policies/P=1 {"displayName":"P","custom":["${groups/G}"]}`,
			desired:     file + `policies/P {"displayName":"P","custom":["${groups/G}"],"x":"g1"}`,
			current:     inTenant + `policies 1 {"displayName":"P","custom":["g1"],"x":"g1"}`,
			want:        "base " + group + `base policies/P=1 {"custom":["${groups/G}"],"displayName":"P","x":"g1"}`,
		},
		{
			name:        "still referred to",
			explanation: "an object is not deleted while another one refers to it",
			base:        group + `policies/P=1 {"displayName":"P"}` + "\n" + `policies/Q=2 {"displayName":"Q","owner":"${groups/G}"}`,
			desired:     `policies/P {"displayName":"P"}` + "\n" + `policies/Q {"displayName":"Q","owner":null}`,
			current:     inTenant + `policies 1 {"displayName":"P","owner":"g1"}` + "\n" + `policies 2 {"displayName":"Q","owner":"g1"}`,
			want: `update policies/Q deploy /owner: "${groups/G}" | "${groups/G}" -> null
				note unresolved_reference groups/G
				base ` + group + `base policies/P=1 {"displayName":"P"}
				base policies/Q=2 {"displayName":"Q","owner":"${groups/G}"}`,
		},
		{
			name:        "several that are still referred to, beside others",
			explanation: "each delete is withheld only because of its own references",
			base: `groups/A=a {"displayName":"A"}` + "\n" + `groups/B=b {"displayName":"B"}` + "\n" + group + `groups/H=h1 {"displayName":"H"}` + "\n" +
				`policies/P=1 {"displayName":"P"}` + "\n" + `policies/Q=2 {"displayName":"Q"}`,
			desired: `groups/A {"displayName":"A"}` + "\n" + `policies/P {"displayName":"P"}` + "\n" + `policies/Q {"displayName":"Q"}`,
			current: `groups a {"displayName":"A"}` + "\n" + `groups b {"displayName":"B"}` + "\n" + inTenant + `groups h1 {"displayName":"H"}` + "\n" +
				`policies 1 {"displayName":"P","owner":"g1"}` + "\n" + `policies 2 {"displayName":"Q","owner":"h1"}`,
			want: `delete groups/B deploy : {"displayName":"B"} | {"displayName":"B"} -> -
				note unresolved_reference groups/G
				note unresolved_reference groups/H
				base groups/A=a {"displayName":"A"}
				base groups/B=b {"displayName":"B"}
				base ` + group + `base groups/H=h1 {"displayName":"H"}
				base policies/P=1 {"displayName":"P"}
				base policies/Q=2 {"displayName":"Q"}`,
		},
		{
			name:        "deleted together",
			explanation: "both are deleted, the referring one first",
			base:        group + `policies/Q=2 {"displayName":"Q","owner":"${groups/G}"}`,
			current:     inTenant + `policies 2 {"displayName":"Q","owner":"g1"}`,
			want: `delete policies/Q deploy : {"displayName":"Q","owner":"${groups/G}"} | {"displayName":"Q","owner":"${groups/G}"} -> -
				delete groups/G deploy : {"displayName":"G"} | {"displayName":"G","mail":"g@contoso.com"} -> -
				base ` + group + `base policies/Q=2 {"displayName":"Q","owner":"${groups/G}"}`,
		},
	})
}

func TestCompareTemplates(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "variables",
			explanation: "variables are expanded for the comparison and stay in the file when another property is adopted",
			base:        `groups/A=1 {"displayName":"A","x":"Welcome to Contoso!","y":1}`,
			desired:     `groups/A {"displayName":"A","x":"Welcome to ${var:company}!","y":1}`,
			current:     `groups 1 {"displayName":"A","x":"Welcome to Contoso!","y":2}`,
			want: `adopt groups/A {"displayName":"A","x":"Welcome to ${var:company}!","y":2}
				base groups/A=1 {"displayName":"A","x":"Welcome to Contoso!","y":1}`,
		},
		{
			name:        "GUID variables are put back",
			explanation: "a whole string that is the value of exactly one GUID variable becomes the variable again",
			current:     `groups 1 {"displayName":"A","x":"11111111-2222-3333-4444-555555555555","y":"Contoso"}`,
			want: `adopt groups/A {"displayName":"A","x":"${var:breakGlass}","y":"Contoso"}
				base groups/A=1`,
		},
		{
			name:        "missing variable",
			explanation: "a variable without a value stops the item",
			desired:     `groups/A {"displayName":"A","x":"${var:nope}"}`,
			current:     `groups 1 {"displayName":"A","x":"1"}`,
			want:        `note unresolved_reference groups/A /x`,
		},
		{
			name:        "literal dollar",
			explanation: "a tenant's text that looks like a template is escaped in the file, and equals the tenant's text",
			base:        `groups/A=1 {"displayName":"A","x":"$${literal} and $$${more"}`,
			desired:     `groups/A {"displayName":"A","x":"$${literal} and $$${more","y":"$${new}"}`,
			current:     `groups 1 {"displayName":"A","x":"${literal} and $${more"}` + "\n" + `groups 2 {"displayName":"B","x":"${groups/A}"}`,
			want: `update groups/A deploy /y: - | - -> "$${new}"
				adopt groups/B {"displayName":"B","x":"$${groups/A}"}
				base groups/A=1 {"displayName":"A","x":"$${literal} and $$${more"}
				base groups/B=2`,
		},
		{
			name:        "bad templates",
			explanation: "a malformed template is an error of the file",
			desired: `groups/A {"displayName":"A","x":"${oops"}` + "\n" + `groups/B {"displayName":"B","x":"see ${groups/A}"}` + "\n" +
				`groups/C {"displayName":"C","x":"${groups}"}` + "\n" + `groups/D {"displayName":"D","x":"${groups/a%zz}"}`,
			want: `note bad_file groups/A /x
				note bad_file groups/B /x
				note bad_file groups/C /x
				note bad_file groups/D /x`,
		},
		{
			name:        "encoded keys",
			explanation: "a key's }, # and % are percent-encoded within a reference",
			desired:     `groups/50%}#/x {"displayName":"G"}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/50%25%7D%23/x}"}`,
			current:     `groups g1 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","owner":"g1"}`,
			want: `base groups/50%}#/x=g1 {"displayName":"G"}
				base policies/P=1 {"displayName":"P","owner":"${groups/50%25%7D%23/x}"}`,
		},
	})
}

// hashed returns the base's mark of a policy's secret.
func hashed(secret string) string {
	k, _ := schema.Compile(testKinds()[0])
	return schema.SecretNode(testKeys.Tenant, k, jsonval.StringNode(secret)).Text
}

func TestCompareSecrets(t *testing.T) {
	base := hashed
	runComparisons(t, []comparisonCase{
		{
			name:        "sensitive",
			explanation: "secrets are compared by hash and never shown",
			base:        `policies/P=1 {"displayName":"P","password":"` + base("old") + `"}`,
			desired:     `policies/P {"displayName":"P","password":"new"}`,
			current:     `policies 1 {"displayName":"P","password":"old"}`,
			want: `update policies/P deploy /password: "[redacted]" | "[redacted]" -> "[redacted]"
				base policies/P=1 {"displayName":"P","password":"` + base("old") + `"}`,
		},
		{
			name:        "sensitive, drift",
			explanation: "an adopted secret is redacted in the file, and not managed from then on",
			base:        `policies/P=1 {"displayName":"P","password":"` + base("old") + `"}`,
			desired:     `policies/P {"displayName":"P","password":"old"}`,
			current:     `policies 1 {"displayName":"P","password":"new"}`,
			want: `adopt policies/P {"displayName":"P","password":"[redacted]"}
				base policies/P=1 {"displayName":"P","password":"` + base("old") + `"}`,
		},
		{
			name:        "redacted in the file",
			explanation: "a redacted or masked literal in the file is not managed",
			desired:     `policies/P {"displayName":"P","password":"[redacted]","key":"****"}`,
			current:     `policies 1 {"displayName":"P","password":"secret","key":"****"}`,
			want:        `base policies/P=1 {"displayName":"P","key":"${masked}","password":"` + base("secret") + `"}`,
		},
		{
			name:        "new object with a redacted secret",
			explanation: "asterisks are never written",
			desired:     `policies/P {"displayName":"P","key":"****"}`,
			want:        `note secret_needed policies/P`,
		},
		{
			name:        "masked, deployed before",
			explanation: "a mask is the deployed secret while the file has that secret",
			base:        `policies/P=1 {"displayName":"P","key":"` + base("k") + `"}`,
			desired:     `policies/P {"displayName":"P","key":"k"}`,
			current:     `policies 1 {"displayName":"P","key":"****"}`,
			want:        `base policies/P=1 {"displayName":"P","key":"` + base("k") + `"}`,
		},
		{
			name:        "masked, changed",
			explanation: "another secret in the file is proposed, and the base does not change until it is written",
			base:        `policies/P=1 {"displayName":"P","key":"` + base("k") + `"}`,
			desired:     `policies/P {"displayName":"P","key":"k2"}`,
			current:     `policies 1 {"displayName":"P","key":"****"}`,
			want: `update policies/P deploy /key: "[redacted]" | "[redacted]" -> "[redacted]"
				base policies/P=1 {"displayName":"P","key":"` + base("k") + `"}`,
		},
		{
			name:        "masked, just written",
			explanation: "a masked secret that this run has written counts as agreed, because it cannot be read",
			base:        `policies/P=1 {"displayName":"P","key":"` + base("k") + `"}`,
			desired:     `policies/P {"displayName":"P","key":"k2"}`,
			current:     `policies 1 {"displayName":"P","key":"****"}`,
			adjust: func(in *Input) {
				in.Written = []*plan.Item{{ID: "policies/P", Changes: []plan.PropertyChange{{Pointer: "/key", Secrets: map[string]string{"": schema.ApprovedSum(testKeys.Tenant, "policies/P", jsonval.StringNode(base("k2")))}}}}}
			},
			want: `base policies/P=1 {"displayName":"P","key":"` + base("k2") + `"}`,
		},
		{
			name:        "masked, another one just written",
			explanation: "a variable that changed after the write has a value that the tenant does not have",
			base:        `policies/P=1 {"displayName":"P","key":"` + base("k") + `"}`,
			desired:     `policies/P {"displayName":"P","key":"${var:company}"}`,
			current:     `policies 1 {"displayName":"P","key":"****"}`,
			adjust: func(in *Input) {
				in.Written = []*plan.Item{{ID: "policies/P", Changes: []plan.PropertyChange{{Pointer: "/key", Secrets: map[string]string{"": schema.ApprovedSum(testKeys.Tenant, "policies/P", jsonval.StringNode(base("k2")))}}}}}
			},
			want: `update policies/P deploy /key: "[redacted]" | "[redacted]" -> "[redacted]"
				base policies/P=1 {"displayName":"P","key":"` + base("k") + `"}`,
		},
		{
			name:        "deleted in the tenant, with masked secrets in the file",
			explanation: "a value that the file does not manage is not a change of the file, so the file is deleted too; a changed file is a conflict",
			base: `policies/P=1 {"displayName":"P","key":"${masked}","oma":[{"uri":"a","value":"` + base("s") + `"}],"password":"` + base("pw") + `"}` + "\n" +
				`policies/Q=2 {"displayName":"Q","password":"` + base("pw") + `","x":1}`,
			desired: `policies/P {"displayName":"P","key":"****","oma":[{"uri":"a","value":"****"}],"password":"[redacted]"}` + "\n" +
				`policies/Q {"displayName":"Q","password":"[redacted]","x":2}`,
			gone: "policies 1\npolicies 2",
			want: `adopt policies/P -
				note secret_needed policies/Q
				base policies/P=1 {"displayName":"P","key":"${masked}","oma":[{"uri":"a","value":"` + base("s") + `"}],"password":"` + base("pw") + `"}
				base policies/Q=2 {"displayName":"Q","password":"` + base("pw") + `","x":1}`,
		},
		{
			name:        "whole array, untouched secret with a token",
			explanation: "the token keeps a masked secret that must be sent with the array",
			base:        `policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"${masked}"}]}`,
			desired:     `policies/P {"displayName":"P","oma":[{"uri":"a","value":"****"},{"uri":"b","value":"open"}]}`,
			current:     `policies 1 {"displayName":"P","oma":[{"uri":"a","value":"****","valueId":"t1"}]}`,
			want: `update policies/P deploy /oma: [{"uri":"a","value":"****"}] | [{"uri":"a","value":"****"}] -> [{"uri":"a","value":"****"},{"uri":"b","value":"[redacted]"}]
				base policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"${masked}"}]}`,
		},
		{
			name:        "whole array, untouched secret without a token",
			explanation: "a masked secret without a token makes the item impossible",
			base:        `policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"${masked}"}]}`,
			desired:     `policies/P {"displayName":"P","oma":[{"uri":"a","value":"****"},{"uri":"b","n":1}]}`,
			current:     `policies 1 {"displayName":"P","oma":[{"uri":"a","value":"****"}]}`,
			want: `note secret_needed policies/P
				base policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"${masked}"}]}`,
		},
		{
			name:        "array with secrets and masks that agrees",
			explanation: "masks and deployed secrets in arrays are paired by the other values",
			base:        `policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"` + base("s") + `"},{"uri":"b","value":"${masked}"}]}`,
			desired:     `policies/P {"displayName":"P","oma":[{"uri":"a","value":"s"},{"uri":"b","value":"****"}]}`,
			current:     `policies 1 {"displayName":"P","oma":[{"uri":"a","value":"*****","valueId":"t1"},{"uri":"b","value":"*****","valueId":"t2"}]}`,
			want:        `base policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"` + base("s") + `"},{"uri":"b","value":"${masked}"}]}`,
		},
	})
}

// Members of a set that differ only in a secret are duplicates.
func TestCompareDuplicatesInSets(t *testing.T) {
	h := hashed
	runComparisons(t, []comparisonCase{
		{
			name:        "another readable secret",
			explanation: "it is a separate member",
			base:        `policies/P=1 {"displayName":"P","tokens":[{"n":1,"secret":"` + h("a") + `"}]}`,
			desired:     `policies/P {"displayName":"P","tokens":[{"n":1,"secret":"a"},{"n":1,"secret":"b"}]}`,
			current:     `policies 1 {"displayName":"P","tokens":[{"n":1,"secret":"a"}]}`,
			want: `update policies/P deploy /tokens/-: - | - -> {"n":1,"secret":"[redacted]"}
				base policies/P=1 {"displayName":"P","tokens":[{"n":1,"secret":"` + h("a") + `"}]}`,
		},
		{
			name:        "one of two duplicates is removed",
			explanation: "the plan cannot name the member, so nothing is proposed",
			base:        `policies/P=1 {"displayName":"P","tokens":[{"n":1,"secret":"` + h("a") + `"},{"n":1,"secret":"` + h("b") + `"}],"x":1}`,
			desired:     `policies/P {"displayName":"P","tokens":[{"n":1,"secret":"b"}],"x":2}`,
			current:     `policies 1 {"displayName":"P","tokens":[{"n":1,"secret":"a"},{"n":1,"secret":"b"}],"x":1}`,
			want: `note ambiguous policies/P
				base policies/P=1 {"displayName":"P","tokens":[{"n":1,"secret":"` + h("a") + `"},{"n":1,"secret":"` + h("b") + `"}],"x":1}`,
		},
		{
			name:        "the other of two is to be removed",
			explanation: "the order of the tenant does not count",
			base:        `policies/P=1 {"displayName":"P","tokens":[{"n":1,"secret":"` + h("a") + `"},{"n":1,"secret":"` + h("b") + `"}],"x":1}`,
			desired:     `policies/P {"displayName":"P","tokens":[{"n":1,"secret":"a"}],"x":2}`,
			current:     `policies 1 {"displayName":"P","tokens":[{"n":1,"secret":"a"},{"n":1,"secret":"b"}],"x":1}`,
			want: `note ambiguous policies/P
				base policies/P=1 {"displayName":"P","tokens":[{"n":1,"secret":"` + h("a") + `"},{"n":1,"secret":"` + h("b") + `"}],"x":1}`,
		},
		{
			name:        "secrets that cannot be read",
			explanation: "if their number is the deployed one, they are the deployed members",
			base:        `policies/P=1 {"displayName":"P","tokens":[{"n":1,"key":"` + h("a") + `"},{"n":1,"key":"` + h("b") + `"}]}`,
			desired:     `policies/P {"displayName":"P","tokens":[{"n":1,"key":"b"},{"n":1,"key":"a"}]}`,
			current:     `policies 1 {"displayName":"P","tokens":[{"n":1,"key":"****"},{"n":1,"key":"****"}]}`,
			want:        `base policies/P=1 {"displayName":"P","tokens":[{"key":"` + h("b") + `","n":1},{"key":"` + h("a") + `","n":1}]}`,
		},
		{
			name:        "one of two duplicates is missing in the tenant",
			explanation: "it is unknown which one, so the file keeps both",
			base:        `policies/P=1 {"displayName":"P","tokens":[{"key":"` + h("a") + `","n":1},{"key":"` + h("b") + `","n":1}]}`,
			desired:     `policies/P {"displayName":"P","tokens":[{"n":1,"key":"b"},{"n":1,"key":"a"}]}`,
			current:     `policies 1 {"displayName":"P","tokens":[{"n":1,"key":"****"}]}`,
			want: `note secret_needed policies/P /tokens
				base policies/P=1 {"displayName":"P","tokens":[{"key":"` + h("b") + `","n":1},{"key":"` + h("a") + `","n":1}]}`,
		},
		{
			name:        "one of two elements is removed",
			explanation: "it is unknown which one is left, so no token keeps a secret",
			base:        `policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"${masked}"},{"uri":"a","value":"${masked}"}]}`,
			desired:     `policies/P {"displayName":"P","oma":[{"uri":"a","value":"****"}]}`,
			current:     `policies 1 {"displayName":"P","oma":[{"uri":"a","value":"****","valueId":"1"},{"uri":"a","value":"****","valueId":"2"}]}`,
			want: `note secret_needed policies/P
				base policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"${masked}"},{"uri":"a","value":"${masked}"}]}`,
		},
		{
			name:        "an additional duplicate",
			explanation: "the new member could not be distinguished from the present one",
			base:        `policies/P=1 {"displayName":"P","tokens":[{"key":"` + h("a") + `","n":1}]}`,
			desired:     `policies/P {"displayName":"P","tokens":[{"n":1,"key":"a"},{"n":1,"key":"b"}]}`,
			current:     `policies 1 {"displayName":"P","tokens":[{"n":1,"key":"****"}]}`,
			adjust:      enforce,
			want: `note ambiguous policies/P
				base policies/P=1 {"displayName":"P","tokens":[{"key":"` + h("a") + `","n":1}]}`,
		},
	})
}

func TestBackup(t *testing.T) {
	tc := comparisonCase{
		base:    `groups/G=g1 {"displayName":"G"}` + "\n" + `policies/P=1 {"displayName":"P"}`,
		desired: `groups/G {"displayName":"G"}` + "\n" + `policies/P {"displayName":"P"}`,
		current: `groups g1 {"displayName":"G","id":"g1"}` + "\n" + `roles r1 {"displayName":"R"}` + "\n" + `apps a1 {"displayName":"unlisted"}` + "\n" +
			`policies 1 {"id":"1","displayName":"P","owner":"g1","password":"secret","key":"***","members":["b","a"],"oma":[{"value":"****","valueId":"x"}],"t":"11111111-2222-3333-4444-555555555555","@odata.etag":"e"}`,
	}
	for range 2 {
		in := tc.input(t)
		r, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, res := range r.Backup.Resources {
			got[reference.ItemID(res.Kind, res.Key)] = string(res.Body)
		}
		want := map[string]string{
			"groups/G":   `{"displayName":"G"}`,
			"policies/P": `{"displayName":"P","key":"****","members":["a","b"],"oma":[{"value":"****"}],"owner":"${groups/G}","password":"[redacted]","t":"${var:breakGlass}"}`,
		}
		if len(got) != len(want) || got["groups/G"] != want["groups/G"] || got["policies/P"] != want["policies/P"] {
			t.Errorf("backup: got %v, want %v", got, want)
		}
		// The second comparison decodes nothing, and has the same backup.
		tc.adjust = func(in *Input) { in.Base = r.Base }
	}
	in := tc.input(t)
	in.NoBackup = true
	if r, err := compareOnce(in); err != nil || len(r.Backup.Resources) != 0 {
		t.Errorf("NoBackup: got %d resources, %v", len(r.Backup.Resources), err)
	}
}

func TestBindings(t *testing.T) {
	tc := comparisonCase{
		desired: `policies/P {"displayName":"P","contact":"${groups/G}"}`,
		current: `groups g1 {"displayName":"G","mail":"g@contoso.com"}`,
	}
	r, err := compareOnce(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(r.Bindings())
	var want reference.Bindings = map[string]map[string]string{
		"groups": {"G": "g1"}, "groups#mail": {"G": "g@contoso.com"},
		"policies": {}, "roles": {}, "apps": {}, "settings": {}, "audits": {},
	}
	if wanted, _ := json.Marshal(want); string(got) != string(wanted) {
		t.Errorf("got %s, want %s", got, wanted)
	}
}

func TestCompareErrors(t *testing.T) {
	for name, adjust := range map[string]func(*Input){
		"an invalid ignore rule": func(in *Input) {
			in.Rules.Ignore = []plan.Ignore{{Pointer: "x"}}
		},
		"a tenant's object that is not an object": func(in *Input) {
			in.Current.Resources = []tenant.Resource{{Kind: "groups", ID: "1", Body: []byte("[]")}}
		},
		"an invalid base": func(in *Input) {
			in.Base = &Base{Objects: []*BaseObject{{Kind: "groups", Key: "A", ID: "1", Body: []byte("{")}}}
			in.Current.Resources = []tenant.Resource{{Kind: "groups", ID: "1", Body: []byte("{}")}}
			in.Desired.Resources = []tenant.Resource{{Kind: "groups", Key: "A", Body: []byte("{}")}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := compareOnce(comparisonCase{adjust: adjust}.input(t)); err == nil {
				t.Error("no error")
			}
		})
	}
}
