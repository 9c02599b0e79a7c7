package schema

import (
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"pgregory.net/rapid"
)

func TestValueForms(t *testing.T) {
	const upper, lower = "62E90394-69F5-4237-9190-012177145E10", "62e90394-69f5-4237-9190-012177145e10"
	tests := []struct {
		form tenant.ValueForm
		a, b string
		same bool
	}{
		{"", upper, lower, true},
		{"", "{" + upper + "}", "{" + lower + "}", false},
		{"", upper + "_1", lower + "_1", false},
		{"", "Com.Contoso.App", "com.contoso.app", false},
		{"", "./Device/Vendor/MSFT/Policy", "./device/vendor/msft/policy", false},
		{"", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00.0Z", false},
		{tenant.Text, upper, lower, false},

		{tenant.Enumeration, "Enabled", "enabled", true},
		{tenant.Enumeration, "enabled", "disabled", false},
		{tenant.Enumeration, "\u212aey", "key", false}, // the Kelvin sign is not a K

		{tenant.Enumeration, "AZ az", "az AZ", true},
		{tenant.Enumeration, "@[", "`{", false}, // the neighbours of the letters
		{tenant.Enumeration, "x@", "x`", false},
		{tenant.Enumeration, "x[", "x{", false},

		{tenant.Flags, "internalGuest,b2bCollaborationGuest", "b2bCollaborationGuest, InternalGuest", true},
		{tenant.Flags, "minor,minor", "minor", true},
		{tenant.Flags, "minor,", "minor", true},
		{tenant.Flags, "minor,moderate", "minor", false},

		{tenant.ID, upper, lower, true},
		{tenant.ID, "A@B", "a@b", true}, // the shortest one
		{tenant.ID, "Ann@Contoso.com", "ann@contoso.com", true},
		{tenant.ID, "C1", "c1", false},
		{tenant.ID, "a@b@C", "a@b@c", false},
		{tenant.ID, "write to Ann@contoso.com", "write to ann@contoso.com", false},
		{tenant.ID, "@Ann", "@ann", false},
		{tenant.ID, "Ann@", "ann@", false},

		{tenant.Time, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00.0000000Z", true},
		{tenant.Time, "2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00", true},
		{tenant.Time, "2026-03-01T00:00:00Z", "2026-02-28T18:30:00-05:30", true},
		{tenant.Time, "2026-03-01", "2026-03-01T00:00:00Z", true},
		{tenant.Time, "2026-03-01t00:00:00z", "2026-03-01T00:00:00Z", true},
		{tenant.Time, "2026-03-01T00:00:00", "2026-03-01T00:00:00Z", false},
		{tenant.Time, "2026-03-01T00:00:00", "2026-03-01T00:00:00.00", true},
		{tenant.Time, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00.00000000001Z", false},
		{tenant.Time, "2026-03-01T00:00:00Z", "2026-03-01T00:00:01Z", false},
		{tenant.Time, "2026-02-30", "2026-02-30T00:00:00Z", false}, // no such day
		{tenant.Time, "08:00:00", "08:00:00.0000000", true},
		{tenant.Time, "08:00:00", "08:00:00.0", true}, // as long as a date
		{tenant.Time, "08:00:00", "08:00:00.5", false},
		{tenant.Time, "08:00:00", "2026-03-01T08:00:00Z", false},
		{tenant.Time, "24:00:00", "24:00:00.0", false}, // no such time
		{tenant.Time, "2026-03-01T00:00:00,0Z", "2026-03-01T00:00:00Z", false},
		{tenant.Time, "2026-03-01T00:00:00+01", "2026-02-28T23:00:00Z", false},
		{tenant.Time, "0000-01-01T01:00:00+01:00", "0000-01-01T00:00:00Z", true},
		{tenant.Time, "9999-12-31T22:59:59-01:00", "9999-12-31T23:59:59Z", true},
		{tenant.Time, "9999-12-31T23:00:00-01:00", "10000-01-01T00:00:00Z", false}, // the year needs five digits
		{tenant.Time, "8:00:00", "08:00:00", false},
		{tenant.Time, "0000-01-01T00:00:00+01:00", "-0001-12-31T23:00:00Z", false}, // the year needs a sign
		{tenant.Time, "2026-03-01t00:00:00", "2026-03-01T00:00:00", true},
		{tenant.Time, "2026-03-01t00:00:0", "2026-03-01T00:00:0", false},

		{tenant.Duration, "PT24H", "P1D", true},
		{tenant.Duration, "P7D", "P1W", true},
		{tenant.Duration, "P1Y", "P12M", true},
		{tenant.Duration, "PT90M", "PT1H30M", true},
		{tenant.Duration, "PT1.50S", "PT1.5S", true},
		{tenant.Duration, "-PT0S", "P0D", true},
		{tenant.Duration, "P1M", "P30D", false},
		{tenant.Duration, "P1M", "PT1M", false},
		{tenant.Duration, "P365D", "P1Y", false},
		{tenant.Duration, "-P1D", "P1D", false},
		{tenant.Duration, "PT1.5S", "PT1S", false},
		{tenant.Duration, "PT", "P", false},
		{tenant.Duration, "P1D1D", "P2D", false},
		{tenant.Duration, "PT1M1H", "PT1H1M", false}, // hours precede minutes
		{tenant.Duration, "P", "P0D", false},
		{tenant.Duration, "P1Y1M1W1DT1H1M1S", "P13MT694861S", true}, // every unit
		{tenant.Duration, "P000000000007D", "P7D", true},
		{tenant.Duration, "P0000000000007D", "P7D", false}, // too many digits
		{tenant.Duration, "PT999999999999S", "PT0999999999999S", false},
		{tenant.Duration, "P1X", "P0D", false},
		{tenant.Duration, "PT0.5H", "PT30M", false},

		{tenant.IPRange, "192.0.2.17/24", "192.0.2.0/24", true},
		{tenant.IPRange, "192.0.2.0/24", "192.0.2.0-192.0.2.255", true},
		{tenant.IPRange, "192.0.2.1", "192.0.2.1/32", true},
		{tenant.IPRange, "2001:DB8:0:0::/32", "2001:db8::/32", true},
		{tenant.IPRange, "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", true},
		{tenant.IPRange, "::ffff:192.0.2.0/120", "192.0.2.0/24", false},
		{tenant.IPRange, "::ffff:192.0.2.1", "192.0.2.1", false},
		{tenant.IPRange, "192.0.2.1-192.0.2.9", "192.0.2.1 - 192.0.2.9", true},
		{tenant.IPRange, "192.0.2.1-x", "192.0.2.1 - x", false},
		{tenant.IPRange, "x-192.0.2.1", "x - 192.0.2.1", false},
		{tenant.IPRange, "192.0.2.9-192.0.2.1", "192.0.2.9 - 192.0.2.1", false},
		{tenant.IPRange, "192.0.2.1-2001:db8::1", "192.0.2.1 - 2001:db8::1", false},
		{tenant.IPRange, "fe80::1%a-fe80::2", "fe80::1%a - fe80::2", false},
		{tenant.IPRange, "fe80::1-fe80::2%a", "fe80::1 - fe80::2%a", false},
		{tenant.IPRange, "fe80::1-fe80::2", "fe80::1 - fe80::2", true},
		{tenant.IPRange, "fe80::1%a", "FE80::1%a", false},
		{tenant.IPRange, "192.0.2.0/24", "192.0.2.0/25", false},
		{tenant.IPRange, "192.0.2.0/24", "192.0.2.0", false},
		{tenant.IPRange, "192.0.2.9-192.0.2.1", "192.0.2.1-192.0.2.9", false},
		{tenant.IPRange, "192.0.2.0/33", "192.0.2.0/32", false},
		{tenant.IPRange, "192.0.2.01", "192.0.2.1", false}, // some parsers read it as octal
		{tenant.IPRange, "192.0.2.0/31", "192.0.2.0-192.0.2.1", true},
		{tenant.IPRange, "192.0.2.1-192.0.2.1", "192.0.2.1", true},
		{tenant.IPRange, "2001:db8::/127", "2001:db8::-2001:db8::1", true},
		{tenant.IPRange, "2001:db8::1/128", "2001:db8::1", true},
		{tenant.IPRange, "::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
		{tenant.IPRange, "0.0.0.0/0", "0.0.0.0-255.255.255.255", true},
	}
	for _, tt := range tests {
		a, b := inForm(tt.form, tt.a), inForm(tt.form, tt.b)
		if (a == b) != tt.same {
			t.Errorf("%s: %q and %q become %q and %q; want the same: %t", tt.form, tt.a, tt.b, a, b, tt.same)
		}
	}
}

// A GUID has 36 characters: hexadecimal digits, and dashes at four fixed places.
func TestIsGUID(t *testing.T) {
	const guid = "09afAF12-3456-789a-bcde-f01234567890"
	for s, want := range map[string]bool{guid: true, "": false, guid[1:]: false, guid + "0": false, "{" + guid[:34] + "}": false} {
		if got := IsGUID(s); got != want {
			t.Errorf("%q: got %v", s, got)
		}
	}
	for i := range guid {
		for _, c := range []byte{'0', '-', '/', ':', '@', 'G', '`', 'g', ' '} {
			s := guid[:i] + string(c) + guid[i+1:]
			dash := i == 8 || i == 13 || i == 18 || i == 23
			if want := dash && c == '-' || !dash && c == '0'; IsGUID(s) != want {
				t.Errorf("%q: got %v", s, !want)
			}
			if got, want := canonicalInOnePass(t, s), FoldGUID(s); got != want {
				t.Errorf("%q becomes %q in one pass, want %q", s, got, want)
			}
		}
	}
}

// canonicalInOnePass returns the canonical spelling of a text without a declared form.
func canonicalInOnePass(t *testing.T, s string) string {
	t.Helper()
	var c Canonicalizer
	got, err := c.Append(nil, compiled(t, tenant.Kind{Name: "k"}), []byte(`{"x":"`+s+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	return string(got[len(`{"x":"`) : len(got)-len(`"}`)])
}

func TestValueFormsAreStable(t *testing.T) {
	forms := []tenant.ValueForm{"", tenant.Text, tenant.Enumeration, tenant.Flags, tenant.ID, tenant.Time, tenant.Duration, tenant.IPRange, typeForm}
	text := rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?`),
		rapid.StringMatching(`-?P([0-9]{1,13}[YMWD]){0,4}(T([0-9]{1,3}(\.[0-9]{1,3})?[HMS]){0,3})?`),
		rapid.StringMatching(`[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}((/|-[0-9]\.[0-9]\.[0-9]\.)[0-9]{1,2})?`),
		rapid.StringMatching(`[0-9a-fA-F:]{2,12}(/[0-9]{1,3})?`),
		rapid.StringMatching(`([a-cA-C]{0,2} ?, ?){0,3}[a-c]@?[A-C]`),
	)
	rapid.Check(t, func(t *rapid.T) {
		form, s := rapid.SampledFrom(forms).Draw(t, "form"), text.Draw(t, "text")
		once := inForm(form, s)
		if twice := inForm(form, once); twice != once && form != typeForm { // a type has one "#" at most
			t.Errorf("%s: %q becomes %q, which becomes %q", form, s, once, twice)
		}
	})
}

// sameWord agrees with the lower case of both texts, for each pair of bytes.
func TestSameWord(t *testing.T) {
	for a := range 256 {
		for b := range 256 {
			x, y := string([]byte{'k', byte(a)}), string([]byte{'K', byte(b)})
			if got, want := sameWord(x, y), lowerASCII(x) == lowerASCII(y); got != want {
				t.Errorf("%q and %q: %t, want %t", x, y, got, want)
			}
		}
	}
	if sameWord("a", "ab") || sameWord("ab", "a") {
		t.Error("a prefix is the same word")
	}
}
