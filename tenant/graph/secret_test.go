package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// A secret of a file gets into the tenant and nowhere else: the plan, its texts,
// the report and the backup do not have it, and what stands beside it is shown.
func TestSecretsAreHidden(t *testing.T) {
	const (
		first, second = "Tr0ub4dor", "correct horse"
		wifi          = `{"@odata.type":"#microsoft.graph.iosWiFiConfiguration","displayName":"P","ssid":"Visible","preSharedKey":%q}`
		instance      = `"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance","settingDefinitionId"`
		secret        = `{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSecretSettingValue","value":%q,"valueState":"notEncrypted"}`
		shown         = `{"settingInstance":{` + instance + `:"shown","simpleSettingValue":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationStringSettingValue","value":"Visible"}}}`
		catalog       = `{"name":"P","platforms":"windows10","technologies":"mdm","settings":[` + shown + `,{"settingInstance":%s}]}`
		group         = `{"@odata.type":"#microsoft.graph.deviceManagementConfigurationGroupSettingCollectionInstance","settingDefinitionId":"g","groupSettingCollectionValue":[{"children":[%s]}]}`
		collection    = `{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingCollectionInstance","settingDefinitionId":"l","simpleSettingCollectionValue":[` + secret + `]}`
		simple        = `{` + instance + `:"a","simpleSettingValue":` + secret + `}`
	)
	for _, tt := range []struct{ name, kind, file string }{
		{"a pre-shared key", "deviceConfigurations", wifi},
		{"a setting", "configurationPolicies", fmt.Sprintf(catalog, simple)},
		{"a setting of a group", "configurationPolicies", fmt.Sprintf(catalog, fmt.Sprintf(group, simple))},
		{"settings in a list", "configurationPolicies", fmt.Sprintf(catalog, collection)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newRespellingHost(t)
				for _, word := range []string{first, second} {
					file := fmt.Sprintf(tt.file, word)
					h.edit(tt.kind, file)
					row, report := h.sync(tt.kind)
					if row.Outcome != syncer.Deployed || row.Label != "Idle" {
						t.Fatalf("the deploy: %s, %s, %+v", row.Label, row.Outcome, report.Error)
					}
					p, err := h.engine.Plan(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
					if err != nil {
						t.Fatal(err)
					}
					stored, err := p.Encode()
					if err != nil {
						t.Fatal(err)
					}
					var text, told strings.Builder
					if err := p.Text(&text); err != nil {
						t.Fatal(err)
					}
					if err := report.Text(&told); err != nil {
						t.Fatal(err)
					}
					backup, err := h.repository.Snapshot(t.Context(), tenant.SnapshotRequest{Tenant: "contoso"})
					if err != nil {
						t.Fatal(err)
					}
					saved, err := json.Marshal(backup)
					if err != nil || word == second && !strings.Contains(string(saved), "Visible") {
						t.Fatalf("the backup: %v, %s", err, saved)
					}
					for where, s := range map[string]string{"plan": string(stored), "text": text.String(), "report": told.String(), "backup": string(saved)} {
						if strings.Contains(s, first) || strings.Contains(s, second) {
							t.Errorf("the %s shows the secret: %s", where, s)
						}
					}
					if word == first && !strings.Contains(string(stored), "Visible") {
						t.Errorf("what is no secret is not shown:\n%s", stored)
					}
					sent := h.service.sent[len(h.service.sent)-1]
					if !strings.Contains(sent, word) {
						t.Errorf("sent %s", sent)
					}
				}
				if row, _ := h.sync(tt.kind); row.Outcome != syncer.NoChanges {
					t.Errorf("the next sync: %s, %s", row.Label, row.Outcome)
				}
			})
		})
	}
}

// A file that was exported has asterisks in place of the key: they are no key.
func TestAsterisksAreNotSent(t *testing.T) {
	service := &oneObject{t: t, kind: "deviceConfigurations"}
	notes := service.deploy(`{"@odata.type":"#microsoft.graph.windowsWifiConfiguration","displayName":"Wifi","preSharedKey":"****"}`)
	if len(service.sent) > 0 {
		t.Errorf("sent %s", service.sent)
	}
	if len(notes) != 1 || notes[0].Class != plan.SecretNeeded {
		t.Errorf("notes %+v, want one that the key is needed", notes)
	}
}

