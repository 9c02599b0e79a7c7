package catalogue

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

const tableFile = "testdata/secrets.txt"

const tableHead = `The texts and binary values in the objects of the catalogue's kinds whose names,
or the names of their types, have a word of secrets, at each kind's version. "secret" is
redacted by default, "shown" is not. Names of numbers, booleans, enumerations,
times and GUIDs are not here: they are always shown. Made by
"go test ./tenant/graph/catalogue -run SecretTable -update"; do not edit.

`

// secretWord is any word that secrets' names can have.
var secretWords = []string{"password", "passwd", "passcode", "passphrase", "pwd", "secret", "token", "credential", "key", "psk", "pin", "pfx", "pkcs12", "exitcode"}

func hasSecretWord(name string) bool {
	return slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(strings.ToLower(name), w) })
}

// The table has every text whose name, or whose type's name, has a word of
// secrets, and says whether it is a secret: a change of the rule or of metadata
// shows in a review.
func TestSecretTable(t *testing.T) {
	var lines []string
	texts := 0
	catalogue, err := Default().WithParts("*")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range catalogue.Entries {
		for _, l := range e.leaves() {
			if !isText(l.Property) {
				continue
			}
			texts++
			v := verdictOf(l.Property)
			if !v.secret && !hasSecretWord(l.Name) {
				continue
			}
			word := "shown "
			if v.secret {
				word = "secret"
			}
			line := fmt.Sprintf("%s %s %s/%s %s", word, e.Name, l.Of, l.Name, l.Path)
			if v.source != "" {
				line += " (" + v.source + ")"
			}
			lines = append(lines, line)
		}
	}
	if texts < 1500 {
		t.Errorf("only %d texts were looked at", texts)
	}
	slices.Sort(lines)
	got := tableHead + strings.Join(lines, "\n") + "\n"
	if *script.Update {
		if err := os.WriteFile(tableFile, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the default secrets changed; run with -update and read the difference (-want +got)\n%s", diff)
	}
}

// Of all names about passwords in beta's metadata, only those of texts that can be
// a password are secrets. Booleans, numbers, enumerations and times never are.
func TestPasswordsAreFew(t *testing.T) {
	m := graphmeta.Beta()
	var secret []string
	all, texts := 0, 0
	for _, name := range m.Types() {
		typ, _ := m.Type(name)
		for _, p := range typ.Own {
			if !strings.Contains(strings.ToLower(p.Name), "password") {
				continue
			}
			all++
			v := verdictOf(p)
			switch {
			case isText(p):
				texts++
			case v.secret:
				t.Errorf("%s/%s is %s, and a secret", name, p.Name, p.Type)
			}
			if v.secret {
				secret = append(secret, name+"/"+p.Name)
			}
		}
	}
	want := []string{
		"androidDeviceOwnerEnrollmentProfile/wifiPassword", "androidEnterpriseWiFiConfiguration/passwordFormatString", "basicAuthentication/password",
		"cloudPcOnPremisesConnection/adDomainPassword", "depMacOSEnrollmentProfile/adminAccountPassword", "iosEnterpriseWiFiConfiguration/passwordFormatString",
		"pkcs12Certificate/password",
	}
	if diff := cmp.Diff(want, secret); diff != "" {
		t.Errorf("the secrets (-want +got)\n%s", diff)
	}
	if all != 314 || texts != 17 {
		t.Errorf("%d names, %d of texts, want 314 and 17", all, texts)
	}
}

// What metadata knows to be no text is shown by the kinds, although its name says
// secret; what metadata does not know goes by its name.
func TestKindsOfDefaultSecrets(t *testing.T) {
	for _, e := range Default().Entries {
		k := e.withSecrets()
		e.Kind = k
		names := map[string]bool{}
		for _, l := range e.leaves() {
			names[l.Name] = true
			path := strings.Split(strings.TrimPrefix(l.Path, "/"), "/")
			if l.Collection {
				path = append(path, "*")
			}
			v := verdictOf(l.Property)
			for _, typ := range l.types() {
				switch got := e.IsSecret(path, typ); {
				case v.secret && !got:
					t.Errorf("%s: %s of %s is no secret", k.Name, l.Path, typ)
				case got && !v.secret && (isText(l.Property) || isWord(l.Property)) && !e.declares(path):
					t.Errorf("%s: %s of %s (%s) is a secret", k.Name, l.Path, typ, l.Type)
				}
			}
		}
		if !names["futurePassword"] && !e.IsSecret([]string{"a", "*", "futurePassword"}, "") {
			t.Errorf("%s: an unknown password is no secret", k.Name)
		}
		if again := e.withSecrets(); !cmp.Equal(again, k) {
			t.Errorf("%s: the default secrets are added twice", k.Name)
		}
		for _, key := range k.NaturalKey {
			if e.IsSecret(odatajson.Segments(key), "") {
				t.Errorf("%s: the natural key %s is a secret", k.Name, key)
			}
		}
		for _, r := range k.References {
			if e.IsSecret(odatajson.Segments(r.Path), r.Type) {
				t.Errorf("%s: the reference %s is a secret", k.Name, r.Path)
			}
		}
	}
}

// declares reports whether the catalogue itself declares a secret there.
func (e *Entry) declares(path []string) bool {
	within := func(declared string) bool { return matchesPath(append(odatajson.Segments(declared), "**"), path) }
	return slices.ContainsFunc(e.Masked, func(m tenant.Masked) bool { return within(m.Path) }) || slices.ContainsFunc(e.Sensitive, within)
}
