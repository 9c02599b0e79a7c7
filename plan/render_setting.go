package plan

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

const catalogType = "#microsoft.graph.deviceManagementConfiguration"

// implied reports whether a property of an added or removed setting of a settings
// catalog policy follows from the rest of the setting, so that the renderers can
// leave it out. These are the definition, which is the setting's name; empty
// children and template references; and a type that is the one Graph documents for
// the setting's properties (deviceManagementConfigurationSettingInstance and
// deviceManagementConfigurationSettingValue). The renderers show any other type or
// value.
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

// typeOfSetting returns the type of a setting, an instance or a value that follows
// from its properties. It returns "" if the properties are not known ones.
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

// showSetting returns a whole value on one line. The text of a choice begins with
// the definition of its setting. showSetting shows only the rest of it.
func showSetting(definition string, n *jsonval.Node) string {
	if definition != "" && n.IsString() {
		if choice, ok := strings.CutPrefix(n.Text, definition+"_"); ok && isPlain(choice) {
			return "…_" + choice
		}
	}
	return showWhole(n)
}
