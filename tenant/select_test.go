package tenant_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
)

var notes = tenant.Kind{Name: "notes", Create: true, Update: true}

func TestReadRequestSelect(t *testing.T) {
	objects := []tenant.Resource{
		{Kind: "notes", ID: "1", Body: json.RawMessage(`{"displayName":"A","at":{"a/b~c":"here"}}`)},
		{Kind: "notes", ID: "2", Body: json.RawMessage(`{"displayName":"B","n":7}`)},
		{Kind: "notes", ID: "3", Body: json.RawMessage(`{"displayName":"A"}`)},
	}
	for _, c := range []struct {
		name   string
		req    tenant.ReadRequest
		want   []string
		absent []string
	}{
		{"all", tenant.ReadRequest{All: true}, []string{"1", "2", "3"}, nil},
		{"nothing", tenant.ReadRequest{}, nil, nil},
		{"ids", tenant.ReadRequest{IDs: []string{"3", "9", "1"}}, []string{"1", "3"}, []string{"9"}},
		{"all and an absent id", tenant.ReadRequest{All: true, IDs: []string{"9", "2"}}, []string{"1", "2", "3"}, []string{"9"}},
		{"a match", tenant.ReadRequest{Matches: []tenant.Match{{"/displayName": "A"}}}, []string{"1", "3"}, nil},
		{"a match and an id of the same", tenant.ReadRequest{IDs: []string{"1"}, Matches: []tenant.Match{{"/displayName": "A"}, {"/displayName": "A"}}}, []string{"1", "3"}, nil},
		{"every value of a match", tenant.ReadRequest{Matches: []tenant.Match{{"/displayName": "A", "/at/a~1b~0c": "here"}}}, []string{"1"}, nil},
		{"text, not a number", tenant.ReadRequest{Matches: []tenant.Match{{"/n": "7"}}}, nil, nil},
		{"below a text", tenant.ReadRequest{Matches: []tenant.Match{{"/displayName/x": ""}}}, nil, nil},
		{"an empty match", tenant.ReadRequest{Matches: []tenant.Match{{}}}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.req.Kind = "notes"
			var got []string
			result, err := c.req.Select(t.Context(), notes, objects, func(r tenant.Resource) error {
				got = append(got, r.ID)
				clear(r.Body)
				return nil
			})
			if err != nil || result.Completeness != tenant.Complete {
				t.Fatalf("got %+v, %v, want a complete read", result, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("emitted (-want +got):\n%s", diff)
			}
			if !cmp.Equal(c.absent, append([]string(nil), result.Absent...)) {
				t.Errorf("absent: got %q, want %q", result.Absent, c.absent)
			}
			if !json.Valid(objects[0].Body) {
				t.Fatal("the caller changed an object through what was emitted")
			}
		})
	}
}

