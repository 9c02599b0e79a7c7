package sample

import (
	"fmt"
	"slices"
)

// The names of types in the settings catalog.
const (
	settingType = "#microsoft.graph.deviceManagementConfiguration"
	choiceType  = settingType + "ChoiceSettingInstance"
	simpleType  = settingType + "SimpleSettingInstance"
	simplesType = settingType + "SimpleSettingCollectionInstance"
	groupsType  = settingType + "GroupSettingCollectionInstance"
)

// settings returns n settings of an area, and takes turns at the shapes: a choice,
// a simple value, a choice with three levels of children, and a collection of
// groups that repeat the same definitions.
func settings(d draw, area string, n int) list {
	l := list{}
	for i := range n {
		id := fmt.Sprintf("device_vendor_msft_policy_config_%s_%s%d", area, d.of("allow", "require", "block", "limit")+d.of("sharing", "sync", "startup", "history", "prompts"), i)
		l = append(l, setting(i, instance(d, id, i)))
	}
	return l
}

// setting wraps an instance. Graph numbers the settings of a policy.
func setting(number int, instance object) object {
	return object{{"id", fmt.Sprint(number)}, {"settingInstance", instance}}
}

func instance(d draw, id string, shape int) object {
	switch shape % 5 {
	case 1:
		return simple(id, d.IntN(1000))
	case 2:
		return nested(d, id, 3)
	case 3:
		return rules(d, id, 2+d.IntN(3))
	case 4:
		if d.chance(50) {
			return simples(id, d)
		}
		return simple(id, fmt.Sprintf("https://%s.example/%s", d.of("start", "help", "proxy"), d.guid()[:8]))
	}
	return choice(id, d.IntN(4))
}

// choice is a setting with one chosen option. Children are the settings that
// belong to the option.
func choice(id string, option int, children ...any) object {
	return object{
		{"@odata.type", choiceType},
		{"settingDefinitionId", id},
		{"settingInstanceTemplateReference", nil},
		{"choiceSettingValue", object{
			{"settingValueTemplateReference", nil},
			{"value", fmt.Sprintf("%s_%d", id, option)},
			{"children", list(append([]any{}, children...))},
		}},
	}
}

// simple is a setting with a number or a text.
func simple(id string, value any) object {
	return object{
		{"@odata.type", simpleType},
		{"settingDefinitionId", id},
		{"settingInstanceTemplateReference", nil},
		{"simpleSettingValue", simpleValue(value)},
	}
}

func simpleValue(value any) object {
	t := settingType + "StringSettingValue"
	if _, ok := value.(int); ok {
		t = settingType + "IntegerSettingValue"
	}
	return object{{"@odata.type", t}, {"settingValueTemplateReference", nil}, {"value", value}}
}

// simples is a setting with a list of texts.
func simples(id string, d draw) object {
	var values list
	for range 2 + d.IntN(3) {
		values = append(values, simpleValue("*."+d.guid()[:8]+".example"))
	}
	return object{
		{"@odata.type", simplesType},
		{"settingDefinitionId", id},
		{"settingInstanceTemplateReference", nil},
		{"simpleSettingCollectionValue", values},
	}
}

// nested is a choice with so many levels of children. The last level has simple
// values.
func nested(d draw, id string, levels int) object {
	if levels == 1 {
		return choice(id, 1, simple(id+"_seconds", 5*d.IntN(100)), simple(id+"_note", d.of("audited", "enforced", "warned")))
	}
	return choice(id, 1, nested(d, id+"_"+d.of("mode", "scope", "level"), levels-1), choice(id+"_log", d.IntN(2)))
}

// rules is a collection of n groups that all have the same definitions, like the
// rules of a firewall.
func rules(d draw, id string, n int) object {
	var groups list
	for range n {
		groups = append(groups, rule(id, d.guid()[:8], d.IntN(2), 1024+d.IntN(60000)))
	}
	return object{
		{"@odata.type", groupsType},
		{"settingDefinitionId", id},
		{"settingInstanceTemplateReference", nil},
		{"groupSettingCollectionValue", groups},
	}
}

func rule(id, name string, action, port int) object {
	return object{
		{"settingValueTemplateReference", nil},
		{"children", list{
			simple(id+"_{rule}_name", "Rule "+name),
			choice(id+"_{rule}_action", action, simple(id+"_{rule}_port", port)),
		}},
	}
}

// edit returns the settings after one small change. what chooses the change:
// another option, another number, another value three levels down, one more rule,
// one more setting, or one setting less. There must be five settings at least, so
// that each shape is among them. edit changes the given settings too.
func edit(settings list, area string, what int) list {
	at := func(i int, path ...string) *any {
		return settings[i].(object).at(append([]string{"settingInstance"}, path...)...)
	}
	switch what % 6 {
	case 0:
		*at(0, "choiceSettingValue", "value") = fmt.Sprint(*at(0, "settingDefinitionId"), "_9")
	case 1:
		*at(1, "simpleSettingValue", "value") = 1 + (*at(1, "simpleSettingValue", "value")).(int)
	case 2:
		deepest := at(2, "choiceSettingValue", "children")
		for range 2 {
			deepest = (*deepest).(list)[0].(object).at("choiceSettingValue", "children")
		}
		seconds := (*deepest).(list)[0].(object).at("simpleSettingValue", "value")
		*seconds = 1 + (*seconds).(int)
	case 3:
		groups := at(3, "groupSettingCollectionValue")
		*groups = append(slices.Clone((*groups).(list)), rule((*at(3, "settingDefinitionId")).(string), "added", 1, 443))
	case 4:
		id := fmt.Sprintf("device_vendor_msft_policy_config_%s_addedlater%d", area, len(settings))
		return append(slices.Clone(settings), setting(len(settings), choice(id, 1)))
	case 5:
		return slices.Clone(settings[:len(settings)-1])
	}
	return settings
}
