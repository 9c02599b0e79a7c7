package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// A member of a list is called after what tells it from its siblings. A plan
// has values and no declarations of kinds, so the name is found in the values:
// the definition of a setting of Intune's settings catalog, the target of an
// assignment, or else a property that every member has and no two members of
// one side share.

// naming returns a member's name, "" if the member has none.
type naming func(member *jsonval.Node) string

// usualNames are the properties that name an object, the best first.
var usualNames = []string{"id", "key", "name", "displayName", "omaUri", "settingId", "ruleId", "appId", "groupId", "userPrincipalName", "mail", "language", "locale"}

// Limits of other properties that may name a member.
const (
	propertiesTried = 16  // of one member
	longestName     = 200 // bytes
)

// namingOf returns the naming that pairs most members of two lists of objects.
// It returns nil if none names every member of each side differently, or if
// none pairs any: names without a pair tell nothing. Only definitions of
// settings count without a pair, because they are names by declaration.
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

// namings returns the namings that a member allows, the best first.
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

// pairsBy returns how many members two lists have in common by name, -1 if a
// member has no name or two of one side have the same.
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

// byName returns the places of members by name. It reports false if a member
// has no name or two have the same.
func byName(name naming, members []*jsonval.Node) (map[string]int, bool) {
	places := make(map[string]int, len(members))
	for i, m := range members {
		text := name(m)
		if _, twice := places[text]; twice || text == "" {
			return nil, false
		}
		places[text] = i
	}
	return places, true
}

// nameOfOne returns the name of a member whose siblings are not known: of an
// added, removed or changed member of a set. A property that changes does
// not name it.
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

// definitionOf returns the definition that a member of a settings catalog
// policy's settings, or of a setting's children, is an instance of.
func definitionOf(member *jsonval.Node) string {
	if text := jsonval.TextOf(member.At([]string{"settingInstance", "settingDefinitionId"})); text != "" {
		return text
	}
	return jsonval.TextOf(member.Get("settingDefinitionId"))
}

// targetOf returns who an assignment is for: the group or collection, or the
// type of the target, such as allDevices.
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

// textAt returns a string of an object, or a number with its name: a number
// alone would look like a place in the list.
func textAt(n *jsonval.Node, name string) string {
	switch v := n.Get(name); {
	case v.IsString():
		return v.Text
	case v != nil && v.Kind == '0':
		return name + " " + v.Text
	}
	return ""
}
