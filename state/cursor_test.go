package state_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/state"
)

func TestListCursor(t *testing.T) {
	r := newRecord("contoso \U0001f600 <&>")
	r.UpdatedAt = time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)
	r.WakeAt = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	for order, at := range map[state.Order]time.Time{state.ByTenant: {}, state.ByUpdated: r.UpdatedAt, state.ByWake: r.WakeAt} {
		want := state.ListCursor{Order: order, Time: at, Tenant: r.Tenant}
		text := state.NewListCursor(order, r).Encode()
		got, err := state.DecodeListCursor(text, order)
		if err != nil {
			t.Fatalf("%s: %v", order, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", order, diff)
		}
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			t.Errorf("%s: the cursor %q cannot be part of a URL", order, text)
		}
	}
	text := state.NewListCursor(state.ByTenant, r).Encode()
	if _, err := state.DecodeListCursor(text, state.ByWake); !errors.Is(err, state.ErrInvalid) {
		t.Errorf("a cursor of another order: %v, want ErrInvalid", err)
	}
}

func TestHistoryCursor(t *testing.T) {
	for _, want := range []state.HistoryCursor{{Version: 1}, {Newest: true, Version: 1 << 62, N: 9999}} {
		got, err := state.DecodeHistoryCursor(want.Encode(), want.Newest)
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if _, err := state.DecodeHistoryCursor(want.Encode(), !want.Newest); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("a cursor of the other direction: %v, want ErrInvalid", err)
		}
	}
}

func TestForeignCursors(t *testing.T) {
	for _, text := range []string{
		"x", "42", "{}", " ", "\x00",
		base64.RawURLEncoding.EncodeToString([]byte(`{}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"o":"tenant","k":""}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"o":"tenant","k":"a","x":1}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"o":"tenant", "k":"a"}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"v":0,"n":0}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"s":"2030-01-02T03:04:05Z","k":"","i":"a"}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"s":"2030-01-02T03:04:05Z","k":"a","i":""}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"v":1,"n":-1}`)),
		base64.URLEncoding.EncodeToString([]byte(`{"o":"tenant","k":"ab"}`)) + "=",
	} {
		if got, err := state.DecodeListCursor(text, state.ByTenant); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("DecodeListCursor(%q): %+v, %v", text, got, err)
		}
		if got, err := state.DecodeHistoryCursor(text, false); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("DecodeHistoryCursor(%q): %+v, %v", text, got, err)
		}
		if got, err := state.DecodeRunsCursor(text); !errors.Is(err, state.ErrInvalid) {
			t.Errorf("DecodeRunsCursor(%q): %+v, %v", text, got, err)
		}
	}
}

// A text is either refused, or decoded to a cursor that encodes to the same
// text.
func FuzzDecodeListCursor(f *testing.F) {
	f.Add(state.ListCursor{Order: state.ByWake, Time: time.Unix(1, 2).UTC(), Tenant: "a"}.Encode(), "wake")
	f.Add("x", "tenant")
	f.Fuzz(func(t *testing.T, text, order string) {
		got, err := state.DecodeListCursor(text, state.Order(order))
		if err != nil {
			if !errors.Is(err, state.ErrInvalid) || got != (state.ListCursor{}) {
				t.Errorf("%+v, %v", got, err)
			}
			return
		}
		if got.Encode() != text || string(got.Order) != order {
			t.Errorf("%q was decoded to %+v", text, got)
		}
	})
}

func FuzzDecodeHistoryCursor(f *testing.F) {
	f.Add(state.HistoryCursor{Version: 3, N: 1}.Encode(), false)
	f.Add("x", true)
	f.Fuzz(func(t *testing.T, text string, newest bool) {
		got, err := state.DecodeHistoryCursor(text, newest)
		if err != nil {
			if !errors.Is(err, state.ErrInvalid) {
				t.Error(err)
			}
			return
		}
		if got.Encode() != text || got.Newest != newest {
			t.Errorf("%q was decoded to %+v", text, got)
		}
	})
}

func FuzzDecodeRunsCursor(f *testing.F) {
	f.Add(state.RunsCursor{Started: time.Unix(1, 2).UTC(), Tenant: "a", ID: "run-1"}.Encode())
	f.Add("x")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := state.DecodeRunsCursor(text)
		if err != nil {
			if !errors.Is(err, state.ErrInvalid) {
				t.Error(err)
			}
			return
		}
		if got.Encode() != text {
			t.Errorf("%q was decoded to %+v", text, got)
		}
	})
}
