package diff

import "testing"

func enforce(in *Input) { in.Rules.Enforce = true }

func TestCompareProperties(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "same on all sides",
			explanation: "nothing is proposed, and read-only properties do not count",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":1}`,
			current:     `groups 1 {"displayName":"A","x":1,"id":"1"}`,
			want:        `base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "repository changed",
			explanation: "a change of the repository alone is deployed, and the base stays",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":2}`,
			current:     `groups 1 {"displayName":"A","x":1}`,
			want: `update groups/A deploy /x: 1 | 1 -> 2
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "tenant changed, adopt",
			explanation: "drift is written into the file, and into nothing else of it",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"x":1.0,"$comment":"mine","displayName":"A"}`,
			current:     `groups 1 {"displayName":"A","x":3}`,
			want: `adopt groups/A {"x":3,"$comment":"mine","displayName":"A"}
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "tenant changed, enforce",
			explanation: "under Enforce drift is undone by a proposed change",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":1}`,
			current:     `groups 1 {"displayName":"A","x":3}`,
			adjust:      enforce,
			want: `update groups/A enforce /x: 1 | 3 -> 1
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "tenant changed, enforce for the kind alone",
			explanation: "what a kind has goes before what all have",
			base:        `groups/A=1 {"displayName":"A","x":1}` + "\n" + `apps/B=2 {"displayName":"B","x":1}`,
			desired:     `groups/A {"displayName":"A","x":1}` + "\n" + `apps/B {"displayName":"B","x":1}`,
			current:     `groups 1 {"displayName":"A","x":3}` + "\n" + `apps 2 {"displayName":"B","x":3}`,
			adjust:      func(in *Input) { in.Rules.EnforceByKind = map[string]bool{"groups": true} },
			want: `update groups/A enforce /x: 1 | 3 -> 1
				adopt apps/B {"displayName":"B","x":3}
				base apps/B=2 {"displayName":"B","x":1}
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "tenant changed, enforce but for the kind",
			explanation: "what a kind has goes before what all have, also when it is to adopt",
			base:        `groups/A=1 {"displayName":"A","x":1}` + "\n" + `apps/B=2 {"displayName":"B","x":1}`,
			desired:     `groups/A {"displayName":"A","x":1}` + "\n" + `apps/B {"displayName":"B","x":1}`,
			current:     `groups 1 {"displayName":"A","x":3}` + "\n" + `apps 2 {"displayName":"B","x":3}`,
			adjust: func(in *Input) {
				in.Rules.Enforce, in.Rules.EnforceByKind = true, map[string]bool{"apps": false}
			},
			want: `update groups/A enforce /x: 1 | 3 -> 1
				adopt apps/B {"displayName":"B","x":3}
				base apps/B=2 {"displayName":"B","x":1}
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "both changed to the same",
			explanation: "nothing is proposed, and the base moves",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":2}`,
			current:     `groups 1 {"displayName":"A","x":2.0}`,
			want:        `base groups/A=1 {"displayName":"A","x":2}`,
		},
		{
			name:        "both changed differently",
			explanation: "a conflict shows base, tenant and repository; the base stays, so that it is a conflict again",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":2}`,
			current:     `groups 1 {"displayName":"A","x":3}`,
			want: `update groups/A conflict /x: 1 | 3 -> 2
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "different properties on both sides",
			explanation: "each property has its own fate; the base moves where both agree",
			base:        `groups/A=1 {"displayName":"A","d":1,"c":1,"both":1,"o":{"x":1,"y":1}}`,
			desired:     `groups/A {"displayName":"A","d":2,"c":1,"both":2,"o":{"x":2,"y":1}}`,
			current:     `groups 1 {"displayName":"A","d":1,"c":2,"both":2,"o":{"x":1,"y":2}}`,
			want: `update groups/A deploy /d: 1 | 1 -> 2
				update groups/A deploy /o/x: 1 | 1 -> 2
				adopt groups/A {"displayName":"A","d":2,"c":2,"both":2,"o":{"x":2,"y":2}}
				base groups/A=1 {"both":2,"c":1,"d":1,"displayName":"A","o":{"x":1,"y":1}}`,
		},
		{
			name:        "not managed",
			explanation: "a property that the file does not have is neither deployed nor adopted, nor in the base",
			base:        `groups/A=1 {"displayName":"A","y":1}`,
			desired:     `groups/A {"displayName":"A"}`,
			current:     `groups 1 {"displayName":"A","y":2}`,
			want:        `base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "null clears",
			explanation: "null in the file clears, and a property that the tenant does not return is cleared",
			base:        `groups/A=1 {"displayName":"A","x":1,"y":1}`,
			desired:     `groups/A {"displayName":"A","x":null,"y":null}`,
			current:     `groups 1 {"displayName":"A","x":1}`,
			want: `update groups/A deploy /x: 1 | 1 -> null
				base groups/A=1 {"displayName":"A","x":1,"y":null}`,
		},
		{
			name:        "dropped in the tenant",
			explanation: "what the tenant dropped is adopted as null, so that it stays managed",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":1}`,
			current:     `groups 1 {"displayName":"A"}`,
			want: `adopt groups/A {"displayName":"A","x":null}
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "newly managed",
			explanation: "a property that the file did not have is proposed as the file has it",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A","x":1,"z":3}`,
			current:     `groups 1 {"displayName":"A","x":2,"z":3}`,
			want: `update groups/A deploy /x: - | 2 -> 1
				base groups/A=1 {"displayName":"A","z":3}`,
		},
		{
			name:        "array",
			explanation: "an array that is no set is one value",
			base:        `groups/A=1 {"displayName":"A","l":[1,2]}`,
			desired:     `groups/A {"displayName":"A","l":[1,2,3]}`,
			current:     `groups 1 {"displayName":"A","l":[2,1]}`,
			want: `update groups/A conflict /l: [1,2] | [2,1] -> [1,2,3]
				base groups/A=1 {"displayName":"A","l":[1,2]}`,
		},
		{
			name:        "object becomes a value and back",
			explanation: "where one side has no object the whole value is compared",
			base:        `groups/A=1 {"displayName":"A","o":{"x":1},"p":{"x":1},"q":{"x":1}}`,
			desired:     `groups/A {"displayName":"A","o":null,"p":{"x":1},"q":{"x":2}}`,
			current:     `groups 1 {"displayName":"A","o":{"x":1,"extra":1},"p":"text","q":null}`,
			want: `update groups/A deploy /o: {"x":1} | {"extra":1,"x":1} -> null
				update groups/A conflict /q: {"x":1} | null -> {"x":2}
				adopt groups/A {"displayName":"A","o":null,"p":"text","q":{"x":2}}
				base groups/A=1 {"displayName":"A","o":{"x":1},"p":{"x":1},"q":{"x":1}}`,
		},
		{
			name:        "object in place of what was agreed",
			explanation: "where both sides have put an object in place of another value, what differs in it is a conflict, and stays one; what only one has is no conflict with a property that nobody manages",
			base:        `groups/A=1 {"displayName":"A","o":"text","p":null,"q":[1]}`,
			desired:     `groups/A {"displayName":"A","o":{"x":1,"y":{"z":1}},"p":{"x":1},"q":{"x":1}}`,
			current:     `groups 1 {"displayName":"A","o":{"x":2,"y":{"z":2}},"p":{"x":2,"w":1},"q":{"x":1,"w":1}}`,
			want: `update groups/A conflict /o/x: - | 2 -> 1
				update groups/A conflict /o/y/z: - | 2 -> 1
				update groups/A conflict /p/x: - | 2 -> 1
				base groups/A=1 {"displayName":"A","o":"text","p":null,"q":{"x":1}}`,
		},
		{
			name:        "empty is absent",
			explanation: "where the kind says so, null, [], {}, \"\" and missing are the same, and an empty value in the file clears",
			base:        `policies/P=1 {"displayName":"P","tags":["a"]}`,
			desired:     `policies/P {"displayName":"P","tags":[],"conditions":{"labels":[]}}`,
			current:     `policies 1 {"displayName":"P","tags":["a"],"conditions":{"labels":null}}`,
			want: `update policies/P deploy /tags: ["a"] | ["a"] -> []
				base policies/P=1 {"conditions":{"labels":[]},"displayName":"P","tags":["a"]}`,
		},
		{
			name:        "annotations and types",
			explanation: "annotations do not count, but the type does",
			base:        `groups/A=1 {"@odata.type":"#a","displayName":"A"}`,
			desired:     `groups/A {"@odata.type":"#b","displayName":"A","@odata.context":"x","m@odata.navigationLink":"y"}`,
			current:     `groups 1 {"@odata.type":"#a","displayName":"A","@odata.etag":"z"}`,
			want: `update groups/A deploy /@odata.type: "#a" | "#a" -> "#b"
				base groups/A=1 {"@odata.type":"#a","displayName":"A"}`,
		},
		{
			name:        "create only",
			explanation: "a property that cannot be changed is noted, the rest is proposed",
			base:        `policies/P=1 {"displayName":"P","platform":"ios","x":1}`,
			desired:     `policies/P {"displayName":"P","platform":"android","x":2}`,
			current:     `policies 1 {"displayName":"P","platform":"ios","x":1}`,
			want: `update policies/P deploy /x: 1 | 1 -> 2
				note unsupported policies/P /platform
				base policies/P=1 {"displayName":"P","platform":"ios","x":1}`,
		},
	})
}

