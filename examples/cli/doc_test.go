package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/internal/script"
)

// generated are the parts of the package's comment that -h prints too.
func generated() map[string]string {
	return map[string]string{"Commands": commandList(), "Exit status": exitCodes + "\n", "Settings": settingList(settingTable())}
}

// The package's comment lists commands, exit statuses and settings as -h does.
// With -update it is made so.
func TestDocumentation(t *testing.T) {
	raw, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for title, want := range generated() {
		// The first block of code below the title.
		block := regexp.MustCompile(`(?s)(// # ` + title + `\n.*?//\n)((?://\t[^\n]*\n)+)`)
		m := block.FindStringSubmatchIndex(text)
		if m == nil {
			t.Fatalf("the comment has no block below %q", title)
		}
		var lines strings.Builder
		for line := range strings.Lines(want) {
			lines.WriteString("//\t" + strings.TrimPrefix(line, "  "))
		}
		text = text[:m[4]] + lines.String() + text[m[5]:]
	}
	script.Golden(t, "doc.go", []byte(text))
}

// The README has the permissions that the program prints.
func TestReadmePermissions(t *testing.T) {
	readme := filepath.Join("..", "..", "README.md")
	raw, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(raw), "<!-- permissions -->\n")
	_, after, ok2 := strings.Cut(rest, "   <!-- /permissions -->")
	if !ok || !ok2 {
		t.Fatal("the README has no place for permissions")
	}
	a := &app{surroundings: surroundings{getenv: func(string) string { return "" }}, set: newSettings()}
	a.set.flag["dir"] = t.TempDir()
	if err := a.set.load(a.getenv); err != nil {
		t.Fatal(err)
	}
	needed, err := a.needed(t.Context(), tenantFile{}, "full")
	if err != nil {
		t.Fatal(err)
	}
	if len(needed.Delegated) == 0 || len(needed.Delegated) != len(needed.Application) {
		t.Fatalf("%d delegated and %d application permissions: the README has one list for both", len(needed.Delegated), len(needed.Application))
	}
	var mandatory, optional []string
	for i, p := range needed.Delegated {
		if needed.Application[i].Name != p.Name {
			t.Errorf("%s for people and %s for applications: the README has one list for both", p.Name, needed.Application[i].Name)
		}
		if p.Mandatory {
			mandatory = append(mandatory, "`"+p.Name+"`")
		} else {
			optional = append(optional, "`"+p.Name+"`")
		}
	}
	line := "   " + strings.Join(mandatory, ", ") + "; optional: " + strings.Join(optional, ", ") + ".\n"
	script.Golden(t, readme, []byte(before+"<!-- permissions -->\n"+line+"   <!-- /permissions -->"+after))
}

// The README's commands work, in their order: against the fakes.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(raw), "\n## Connect a real tenant\n")
	section, _, _ = strings.Cut(section, "\n## ")
	synctest.Test(t, func(t *testing.T) {
		const id = "00000000-0000-4000-8000-000000000001"
		p := newPlace(t)
		p.prepare = func(d *demo) {
			if fake, err := d.tenant("contoso"); err != nil {
				t.Error(err)
			} else {
				fake.server.AddUser(id, `{}`)
			}
		}
		ran := 0
		for line := range strings.Lines(section) {
			command, ok := strings.CutPrefix(strings.TrimSpace(line), "./tenantsync ")
			if !ok {
				continue
			}
			ran++
			args := strings.Fields(command)
			want := exitDone
			for i, arg := range args {
				switch arg {
				case "init":
					args = append(args, "-demo")
				case "CODE":
					args[i] = p.plan()
				case "OBJECT_ID_OF_AN_EMERGENCY_ACCOUNT", "DIRECTORY_ID", "APPLICATION_ID":
					args[i] = id
				}
			}
			if command == "sync contoso" {
				want = exitPerson // the plan waits
			}
			if out, err, exit := p.run(t.Context(), args...); exit != want {
				t.Errorf("%s: exit status %d, want %d\n%s%s", command, exit, want, err, out)
			}
		}
		if ran < 9 {
			t.Errorf("the README has %d commands, want at least 9", ran)
		}
		if !strings.Contains(p.all.String(), "contoso: Idle (deployed") {
			t.Error("the commands do not lead to a deployed configuration")
		}
		p.noSecrets()
	})
}
