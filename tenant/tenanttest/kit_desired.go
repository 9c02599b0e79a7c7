package tenanttest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

var desiredCases = []repositoryCase{
	{
		name:        "empty",
		explanation: "A tenant without files has an empty desired line, with a revision.",
		run: func(k repositoryKit) {
			d := desired(k, contoso)
			if d.Revision == "" || len(d.Resources) > 0 || len(d.Problems) > 0 {
				k.errorf("Desired = %+v", d)
			}
			if again := desired(k, contoso); again.Revision != d.Revision {
				k.errorf("the revision is %q, and then %q, and nothing has changed", d.Revision, again.Revision)
			}
		},
	},
	{
		name:        "update",
		explanation: "Update writes a revision, which is then the head; a nil body removes the resource.",
		run: func(k repositoryKit) {
			update(k, "one", put("groups", "A", `{"b":1,"a":"x"}`), put("groups", "B", `{}`), put("policies", "A", `{"deep":{"list":[1,{"x":null}]}}`))
			r := update(k, "two", put("groups", "A", `{"a":"y"}`), remove("groups", "B"), remove("groups", "never there"))
			wantHead(k, map[string]string{"groups/A": `{"a":"y"}`, "policies/A": `{"deep":{"list":[1,{"x":null}]}}`})
			if got := desired(k, contoso).Revision; got != r.ID {
				k.errorf("the head is %q, want what Update returned, %q", got, r.ID)
			}
			if r.Message != "message of two" || r.Author != "author of two" {
				k.errorf("the revision is %+v, want the request's message and author", r)
			}
		},
	},
	{
		name:        "bodies keep their meaning",
		explanation: "Resources have the body that was written: JSON of the same meaning.",
		run: func(k repositoryKit) {
			body := `{"large":12345678901234567890,"exact":0.1,"null":null,"empty":[],"text":"äß\u2028<&>\"\\","":""}`
			update(k, "one", put("groups", "A", body))
			wantHead(k, map[string]string{"groups/A": body})
		},
	},
	{
		name:        "stale parent",
		explanation: "Update returns ErrMoved when the head is not the request's Parent, and nothing is written.",
		run: func(k repositoryKit) {
			parent := desired(k, contoso).Revision
			first := update(k, "one", put("groups", "A", `{"n":1}`))
			for _, stale := range []string{parent, "", "nonsense"} {
				_, err := k.fixture.Repository.Update(k.Context(), tenant.UpdateRequest{
					Tenant: contoso, Parent: stale, Key: "stale " + stale, Changes: []tenant.Change{put("groups", "A", `{"n":2}`)},
				})
				wantError(k, err, tenant.ErrMoved, fmt.Sprintf("Update with parent %q", stale))
			}
			wantHead(k, map[string]string{"groups/A": `{"n":1}`})
			if got := desired(k, contoso).Revision; got != first.ID {
				k.errorf("the head is %q, want still %q", got, first.ID)
			}
		},
	},
	{
		name:        "back to a former content",
		explanation: "A parent that is not the head is ErrMoved, also when the line has returned to the parent's content in the meantime by updates.",
		run: func(k repositoryKit) {
			first := update(k, "one", put("groups", "A", `{"n":1}`))
			update(k, "two", put("groups", "A", `{"n":2}`))
			update(k, "three", put("groups", "A", `{"n":1}`))
			_, err := k.fixture.Repository.Update(k.Context(), tenant.UpdateRequest{
				Tenant: contoso, Parent: first.ID, Key: "four", Changes: []tenant.Change{put("groups", "A", `{"n":3}`)},
			})
			wantError(k, err, tenant.ErrMoved, "Update against the first revision")
		},
	},
	{
		name:        "all or none",
		explanation: "Update writes all changes or none.",
		run: func(k repositoryKit) {
			update(k, "one", put("groups", "A", `{"n":1}`))
			_, err := tryUpdate(k, "two", put("groups", "A", `{"n":2}`), put("groups", "B", `{"n":`))
			wantError(k, err, tenant.ErrInvalidRequest, "Update with one change that is no JSON")
			wantHead(k, map[string]string{"groups/A": `{"n":1}`})
		},
	},
	{
		name:        "invalid updates",
		explanation: "ErrInvalidRequest is returned for a request that can never succeed: an empty or over-long key, a body that is no JSON object, no idempotency key.",
		run: func(k repositoryKit) {
			for what, change := range map[string]tenant.Change{
				"an empty key":                {Kind: "groups", Body: json.RawMessage(`{}`)},
				"a key of 513 bytes":          put("groups", strings.Repeat("k", 513), `{}`),
				"a key that is no UTF-8":      put("groups", "\xff", `{}`),
				"no kind":                     put("", "A", `{}`),
				"an array as body":            put("groups", "A", `[]`),
				"null as body":                put("groups", "A", `null`),
				"text after the body":         put("groups", "A", `{} {}`),
				"an empty body":               {Kind: "groups", Key: "A", Body: json.RawMessage{}},
				"a body with a name twice":    put("groups", "A", `{"a":1,"a":2}`),
				"a removal with an empty key": remove("groups", ""),
			} {
				_, err := tryUpdate(k, what, change)
				wantError(k, err, tenant.ErrInvalidRequest, "Update with "+what)
			}
			_, err := tryUpdate(k, "twice", put("groups", "A", `{}`), remove("groups", "A"))
			wantError(k, err, tenant.ErrInvalidRequest, "Update with two changes of one resource")
			for _, requestKey := range []string{"", strings.Repeat("k", 201)} {
				_, err := tryUpdate(k, requestKey, put("groups", "A", `{}`))
				wantError(k, err, tenant.ErrInvalidRequest, fmt.Sprintf("Update with an idempotency key of %d bytes", len(requestKey)))
			}
			wantHead(k, nil)
		},
	},
	{
		name:        "any key",
		explanation: "A key is any string of 1 to 512 bytes of valid UTF-8, unique within its kind. Names never become paths unescaped.",
		run: func(k repositoryKit) {
			want := make(map[string]string)
			var changes []tenant.Change
			for i, key := range awkwardKeys {
				body := fmt.Sprintf(`{"n":%d}`, i)
				want["groups/"+key] = body
				changes = append(changes, put("groups", key, body))
			}
			update(k, "one", changes...)
			wantHead(k, want)
			// Every other one is removed; those between must not be touched.
			var removals []tenant.Change
			for i, key := range awkwardKeys {
				if i%2 == 0 {
					removals = append(removals, remove("groups", key))
					delete(want, "groups/"+key)
				}
			}
			update(k, "two", removals...)
			wantHead(k, want)
		},
	},
	{
		name:        "tenants are apart",
		explanation: "Each tenant has its own lines, whatever the tenants are called.",
		run: func(k repositoryKit) {
			update(k, "one", put("groups", "A", `{}`))
			for _, other := range []string{"Contoso", "contoso/desired", "../contoso", "contoso.", ".", "..", "fabrikam"} {
				if d := desired(k, other); len(d.Resources) > 0 {
					k.errorf("the tenant %q has resources of %q", other, contoso)
				}
				_, err := k.fixture.Repository.Update(k.Context(), tenant.UpdateRequest{
					Tenant: other, Parent: desired(k, other).Revision, Key: "one", Changes: []tenant.Change{put("groups", "B", `{}`)},
				})
				k.must(err, "Update of tenant "+other)
			}
			wantHead(k, map[string]string{"groups/A": `{}`})
		},
	},
	{
		name:        "an older revision",
		explanation: "Desired returns the line at a revision that Update made, also when it is not the head any more. A revision that the repository does not have is ErrNoRevision.",
		run: func(k repositoryKit) {
			first := update(k, "one", put("groups", "A", `{"n":1}`), put("groups", "B", `{}`))
			update(k, "two", put("groups", "A", `{"n":2}`), remove("groups", "B"))
			old, err := k.fixture.Repository.Desired(k.Context(), tenant.DesiredRequest{Tenant: contoso, Revision: first.ID})
			k.must(err, "Desired at the first revision")
			if old.Revision != first.ID {
				k.errorf("the revision is %q, want %q", old.Revision, first.ID)
			}
			wantResources(k, old.Resources, map[string]string{"groups/A": `{"n":1}`, "groups/B": `{}`})
			for _, unknown := range []string{"nonsense", "../../etc", first.ID + "0"} {
				_, err = k.fixture.Repository.Desired(k.Context(), tenant.DesiredRequest{Tenant: contoso, Revision: unknown})
				wantError(k, err, tenant.ErrNoRevision, fmt.Sprintf("Desired at %q", unknown))
			}
		},
	},
	{
		name:        "bodies are the caller's",
		explanation: "What is passed in is not kept by reference, and what is returned belongs to the caller.",
		run: func(k repositoryKit) {
			change := put("groups", "A", `{"n":1}`)
			update(k, "one", change)
			change.Body[5] = '2'
			wantHead(k, map[string]string{"groups/A": `{"n":1}`})
			for _, r := range desired(k, contoso).Resources {
				clear(r.Body)
			}
			wantHead(k, map[string]string{"groups/A": `{"n":1}`})
		},
	},
	{
		name:        "edits by people",
		explanation: "People edit the desired line too: an edit is a new revision, and an update against the one before is ErrMoved. An update keeps what others have changed.",
		run: func(k repositoryKit) {
			if k.fixture.Edit == nil {
				k.Skipf("the fixture has no Edit")
			}
			first := update(k, "one", put("groups", "A", `{"n":1}`), put("groups", "B", `{"n":1}`))
			k.must(k.fixture.Edit(contoso, "groups", "A", []byte("\xef\xbb\xbf{ \"n\": 2 }\r\n")), "Edit")
			k.must(k.fixture.Edit(contoso, "groups", "C", []byte(`{"n":3}`)), "Edit")
			edited := map[string]string{"groups/A": `{"n":2}`, "groups/B": `{"n":1}`, "groups/C": `{"n":3}`}
			wantHead(k, edited)
			if desired(k, contoso).Revision == first.ID {
				k.errorf("the revision is still %q after an edit", first.ID)
			}
			_, err := k.fixture.Repository.Update(k.Context(), tenant.UpdateRequest{
				Tenant: contoso, Parent: first.ID, Key: "two", Changes: []tenant.Change{put("groups", "A", `{}`)},
			})
			wantError(k, err, tenant.ErrMoved, "Update against the revision before the edit")
			wantHead(k, edited)
			update(k, "three", put("groups", "B", `{"n":4}`))
			edited["groups/B"] = `{"n":4}`
			wantHead(k, edited)
			k.must(k.fixture.Edit(contoso, "groups", "A", nil), "Edit")
			delete(edited, "groups/A")
			wantHead(k, edited)
		},
	},
	{
		name:        "problems",
		explanation: "Files that cannot be used are in the result's Problems, with kind and key, never silently absent. They do not hide the others.",
		run: func(k repositoryKit) {
			if k.fixture.Edit == nil {
				k.Skipf("the fixture has no Edit")
			}
			for what, content := range map[string]string{
				"invalid JSON":   `{"n":`,
				"a name twice":   `{"n":1,"n":2}`,
				"an array":       `[]`,
				"trailing text":  `{} x`,
				"half an emoji":  `{"n":"\ud83d"}`,
				"no text at all": "",
			} {
				update(k, "before "+what, put("groups", "good", `{}`), put("groups", "bad", `{}`))
				k.must(k.fixture.Edit(contoso, "groups", "bad", []byte(content)), "Edit")
				d := desired(k, contoso)
				wantResources(k, d.Resources, map[string]string{"groups/good": `{}`})
				if len(d.Problems) != 1 || d.Problems[0].Kind != "groups" || d.Problems[0].Key != "bad" || d.Problems[0].Message == "" {
					k.errorf("with %s the problems are %+v, want one of groups/bad", what, d.Problems)
				}
			}
			update(k, "mended", put("groups", "bad", `{"n":1}`))
			wantHead(k, map[string]string{"groups/good": `{}`, "groups/bad": `{"n":1}`})
		},
	},
}

// awkwardKeys are legal keys that file systems, shells or git trip over.
var awkwardKeys = []string{
	"plain", "Plain", "PLAIN", "with space", " leading", "trailing ", "trailing.", ".hidden", ".", "..", "../up",
	"a/b", `a\b`, "/absolute", "C:", "con", "CON", "nul.txt", "com1", "percent%41", "%2F", "%", "100% sure",
	"a~b", "~", "tab\there", "new\nline", "nul\x00byte", `<>:"|?*`, "#[1]", "ends.json", "e\u0301", "\u00e9",
	"日本語", "🙂", "a\u200bb", "\u202etxt", "-rf", "$(touch x)", "{brace}", "git", ".git",
	strings.Repeat("x", 512), strings.Repeat("X", 512), strings.Repeat("/", 512), strings.Repeat("語", 170),
	strings.Repeat("x", 511) + "y",
}
