package syncer

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/planning"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/state"
)

// Whatever a store holds as an entry, it is read or refused with a reason, what
// the store knows of it stays, and an entry that was read is written and read as
// the same.
func FuzzDecodeEntry(f *testing.F) {
	for _, text := range []string{
		``, `null`, `[]`, `{}`, `{"format":2}`, `{"format":1,"format":2}`, `{"event":"start","from":"idle","to":"in_progress","actor":"ann"}`,
		`{"intent":{"item":"create/groups/A","attempt":1,"verb":"create","key":"k"}}`,
		`{"result":{"item":"i","status":"applied","duration":-1,"changes":[{"path":"/x","old":1e999,"new":null}],"notKept":[{}]}}`,
		`{"items":[],"log":{"id":"x","size":-1},"missing":[{"anyOf":null}],"error":{"class":"x"}}`, `{"intent":null,"result":1}`,
	} {
		for _, typ := range []string{"intent", "result", "fromALaterVersion"} {
			f.Add(typ, []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, typ string, data []byte) {
		stored := state.Entry{Tenant: "contoso", Version: 7, N: 1, Run: "run-1", Type: typ, Data: data}
		got, err := decodeEntry(stored)
		if got.Tenant != "contoso" || got.Version != 7 || got.N != 1 || got.Run != "run-1" || got.Type != EntryType(typ) {
			t.Errorf("what the store knows is lost: %+v", got)
		}
		if err != nil {
			if text := err.Error(); !strings.Contains(text, "entry") || len(text) > 1000+len(data) {
				t.Errorf("the reason does not say that it is an entry, or has %d bytes: %.300s", len(text), text)
			}
			return
		}
		first, err := json.Marshal(got.EntryData)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := decodeEntry(newEntry("run-1", got.Type, got.EntryData))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if second, err := json.Marshal(again.EntryData); err != nil || !bytes.Equal(first, second) {
			t.Errorf("read and written it is\n%s, then\n%s (%v)", first, second, err)
		}
	})
}

// Whatever the blob "bindings" holds, it is read or refused with a reason, and
// can then be asked and added to.
func FuzzDecodeBindings(f *testing.F) {
	for _, text := range []string{``, `null`, `[]`, `{"format":1}`, `{"format":2}`, `{"format":1,"bindings":{"groups":null,"groups@formerly":{"A":"A"}}}`,
		`{"format":1,"bindings":{"groups":{"A":"1"},"groups#mail":{"A":"a@x"},"groups@formerly":{"B":"A","A":"B"}}}`, `{"format":1,"bindings":{"groups":{"A":1}}}`} {
		f.Add([]byte(text), "groups", "A", "mail")
	}
	f.Fuzz(func(t *testing.T, raw []byte, kind, key, property string) {
		var form planning.Bindings
		if err := format.Decode("bindings", raw, planning.BindingsFormat, &form); err != nil {
			if text := err.Error(); !strings.Contains(text, "bindings") || len(text) > 1000+len(raw) {
				t.Errorf("the reason does not say that it is the bindings, or has %d bytes: %.300s", len(text), text)
			}
			return
		}
		// Names come of JSON as well.
		kind, key, property = strings.ToValidUTF8(kind, ""), strings.ToValidUTF8(key, ""), strings.ToValidUTF8(property, "")
		b := form.Bindings
		if b == nil {
			b = reference.Bindings{}
		}
		for _, ref := range []reference.Ref{{Kind: kind, Key: key}, {Kind: kind, Key: key, Property: property}} {
			b.Of(ref)
			b.Put(ref.Bindings(), ref.Key, "id")
			if got := b.Of(ref); got != "id" {
				t.Errorf("%s is bound to %q after it was bound to %q", ref, got, "id")
			}
		}
		first, err := json.Marshal(planning.Bindings{Format: planning.BindingsFormat, Bindings: b})
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		var again planning.Bindings
		if err := format.Decode("bindings", first, planning.BindingsFormat, &again); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if second, err := json.Marshal(again); err != nil || !bytes.Equal(first, second) {
			t.Errorf("written it is\n%s, then\n%s (%v)", first, second, err)
		}
	})
}
