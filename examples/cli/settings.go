package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth/entra"
	"github.com/tenantsync/tenantsync/syncer"
)

// settingsFile is the file of settings in the folder.
const settingsFile = "tenantsync.json"

// kindsDefault lists the kinds that the program syncs by default: Conditional Access
// and the kinds that its policies name. They need few permissions.
const kindsDefault = "conditionalAccessPolicies,namedLocations,authenticationStrengthPolicies,groups"

// setting is a setting of the program. Its value is from the flag -name, from the
// environment variable TENANTSYNC_NAME, or from "name" in the file: the first of these
// that is set.
type setting struct {
	name, value, usage string
	isBool             bool
	// here is true if the setting applies to one invocation and the file must not
	// contain it.
	here  bool
	check func(string) error
}

// settingTable lists all settings, in the order in which doctor prints them.
func settingTable() []setting {
	return []setting{
		{name: "dir", value: "tenantsync", usage: "the folder with settings, configuration and store", here: true},
		{name: "o", value: "text", usage: "what results are printed as: text or json", here: true, check: oneOf("text", "json")},
		{name: "demo", value: "false", usage: "everything against a fake tenant and a fake Entra in this process", isBool: true},
		{name: "demo-people", value: "signs-in", usage: "who answers sign-ins there: signs-in (after a second), asks, declines or never", check: oneOf("signs-in", "asks", "declines", "never")},
		{name: "client-id", usage: "the application (client) id of the app registration"},
		{name: "cloud", value: "global", usage: "global, usgov-l4, usgov-l5 or china", check: oneOf(string(entra.Global), string(entra.USGovL4), string(entra.USGovL5), string(entra.China))},
		{name: "sign-in", value: "device-code", usage: "who works in the tenants: a person (device-code), or an application by secret, certificate or federated token", check: oneOf("device-code", "secret", "certificate", "federated")},
		{name: "client-secret-file", value: "client-secret", usage: "for sign-in secret, unless TENANTSYNC_CLIENT_SECRET has it: a file that only its owner reads"},
		{name: "certificate-file", value: "certificate.pem", usage: "for sign-in certificate: certificate and private key as PEM, in a file that only its owner reads"},
		{name: "federated-token-file", usage: "for sign-in federated: where the platform keeps its token"},
		{name: "home-directories", usage: "directory ids whose accounts may sign in to other tenants (partners, GDAP), separated by commas"},
		{name: "kinds", value: kindsDefault, usage: "the kinds that are kept in step, separated by commas, or all"},
		{name: "unproven", usage: "kinds whose writes neither Microsoft's documentation nor two public tools show and that are written all the same, separated by commas, or all"},
		{name: "beta", usage: "kinds that are read and written by Graph's beta, where they have properties that v1.0 lacks, separated by commas"},
		{name: "parts", usage: "pieces of objects that are kept in step as well, which costs requests for each object: KIND/PIECE, such as groups/members, separated by commas, or all"},
		{name: "report-only", value: "false", usage: "new Conditional Access policies land as report-only", isBool: true},
		{name: "break-glass", usage: "object ids of accounts that must always get in, separated by commas"},
		{name: "justification", usage: "reason for changes of Intune, for tenants with Multi Admin Approval"},
		{name: "drift", value: "adopt", usage: "what becomes of changes made in a tenant: adopt them into the configuration, or enforce the configuration", check: oneOf("adopt", "enforce")},
		{name: "deletes", usage: "kinds that are deleted in the tenant when their file goes although only what has a file is looked at (groups, applications, …), separated by commas"},
		{name: "max-deletes", value: "10", usage: "more deletes than this have to be accepted by name; negative: no limit", check: isLimit},
		{name: "max-updates", value: "200", usage: "the same for updates", check: isLimit},
		{name: "actor", value: whoami(), usage: "who does this, for history and approvals; nobody checks it"},
		{name: "approvals", value: "1", usage: "how many people have to approve", check: atLeastOne},
		{name: "four-eyes", value: "false", usage: "who asked for a sync cannot approve it", isBool: true},
		{name: "sign-in-timeout", value: syncer.AuthTimeoutDefault.String(), usage: "how long a sign-in may take", check: isDuration},
		{name: "approval-timeout", value: syncer.ApprovalTimeoutDefault.String(), usage: "how long a plan waits for a decision", check: isDuration},
		{name: "lease", value: syncer.LeaseDurationDefault.String(), usage: "after how long another process takes over from one that died; one under a minute leaves each write half of it", check: isDuration},
	}
}

// whoami returns the name of the operating system's user.
func whoami() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "somebody"
}

func oneOf(allowed ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(allowed, s) {
			return nil
		}
		return fmt.Errorf("%q is none of %s", s, strings.Join(allowed, ", "))
	}
}

func isLimit(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n == 0 {
		return fmt.Errorf("%q is no whole number other than 0", s)
	}
	return nil
}

