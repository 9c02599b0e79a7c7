package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/tenant"
)

// displayPlan returns a typical plan, with most kinds of content once.
func displayPlan(t testing.TB) *Plan {
	t.Helper()
	p := &Plan{
		Format:   format.FormatVersion,
		Tenant:   "contoso",
		Revision: "3f9c2d1",
		Items: []Item{
			{
				ID: "namedLocations/Berlin office", Kind: "namedLocations", Key: "Berlin office",
				Verb: tenant.Create, Origin: Deploy, DesiredSum: "d1",
				Changes: []PropertyChange{{
					After:  json.RawMessage(`{"displayName":"Berlin office","ipRanges":[{"cidrAddress":"192.0.2.0/24"},{"cidrAddress":"198.51.100.0/24"}],"isTrusted":true}`),
					Origin: Deploy,
				}},
				After: json.RawMessage(`{"displayName":"Berlin office","ipRanges":[{"cidrAddress":"192.0.2.0/24"},{"cidrAddress":"198.51.100.0/24"}],"isTrusted":true}`),
			},
			{
				ID: "securityDefaults/securityDefaults", Kind: "securityDefaults", Key: "securityDefaults",
				Verb: tenant.Update, Origin: Enforce, TenantID: "00000000-0000-0000-0000-000000000005", Before: "f1", DesiredSum: "d2",
				Changes: []PropertyChange{{Pointer: "/isEnabled", Base: json.RawMessage(`false`), Before: json.RawMessage(`true`), After: json.RawMessage(`false`), Origin: Enforce}},
				After:   json.RawMessage(`{"isEnabled":false}`),
			},
			{
				ID: "conditionalAccessPolicies/CA001: MFA for all", Kind: "conditionalAccessPolicies", Key: "CA001: MFA for all",
				Verb: tenant.Update, Origin: Clash, RenamedFrom: "CA001", TenantID: "6d1c8a52-6a0a-4a34-9c0f-1d1a8d0d1b11", Before: "f2", DesiredSum: "d3",
				Changes: []PropertyChange{
					{Pointer: "/conditions/locations/excludeLocations", Base: json.RawMessage(`[]`), Before: json.RawMessage(`[]`), After: json.RawMessage(`["${namedLocations/Berlin office}"]`), Origin: Deploy},
					{Pointer: "/displayName", Base: json.RawMessage(`"CA001"`), Before: json.RawMessage(`"CA001"`), After: json.RawMessage(`"CA001: MFA for all"`), Origin: Deploy},
					{Pointer: "/state", Base: json.RawMessage(`"enabledForReportingButNotEnforced"`), Before: json.RawMessage(`"disabled"`), After: json.RawMessage(`"enabled"`), Origin: Clash},
				},
				After:     json.RawMessage(`{"conditions":{"locations":{"excludeLocations":["${namedLocations/Berlin office}"]}},"displayName":"CA001: MFA for all","state":"enabled"}`),
				DependsOn: []string{"namedLocations/Berlin office", "securityDefaults/securityDefaults"},
				Wave:      1,
			},
			{
				ID: "wifiProfiles/Guests", Kind: "wifiProfiles", Key: "Guests",
				Verb: tenant.Create, Origin: Deploy, DesiredSum: "d4",
				Changes:   []PropertyChange{{After: json.RawMessage(`{"displayName":"Guests","preSharedKey":"[redacted]","ssid":"guests"}`), Origin: Deploy, Redacted: true}},
				After:     json.RawMessage(`{"displayName":"Guests","preSharedKey":"[redacted]","ssid":"guests"}`),
				Sensitive: []string{"/preSharedKey"},
				Wave:      1,
			},
			{
				ID: "namedLocations/Old office", Kind: "namedLocations", Key: "Old office",
				Verb: tenant.Delete, Origin: Deploy, TenantID: "a1", Before: "f3",
				Changes:   []PropertyChange{{Before: json.RawMessage(`{"displayName":"Old office"}`), Base: json.RawMessage(`{"displayName":"Old office"}`), Origin: Deploy}},
				DependsOn: []string{"conditionalAccessPolicies/CA001: MFA for all"},
				Wave:      2,
			},
		},
		Notes: []Note{
			{Class: Ignored, Kind: "groups", Key: "Guests", Pointer: "/description", Message: "accepted until 2027-01-01"},
			{Class: Ambiguous, Kind: "groups", Key: "All staff", Message: "two groups have this name; rename one of them in the tenant"},
		},
		Broken: []Violation{{
			Rule: "protected", Message: `the plan changes what is protected: kind "conditionalAccessPolicies", key "CA001*"`,
			Items: []string{"conditionalAccessPolicies/CA001: MFA for all"},
		}},
		Kinds: []tenant.KindState{
			{Kind: "conditionalAccessPolicies", Completeness: tenant.Complete, Scope: tenant.All},
			{Kind: "groups", Completeness: tenant.Complete, Scope: tenant.Listed},
			{Kind: "namedLocations", Completeness: tenant.Complete, Scope: tenant.All},
			{Kind: "riskyUsers", Completeness: tenant.Forbidden, Scope: tenant.All, Reason: "a permission is missing", Missing: []string{"IdentityRiskyUser.Read.All"}},
			{Kind: "securityDefaults", Completeness: tenant.Complete, Scope: tenant.All},
			{Kind: "teams", Completeness: tenant.NotInScope, Scope: tenant.OutOfScope},
		},
	}
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	return p
}