// The service stores a secret of a settings catalog and answers with a token for
// it, as $metadata has it (deviceManagementConfigurationSecretSettingValueState).
// The token is no change: nothing is written again, and an edit beside it leaves
// the secret as it is.
func TestSecretsComeBackAsTokens(t *testing.T) {
	const (
		word, token = "Tr0ub4dor", "9fab7c95-0bb6-4fda-a4a1-6ca582bb3124"
		next, other = "correct horse", "1301f427-7ba6-4908-92a1-15938680cde6"
		plain       = "notEncrypted"
		encrypted   = "encryptedValueToken"
	)
	within := func(reference, value, state, beside string) string {
		const instance = `"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance","settingDefinitionId"`
		return `{"name":"P","platforms":"windows10","technologies":"mdm","settings":[` +
			`{"settingInstance":{` + instance + `:"a","simpleSettingValue":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSecretSettingValue","value":"` + value + `","valueState":"` + state + `","settingValueTemplateReference":{"settingValueTemplateId":"` + reference + `"}}}},` +
			`{"settingInstance":{` + instance + `:"b","simpleSettingValue":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationStringSettingValue","value":"` + beside + `"}}}]}`
	}
	file := func(value, state, beside string) string { return within("r", value, state, beside) }
	both := func(value, state string) string { return `"value":"` + value + `","valueState":"` + state + `"` }
	for _, tt := range []struct {
		name   string
		edits  []string
		secret string // what the last write sends in place of the secret
	}{
		{"a new secret", []string{file(word, plain, "1")}, both(word, plain)},
		{"an edit beside it", []string{file(word, plain, "1"), file(word, plain, "2")}, ""},
		{"another secret", []string{file(word, plain, "1"), file(next, plain, "1")}, both(next, plain)},
		{"a file without the secret", []string{file(word, plain, "1"), file("****", plain, "2")}, both(token, encrypted)},
		{"a file without the secret, and an edit in its setting", []string{file(word, plain, "1"), within("s", "****", plain, "1")}, both(token, encrypted)},
		{"a file that was exported", []string{file(word, plain, "1"), file(token, encrypted, "2")}, both(token, encrypted)},
		{"exported from another tenant", []string{file(word, plain, "1"), file(other, encrypted, "2")}, both(token, encrypted)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newRespellingHost(t, both(word, plain), both(token, encrypted), both(next, plain), both(other, encrypted))
				for _, body := range tt.edits {
					h.edit("configurationPolicies", body)
					row, report := h.sync("configurationPolicies")
					if row.Outcome != syncer.Deployed || row.Label != "Idle" {
						t.Fatalf("the deploy: %s, %s, %+v\n%+v", row.Label, row.Outcome, report.Error, report.Items)
					}
					for _, it := range report.Items {
						if !it.Verified {
							t.Errorf("%s is not verified: %s", it.Item, it.Message)
						}
					}
				}
				sent := h.service.sent
				if last := sent[len(sent)-1]; !strings.Contains(last, tt.secret) {
					t.Errorf("sent %s\nwant %s in it", last, tt.secret)
				}
				if row, _ := h.sync("configurationPolicies"); row.Outcome != syncer.NoChanges {
					t.Errorf("the next sync: %s, %s", row.Label, row.Outcome)
				}
				if h.service.changed == 0 || len(h.service.sent) != len(sent) {
					t.Errorf("%d answers had a token, and %d requests were sent again", h.service.changed, len(h.service.sent)-len(sent))
				}
				if now := h.file("configurationPolicies"); now != tt.edits[len(tt.edits)-1] {
					t.Errorf("the file becomes %s", now)
				}
			})
		})
	}
}

// A token means nothing in a new object: the secret itself is needed.
func TestTokensAreNotSent(t *testing.T) {
	service := &oneObject{t: t, kind: "configurationPolicies"}
	notes := service.deploy(`{"name":"P","platforms":"windows10","technologies":"mdm","settings":[{"settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance","settingDefinitionId":"a","simpleSettingValue":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSecretSettingValue","value":"9fab7c95-0bb6-4fda-a4a1-6ca582bb3124","valueState":"encryptedValueToken"}}}]}`)
	if len(service.sent) > 0 {
		t.Errorf("sent %s", service.sent)
	}
	if len(notes) != 1 || notes[0].Class != plan.SecretNeeded {
		t.Errorf("notes %+v, want one that the secret is needed", notes)
	}
}
