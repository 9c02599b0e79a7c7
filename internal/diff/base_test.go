package diff

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/plan"
)

func sampleBase() *Base {
	return &Base{Format: format.FormatVersion, Objects: []*BaseObject{
		{Kind: "locations", Key: "Bonn", ID: "1", Body: json.RawMessage(`{"name":"<Bonn>","ranges":["10.0.0.0/8"]}`)},
		{Kind: "locations", Key: "Köln", ID: "2"},
		{Kind: "policies", Key: "Bonn", Body: json.RawMessage(`{}`), AgreedSum: "5d41402abc4b2a76", Refs: []string{"locations/Bonn"}},
	}}
}

// cloned returns copies of the objects, which a test can change.
func cloned(objects []*BaseObject) []*BaseObject {
	out := make([]*BaseObject, len(objects))
	for i, o := range objects {
		c := *o
		out[i] = &c
	}
	return out
}

func TestBaseFormatError(t *testing.T) {
	_, err := DecodeBase([]byte(`{"format":7,"unheard":[]}`))
	got, ok := errors.AsType[*format.FormatError](err)
	if !ok {
		t.Fatalf("got %v, want a *FormatError", err)
	}
	if diff := cmp.Diff(&format.FormatError{What: "base", Got: 7, Supported: format.FormatVersion}, got); diff != "" {
		t.Errorf("error (-want +got)\n%s", diff)
	}
}

func TestBaseRoundTrip(t *testing.T) {
	want := sampleBase()
	shuffled := &Base{Objects: []*BaseObject{want.Objects[2], want.Objects[0], want.Objects[1]}}
	data, err := shuffled.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if shuffled.Objects[0].Kind != "policies" || shuffled.Format != 0 {
		t.Errorf("Encode changed the base: %+v", shuffled)
	}
	got, err := DecodeBase(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("base (-want +got)\n%s", diff)
	}
	if !bytes.Contains(data, []byte("<Bonn>")) {
		t.Errorf("%s: got escapes for HTML, want none", data)
	}

	data, err = new(Base).Encode()
	if want := `{"format":1,"objects":[]}`; err != nil || string(data) != want {
		t.Errorf("empty base = %s, %v; want %s", data, err, want)
	}
}

func TestBaseRefuses(t *testing.T) {
	for name, b := range map[string]*Base{
		"newer format":     {Format: 2},
		"duplicate object": {Objects: []*BaseObject{{Kind: "a", Key: "b", ID: "1"}, {Kind: "a", Key: "b", ID: "2"}}},
		"not JSON":         {Objects: []*BaseObject{{Kind: "a", Key: "b", Body: json.RawMessage("{")}}},
	} {
		if data, err := b.Encode(); err == nil {
			t.Errorf("%s: encoded as %s", name, data)
		}
	}
	for name, data := range map[string]string{
		"duplicate object": `{"format":1,"objects":[{"kind":"a","key":"b"},{"kind":"a","key":"b"}]}`,
		"out of order":     `{"format":1,"objects":[{"kind":"b","key":"a"},{"kind":"a","key":"b"}]}`,
		"unknown field":    `{"format":1,"objects":[],"more":1}`,
		"no format":        `{"objects":[]}`,
		"empty":            ``,
		"wrong type":       `{"format":1,"objects":{}}`,
		"a null object":    `{"format":1,"objects":[null]}`,
	} {
		if b, err := DecodeBase([]byte(data)); err == nil {
			t.Errorf("%s: decoded as %+v", name, b)
		}
	}
}

func FuzzDecodeBase(f *testing.F) {
	data, err := sampleBase().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"format":1,"objects":[{"kind":"","key":"","body":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := DecodeBase(data)
		if err != nil {
			return
		}
		first, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeBase(first)
		if err != nil {
			t.Fatalf("DecodeBase refuses the result of Encode: %v\n%s", err, first)
		}
		second, err := again.Encode()
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("the second Encode (%v):\n%s\nwant\n%s", err, second, first)
		}
	})
}

// A base records the objects of the backup's parent that it drops, so that the
// next difference can name them as removed.
func TestBaseRecordsDroppedObjectsOfParent(t *testing.T) {
	in := comparisonCase{
		base: `groups/A=1 {"displayName":"A"}` + "\n" + `groups/B=2 {"displayName":"B"}` + "\n" + `groups/C=3 {"displayName":"C"}`,
		gone: "groups 1\ngroups 3",
	}.input(t)
	in.Desired.Resources = parseDesired(t, `groups/B {"displayName":"B"}`)
	in.Current.Resources = parseCurrent(t, `groups 2 {"displayName":"B"}`)
	in.NoBackup, in.Base.Backup = true, "r7"
	in.Base.Objects[0].BackupSum, in.Base.Objects[1].BackupSum = "sum of A", "sum of B"
	r, err := compareOnce(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := []plan.Target{{Kind: "groups", Key: "A"}}; !slices.Equal(r.Base.Unbound, want) || len(r.Base.Objects) != 1 {
		t.Errorf("unbound %v, want %v; objects %+v", r.Base.Unbound, want, r.Base.Objects)
	}
}