// longPlan returns a plan with values that do not fit on a line.
func longPlan() *Plan {
	list := func(from, to int) json.RawMessage {
		var members []string
		for i := from; i < to; i++ {
			members = append(members, fmt.Sprintf("user-%03d@contoso.com", i))
		}
		data, _ := json.Marshal(members)
		return data
	}
	text := func(s string) json.RawMessage {
		data, _ := json.Marshal(s)
		return data
	}
	change := func(pointer string, before, after json.RawMessage) PropertyChange {
		return PropertyChange{Pointer: pointer, Before: before, After: after, Origin: Deploy}
	}
	filler := strings.Repeat("0123456789", 100)
	return &Plan{Tenant: "contoso", Items: []Item{
		{ID: "scripts/new", Kind: "scripts", Key: "new", Verb: tenant.Create, After: json.RawMessage(
			`{"deep":{"empty":{},"list":[],"none":null,"number":1.50,"on":true},"text":"first\nsecond","names":` + string(list(0, 4)) + `}`)},
		{ID: "scripts/x", Kind: "scripts", Key: "x", Verb: tenant.Update, Changes: []PropertyChange{
			change("/list/short", list(0, 1), list(0, 2)),
			change("/list/long", list(0, 150), list(2, 151)),
			change("/list/added", nil, list(0, 120)),
			change("/list/removed", list(0, 5), nil),
			change("/list/order", json.RawMessage(`["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]`), json.RawMessage(`["bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]`)),
			change("/list/objects", json.RawMessage(`[{"id":1,"description":"`+filler+`old"},{"id":2}]`), json.RawMessage(`[{"id":2.0},{"id":1,"description":"`+filler+`new"}]`)),
			change("/list/none", json.RawMessage(`"All"`), list(0, 9)),
			change("/set/-", nil, text("added member")),
			change("/set/-", nil, json.RawMessage(`{"target":"t1","intent":"required"}`)),
			change("/set/-", json.RawMessage(`{"target":"t2","intent":"required"}`), nil),
			change("/set/-", json.RawMessage(`{"target":"t3","intent":"required"}`), json.RawMessage(`{"target":"t3","intent":"available","|":null}`)),
			change("/set/-", json.RawMessage(`{"a":1}`), json.RawMessage(`{"b":1}`)),
			change("/text/long", text(filler+"before"+filler), text(filler+"after"+filler)),
			change("/text/end", text(filler), text(filler+"!")),
			change("/text/lines", text("one\ntwo\nthree\nfour\n"), text("one\n2\n2b\nthree\nfour\n")),
			change("/text/added", nil, text("#!/bin/sh\necho\t\"hello\"")),
			change("/text/one line now", text("a\nb"), text("a")),
			change("/text/wide", text(strings.Repeat("a", 60)), text(strings.Repeat("b", 60))),
			change("/null", nil, json.RawMessage(`null`)),
			change("/cleared", json.RawMessage(`null`), nil),
			change("/object", json.RawMessage(`{"same":1,"gone":2,"other":{"a":1}}`), json.RawMessage(`{"same":1.0,"come":3,"other":{"a":2}}`)),
			change("/no object now", json.RawMessage(`{"a":1}`), json.RawMessage(`"a"`)),
			change("/emptied", json.RawMessage(`{"a":1}`), json.RawMessage(`{}`)),
			change("/bad", json.RawMessage(`{`), json.RawMessage(`1`)),
			{Pointer: "/enforced", Before: json.RawMessage(`1`), After: json.RawMessage(`2`), Origin: Enforce},
			{Pointer: "/secret", Before: text("hash-1"), After: text("hash-2"), Origin: Deploy, Redacted: true},
			{Pointer: "/secret in list", Before: json.RawMessage(`[{"id":1,"key":"[redacted]"}]`), After: json.RawMessage(`[{"id":1,"key":"[redacted]"}]`), Origin: Deploy, Redacted: true},
			{Pointer: "/secret in one of two", Before: json.RawMessage(`[{"id":1,"key":"[redacted]"}]`), After: json.RawMessage(`[{"id":1,"key":"[redacted]"},2]`), Origin: Deploy, Redacted: true},
			{Pointer: "/secret too", After: text("hash-3"), Origin: Deploy, Redacted: true},
		}},
		{ID: "scripts/y", Kind: "scripts", Key: "y", Verb: tenant.Update, Origin: Clash, Changes: []PropertyChange{
			{Pointer: "/members", Base: list(0, 3), Before: list(0, 4), After: list(0, 2), Origin: Clash},
			{Pointer: "/gone", Base: json.RawMessage(`{"a":1,"b":2}`), Before: json.RawMessage(`{"a":1,"b":3}`), Origin: Clash},
		}},
	}}
}