func TestReadRequestSelectStops(t *testing.T) {
	objects := []tenant.Resource{{ID: "1"}, {ID: "2"}}
	full := errors.New("full")
	n := 0
	_, err := tenant.ReadRequest{Kind: "notes", All: true}.Select(t.Context(), notes, objects, func(tenant.Resource) error { n++; return full })
	if !errors.Is(err, full) || n != 1 {
		t.Errorf("emit was called %d times, %v, want once and its error", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n = 0
	_, err = tenant.ReadRequest{Kind: "notes", All: true}.Select(ctx, notes, objects, func(tenant.Resource) error { n++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("emit was called %d times, %v, want once and the context's error", n, err)
	}
	result, err := tenant.ReadRequest{Kind: "others", All: true}.Select(t.Context(), notes, objects, func(tenant.Resource) error { return full })
	if err != nil || result.Completeness != tenant.Failed || result.Class != tenant.Invalid || result.Reason == "" {
		t.Errorf("another kind: got %+v, %v, want a failed read with a reason", result, err)
	}
	if _, err := (tenant.ReadRequest{Kind: "others", All: true}).Select(ctx, notes, objects, func(tenant.Resource) error { return full }); !errors.Is(err, context.Canceled) {
		t.Errorf("another kind, after the end of the call: got %v", err)
	}
}

func TestOperationCheck(t *testing.T) {
	body := json.RawMessage(`{"displayName":"A"}`)
	for _, c := range []struct {
		name string
		op   tenant.Operation
		kind tenant.Kind
		ok   bool
	}{
		{"create", tenant.Operation{Verb: tenant.Create, After: body}, notes, true},
		{"update", tenant.Operation{Verb: tenant.Update, ID: "1", Patch: body}, notes, true},
		{"update of a singleton", tenant.Operation{Verb: tenant.Update, Patch: body}, tenant.Kind{Name: "notes", Update: true, Singleton: true}, true},
		{"delete", tenant.Operation{Verb: tenant.Delete, ID: "1"}, tenant.Kind{Name: "notes", Delete: true}, true},
		{"another kind", tenant.Operation{Verb: tenant.Create, After: body}, tenant.Kind{Name: "others", Create: true}, false},
		{"no verb", tenant.Operation{ID: "1", Patch: body}, notes, false},
		{"a verb that the kind lacks", tenant.Operation{Verb: tenant.Delete, ID: "1"}, notes, false},
		{"create with an id", tenant.Operation{Verb: tenant.Create, ID: "1", After: body}, notes, false},
		{"create of nothing", tenant.Operation{Verb: tenant.Create}, notes, false},
		{"create of a list", tenant.Operation{Verb: tenant.Create, After: json.RawMessage(`[1]`)}, notes, false},
		{"create of half an object", tenant.Operation{Verb: tenant.Create, After: json.RawMessage(`{"a":`)}, notes, false},
		{"update without an id", tenant.Operation{Verb: tenant.Update, Patch: body}, notes, false},
		{"update without a patch", tenant.Operation{Verb: tenant.Update, ID: "1", After: body}, notes, false},
		{"delete without an id", tenant.Operation{Verb: tenant.Delete}, tenant.Kind{Name: "notes", Delete: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.op.Kind = "notes"
			err := c.op.Check(c.kind)
			if c.ok && err != nil || !c.ok && tenant.ClassOf(err) != tenant.Invalid {
				t.Errorf("got %v, want accepted: %t", err, c.ok)
			}
		})
	}
}

func TestGetRequestCheck(t *testing.T) {
	if err := (tenant.GetRequest{Kind: "notes", ID: "1"}).Check(notes); err != nil {
		t.Error(err)
	}
	if err := (tenant.GetRequest{Kind: "notes"}).Check(tenant.Kind{Name: "notes", Singleton: true}); err != nil {
		t.Error(err)
	}
	for _, req := range []tenant.GetRequest{{Kind: "others", ID: "1"}, {Kind: "notes"}} {
		if err := req.Check(notes); tenant.ClassOf(err) != tenant.Invalid {
			t.Errorf("%+v: got %v, want class Invalid", req, err)
		}
	}
}

// The cases are those of RFC 7386, appendix A, that have an object as the patch.
func TestOperationMerge(t *testing.T) {
	for _, c := range []struct{ body, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`{"a":"foo"}`, `{"a":{"b":{"c":null}}}`, `{"a":{"b":{}}}`},
		{``, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`null`, `{"a":1}`, `{"a":1}`},
		{`[1]`, `{"a":1}`, `{"a":1}`},
		{`{"a":null}`, `{"a":{"b":1}}`, `{"a":{"b":1}}`},
		{`{"n":10000000000000000001.50,"t":"<b>"}`, `{"a":1}`, `{"a":1,"n":10000000000000000001.50,"t":"<b>"}`},
	} {
		got, err := tenant.Operation{Patch: json.RawMessage(c.patch)}.Merge(json.RawMessage(c.body))
		if err != nil || string(got) != c.want {
			t.Errorf("%s with %s: got %s, %v, want %s", c.body, c.patch, got, err, c.want)
		}
	}
	for _, c := range []struct{ body, patch string }{{`{}`, `{"a":`}, {`{"a":`, `{"b":1}`}, {`{"a":{}}`, `{"a":{"b":}}`}, {`{}`, `{`}} {
		if got, err := (tenant.Operation{Patch: json.RawMessage(c.patch)}).Merge(json.RawMessage(c.body)); tenant.ClassOf(err) != tenant.Invalid || got != nil {
			t.Errorf("%s with %s: got %s, %v, want an error", c.body, c.patch, got, err)
		}
	}
}
