package syncer_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
)

// A code has 80 bits, and is that of one tenant, run and digest: who has another
// of the three has another code.
func TestCodeIsOfOnePlan(t *testing.T) {
	shape := regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`)
	d1, d2 := strings.Repeat("a", 64), strings.Repeat("a", 63)+"b"
	seen := map[string]syncer.Row{}
	for _, r := range []syncer.Row{
		{RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}, Digest: d1},
		{RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}, Digest: d2}, // which begins alike
		{RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-2"}, Digest: d1},
		{RunRef: syncer.RunRef{Tenant: "fabrikam", Run: "run-1"}, Digest: d1},
		{RunRef: syncer.RunRef{Tenant: "contosor", Run: "un-1"}, Digest: d1},
		{RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1a"}, Digest: d1[1:]},
	} {
		code := r.Code()
		if other, ok := seen[code]; ok || !shape.MatchString(code) {
			t.Errorf("%+v: got %q, which is no code, or that of %+v", r, code, other)
		}
		seen[code] = r
		if review := (syncer.Review{RunRef: syncer.RunRef{Tenant: r.Tenant, Run: r.Run}, Plan: &plan.Plan{Digest: r.Digest}}); review.Code() != code {
			t.Errorf("%+v: its row has the code %s and its review %s", r, code, review.Code())
		}
		for _, typed := range []string{strings.ToLower(code), strings.ReplaceAll(code, "-", " "), " " + code + " ",
			strings.NewReplacer("-", "", "0", "o", "1", "l").Replace(code)} {
			if !syncer.SameCode(typed, code) {
				t.Errorf("%q is not taken for %s", typed, code)
			}
		}
		for _, typed := range []string{"", code[:len(code)-1], code[:4], code + "0", r.Digest, r.Digest[:16]} {
			if syncer.SameCode(typed, code) {
				t.Errorf("%q is taken for %s", typed, code)
			}
		}
	}
	if code := (syncer.Row{RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}}).Code(); code != "" || syncer.SameCode("", code) {
		t.Errorf("without a plan: got the code %q", code)
	}
}

// Codes are written down and typed later, perhaps into a newer version: the same
// plan has the same code.
func TestCodeStays(t *testing.T) {
	row := syncer.Row{RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}, Digest: strings.Repeat("0", 64)}
	if got, want := row.Code(), "2EXF-6V98-STDD-S82Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Every one of the 80 bits counts: a code with another character is another.
func TestEveryCharacterOfACodeCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z0-9]{1,20}`)
		row := syncer.Row{RunRef: syncer.RunRef{Tenant: text.Draw(t, "tenant"), Run: text.Draw(t, "run")}, Digest: text.Draw(t, "digest")}
		code := []byte(row.Code())
		i := rapid.IntRange(0, len(code)-1).Filter(func(i int) bool { return code[i] != '-' }).Draw(t, "at")
		other := rapid.SampledFrom([]byte("0123456789ABCDEFGHJKMNPQRSTVWXYZ")).Filter(func(b byte) bool { return b != code[i] }).Draw(t, "instead")
		code[i] = other
		if syncer.SameCode(string(code), row.Code()) {
			t.Fatalf("%s is taken for %s", code, row.Code())
		}
	})
}
