package syncer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/secretsearch"
	"github.com/tenantsync/tenantsync/syncer"
)

// A configuration is often logged whole.
func TestSecretIsNotShown(t *testing.T) {
	secret := []byte("0123456789abcdefghijklmnopqrstuv")
	conf := struct {
		Name   string
		Secret syncer.Secret
	}{"contoso", secret}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+"\n", conf)
		fmt.Fprintf(&out, verb+"\n", syncer.Config{Secret: secret})
		fmt.Fprintf(&out, verb+"\n", conf.Secret)
	}
	raw, err := json.Marshal(conf)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(raw)
	slog.New(slog.NewTextHandler(&out, nil)).Info("started", "config", conf, "secret", conf.Secret)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("started", "config", conf, "secret", conf.Secret)
	if n := strings.Count(out.String(), "contoso"); n < 9 {
		t.Errorf("the output is not whole, it names the tenant %d times", n)
	}
	if plain := fmt.Appendf(nil, "%v", secret); len(secretsearch.Search(map[string][]byte{"output": plain}, []string{string(secret)})) == 0 {
		t.Error("the search does not find the bytes of the secret as a list of numbers")
	}
	if found := secretsearch.Search(map[string][]byte{"output": out.Bytes()}, []string{string(secret)}); len(found) > 0 {
		t.Errorf("%+v in\n%s", found, &out)
	}
}
