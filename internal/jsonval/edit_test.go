package jsonval

import (
	"encoding/json"
	"testing"
)

func TestEdits(t *testing.T) {
	set := func(value string, segs ...string) func(*Edits) {
		return func(e *Edits) {
			at := e.At(segs)
			if at.Set = true; value != "" {
				at.Value = json.RawMessage(value)
			}
		}
	}
	members := func(changed map[int]string, added ...string) func(*Edits) {
		return func(e *Edits) {
			at := e.At([]string{"list"})
			at.Members = map[int]json.RawMessage{}
			for i, value := range changed {
				if at.Members[i] = nil; value != "" {
					at.Members[i] = json.RawMessage(value)
				}
			}
			for _, value := range added {
				at.Added = append(at.Added, json.RawMessage(value))
			}
		}
	}
	tests := []struct {
		name, text string
		edits      []func(*Edits)
		want       string
	}{
		{"the rest stays as written", `{"z":1.50,"a":"\u0041","b":{"d":1}}`, []func(*Edits){set(`2`, "b", "d")}, `{"z":1.50,"a":"\u0041","b":{"d":2}}`},
		{"first, middle and last are removed", `{"a":1,"b":2,"c":3,"d":4}`, []func(*Edits){set("", "a"), set("", "c"), set("", "d")}, `{"b":2}`},
		{"missing members are added in order", `{"m":1}`, []func(*Edits){set(`2`, "z"), set(`3`, "a"), set(`4`, "o", "p")}, `{"m":1,"a":3,"o":{"p":4},"z":2}`},
		{"a member that is present before one that is missing", `{"b":1}`, []func(*Edits){set(`2`, "a"), set(`3`, "b"), set(`4`, "c")}, `{"b":3,"a":2,"c":4}`},
		{"a missing member is removed", `{"m":1}`, []func(*Edits){set("", "z"), set("", "a")}, `{"m":1}`},
		{"the whole value", `{"m":1}`, []func(*Edits){set(`[1]`)}, `[1]`},
		{"elements", `{"list":[1,2,3,4],"z":0}`, []func(*Edits){members(map[int]string{0: "", 2: `"new"`}, "5", "6")}, `{"list":[2,"new",4,5,6],"z":0}`},
		{"all elements", `{"list":[1,2]}`, []func(*Edits){members(map[int]string{0: "", 1: ""})}, `{"list":[]}`},
		{"elements of a missing list", `{"a":1}`, []func(*Edits){members(nil, "5", "6")}, `{"a":1,"list":[5,6]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := new(Edits)
			for _, edit := range tt.edits {
				edit(e)
			}
			got, err := e.Apply(json.RawMessage(tt.text))
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
	// Apply must return an error for an invalid text and for a value of the wrong
	// type, and not a shorter text.
	for _, text := range []string{``, `{`, `{"list"`, `{"list":[1`, `{"list":[1,tru]}`, `{"list":[1}`, `{"list":{}}`, `{"list":1}`, `[]`, `{"a":tru,"list":[]}`, `{"list":[],"a":tru}`, `{"list":[],"a"}`, `{"list":[]`, `{"x":[,"list":[]}`, `{1:2,"list":[]}`, `{"list":[],1:2}`, `{"list":[],"x":1,"list":[]}`, `{"list":[],"x":1 "y":2}`} {
		e := new(Edits)
		members(map[int]string{0: "7"}, "8")(e)
		set(`1`, "x")(e)
		if got, err := e.Apply(json.RawMessage(text)); err == nil {
			t.Errorf("Apply(%s) = %s, want an error", text, got)
		}
	}
}
