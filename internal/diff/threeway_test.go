package diff

import "testing"

func enforce(in *Input) { in.Rules.Enforce = true }

func TestCompareProperties(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "same on all sides",
			explanation: "nothing is proposed, and read-only properties are ignored",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":1}`,
			current:     `groups 1 {"displayName":"A","x":1,"id":"1"}`,
			want:        `base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "repository changed",
			explanation: "a change of only the repository is deployed, and the base stays",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":2}`,
			current:     `groups 1 {"displayName":"A","x":1}`,
			want: `update groups/A deploy /x: 1 | 1 -> 2
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "tenant changed, adopt",
			explanation: "only the drift is written into the file",
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
			name:        "tenant changed, enforce only for the kind",
			explanation: "the kind's rule wins over the general one",
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
			name:        "tenant changed, enforce except for the kind",
			explanation: "the kind's rule wins over the general one, also if it is to adopt",
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
			explanation: "nothing is proposed, and the base changes",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":2}`,
			current:     `groups 1 {"displayName":"A","x":2.0}`,
			want:        `base groups/A=1 {"displayName":"A","x":2}`,
		},
		{
			name:        "both changed differently",
			explanation: "a conflict has the values of base, tenant and repository; the base stays, so that the conflict comes again",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":2}`,
			current:     `groups 1 {"displayName":"A","x":3}`,
			want: `update groups/A conflict /x: 1 | 3 -> 2
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "different properties on both sides",
			explanation: "each property has its own result; the base changes where both agree",
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
			explanation: "null in the file clears a property, and a property that the tenant does not return is cleared",
			base:        `groups/A=1 {"displayName":"A","x":1,"y":1}`,
			desired:     `groups/A {"displayName":"A","x":null,"y":null}`,
			current:     `groups 1 {"displayName":"A","x":1}`,
			want: `update groups/A deploy /x: 1 | 1 -> null
				base groups/A=1 {"displayName":"A","x":1,"y":null}`,
		},
		{
			name:        "dropped in the tenant",
			explanation: "a dropped property is adopted as null, so that it stays managed",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":1}`,
			current:     `groups 1 {"displayName":"A"}`,
			want: `adopt groups/A {"displayName":"A","x":null}
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "newly managed",
			explanation: "a property that the file did not have is proposed with the file's value",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A","x":1,"z":3}`,
			current:     `groups 1 {"displayName":"A","x":2,"z":3}`,
			want: `update groups/A deploy /x: - | 2 -> 1
				base groups/A=1 {"displayName":"A","z":3}`,
		},
		{
			name:        "array",
			explanation: "an array that is not a set is one value",
			base:        `groups/A=1 {"displayName":"A","l":[1,2]}`,
			desired:     `groups/A {"displayName":"A","l":[1,2,3]}`,
			current:     `groups 1 {"displayName":"A","l":[2,1]}`,
			want: `update groups/A conflict /l: [1,2] | [2,1] -> [1,2,3]
				base groups/A=1 {"displayName":"A","l":[1,2]}`,
		},
		{
			name:        "object becomes a value and back",
			explanation: "if one side has no object, the whole value is compared",
			base:        `groups/A=1 {"displayName":"A","o":{"x":1},"p":{"x":1},"q":{"x":1}}`,
			desired:     `groups/A {"displayName":"A","o":null,"p":{"x":1},"q":{"x":2}}`,
			current:     `groups 1 {"displayName":"A","o":{"x":1,"extra":1},"p":"text","q":null}`,
			want: `update groups/A deploy /o: {"x":1} | {"extra":1,"x":1} -> null
				update groups/A conflict /q: {"x":1} | null -> {"x":2}
				adopt groups/A {"displayName":"A","o":null,"p":"text","q":{"x":2}}
				base groups/A=1 {"displayName":"A","o":{"x":1},"p":{"x":1},"q":{"x":1}}`,
		},
		{
			name:        "object in place of another value",
			explanation: "if both sides have replaced a value by an object, its different properties are conflicts, and stay conflicts; a property that only the tenant has is not managed, and is not a conflict",
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
			explanation: "if the kind declares it, null, [], {}, \"\" and absent are equal, and an empty value in the file clears the property",
			base:        `policies/P=1 {"displayName":"P","tags":["a"]}`,
			desired:     `policies/P {"displayName":"P","tags":[],"conditions":{"labels":[]}}`,
			current:     `policies 1 {"displayName":"P","tags":["a"],"conditions":{"labels":null}}`,
			want: `update policies/P deploy /tags: ["a"] | ["a"] -> []
				base policies/P=1 {"conditions":{"labels":[]},"displayName":"P","tags":["a"]}`,
		},
		{
			name:        "annotations and types",
			explanation: "annotations are ignored, but not the type",
			base:        `groups/A=1 {"@odata.type":"#a","displayName":"A"}`,
			desired:     `groups/A {"@odata.type":"#b","displayName":"A","@odata.context":"x","m@odata.navigationLink":"y"}`,
			current:     `groups 1 {"@odata.type":"#a","displayName":"A","@odata.etag":"z"}`,
			want: `update groups/A deploy /@odata.type: "#a" | "#a" -> "#b"
				base groups/A=1 {"@odata.type":"#a","displayName":"A"}`,
		},
		{
			name:        "create only",
			explanation: "a property that cannot be changed is noted, and the rest is proposed",
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
			name:        "order is ignored",
			explanation: "a set has no order",
			base:        `policies/P=1 {"displayName":"P","members":["a","b"]}`,
			desired:     `policies/P {"displayName":"P","members":["b","a"]}`,
			current:     `policies 1 {"displayName":"P","members":["a","b"]}`,
			want:        `base policies/P=1 {"displayName":"P","members":["b","a"]}`,
		},
		{
			name:        "members are merged",
			explanation: "each member has its own result: a person added d and removed b; the tenant has added e and removed c",
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
			explanation: "a member that both sides changed is a conflict of only this member",
			base:        `policies/P=1 {"displayName":"P","assignments":[{"target":"t1","intent":"i","v":1},{"target":"t2","intent":"i","v":1}]}`,
			desired:     `policies/P {"displayName":"P","assignments":[{"target":"t1","intent":"i","v":2},{"target":"t2","intent":"i","v":2}]}`,
			current:     `policies 1 {"displayName":"P","assignments":[{"target":"t2","intent":"i","v":1},{"target":"t1","intent":"i","v":3}]}`,
			want: `update policies/P conflict /assignments/-: {"intent":"i","target":"t1","v":1} | {"intent":"i","target":"t1","v":3} -> {"intent":"i","target":"t1","v":2}
				update policies/P deploy /assignments/-: {"intent":"i","target":"t2","v":1} | {"intent":"i","target":"t2","v":1} -> {"intent":"i","target":"t2","v":2}
				base policies/P=1 {"assignments":[{"intent":"i","target":"t2","v":1},{"intent":"i","target":"t1","v":1}],"displayName":"P"}`,
		},
		{
			name:        "first sync of a set",
			explanation: "members that the base does not have are never removed: they are adopted",
			desired:     `policies/P {"displayName":"P","members":["a","b"]}`,
			current:     `policies 1 {"displayName":"P","members":["b","c"]}`,
			want: `update policies/P deploy /members/-: - | - -> "a"
				adopt policies/P {"displayName":"P","members":["a","b","c"]}
				base policies/P=1 {"displayName":"P","members":["b"]}`,
		},
		{
			name:        "set that the tenant lacks",
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
			explanation: "under Enforce the removal of a member that was added in the tenant is proposed",
			base:        `policies/P=1 {"displayName":"P","members":["a"]}`,
			desired:     `policies/P {"displayName":"P","members":["a"]}`,
			current:     `policies 1 {"displayName":"P","members":["a","b"]}`,
			adjust:      enforce,
			want: `update policies/P enforce /members/-: - | "b" -> -
				base policies/P=1 {"displayName":"P","members":["a"]}`,
		},
	})
}
