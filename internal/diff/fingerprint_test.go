package diff

import "testing"

func TestFingerprint(t *testing.T) {
	k := testKinds()[0]
	sum := func(body string) string {
		t.Helper()
		s, err := kindsOf(k).Get(k.Name).Fingerprint([]byte(body), "")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := sum(`{"displayName":"P","members":["a","b"],"n":1}`)
	if keyed, err := kindsOf(k).Get(k.Name).Fingerprint([]byte(`{"displayName":"P","members":["a","b"],"n":1}`), "key"); err != nil || keyed == want {
		t.Errorf("the fingerprint does not depend on the key: %v", err)
	}
	for _, same := range []string{
		`{"n":1.0,"members":["b","a"],"displayName":"P"}`,
		`{"displayName":"P","members":["a","b"],"n":1,"id":"7","@odata.etag":"x","tags":[],"key":"****"}`,
	} {
		if got := sum(same); got != want {
			t.Errorf("%s: got a different fingerprint", same)
		}
	}
	for _, other := range []string{`{"displayName":"P","members":["a"],"n":1}`, `{"displayName":"P","members":["a","b"],"n":1,"password":"x"}`} {
		if got := sum(other); got == want {
			t.Errorf("%s: got the same fingerprint", other)
		}
	}
	if _, err := kindsOf(k).Get(k.Name).Fingerprint([]byte(`[]`), ""); err == nil {
		t.Error("an array: got no error")
	}
}
