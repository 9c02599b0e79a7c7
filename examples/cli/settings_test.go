package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
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

// The limits that the settings have by default are those of a plan whose rules
// say nothing.
func TestSettingsLimits(t *testing.T) {
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "groups", Update: true, Delete: true}})
	if err != nil {
		t.Fatal(err)
	}
	in := diff.Input{Tenant: "contoso", Kinds: kinds, Base: &diff.Base{Format: format.FormatVersion},
		Current: tenant.Snapshot{Kinds: []tenant.KindState{{Kind: "groups", Completeness: tenant.Complete}}}}
	for i := range 2000 { // of which half are deleted and half updated
		key := fmt.Sprint(i)
		body := json.RawMessage(`{"displayName":"` + key + `","x":1}`)
		in.Base.Objects = append(in.Base.Objects, &diff.BaseObject{Kind: "groups", Key: key, ID: key, Body: body})
		in.Current.Resources = append(in.Current.Resources, tenant.Resource{Kind: "groups", ID: key, Body: body})
		if i%2 == 0 {
			in.Desired.Resources = append(in.Desired.Resources, tenant.Resource{Kind: "groups", Key: key, Body: json.RawMessage(`{"displayName":"` + key + `","x":2}`)})
		}
	}
	result, err := diff.Compare(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	limits := map[string]string{} // by rule; the first is that of all kinds together
	for _, b := range result.Plan.Broken {
		if _, ok := limits[b.Rule]; !ok {
			limits[b.Rule] = strconv.Itoa(b.Limit)
		}
	}
	for _, s := range settingTable() {
		if s.name == "max-deletes" || s.name == "max-updates" {
			if s.value != limits[s.name] {
				t.Errorf("%s is %s by default, and rules that say nothing have %s", s.name, s.value, limits[s.name])
			}
			delete(limits, s.name)
		}
	}
	if _, left := limits["max-deletes"]; left {
		t.Error("no setting is called max-deletes")
	}
	if _, left := limits["max-updates"]; left {
		t.Error("no setting is called max-updates")
	}
}
