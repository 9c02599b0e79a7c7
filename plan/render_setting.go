package plan

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

const catalogType = "#microsoft.graph.deviceManagementConfiguration"

// implied reports whether a property of a setting of a settings catalog policy
// follows from the rest of an added or removed setting, so that showing it
// would tell nothing: its definition, which names the setting already; the
// types that Graph documents for its form
// (deviceManagementConfigurationSettingInstance and
// deviceManagementConfigurationSettingValue); and children and template
// references that are empty. Another type or value is shown.
func implied(at path, name string, before, after *jsonval.Node) bool {
	object := before
	if object == nil {
		object = after
	}
	definition := at.definition()
	if definition == "" {
		return false
	}
	kid := object.Get(name)
	switch name {
	case "settingDefinitionId":
		return jsonval.TextOf(kid) == definition
	case "@odata.type":
		return jsonval.TextOf(kid) == typeOfSetting(at[len(at)-1], object)
	case "children", "settingValueTemplateReference", "settingInstanceTemplateReference":
		return kid.IsNull() || kid.IsArray() && len(kid.Kids) == 0
	}
	return false
}

// typeOfSetting returns the type that the form of a setting, its instance or
// its value stands for; "" if the form is none that is known.
func typeOfSetting(at segment, object *jsonval.Node) string {
	if at.member || at.text == "settingInstance" {
		if object.Get("settingInstance") != nil {
			return catalogType + "Setting"
		}
		i := slices.IndexFunc(object.Names, func(name string) bool {
			return strings.HasSuffix(name, "SettingValue") || strings.HasSuffix(name, "SettingCollectionValue")
		})
		if i < 0 {
			return ""
		}
		return catalogType + upperFirst(strings.TrimSuffix(object.Names[i], "Value")) + "Instance"
	}
	switch at.text {
	case "choiceSettingValue", "groupSettingValue":
		return catalogType + upperFirst(at.text)
	case "simpleSettingValue":
		switch v := object.Get("value"); {
		case v.IsString():
			return catalogType + "StringSettingValue"
		case v != nil && v.Kind == '0':
			return catalogType + "IntegerSettingValue"
		}
	}
	return ""
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// showSetting shows a value whole. A choice of a setting, whose text begins
// with the setting's definition, is shown by what follows the definition.
func showSetting(definition string, n *jsonval.Node) string {
	if definition != "" && n.IsString() {
		if choice, ok := strings.CutPrefix(n.Text, definition+"_"); ok && isPlain(choice) {
			return "…_" + choice
		}
	}
	return showWhole(n)
}
