package plan

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// The type of a setting follows from its properties, and nothing follows from
// properties that no setting has.
func TestTypeOfSetting(t *testing.T) {
	member := segment{member: true}
	for _, tt := range []struct {
		name string
		at   segment
		body string
		want string
	}{
		{"a setting", member, `{"settingInstance":{}}`, catalogType + "Setting"},
		{"an instance", segment{text: "settingInstance"}, `{"choiceSettingValue":{},"settingDefinitionId":"a"}`, catalogType + "ChoiceSettingInstance"},
		{"a list of instances", member, `{"groupSettingCollectionValue":[]}`, catalogType + "GroupSettingCollectionInstance"},
		{"an instance without a value", segment{text: "settingInstance"}, `{"settingDefinitionId":"a"}`, ""},
		{"a member that is no setting", member, `{"id":"a"}`, ""},
		{"an empty member", member, `{}`, ""},
		{"a choice", segment{text: "choiceSettingValue"}, `{"value":"a"}`, catalogType + "ChoiceSettingValue"},
		{"a text", segment{text: "simpleSettingValue"}, `{"value":"a"}`, catalogType + "StringSettingValue"},
		{"a number", segment{text: "simpleSettingValue"}, `{"value":1}`, catalogType + "IntegerSettingValue"},
		{"no value", segment{text: "simpleSettingValue"}, `{}`, ""},
		{"another property", segment{text: "other"}, `{"value":"a"}`, ""},
	} {
		n, err := jsonval.ParseObject([]byte(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		if got := typeOfSetting(tt.at, n); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
