package diff

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// A comparison does not fail for any file, and an adopted file can be parsed.
func FuzzFile(f *testing.F) {
	for _, s := range []string{`{"displayName":"A","x":1}`, `{"x":{"y":[1]}}`, `{"x":"${groups/A}"}`, `{"$previousNames":1}`, `{"x":"${`, `[]`, `{"x":null,"members":[1,1]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tc := comparisonCase{
			base:    `policies/A=1 {"displayName":"A","x":1,"members":["a"]}`,
			desired: `policies/A {}`,
			current: `policies 1 {"displayName":"A","x":{"y":2},"members":["b"]}`,
		}
		in := tc.input(t)
		in.Desired.Resources[0].Body = body
		r, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Adopt {
			if _, err := jsonval.ParseObject(c.Body); err != nil {
				t.Errorf("adopted file: %v\n%s", err, c.Body)
			}
		}
	})
}