// hostilePlan returns a plan with names and values that try to imitate other
// output.
func hostilePlan() *Plan {
	const (
		control  = "\x1b[2J\x1b[31mred\x1b[0m\a\b\r\x00\x7f\u0085\u009b0m"
		bidi     = "user\u202etxt.exe\u2066\u200f\u200b\u00ad\ufeff"
		blank    = "a\u3164b\u2800c\u00a0d\u2028e\ufe0ff\U000e0041g"
		markdown = "`x` ``y`` ](https://evil.example) ![i](https://evil.example/p.png) <img src=x onerror=alert(1)> **b** _u_ ~~s~~ | a\\|b |"
		mention  = "@org/team #1 www.evil.example https://evil.example me@evil.example &lt;b&gt;"
		forged   = "x\" → \"y\"\n  + create \"forged\"\nDigest of the plan: 00"
	)
	value := func(s string) json.RawMessage {
		data, _ := json.Marshal(s)
		return data
	}
	p := &Plan{Tenant: "contoso" + control, Revision: forged, NewerRevision: forged, Digest: "no|hex", ChangeDigest: "`"}
	for i, s := range []string{control, bidi, blank, markdown, mention, forged, "|`|", "\\", "", "-", "אבג", "Ä, 東京 👍"} {
		key := fmt.Sprintf("%d %s", i, s)
		p.Items = append(p.Items, Item{
			ID: "kind " + s + "/" + key, Kind: "kind " + s, Key: key, RenamedFrom: s,
			Verb: tenant.Update, Origin: Clash, DependsOn: []string{"x/" + s},
			Changes: []PropertyChange{
				{Pointer: "/deploy " + s, Before: value(s), After: value(s + "!"), Origin: Deploy},
				{Pointer: "/conflict " + s, Base: value(s), Before: value(s + "?"), After: value(s + "!"), Origin: Clash},
				{Pointer: "/list", After: value(s)},
				{Pointer: "/object", After: json.RawMessage("{" + string(value(s)) + ":" + string(value(s)) + "}")},
			},
		})
		p.Notes = append(p.Notes, Note{Class: Unresolved, Kind: s, Key: s, Pointer: s, Message: s}, Note{Class: NoteClass(s), Message: s})
		p.Broken = append(p.Broken, Violation{Rule: s, Message: s, Items: []string{s}})
		p.Kinds = append(p.Kinds, tenant.KindState{Kind: s, Completeness: tenant.Completeness(s), Reason: s, Missing: []string{s}})
	}
	return p
}

