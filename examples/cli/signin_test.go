package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io/fs"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An application signs in by itself with each sort of credentials, nobody is
// asked, and no credential is printed or left anywhere.
func TestApplicationSignsIn(t *testing.T) {
	t.Parallel()
	const secret = "not-to-be-seen-anywhere"
	tests := map[string]func(p *place){
		"secret":      func(p *place) { p.env[secretVariable] = secret },
		"federated":   func(p *place) { p.put("token", secret) },
		"certificate": func(p *place) { p.put("certificate.pem", certificate(p.t)) },
	}
	for how, prepare := range tests {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t)
				p.must(exitDone, "init", "-demo", "-kinds", "namedLocations", "-sign-in", how, "-federated-token-file", "token")
				prepare(p)
				p.must(exitDone, "tenants", "add", "contoso")
				p.must(exitPerson, "sync", "contoso", "-unattended")
				p.must(exitDone, "approve", "contoso", "-plan", p.plan())
				if out := p.must(exitDone, "doctor"); !strings.Contains(out, "as application "+demoClientID) {
					t.Errorf("doctor does not say who is signed in:\n%s", out)
				}
				p.must(exitDone, "doctor", "-o", "json")
				p.must(exitDone, "logs", "contoso")
				p.secrets = append(p.secrets, secret)
				p.noSecrets()
				p.secretsOnlyIn(secret, "token")
			})
		})
	}
	t.Run("secret file", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := newPlace(t)
			p.must(exitDone, "init", "-demo", "-kinds", "namedLocations", "-sign-in", "secret")
			p.put("client-secret", secret+"\n")
			p.must(exitDone, "tenants", "add", "contoso")
			p.must(exitPerson, "sync", "contoso", "-unattended")
			p.secrets = append(p.secrets, secret)
			p.noSecrets()
			p.secretsOnlyIn(secret, "client-secret")
		})
	})
}

// put writes a file of the folder for its owner only.
func (p *place) put(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.env["TENANTSYNC_DIR"], name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// secretsOnlyIn reports files of the folder, but the one of that name, that hold
// the secret.
func (p *place) secretsOnlyIn(secret, name string) {
	p.t.Helper()
	err := filepath.WalkDir(p.env["TENANTSYNC_DIR"], func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) == name {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), secret) {
			p.t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// certificate makes a certificate and its key, as PEM.
func certificate(t testing.TB) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tenantsync"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// What doctor makes of the token server's answers.
func TestDoctorOnline(t *testing.T) {
	tests := []struct {
		name    string
		ahead   time.Duration // of the machine's clock
		graph   string
		status  int
		levels  map[string]string
		because string
	}{
		{"all well", 0, "graph.microsoft.com", 200, map[string]string{"clock": good, "cloud": good}, ""},
		{"a clock that is a bit off", time.Minute, "", 200, map[string]string{"clock": warn, "cloud": good}, "off the token server"},
		{"a clock that is far ahead", 10 * time.Minute, "", 200, map[string]string{"clock": bad}, "off the token server"},
		{"a clock that is far behind", -10 * time.Minute, "", 200, map[string]string{"clock": bad}, "off the token server"},
		{"another cloud's directory", 0, "graph.microsoft.us", 200, map[string]string{"cloud": bad}, "usgov-l4"},
		{"no such directory", 0, "", 400, map[string]string{"clock": good, "cloud": bad}, "there is no directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", time.Now().Add(-tt.ahead).UTC().Format(http.TimeFormat))
				if !strings.HasPrefix(r.URL.Path, "/organizations/") {
					w.WriteHeader(tt.status)
				}
				_, _ = w.Write([]byte(`{"msgraph_host": "` + tt.graph + `"}`)) // the client may be gone
			}))
			defer server.Close()
			got := diagnose(t, server.URL)
			for check, level := range tt.levels {
				if f := got[check]; f.Level != level {
					t.Errorf("%s is %q (%s), want %q", check, f.Level, f.Text, level)
				}
			}
			all := ""
			for _, f := range got {
				all += f.Text + " " + f.Fix + "\n"
			}
			if !strings.Contains(all, tt.because) {
				t.Errorf("the findings do not say %q:\n%s", tt.because, all)
			}
		})
	}
	server := httptest.NewServer(nil)
	server.Close()
	if f := diagnose(t, server.URL)["network"]; f.Level != bad {
		t.Errorf("nobody answers: %+v, want a problem of the network", f)
	}
}

// diagnose asks a token server about a tenant.
func diagnose(t *testing.T, login string) map[string]finding {
	t.Helper()
	a := &app{set: newSettings()}
	a.set.flag["dir"] = t.TempDir()
	if err := a.set.load(func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	d := &diagnosis{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a.askTokenServer(ctx, d, &http.Client{}, tokenServer{login, "graph.microsoft.com"}, []tenantFile{{Name: "contoso", Directory: "11111111-2222-4333-8444-555555555555"}})
	out := map[string]finding{}
	for _, f := range d.Findings {
		out[f.Check] = f
	}
	return out
}
