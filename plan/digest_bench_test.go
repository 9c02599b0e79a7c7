package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/tenant"
)

// largePlan returns a sealed plan that creates n objects of about 2.6 KB.
func largePlan(b *testing.B, n int) *Plan {
	b.Helper()
	body := json.RawMessage(`{"description":"` + strings.Repeat("text ", 100) + `","members":[` +
		strings.Repeat(`{"id":"00000000-0000-0000-0000-000000000000","role":"member","since":20260101},`, 26) + `null]}`)
	p := &Plan{Format: format.FormatVersion, Tenant: "contoso"}
	for i := range n {
		key := fmt.Sprint(i)
		p.Items = append(p.Items, Item{
			ID: "groups/" + key, Kind: "groups", Key: key, Verb: tenant.Create, After: body,
			Changes: []PropertyChange{{After: body, Origin: Deploy}},
		})
	}
	if err := p.Seal(); err != nil {
		b.Fatal(err)
	}
	return p
}

func BenchmarkPlan(b *testing.B) {
	p := largePlan(b, 200)
	data, err := p.Encode()
	if err != nil {
		b.Fatal(err)
	}
	for name, act := range map[string]func() error{
		"digests":  func() error { return p.Seal() },
		"encode":   func() error { _, err := p.Encode(); return err },
		"decode":   func() error { _, err := DecodePlan(data); return err },
		"text":     func() error { return p.Text(io.Discard) },
		"markdown": func() error { return p.Markdown(io.Discard) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := act(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
