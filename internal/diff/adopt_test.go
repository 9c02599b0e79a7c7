package diff

import (
	"strings"
	"testing"
)

// An adoption keeps the file's text for values that are equal in the tenant,
// such as templates and secrets.
func TestAdoptKeepsFileText(t *testing.T) {
	vars := func(name, value string) func(*Input) {
		return func(in *Input) { in.Variables[name] = value }
	}
	s, h := `{"displayName":"P",`, hashed
	runAdoptions(t, []adoptionCase{
		{
			name:        "template in an array",
			explanation: "equal elements keep their text, with properties that are not compared",
			base:        s + `"l":["Contoso mail",{"a":1,"n":"Contoso"},"x"]}`,
			file:        s + `"l":["${var:company} mail",{"n":"${var:company}", "n@odata.count":1, "a":1.0},"x"]}`,
			tenant:      s + `"l":["new","Contoso mail",{"a":1,"n":"Contoso"}]}`,
			want:        s + `"l":["new","${var:company} mail",{"n":"${var:company}", "n@odata.count":1, "a":1.0}]}`,
		},
		{
			name:        "template in a changed element",
			explanation: "only the changed property of the element is written",
			base:        s + `"l":[{"a":1,"n":"Contoso","t":[1]}]}`,
			file:        s + `"l":[{"n":"${var:company}","x@odata.type":"y","a":1,"t":[1]}]}`,
			tenant:      s + `"l":[{"a":2,"n":"Contoso","b":true}]}`,
			want:        s + `"l":[{"n":"${var:company}","x@odata.type":"y","a":2,"b":true}]}`,
		},
		{
			name:        "template in a changed text",
			explanation: "the variables of the text stay in it",
			base:        s + `"x":"Welcome to Contoso!"}`,
			file:        s + `"x":"Welcome to ${var:company}!"}`,
			tenant:      s + `"x":"Contoso welcomes you: $${Contosos}"}`,
			want:        s + `"x":"${var:company} welcomes you: $$${${var:company}s}"}`,
		},
		{
			name:        "a secret variable in an element that moved",
			explanation: "the value of one of the file's variables is written as the variable where it is a separate word",
			base:        s + `"l":[{"k":"hunter2-psk"},{"k":"b"}],"y":"z"}`,
			file:        s + `"l":[{"k":"${var:psk}"},{"k":"b"}],"y":"z"}`,
			tenant:      s + `"l":["c",{"b":{"key=hunter2-psk;":["hunter2-psk"]},"v":"key=hunter2-psk;"}],"y":"xhunter2-psky"}`,
			adjust:      vars("psk", "hunter2-psk"),
			want:        s + `"l":["c",{"b":{"key=hunter2-psk;":["${var:psk}"]},"v":"key=${var:psk};"}],"y":"xhunter2-psky"}`,
		},
		{
			name:        "short values",
			explanation: "a short value occurs by chance, unless it is the whole text",
			base:        s + `"l":["a1","on"]}`,
			file:        s + `"l":["a1","${var:state}"]}`,
			tenant:      s + `"l":["is it on?","off","on"]}`,
			adjust:      vars("state", "on"),
			want:        s + `"l":["is it on?","off","${var:state}"]}`,
		},
		{
			name:        "a dollar before a variable",
			explanation: "a text that would be read differently is written without variables",
			base:        s + `"x":"Contoso"}`,
			file:        s + `"x":"${var:company}"}`,
			tenant:      s + `"x":"$Contoso"}`,
			want:        s + `"x":"$Contoso"}`,
		},
		{
			name:        "reference in an array",
			explanation: "a reference keeps its text",
			base:        s + `"conditions":{"x":[{"g":"${groups/G}"}]}}`,
			file:        s + `"conditions":{"x":[{"g":"${groups/G}"}]}}`,
			tenant:      s + `"conditions":{"x":[{"g":"g1","n":1}]}}`,
			want:        s + `"conditions":{"x":[{"g":"${groups/G}","n":1}]}}`,
		},
		{
			name:        "secrets in an array",
			explanation: "a secret that the tenant still has keeps its text, at any position of its element",
			base:        s + `"settings":[{"n":1,"secret":"` + h("s1") + `"},{"n":2,"secret":"` + h("Contoso") + `"}]}`,
			file:        s + `"settings":[{"n":1,"secret":"s1"},{"n":2,"secret":"${var:company}"}]}`,
			tenant:      s + `"settings":[{"n":0,"secret":"new"},{"n":7,"secret":"Contoso"},{"n":1,"secret":"s1"}]}`,
			want:        s + `"settings":[{"n":0,"secret":"[redacted]"},{"n":7,"secret":"${var:company}"},{"n":1,"secret":"s1"}]}`,
		},
		{
			name:        "masked secrets in an array",
			explanation: "the unchanged element keeps its secret, and a new secret is redacted",
			base:        s + `"oma":[{"uri":"a","value":"` + h("s") + `"}]}`,
			file:        s + `"oma":[{"uri":"a","value":"s"}]}`,
			tenant:      s + `"oma":[{"uri":"b","value":"****"},{"uri":"a","value":"****"}]}`,
			want:        s + `"oma":[{"uri":"b","value":"****"},{"uri":"a","value":"s"}]}`,
		},
		{
			name:        "masked secret of an element that may have changed",
			explanation: "it is unknown whether it is the same setting, so its secret is not taken from the file",
			base:        s + `"oma":[{"uri":"a","value":"` + h("s") + `"}],"x":1}`,
			file:        s + `"oma":[{"uri":"a","value":"${var:company}"}],"x":1}`,
			tenant:      s + `"oma":[{"uri":"b","value":"****"}],"x":2}`,
			adjust:      vars("company", "s"),
			want:        s + `"oma":[{"uri":"a","value":"${var:company}"}],"x":2}`,
			note:        `note secret_needed policies/P /oma`,
		},
		{
			name:        "an element with a masked secret was removed",
			explanation: "its secret is removed with it",
			base:        s + `"oma":[{"uri":"a","value":"` + h("s") + `"},{"uri":"b","value":"` + h("t") + `"}]}`,
			file:        s + `"oma":[{"uri":"a","value":"s"},{"uri":"b","value":"t"}]}`,
			tenant:      s + `"oma":[{"uri":"b","value":"****"}]}`,
			want:        s + `"oma":[{"uri":"b","value":"t"}]}`,
		},
		{
			name:        "member of a set by identity",
			explanation: "it is the same member, with the secret that was deployed",
			base:        s + `"assignments":[{"target":"t","intent":"i","v":1,"key":"` + h("k") + `","l":["Contoso"]}]}`,
			file:        s + `"assignments":[{"intent":"i","target":"t","v":1,"l":["${var:company}"],"key":"k"}]}`,
			tenant:      s + `"assignments":[{"target":"t","intent":"i","v":2,"key":"****","l":["Contoso"]},{"target":"u","intent":"i","key":"****"}]}`,
			want:        s + `"assignments":[{"intent":"i","target":"t","v":2,"l":["${var:company}"],"key":"k"},{"intent":"i","key":"****","target":"u"}]}`,
		},
		{
			name:        "member of a set by value",
			explanation: "members that differ only in masked secrets cannot be paired",
			base:        s + `"tokens":[{"n":1,"key":"` + h("k") + `"}]}`,
			file:        s + `"tokens":[{"n":1,"key":"k"}]}`,
			tenant:      s + `"tokens":[{"n":2,"key":"****"}]}`,
			want:        `-`,
			note:        `note secret_needed policies/P /tokens`,
		},
		{
			name:        "new members of a set within an array",
			explanation: "they come last, behind the members of the file, however many are new",
			base:        s + `"rules":[{"n":1,"names":["y","z"]}]}`,
			file:        s + `"rules":[{"n":1,"names":["z","y"]}]}`,
			tenant:      s + `"rules":[{"n":2,"names":["a","y","b","z"]}]}`,
			want:        s + `"rules":[{"n":2,"names":["z","y","a","b"]}]}`,
		},
		{
			name:        "redacted secrets of elements that moved",
			explanation: "an element with another secret is the same one if all else is equal, and keeps its text",
			base:        s + `"settings":[{"n":1,"secret":"` + h("s") + `"},{"n":2,"secret":"` + h("t") + `"}]}`,
			file:        s + `"settings":[{"secret":"[redacted]","n":1,"n@odata.count":3},{"n":2,"secret":"****"}]}`,
			tenant:      s + `"settings":[{"n":3,"secret":"u"},{"n":1,"secret":"s"},{"n":2,"secret":"t"}]}`,
			want:        s + `"settings":[{"n":3,"secret":"[redacted]"},{"secret":"[redacted]","n":1,"n@odata.count":3},{"n":2,"secret":"****"}]}`,
		},
		{
			name:        "a secret that a new member of a set has",
			explanation: "the file keeps the secret in the new member, so nothing is lost beside a secret that cannot be read",
			base:        s + `"tokens":[{"n":1,"secret":"` + h("k") + `"}]}`,
			file:        s + `"tokens":[{"n":1,"secret":"k"}]}`,
			tenant:      s + `"tokens":[{"n":2,"secret":"k","key":"****"}]}`,
			want:        s + `"tokens":[{"key":"****","n":2,"secret":"k"}]}`,
		},
		{
			name:        "set within an array",
			explanation: "members of an inner set keep the file's text and order, in any order of the tenant",
			base:        s + `"rules":[{"n":1,"names":["Contoso","a"]}]}`,
			file:        s + `"rules":[{"n":1,"names":["a","${var:company}","gone"]}]}`,
			tenant:      s + `"rules":[{"n":2,"names":["b","Contoso","a"]}]}`,
			adjust: func(in *Input) {
				in.Base.Objects[0].Body = []byte(s + `"rules":[{"n":1,"names":["Contoso","a","gone"]}]}`)
			},
			want: s + `"rules":[{"n":2,"names":["a","${var:company}","b"]}]}`,
		},
	})
}

