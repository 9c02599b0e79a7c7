package rollback

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMergeBody(t *testing.T) {
	variables := map[string]string{"who": "staff", "psk": "s3cret", "odd": "a${b"}
	tests := []struct {
		name, file, snapshot, want string
	}{
		{"the snapshot's values", `{"a":1,"b":2}`, `{"a":3,"c":1.50}`, `{"a":3,"c":1.50}`},
		{"a secret", `{"psk":"${var:psk}","a":1}`, `{"psk":"[redacted]","a":2}`, `{"a":2,"psk":"${var:psk}"}`},
		{"a masked secret", `{"psk":"own"}`, `{"psk":"****"}`, `{"psk":"own"}`},
		{"a secret that the file does not have", `{}`, `{"psk":"[redacted]"}`, `{"psk":"[redacted]"}`},
		{"a variable", `{"a":{"b":"for ${var:who}"}}`, `{"a":{"b":"for staff"}}`, `{"a":{"b":"for ${var:who}"}}`},
		{"a variable of another value", `{"a":"${var:who}"}`, `{"a":"guests"}`, `{"a":"guests"}`},
		{"a variable that is not set", `{"a":"${var:gone}"}`, `{"a":"x"}`, `{"a":"x"}`},
		{"a literal", `{"a":"$${var:who}","b":"${var:odd}"}`, `{"a":"staff","b":"a$${b"}`, `{"a":"staff","b":"${var:odd}"}`},
		{"what the planner is told", `{"$previousNames":["Old"],"a":1}`, `{"a":2}`, `{"$previousNames":["Old"],"a":2}`},
		{"an array in another order", `{"l":["${var:who}","x"]}`, `{"l":["x","y","staff"]}`, `{"l":["x","y","${var:who}"]}`},
		{"an element with a secret", `{"l":[{"n":1,"k":"one"},{"n":2,"k":"two"}]}`, `{"l":[{"n":2,"k":"[redacted]"}]}`, `{"l":[{"k":"two","n":2}]}`},
		{"another element with a secret", `{"l":[{"n":1,"k":"one"}]}`, `{"l":[{"n":3,"k":"[redacted]"}]}`, `{"l":[{"k":"[redacted]","n":3}]}`},
		{"an element that has changed", `{"l":[{"n":1,"w":"${var:who}"}]}`, `{"l":[{"n":2,"w":"staff"}]}`, `{"l":[{"n":2,"w":"${var:who}"}]}`},
		{"another type", `{"a":["x"],"b":{"c":1}}`, `{"a":{"x":1},"b":[1]}`, `{"a":{"x":1},"b":[1]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := mergeBody(json.RawMessage(test.file), json.RawMessage(test.snapshot), variables)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("mergeBody (-want +got):\n%s", diff)
			}
			again, err := mergeBody(got, json.RawMessage(test.snapshot), variables)
			if err != nil || string(again) != string(got) {
				t.Errorf("merged again it is %s, %v; want it to stay as it is", again, err)
			}
		})
	}
}