func atLeastOne(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 1 {
		return fmt.Errorf("%q is no whole number from 1", s)
	}
	return nil
}

func isDuration(s string) error {
	if d, err := time.ParseDuration(s); err != nil || d <= 0 {
		return fmt.Errorf("%q is no length of time, such as 3m or 720h", s)
	}
	return nil
}

func isBool(s string) error {
	if _, err := strconv.ParseBool(s); err != nil {
		return fmt.Errorf("%q is neither true nor false", s)
	}
	return nil
}

// variable returns the name of a setting's environment variable.
func (s setting) variable() string {
	if s.name == "o" {
		return "TENANTSYNC_OUTPUT"
	}
	return "TENANTSYNC_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

func (s setting) checked(value string) error {
	if s.isBool {
		return isBool(value)
	}
	if s.check != nil {
		return s.check(value)
	}
	return nil
}

// value is the value of a setting and its source.
type value struct{ text, from string }

// settings holds the settings of the table and their values.
type settings struct {
	table  []setting
	flag   map[string]string
	chosen map[string]value
	// initialized is true if the folder has a file of settings.
	initialized bool
	// demoFile is the file's value of "demo".
	demoFile string
}

func newSettings() settings {
	return settings{table: settingTable(), flag: map[string]string{}, chosen: map[string]value{}}
}

// flags adds a flag for each setting.
func (s *settings) flags(fs *flag.FlagSet) {
	for _, each := range s.table {
		set := func(text string) error {
			s.flag[each.name] = text
			return each.checked(text)
		}
		if each.isBool {
			fs.BoolFunc(each.name, each.usage, set)
		} else {
			fs.Func(each.name, each.usage, set)
		}
	}
}

// load sets the settings without a flag: from the environment, else from the folder's
// file, else to the default.
func (s *settings) load(getenv func(string) string) error {
	var problems []error
	inFile := map[string]string{}
	for _, each := range s.table { // dir is the first: it says where the file is
		v := value{each.value, "default"}
		if text, ok := inFile[each.name]; ok {
			v = value{text, settingsFile}
		}
		if text := getenv(each.variable()); text != "" {
			v = value{text, each.variable()}
		}
		if text, ok := s.flag[each.name]; ok {
			v = value{text, "-" + each.name}
		}
		s.chosen[each.name] = v
		if err := each.checked(v.text); err != nil {
			problems = append(problems, fmt.Errorf("%s (%s): %w", each.name, v.from, err))
		}
		if each.name != "dir" {
			continue
		}
		var err error
		switch inFile, err = readSettings(s.path(settingsFile), s.table); {
		case err == nil:
			s.initialized = true
		case !errors.Is(err, fs.ErrNotExist):
			problems = append(problems, err)
		}
	}
	s.demoFile = inFile["demo"]
	if len(problems) > 0 {
		return &failure{exit: exitUsage, err: errors.Join(problems...), next: "tenantsync -h lists the settings"}
	}
	return nil
}

// readSettings reads a file of settings: a JSON object with the names of the
// table. Lists may be arrays.
func readSettings(path string, table []setting) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var raw map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&raw); err != nil {
		return nil, fmt.Errorf("%s is no JSON object: %w", path, err)
	}
	if d.More() {
		return nil, fmt.Errorf("%s has more than one JSON object", path)
	}
	out := map[string]string{}
	for name, v := range raw {
		i := slices.IndexFunc(table, func(s setting) bool { return s.name == name })
		if i < 0 || table[i].here {
			return nil, fmt.Errorf("%s: there is no setting %q", path, name)
		}
		text, err := settingText(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, name, err)
		}
		out[name] = text
	}
	return out, nil
}

// settingText converts a value of the file to the form of the flag.
func settingText(v json.RawMessage) (string, error) {
	var text string
	var many []string
	switch {
	case json.Unmarshal(v, &many) == nil && v[0] == '[':
		return strings.Join(many, ","), nil
	case json.Unmarshal(v, &text) == nil && v[0] == '"':
		return text, nil
	case v[0] == '{', v[0] == '[', v[0] == 'n':
		return "", errors.New("must be a text, a number, true, false or an array of texts")
	}
	return string(v), nil
}

func (s settings) text(name string) string { return s.chosen[name].text }
func (s settings) bool(name string) bool {
	b, _ := strconv.ParseBool(s.text(name)) // checked
	return b
}

func (s settings) int(name string) int {
	n, _ := strconv.Atoi(s.text(name)) // checked
	return n
}

func (s settings) duration(name string) time.Duration {
	d, _ := time.ParseDuration(s.text(name)) // checked
	return d
}

// list splits a list at its commas.
func (s settings) list(name string) []string {
	var out []string
	for _, each := range strings.Split(s.text(name), ",") {
		if each = strings.TrimSpace(each); each != "" {
			out = append(out, each)
		}
	}
	return out
}

// path returns the path of a file in the folder. It returns an absolute path unchanged.
func (s settings) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.text("dir"), name)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