// adoptionCase is a policy P that has drifted in the tenant.
type adoptionCase struct {
	name, explanation  string
	base, file, tenant string
	adjust             func(*Input)
	want               string
	note               string
}

func runAdoptions(t *testing.T, cases []adoptionCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			in := comparisonCase{
				base:    `policies/P=1 ` + tc.base + "\n" + `groups/G=g1 {"displayName":"G"}`,
				desired: `policies/P ` + tc.file + "\n" + `groups/G {"displayName":"G"}`,
				current: `policies 1 ` + tc.tenant + "\n" + `groups g1 {"displayName":"G"}`,
				adjust:  tc.adjust,
			}.input(t)
			r, err := compareOnce(in)
			if err != nil {
				t.Fatal(err)
			}
			if got := adoptedFile(r); got != tc.want || len(r.Plan.Items) > 0 {
				t.Errorf("%s\ngot  %s\nwant %s\n%s", tc.explanation, got, tc.want, showResult(r))
			}
			if got := strings.Join(notesOf(r), "\n"); got != tc.note {
				t.Errorf("%s\ngot  %s\nwant %s", tc.explanation, got, tc.note)
			}
			if tc.want == "-" {
				return
			}
			in.Base, in.Desired.Resources[0].Body = r.Base, []byte(tc.want)
			again, err := compareOnce(in)
			if err != nil {
				t.Fatal(err)
			}
			if len(again.Adopt) > 0 || len(again.Plan.Items) > 0 || tc.note == "" && again.Unchanged != 2 {
				t.Errorf("the adopted file differs from the tenant:\n%s", showResult(again))
			}
		})
	}
}

// adoptedFile returns the file of the only adopted object.
func adoptedFile(r *Result) string {
	if len(r.Adopt) != 1 {
		return "-"
	}
	return show(r.Adopt[0].Body)
}

func notesOf(r *Result) []string {
	var lines []string
	for line := range strings.Lines(showResult(r)) {
		if strings.HasPrefix(line, "note ") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
