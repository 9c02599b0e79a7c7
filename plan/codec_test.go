package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tenantsync/tenantsync/internal/format"
)

// sealedPlan returns samplePlan with digests.
func sealedPlan(t testing.TB) *Plan {
	t.Helper()
	p := samplePlan()
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanRoundTrip(t *testing.T) {
	empty := &Plan{Format: format.FormatVersion}
	if err := empty.Seal(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]*Plan{"sample": sealedPlan(t), "empty": empty} {
		t.Run(name, func(t *testing.T) {
			data, err := want.Encode()
			if err != nil {
				t.Fatal(err)
			}
			got, err := DecodePlan(data)
			if err != nil {
				t.Fatal(err)
			}
			again, err := got.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(data, again) {
				t.Errorf("Encode after DecodePlan:\n%s\nwant\n%s", again, data)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("plan (-want +got)\n%s", diff)
			}
		})
	}
}

func TestEncodeDoesNotChangeThePlan(t *testing.T) {
	p := &Plan{Format: format.FormatVersion, Items: []Item{{ID: "a/b", Kind: "a", Key: "b"}}}
	if err := p.Seal(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Encode(); err != nil {
		t.Fatal(err)
	}
	if p.Kinds != nil || p.Items[0].Changes != nil {
		t.Errorf("Encode changed the plan: %+v", p)
	}
}

func TestEncodePlanRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(p *Plan)
		want   string
	}{
		{"changed after it was sealed", func(p *Plan) { p.Items[0].Key, p.Items[0].ID = "Bern", "locations/Bern"; p.Items[1].DependsOn = nil }, ErrDigest.Error()},
		{"without digest", func(p *Plan) { p.Digest = "" }, ErrDigest.Error()},
		{"another change digest", func(p *Plan) { p.ChangeDigest = p.Digest }, ErrDigest.Error()},
		{"no format", func(p *Plan) { p.Format = 0 }, "format 0"},
		{"invalid JSON", func(p *Plan) { p.Items[0].After = json.RawMessage("{") }, "digest"},
		{"duplicate item", func(p *Plan) { p.Items = append(p.Items, p.Items[0]) }, "duplicate item"},
		{"wrong id", func(p *Plan) { p.Items[0].ID = "locations/Bern" }, "not named after"},
		{"missing dependency", func(p *Plan) { p.Items[1].DependsOn[0] = "locations/Bern" }, "in no earlier wave"},
		{"dependency in the same wave", func(p *Plan) { p.Items[1].Wave = 0 }, "in no earlier wave"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := sealedPlan(t)
			tt.change(p)
			_, err := p.Encode()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Encode: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestDecodePlanRefuses(t *testing.T) {
	good, err := sealedPlan(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		old, new string
		want     string
	}{
		{"a change to the content", `"on"`, `"off"`, ErrDigest.Error()},
		{"another digest", `"digest":"`, `"digest":"0`, ErrDigest.Error()},
		{"an unknown field", `"tenant":`, `"tenants":[],"tenant":`, "tenants"},
		{"an unknown field of an item", `"verb":`, `"Verbs":1,"verb":`, "Verbs"},
		{"a duplicate name", `"tenant":`, `"tenant":"x","tenant":`, "duplicate name"},
		{"a newer format", `"format":1`, `"format":2,"newField":true`, "upgrade tenantsync"},
		{"no format", `"format":1`, `"format":0`, "not a plan"},
		{"a format that is not a number", `"format":1`, `"format":"1"`, "format"},
		{"a field of another type", `"wave":1`, `"wave":"1"`, "wave"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(string(good), tt.old, tt.new, 1)
			if bad == string(good) {
				t.Fatalf("nothing replaced in %s", good)
			}
			_, err := DecodePlan([]byte(bad))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("DecodePlan: %v, want an error with %q", err, tt.want)
			}
		})
	}
	for _, bad := range []string{"", " ", "null", "{}", "[]", "1", "{", string(good) + "{}", string(good[:len(good)-1]), "\ufeff" + string(good)} {
		if p, err := DecodePlan([]byte(bad)); err == nil {
			t.Errorf("DecodePlan(%.20q) = %+v, want an error", bad, p)
		}
	}
}

// TestDigestsDoNotCoverTheRevision: a caller may set the revision later.
func TestDigestsDoNotCoverTheRevision(t *testing.T) {
	p := sealedPlan(t)
	p.Revision = "r2"
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodePlan(data)
	if err != nil || got.Revision != "r2" {
		t.Errorf("DecodePlan = %+v, %v; want revision r2", got, err)
	}
}

// TestNewerRevisionIsOnlyShown: the renderers show it, and the JSON form does not
// hold it.
func TestNewerRevisionIsOnlyShown(t *testing.T) {
	p := sealedPlan(t)
	p.Revision, p.NewerRevision = "r1", "r2"
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodePlan(data)
	if err != nil || got.NewerRevision != "" {
		t.Errorf("DecodePlan: newer revision %q, %v; want none", got.NewerRevision, err)
	}
	for name, render := range map[string]func(*Plan, io.Writer) error{"Text": (*Plan).Text, "Markdown": (*Plan).Markdown} {
		var with, without strings.Builder
		if err := errors.Join(render(p, &with), render(got, &without)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(with.String(), "moved on to revision") || !strings.Contains(with.String(), "r2") || strings.Contains(without.String(), "moved on") {
			t.Errorf("%s shows the newer revision wrongly:\n%s", name, with.String())
		}
	}
}

func TestFormatError(t *testing.T) {
	_, err := DecodePlan([]byte(`{"format":7,"unheard":[]}`))
	got, ok := errors.AsType[*format.FormatError](err)
	if !ok {
		t.Fatalf("got %v, want a *FormatError", err)
	}
	if diff := cmp.Diff(&format.FormatError{What: "plan", Got: 7, Supported: format.FormatVersion}, got); diff != "" {
		t.Errorf("error (-want +got)\n%s", diff)
	}
	if want := "plan: decode plan: this plan has format 7, and this version of tenantsync reads formats up to 1: upgrade tenantsync"; err.Error() != want {
		t.Errorf("message = %q, want %q", err, want)
	}
}

func FuzzDecodePlan(f *testing.F) {
	for _, p := range []*Plan{sealedPlan(f), {Format: 1}, displayPlan(f)} {
		if err := p.Seal(); err != nil {
			f.Fatal(err)
		}
		data, err := p.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"format":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		// The text may have any digest, so that the fuzzer reaches more code.
		// DecodePlan below needs the right one.
		var p Plan
		if format.DecodeStrict("plan", data, &p) != nil {
			return
		}
		sealed := p.Seal() == nil
		first, err := p.Encode()
		if err != nil {
			return
		}
		if !sealed {
			t.Fatal("Encode accepts a plan that Seal refuses")
		}
		decoded, err := DecodePlan(first)
		if err != nil {
			t.Fatalf("DecodePlan refuses an encoded plan: %v\n%s", err, first)
		}
		second, err := decoded.Encode()
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("Encode after DecodePlan (%v):\n%s\nwant\n%s", err, second, first)
		}
		for _, render := range []func(*Plan, *bytes.Buffer) error{
			func(p *Plan, b *bytes.Buffer) error { return p.Text(b) },
			func(p *Plan, b *bytes.Buffer) error { return p.Markdown(b) },
		} {
			var out bytes.Buffer
			if err := render(decoded, &out); err != nil {
				t.Fatal(err)
			}
			checkVisible(t, out.String())
		}
	})
}
