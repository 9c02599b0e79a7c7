package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// The renderers name a member of a list by a property that identifies it. A plan
// does not contain the declarations of kinds, so they find this property in the
// values: the definition of a setting in Intune's settings catalog, the target of
// an assignment, or else a property that every member has with a different value.

// naming returns a member's name, or "" if the member has none.
type naming func(member *jsonval.Node) string

// usualNames are the properties that usually identify an object, the best first.
var usualNames = []string{"id", "key", "name", "displayName", "omaUri", "settingId", "ruleId", "appId", "groupId", "userPrincipalName", "mail", "language", "locale"}

// Limits of other properties that may identify a member.
const (
	propertiesTried = 16  // of one member
	longestName     = 200 // bytes
)

// namingOf returns the naming that pairs the most members of two lists of objects.
// It returns nil if no naming gives every member of each list a unique name, or
// if no naming pairs any members, because then the names are of no use. A
// definition of a setting needs no pair, because it is a declared name.
func namingOf(before, after []*jsonval.Node) naming {
	var best naming
	most := 0
	if definitionOf(cmp.Or(firstOf(before), firstOf(after))) != "" {
		most = -1
	}
	for _, name := range namings(cmp.Or(firstOf(before), firstOf(after))) {
		if n := pairsBy(name, before, after); n > most {
			best, most = name, n
		}
	}
	return best
}

func firstOf(members []*jsonval.Node) *jsonval.Node {
	if len(members) == 0 {
		return nil
	}
	return members[0]
}

// namings returns the possible namings of a member, the best first.
func namings(member *jsonval.Node) []naming {
	if definitionOf(member) != "" {
		return []naming{definitionOf}
	}
	list := []naming{targetOf, func(n *jsonval.Node) string {
		return joined(targetOf(n), textAt(n, "intent"))
	}}
	if targetOf(member) == "" {
		list = nil
	}
	for _, name := range usualNames {
		if textAt(member, name) != "" {
			list = append(list, func(n *jsonval.Node) string { return textAt(n, name) })
		}
	}
	tried := 0
	for i, name := range member.Names {
		if kid := member.Kids[i]; kid.IsString() && len(kid.Text) <= longestName && name != "@odata.type" && !slices.Contains(usualNames, name) && tried < propertiesTried {
			tried++
			list = append(list, func(n *jsonval.Node) string { return textAt(n, name) })
		}
	}
	return list
}

// pairsBy returns the number of names that are in both lists, or -1 if a member has
// no name or two members of one list have the same.
func pairsBy(name naming, before, after []*jsonval.Node) int {
	was, ok := byName(name, before)
	if !ok {
		return -1
	}
	will, ok := byName(name, after)
	if !ok {
		return -1
	}
	pairs := 0
	for text := range will {
		if _, ok := was[text]; ok {
			pairs++
		}
	}
	return pairs
}

// byName returns the indexes of members by name. It reports false if a member has
// no name or two members have the same.
func byName(name naming, members []*jsonval.Node) (map[string]int, bool) {
	indexes := make(map[string]int, len(members))
	for i, m := range members {
		text := name(m)
		if _, duplicate := indexes[text]; duplicate || text == "" {
			return nil, false
		}
		indexes[text] = i
	}
	return indexes, true
}

// nameOfOne returns the name of an added, removed or changed member of a set,
// whose other members are unknown. A property that changes cannot be the name.
func nameOfOne(before, after *jsonval.Node) string {
	member := cmp.Or(after, before)
	if !member.IsObject() || before != nil && after != nil && !before.IsObject() {
		return ""
	}
	for _, name := range namings(member) {
		text := name(member)
		if text != "" && (before == nil || after == nil || name(before) == text) {
			return text
		}
	}
	return ""
}

// definitionOf returns the id of a setting's definition, for a setting of a
// settings catalog policy or a child of one. It returns "" for other members.
func definitionOf(member *jsonval.Node) string {
	if text := jsonval.TextOf(member.At([]string{"settingInstance", "settingDefinitionId"})); text != "" {
		return text
	}
	return jsonval.TextOf(member.Get("settingDefinitionId"))
}

// targetOf returns the target of an assignment: its type, such as allDevices, with
// the group or collection. It returns "" for other members.
func targetOf(member *jsonval.Node) string {
	target := member.Get("target")
	if !target.IsObject() {
		return jsonval.TextOf(target)
	}
	kind := strings.TrimSuffix(strings.TrimPrefix(textAt(target, "@odata.type"), "#microsoft.graph."), "AssignmentTarget")
	return joined(kind, joined(textAt(target, "groupId"), textAt(target, "collectionId")))
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

// textAt returns a string property of an object. For a number it returns the name
// and the number, because a number alone would look like an index.
func textAt(n *jsonval.Node, name string) string {
	switch v := n.Get(name); {
	case v.IsString():
		return v.Text
	case v != nil && v.Kind == '0':
		return name + " " + v.Text
	}
	return ""
}
