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
		{"a variable that is not set, and an empty text", `{"a":"${var:gone}"}`, `{"a":""}`, `{"a":""}`},
		{"a literal", `{"a":"$${var:who}","b":"${var:odd}"}`, `{"a":"staff","b":"a$${b"}`, `{"a":"staff","b":"${var:odd}"}`},
		{"what the planner is told", `{"$previousNames":["Old"],"a":1}`, `{"a":2}`, `{"$previousNames":["Old"],"a":2}`},
		{"an array in another order", `{"l":["${var:who}","x"]}`, `{"l":["x","y","staff"]}`, `{"l":["x","y","${var:who}"]}`},
		{"an element with a secret", `{"l":[{"n":1,"k":"one"},{"n":2,"k":"two"}]}`, `{"l":[{"n":2,"k":"[redacted]"}]}`, `{"l":[{"k":"two","n":2}]}`},
		{"another element with a secret", `{"l":[{"n":1,"k":"one"}]}`, `{"l":[{"n":3,"k":"[redacted]"}]}`, `{"l":[{"k":"[redacted]","n":3}]}`},
		{"an element that has changed", `{"l":[{"n":1,"w":"${var:who}"}]}`, `{"l":[{"n":2,"w":"staff"}]}`, `{"l":[{"n":2,"w":"${var:who}"}]}`},
		{"a secret that the file sets to null", `{"psk":null}`, `{"psk":"[redacted]"}`, `{"psk":"[redacted]"}`},
		{"an empty text is no secret", `{"a":"own"}`, `{"a":""}`, `{"a":""}`},
		{"asterisks in a text are no secret", `{"a":"own"}`, `{"a":"**x"}`, `{"a":"**x"}`},
		{"text with signs of HTML", `{}`, `{"a":"<&>"}`, `{"a":"<&>"}`},
		{"a large number", `{"n":1}`, `{"n":12345678901234567890}`, `{"n":12345678901234567890}`},
		{"what the planner was told in the snapshot", `{"$note":"new"}`, `{"$note":"old"}`, `{"$note":"old"}`},
		{"nested elements in another order", `{"l":[{"n":1,"s":["one"]},{"n":2,"s":["${var:who}","two"]}]}`, `{"l":[{"n":2,"s":["staff","two"]},{"n":1,"s":["one"]}]}`, `{"l":[{"n":2,"s":["${var:who}","two"]},{"n":1,"s":["one"]}]}`},
		{"an element that has one member more", `{"l":[{"n":1,"k":"${var:who}"},{"n":5}]}`, `{"l":[{"n":1,"k":"staff","x":1}]}`, `{"l":[{"k":"staff","n":1,"x":1}]}`},
		{"an element that has one member less", `{"l":[{"n":1,"k":"${var:who}"},{"n":5}]}`, `{"l":[{"k":"staff"}]}`, `{"l":[{"k":"staff"}]}`},
		{"an element with another member", `{"l":[{"n":1,"k":"${var:who}"},{"n":5}]}`, `{"l":[{"n":1,"j":"staff"}]}`, `{"l":[{"j":"staff","n":1}]}`},
		{"an element that is no longer an object", `{"l":["x","y"]}`, `{"l":[{"n":1}]}`, `{"l":[{"n":1}]}`},
		{"an element that is an array", `{"l":[["${var:who}"],["x"]]}`, `{"l":[["staff"]]}`, `{"l":[["${var:who}"]]}`},
		{"an element of another length", `{"l":[["${var:who}","x"],["y"]]}`, `{"l":[["staff"]]}`, `{"l":[["staff"]]}`},
		{"one secret for two elements", `{"l":[{"k":"one"}]}`, `{"l":[{"k":"****"},{"k":"****"}]}`, `{"l":[{"k":"one"},{"k":"****"}]}`},
		{"a secret in a place of its own", `{"l":["${var:psk}"]}`, `{"l":["[redacted]"]}`, `{"l":["${var:psk}"]}`},
		{"a secret that could be another element's", `{"l":[{"n":1,"k":"one"},{"n":2,"k":"two"}]}`, `{"l":[{"n":3,"k":"****"},{"n":4,"k":"****"}]}`, `{"l":[{"k":"****","n":3},{"k":"****","n":4}]}`},
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
				t.Errorf("merged again it is %s, %v; want it unchanged", again, err)
			}
		})
	}
}