func TestRender(t *testing.T) {
	many := &Plan{Tenant: "contoso", Items: []Item{{Kind: "groups", Key: "No row", Verb: tenant.Update, RenamedFrom: "Former"}}, Broken: []Violation{{Rule: "max-deletes", Message: "too many"}}}
	for i := range 25 {
		many.Broken[0].Items = append(many.Broken[0].Items, fmt.Sprintf("groups/%02d", i))
	}
	for name, p := range map[string]*Plan{
		"display": displayPlan(t),
		"empty":   {Tenant: "contoso"},
		"long":    longPlan(),
		"hostile": hostilePlan(),
		"many":    many,
	} {
		t.Run(name, func(t *testing.T) {
			var text, markdown bytes.Buffer
			if err := p.Text(&text); err != nil {
				t.Fatal(err)
			}
			if err := p.Markdown(&markdown); err != nil {
				t.Fatal(err)
			}
			script.Golden(t, filepath.Join("testdata", "render", name+".txt"), text.Bytes())
			script.Golden(t, filepath.Join("testdata", "render", name+".md"), markdown.Bytes())
			checkVisible(t, text.String())
			checkVisible(t, markdown.String())
			checkMarkdown(t, markdown.String())
		})
	}
}

// TestRenderOrder: the output does not depend on the order of the plan's lists.
func TestRenderOrder(t *testing.T) {
	render := func(p *Plan) string {
		var b bytes.Buffer
		if err := errors.Join(p.Text(&b), p.Markdown(&b)); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	p, q := displayPlan(t), displayPlan(t)
	q.Items[0], q.Items[4] = q.Items[4], q.Items[0]
	q.Items[3].Changes = nil // a create without changes shows its After
	q.Items[2].Changes[0], q.Items[2].Changes[2] = q.Items[2].Changes[2], q.Items[2].Changes[0]
	q.Notes[0], q.Notes[1] = q.Notes[1], q.Notes[0]
	q.Kinds[0], q.Kinds[3] = q.Kinds[3], q.Kinds[0]
	if got, want := render(q), render(p); got != want {
		t.Errorf("the outputs differ:\n%s", script.Difference(want, got))
	}
	if q.Items[0].Wave != 2 || q.Notes[0].Class != Ambiguous {
		t.Error("rendering changed the plan")
	}
}

// TestRenderHidesSecrets renders redacted rows and sensitive properties.
func TestRenderHidesSecrets(t *testing.T) {
	const secret = "hunter2"
	value := json.RawMessage(`"` + secret + `"`)
	whole := json.RawMessage(`{"a":{"password":"` + secret + `","list":["` + secret + `"]},"open":1}`)
	p := &Plan{Items: []Item{
		{Kind: "a", Key: "1", Verb: tenant.Update, Changes: []PropertyChange{{Pointer: "/p", Base: value, Before: value, After: value, Origin: Clash, Redacted: true}}},
		{Kind: "a", Key: "2", Verb: tenant.Create, After: whole, Sensitive: []string{"/a/password", "/a/list"}},
		{Kind: "a", Key: "4", Verb: tenant.Update, Sensitive: []string{"/list/0/password", "/list/1"}, Changes: []PropertyChange{{Pointer: "/list",
			Before: json.RawMessage(`[{"id":"x","password":"` + secret + `1"}]`), After: json.RawMessage(`[{"id":"x","password":"` + secret + `2"},{"id":"y","password":"` + secret + `"}]`)}}},
		{Kind: "a", Key: "3", Verb: tenant.Update, Sensitive: []string{"/a"}, Changes: []PropertyChange{{Pointer: "/a/password", Before: value, Origin: Deploy}}},
	}}
	var b bytes.Buffer
	if err := errors.Join(p.Text(&b), p.Markdown(&b)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), secret) {
		t.Errorf("the secret is shown:\n%s", b.String())
	}
	for _, want := range []string{"/list[x]/password: (hidden) → (hidden)", "/list[y]: (none) → (hidden)"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not shown:\n%s", want, b.String())
		}
	}
	if !strings.Contains(b.String(), "/open: 1") {
		t.Errorf("the output lacks a value that is not secret:\n%s", b.String())
	}
}

