package state

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// The kits check which requests are refused. These tests check the limits, and
// requests that are accepted.
func TestValidateTenant(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, " ": true, "é\U0001f600": true, strings.Repeat("x", 256): true, strings.Repeat("é", 128): true,
		"": false, strings.Repeat("x", 257): false, strings.Repeat("é", 129): false,
		"\t": false, "a\u0080": false, "\xc3": false, "\ufffd": true,
	} {
		if err := ValidateTenant(name); (err == nil) != want || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("ValidateTenant(%q): %v, want valid %v", name, err, want)
		}
	}
}

// The error for a long name gives its length and the limit, and not the name.
func TestValidateTenantSaysTheLimit(t *testing.T) {
	err := LoadRequest{Tenant: strings.Repeat("x", 1<<20)}.Validate()
	if want := "state: invalid request: the tenant's name has 1048576 bytes, at most 256 are allowed"; err == nil || err.Error() != want {
		t.Errorf("got %.200v, want %s", err, want)
	}
}

func TestValidTime(t *testing.T) {
	for _, tt := range []struct {
		at   time.Time
		want bool
	}{
		{time.Time{}, true},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), true},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), false},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600)), false},
		{time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), false},
		{time.Unix(math.MaxInt64, 0), false},
	} {
		if err := validTime("t", tt.at); (err == nil) != tt.want {
			t.Errorf("validTime(%v): %v, want valid %v", tt.at, err, tt.want)
		}
	}
}

func TestWithDefaults(t *testing.T) {
	if got := (ListRequest{}).WithDefaults(); got.Order != ByTenant || got.Limit != 100 {
		t.Errorf("ListRequest: %+v", got)
	}
	if got := (ListRequest{Order: ByWake, Limit: 7}).WithDefaults(); got.Order != ByWake || got.Limit != 7 {
		t.Errorf("ListRequest: %+v", got)
	}
	if got := (HistoryRequest{}).WithDefaults(); got.Limit != 100 {
		t.Errorf("HistoryRequest: %+v", got)
	}
	if got := (PruneRequest{}).WithDefaults(); got.Limit != 1000 {
		t.Errorf("PruneRequest: %+v", got)
	}
}

// Requests without labels, prefix and so on are accepted. A list with one bad
// label is refused.
func TestValidateList(t *testing.T) {
	if err := (ListRequest{Labels: map[string]string{"k": "v"}, Prefix: "a"}).Validate(); err != nil {
		t.Error(err)
	}
	for _, labels := range []map[string]string{{"\x00": "v"}, {"k": "\n"}} {
		if err := (ListRequest{Labels: labels}).Validate(); !errors.Is(err, ErrInvalid) {
			t.Errorf("labels %q: %v, want ErrInvalid", labels, err)
		}
	}
}

func TestVerify(t *testing.T) {
	ref := PutRequest{Tenant: "contoso", Kind: "plan", Data: []byte("data")}.Ref()
	if err := ref.Verify([]byte("data")); err != nil {
		t.Error(err)
	}
	if err := ref.Verify([]byte("other")); err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), ref.SHA256) {
		t.Errorf("Verify of other content: %v", err)
	}
}
