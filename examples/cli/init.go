package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/tenantsync/tenantsync/examples/internal/keep"
)

// initialize is the command "init".
func initialize(a *app) func(context.Context, []string) error {
	return func(ctx context.Context, _ []string) error {
		dir, err := keep.Open(a.set.text("dir"))
		if err != nil {
			return err
		}
		if a.set.initialized {
			if err := a.ready(); err != nil {
				return err
			}
		}
		if _, err := a.set.catalogue(); err != nil {
			return err
		}
		var made, kept []string
		note := func(name string, err error) error {
			if errors.Is(err, fs.ErrExist) {
				kept = append(kept, name)
				return nil
			}
			if err == nil {
				made = append(made, name)
			}
			return err
		}
		data, err := a.set.file()
		if err != nil {
			return err
		}
		if err := note(settingsFile, dir.Create(settingsFile, data)); err != nil {
			return err
		}
		if slices.Contains(kept, settingsFile) && len(a.set.given()) > 0 {
			a.say("%s is there already and stays as it is: edit it to change settings.\n", dir.File(settingsFile))
		}
		for _, key := range []struct{ file, variable string }{{keyFile, keyVariable}, {hashFile, hashVariable}} {
			had := exists(dir.File(key.file))
			if a.getenv(key.variable) != "" {
				continue
			}
			if err := makeKey(dir, key.file); err != nil {
				return err
			}
			if had {
				kept = append(kept, key.file)
			} else {
				made = append(made, key.file)
			}
		}
		for _, name := range []string{tenantsFolder, configurationDir} {
			if err := note(name, os.Mkdir(dir.File(name), 0o700)); err != nil {
				return err
			}
		}
		had := exists(dir.File(storeFile))
		a.set.initialized, a.set.demoFile = true, fmt.Sprint(a.set.bool("demo"))
		if err := a.with(ctx, func(*engine) error { return nil }); err != nil {
			return err
		}
		if had {
			kept = append(kept, storeFile)
		} else {
			made = append(made, storeFile)
		}
		a.show(map[string]any{"dir": a.set.text("dir"), "made": append([]string{}, made...), "kept": append([]string{}, kept...)}, func() {
			for _, name := range made {
				a.printf("made %s\n", dir.File(name))
			}
			for _, name := range kept {
				a.printf("kept %s\n", dir.File(name))
			}
			switch {
			case a.set.text("client-id") == "" && !a.set.bool("demo"):
				a.printf("Next: write the client-id of your app registration into %s, then tenantsync permissions\n", dir.File(settingsFile))
			case a.set.bool("demo"):
				a.printf("Next: tenantsync tenants add NAME\n")
			default:
				a.printf("Next: tenantsync permissions, then tenantsync tenants add NAME\n")
			}
		})
		return nil
	}
}

// given returns the settings of the command line that the file may contain.
func (s settings) given() map[string]any {
	out := map[string]any{}
	for _, each := range s.table {
		text, ok := s.flag[each.name]
		switch {
		case !ok || each.here:
		case each.isBool:
			out[each.name] = s.bool(each.name)
		default:
			out[each.name] = text
		}
	}
	return out
}

// file returns the content of a new file of settings, with the settings of the command
// line.
func (s settings) file() ([]byte, error) {
	given := s.given()
	if _, ok := given["client-id"]; !ok && !s.bool("demo") {
		given["client-id"] = s.text("client-id")
	}
	if s.bool("demo") {
		given["demo"] = true
	}
	data, err := json.MarshalIndent(given, "", "  ")
	return append(data, '\n'), err
}