func TestCompareSets(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "order does not count",
			explanation: "a set has no order",
			base:        `policies/P=1 {"displayName":"P","members":["a","b"]}`,
			desired:     `policies/P {"displayName":"P","members":["b","a"]}`,
			current:     `policies 1 {"displayName":"P","members":["a","b"]}`,
			want:        `base policies/P=1 {"displayName":"P","members":["b","a"]}`,
		},
		{
			name:        "members are merged",
			explanation: "each member has its own fate: d was added by a person, b removed; e was added in the tenant, c removed",
			base:        `policies/P=1 {"displayName":"P","members":["a","b","c"]}`,
			desired:     `policies/P {"displayName":"P","members":["a","c","d"]}`,
			current:     `policies 1 {"displayName":"P","members":["e","b","a"]}`,
			want: `update policies/P deploy /members/-: - | - -> "d"
				update policies/P deploy /members/-: "b" | "b" -> -
				adopt policies/P {"displayName":"P","members":["a","d","e"]}
				base policies/P=1 {"displayName":"P","members":["b","a","c"]}`,
		},
		{
			name:        "members by identity",
			explanation: "a member that both sides changed is a conflict of this member alone",
			base:        `policies/P=1 {"displayName":"P","assignments":[{"target":"t1","intent":"i","v":1},{"target":"t2","intent":"i","v":1}]}`,
			desired:     `policies/P {"displayName":"P","assignments":[{"target":"t1","intent":"i","v":2},{"target":"t2","intent":"i","v":2}]}`,
			current:     `policies 1 {"displayName":"P","assignments":[{"target":"t2","intent":"i","v":1},{"target":"t1","intent":"i","v":3}]}`,
			want: `update policies/P conflict /assignments/-: {"intent":"i","target":"t1","v":1} | {"intent":"i","target":"t1","v":3} -> {"intent":"i","target":"t1","v":2}
				update policies/P deploy /assignments/-: {"intent":"i","target":"t2","v":1} | {"intent":"i","target":"t2","v":1} -> {"intent":"i","target":"t2","v":2}
				base policies/P=1 {"assignments":[{"intent":"i","target":"t2","v":1},{"intent":"i","target":"t1","v":1}],"displayName":"P"}`,
		},
		{
			name:        "first sync of a set",
			explanation: "members that no base held are never removed: they are adopted",
			desired:     `policies/P {"displayName":"P","members":["a","b"]}`,
			current:     `policies 1 {"displayName":"P","members":["b","c"]}`,
			want: `update policies/P deploy /members/-: - | - -> "a"
				adopt policies/P {"displayName":"P","members":["a","b","c"]}
				base policies/P=1 {"displayName":"P","members":["b"]}`,
		},
		{
			name:        "set that the tenant has not",
			explanation: "null in the tenant is an empty set",
			base:        `policies/P=1 {"displayName":"P","members":["a"]}`,
			desired:     `policies/P {"displayName":"P","members":["a","b"]}`,
			current:     `policies 1 {"displayName":"P","members":null}`,
			want: `update policies/P deploy /members/-: - | - -> "b"
				adopt policies/P {"displayName":"P","members":["b"]}
				base policies/P=1 {"displayName":"P","members":["a"]}`,
		},
		{
			name:        "enforced set",
			explanation: "under Enforce a member that was added in the tenant is to be removed",
			base:        `policies/P=1 {"displayName":"P","members":["a"]}`,
			desired:     `policies/P {"displayName":"P","members":["a"]}`,
			current:     `policies 1 {"displayName":"P","members":["a","b"]}`,
			adjust:      enforce,
			want: `update policies/P enforce /members/-: - | "b" -> -
				base policies/P=1 {"displayName":"P","members":["a"]}`,
		},
	})
}
