package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Each setting is taken from its flag, else from its variable, else from the
// file, else from its default.
func TestSettingsPrecedence(t *testing.T) {
	// Three values that differ, for each form of a setting.
	values := map[string][3]string{
		"o": {"json", "text", "json"}, "demo-people": {"asks", "declines", "never"}, "cloud": {"china", "usgov-l4", "usgov-l5"},
		"sign-in": {"secret", "certificate", "federated"}, "drift": {"enforce", "adopt", "enforce"},
		"max-deletes": {"1", "2", "3"}, "max-updates": {"1", "2", "3"}, "approvals": {"2", "3", "4"},
		"sign-in-timeout": {"1s", "2s", "3s"}, "approval-timeout": {"1s", "2s", "3s"}, "lease": {"1s", "2s", "3s"},
	}
	for _, s := range settingTable() {
		if s.name == "dir" {
			continue // it says where the file is
		}
		t.Run(s.name, func(t *testing.T) {
			v, ok := values[s.name]
			if !ok {
				v = [3]string{"a", "b", "c"}
			}
			if s.isBool {
				v = [3]string{"true", "false", "true"}
			}
			file := map[string]string{}
			env := map[string]string{}
			flags := map[string]string{}
			check := func(value, from string) {
				t.Helper()
				dir := t.TempDir()
				data, err := json.Marshal(file)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, settingsFile), data, 0o600); err != nil {
					t.Fatal(err)
				}
				got := newSettings()
				got.flag = map[string]string{"dir": dir}
				for name, text := range flags {
					got.flag[name] = text
				}
				if err := got.load(func(name string) string { return env[name] }); err != nil {
					t.Fatal(err)
				}
				if now := got.chosen[s.name]; now.text != value || now.from != from {
					t.Errorf("%s is %q from %s, want %q from %s", s.name, now.text, now.from, value, from)
				}
			}
			check(s.value, "default")
			if !s.here {
				file[s.name] = v[0]
				check(v[0], settingsFile)
			}
			env[s.variable()] = v[1]
			check(v[1], s.variable())
			flags[s.name] = v[2]
			check(v[2], "-"+s.name)
		})
	}
}