// TestTextShowsEveryDifference: the output shows the difference between two values
// of any length.
func TestTextShowsEveryDifference(t *testing.T) {
	filler := strings.Repeat("abc, ", 400)
	for _, at := range []int{0, 5, 290, 305, 1000, len(filler)} {
		for _, quote := range []func(string) json.RawMessage{
			func(s string) json.RawMessage { return json.RawMessage(`"` + s + `"`) },
			func(s string) json.RawMessage { return json.RawMessage(`["x","` + s + `","y"]`) },
			func(s string) json.RawMessage { return json.RawMessage(`[{"m":"` + s + `"}]`) },
			func(s string) json.RawMessage { return json.RawMessage(`"` + s + `\n` + s + `"`) },
		} {
			p := &Plan{Items: []Item{{Verb: tenant.Update, Changes: []PropertyChange{{
				Pointer: "/p", Before: quote(filler[:at] + "BEFORE" + filler[at:]), After: quote(filler[:at] + "AFTER!" + filler[at:]),
			}}}}}
			for name, render := range map[string]func(*bytes.Buffer) error{
				"text":     func(b *bytes.Buffer) error { return p.Text(b) },
				"markdown": func(b *bytes.Buffer) error { return p.Markdown(b) },
			} {
				var b bytes.Buffer
				if err := render(&b); err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(b.String(), "BEFORE") || !strings.Contains(b.String(), "AFTER!") {
					t.Errorf("%s: a difference at character %d of %.10s… is not shown", name, at, quote(""))
				}
			}
		}
	}
}

func TestRenderWriteError(t *testing.T) {
	broken := errors.New("pipe closed")
	for name, render := range map[string]func() error{
		"text":     func() error { return displayPlan(t).Text(failingWriter{broken}) },
		"markdown": func() error { return displayPlan(t).Markdown(failingWriter{broken}) },
	} {
		if err := render(); !errors.Is(err, broken) {
			t.Errorf("%s: got %v, want %v", name, err, broken)
		}
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// checkVisible fails if s has invisible characters.
func checkVisible(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		if r != '\n' && !shows(r) {
			t.Fatalf("%U is not escaped in:\n%q", r, s)
		}
	}
}

// checkMarkdown removes the code spans and escapes from each line. It fails for
// markup in the rest that the renderer never writes, and for a table row with
// another number of columns than its header.
func checkMarkdown(t *testing.T, s string) {
	t.Helper()
	width := 0
	for line := range strings.Lines(s) {
		rest := outsideCode(t, line)
		rest = strings.ReplaceAll(rest, "<!-- -->", "")
		bars := strings.Count(rest, "|")
		switch {
		case !strings.HasPrefix(line, "| "):
			width = 0
		case width == 0:
			width = bars
		case bars != width:
			t.Errorf("%d bars, want %d, in %q", bars, width, line)
		}
		if strings.ContainsAny(rest, "<>[]`&~") || strings.Contains(rest, "://") || strings.Contains(rest, "www.") {
			t.Errorf("markup in %q: %q", line, rest)
		}
		for _, sign := range []string{"@", "#"} {
			if strings.Contains(strings.TrimLeft(outsideCode(t, line), "#"), sign) &&
				!strings.Contains(outsideCode(t, line), sign+"<!-- -->") {
				t.Errorf("a mention in %q", line)
			}
		}
	}
}

// outsideCode removes code spans and escaped characters from a line. It keeps
// unescaped bars in code spans, because a table splits a line there first.
func outsideCode(t *testing.T, line string) string {
	t.Helper()
	var b strings.Builder
	for i := 0; i < len(line); {
		switch {
		case line[i] == '\\' && i+1 < len(line) && strings.IndexByte("\\`*_[]<>|~&#:.-+", line[i+1]) >= 0:
			if line[i+1] == '#' {
				b.WriteByte('#')
			}
			i += 2
		case line[i] == '`':
			ticks := len(line[i:]) - len(strings.TrimLeft(line[i:], "`"))
			n := closingTicks(line[i+ticks:], ticks)
			if n < 0 {
				t.Errorf("a code span does not end in %q", line)
				return b.String()
			}
			b.WriteString(unescapedBars(line[i+ticks : i+ticks+n]))
			i += ticks + n + ticks
		default:
			b.WriteByte(line[i])
			i++
		}
	}
	return b.String()
}

// closingTicks returns the index of a run of exactly ticks backticks, or -1.
func closingTicks(s string, ticks int) int {
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if run == ticks {
			return i
		}
		i += run
	}
	return -1
}

// unescapedBars returns the bars in s after an even number of backslashes.
func unescapedBars(s string) string {
	var bars string
	slashes := 0
	for _, r := range s {
		if r == '|' && slashes%2 == 0 {
			bars += "|"
		}
		if r == '\\' {
			slashes++
		} else {
			slashes = 0
		}
	}
	return bars
}
