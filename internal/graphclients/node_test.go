package graphclients_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// installed installs the packages of the folder node, with these versions and no
// others, once for all tests.
var installed = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "graphclients"); err != nil {
		return "", err
	}
	if err := os.CopyFS(dir, os.DirFS("node")); err != nil {
		return dir, err
	}
	npm := exec.Command("npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("npm install: %w: %s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := installed(); dir != "" && needed {
		_ = os.RemoveAll(dir) // a temporary folder
	}
	os.Exit(code)
}

// needed is whether a test has asked for the packages.
var needed bool

// node returns the folder with the scripts and their packages. Where Node is not
// installed the test is skipped; with CI=true it fails.
func node(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		_, err := exec.LookPath(program)
		if err == nil {
			continue
		}
		if os.Getenv("CI") == "true" || !errors.Is(err, exec.ErrNotFound) {
			t.Fatal(err)
		}
		t.Skipf("%v: install Node 20 or newer, with npm (on Debian: apt-get install nodejs npm)", err)
	}
	needed = true
	dir, err := installed()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// seeded is a server over TLS with eight groups and a policy, and the file of its
// certificate.
func seeded(t *testing.T) (s *graphtest.Server, policy, certificate string) {
	t.Helper()
	s = graphtest.New(graphtest.Config{})
	for i := range 6 {
		s.Fake.Seed("groups", fmt.Sprintf(`{"displayName":"Group %d","mailNickname":"g%d"}`, i, i))
	}
	s.Fake.Seed("groups", `{"displayName":"Research and Development","groupTypes":["Unified"]}`)
	s.Fake.Seed("groups", `{"displayName":"O'Neil"}`)
	policy = s.Fake.Seed("configurationPolicies", `{"name":"P","platforms":"windows10","technologies":"mdm","settings":[],
		"assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}]}`)
	s.Start(t)
	return s, policy, certificateOf(t, s.URL())
}

// certificateOf writes the certificate of a server into a file.
func certificateOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", u.Host, &tls.Config{InsecureSkipVerify: true}) // it is the test's own
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	name := filepath.Join(t.TempDir(), "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: conn.ConnectionState().PeerCertificates[0].Raw}
	if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// script runs a script of the folder against a server, and returns what it prints.
func script(t *testing.T, name string) map[string]any {
	t.Helper()
	dir := node(t)
	s, policy, certificate := seeded(t)
	cmd := exec.CommandContext(t.Context(), "node", name)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GRAPH="+s.URL(), "POLICY="+policy, "NODE_EXTRA_CA_CERTS="+certificate, "NO_PROXY=127.0.0.1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		for _, r := range s.Requests() {
			t.Logf("%s %s: %d", r.Method, r.Path, r.Status)
		}
		t.Fatalf("%s: %v\n%s%s", name, err, stdout.String(), stderr.String())
	}
	var out map[string]any
	if err := json.Unmarshal(bytes.TrimSpace(stdout.Bytes()), &out); err != nil {
		t.Fatalf("%v in %s", err, stdout.String())
	}
	return out
}

// check compares what a client did with JSON.
func check(t *testing.T, got map[string]any, want string) {
	t.Helper()
	var w map[string]any
	if err := json.NewDecoder(strings.NewReader(want)).Decode(&w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// @microsoft/microsoft-graph-client reads, writes, pages and batches.
func TestMicrosoftGraphClient(t *testing.T) {
	check(t, script(t, "microsoft.mjs"), `{
		"made": "Made", "changed": "changed", "selected": "displayName",
		"filtered": ["Research and Development", "O'Neil"], "ordered": ["Research and Development", "O'Neil"],
		"searched": ["Research and Development"], "counted": [3, 3], "size": "9", "iterated": 9,
		"batch": [200, 204], "batched": "batched", "failedBatch": [404, 424],
		"unknownOption": {"status": 400, "code": "BadRequest", "hasRequestId": true},
		"notAdvanced": {"status": 400, "code": "Request_UnsupportedQuery", "hasRequestId": true},
		"none": {"status": 404, "code": "Request_ResourceNotFound", "hasRequestId": true},
		"notWhole": {"status": 400, "code": "BadRequest", "hasRequestId": true},
		"wrongType": {"status": 415, "code": "UnsupportedMediaType", "hasRequestId": true},
		"put": "Put", "expanded": 1, "deleted": 404
	}`)
}

// PnPjs reads, writes, pages and batches.
func TestPnP(t *testing.T) {
	check(t, script(t, "pnp.mjs"), `{
		"made": "Made", "changed": "changed", "selected": "description,id",
		"filtered": ["Research and Development", "O'Neil"], "lambda": ["Research and Development"], "ordered": ["Research and Development", "O'Neil"],
		"searched": ["Research and Development"], "paged": [9, 3],
		"batch v1.0": ["404", "Made", "updated"], "batched v1.0": "v1.0", "batch beta": ["404", "Made", "updated"], "batched beta": "beta",
		"notAdvanced": {"status": 400, "code": "Request_UnsupportedQuery"}, "none": {"status": 404, "code": "Request_ResourceNotFound"}, "deleted": 404
	}`)
}
