package diff

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/frozen"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// TestFrozenBase is TestFrozen for bases.
func TestFrozenBase(t *testing.T) {
	whole := sampleBase()
	whole.Backup = "r7"
	whole.Unbound = []plan.Target{{Kind: "policies", Key: "Unmanaged"}}
	whole.Objects[0].BackupSum = "00112233445566778899aabbccddeeff"
	whole.Objects[0].FileID = "0d7b9a53-2f6e-4f0a-9c0e-1d2c3b4a5f60"
	whole.Objects[0].Names = []string{"Guests", "guests"}
	whole.Objects[1].NotKept = []NotKept{{Pointer: "/ranges/-", Sum: "9f86d081"}}
	whole.Objects[1].Offered = []string{"0011223344aa"}
	now, err := whole.Encode()
	if err != nil {
		t.Fatal(err)
	}
	frozen.Update(t, "base_whole.json", now)
	var bases []Base
	for file, want := range map[string]*Base{"base.json": sampleBase(), "base_whole.json": whole} {
		data := compact(t, frozen.Read(t, file))
		b, err := DecodeBase([]byte(data))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if diff := cmp.Diff(want, b); diff != "" {
			t.Errorf("%s (-want +got)\n%s", file, diff)
		}
		again, err := b.Encode()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if got := string(again); got != data {
			t.Errorf("%s is encoded differently now:\n%s\nfrozen:\n%s", file, got, data)
		}
		bases = append(bases, *b)
	}
	frozen.Covers(t, bases)
}

// frozenSums are hashes that are stored and compared with later ones. If they
// were computed differently after an upgrade, each waiting plan would be stale,
// and each secret would look changed.
type frozenSums struct {
	Kind tenant.Kind     `json:"kind"`
	Body json.RawMessage `json:"body"`
	Key  string          `json:"key"`
	// Fingerprint is the fingerprint of Body in the tenant, and Sum the hash of a file with Body.
	Fingerprint string `json:"fingerprint"`
	Sum         string `json:"sum"`
	// Base is Body as the base has it, its secret as a hash. Secrets is the hash
	// that a plan has of it where the tenant has another.
	Base         json.RawMessage   `json:"base"`
	Secrets      map[string]string `json:"secrets"`
	FleetSecrets map[string]string `json:"fleetSecrets"`
	// Redacted and Mask replace secrets in plans and snapshots.
	Redacted string `json:"redacted"`
	Mask     string `json:"mask"`
}

func TestFrozenSums(t *testing.T) {
	kind := tenant.Kind{Name: "wifiProfiles", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"},
		Sets: []tenant.Set{{Path: "/sites"}}, Sensitive: []string{"/preSharedKey"}, Masked: []tenant.Masked{{Path: "/radius", Token: "radiusToken"}},
		EmptyIsAbsent: []string{"/note"}}
	body := json.RawMessage(`{"id":"7","displayName":"Guests <é>","sites":["b","a"],"preSharedKey":"correct horse","radius":"****","radiusToken":"t1","note":"","n":1.50}`)
	now := frozenSums{Kind: kind, Body: body, Key: "c2FsdA", Redacted: reference.Redacted, Mask: reference.Asterisks}
	var err error
	if now.Fingerprint, err = kindsOf(kind).Get(kind.Name).Fingerprint(body, now.Key); err != nil {
		t.Fatal(err)
	}
	file, err := jsonval.ParseObject(body)
	if err != nil {
		t.Fatal(err)
	}
	now.Sum = schema.Sum(file, now.Key)
	compare := func(current string) *Result {
		res, err := compareOnce(Input{
			Tenant: "contoso", Kinds: kindsOf(kind), Base: &Base{Format: format.FormatVersion}, Keys: schema.Keys{Tenant: now.Key, Fleet: "ZmxlZXQ"},
			Desired: tenant.Desired{Resources: []tenant.Resource{{Kind: kind.Name, Key: "Guests <é>", Body: body}}},
			Current: tenant.Snapshot{Kinds: []tenant.KindState{{Kind: kind.Name, Completeness: tenant.Complete, Scope: tenant.All}},
				Resources: []tenant.Resource{{Kind: kind.Name, ID: "7", Body: json.RawMessage(current)}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	same := compare(string(body))
	if len(same.Base.Objects) != 1 {
		t.Fatalf("got base %+v, want one object", same.Base)
	}
	now.Base = same.Base.Objects[0].Body
	for _, it := range compare(strings.Replace(string(body), "correct horse", "battery staple", 1)).Plan.Items {
		for _, change := range it.Changes {
			if change.Redacted {
				now.Secrets, now.FleetSecrets = change.Secrets, change.FleetSecrets
			}
		}
	}
	raw, err := format.EncodeJSON(now)
	if err != nil {
		t.Fatal(err)
	}
	frozen.JSON(t, "sums.json", raw)
	if len(now.Secrets) == 0 || now.Base == nil {
		t.Errorf("got secrets %v, base %s, want hashes", now.Secrets, now.Base)
	}
}

func compact(t *testing.T, raw []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
