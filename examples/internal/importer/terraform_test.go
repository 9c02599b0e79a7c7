package importer

import (
	"fmt"
	"strings"
	"testing"
)

// A text of a configuration is a template, and one of a state is not.
func TestTextsOfTerraform(t *testing.T) {
	configuration := func(text string) string {
		return fmt.Sprintf(`{"resource":{"azuread_group":{"g":{"display_name":"G","description":%q}}}}`, text)
	}
	state := func(text string) string {
		return fmt.Sprintf(`{"version":4,"terraform_version":"1.9.0","resources":[{"mode":"managed","type":"azuread_group","name":"g","instances":[{"attributes":{"display_name":"G","description":%q}}]}]}`, text)
	}
	tests := []struct{ file, text, want string }{ // want is as a repository has it; "" for a refusal
		{"configuration", "plain", "plain"},
		{"configuration", "costs $${5}", "costs $${5}"},
		{"configuration", "all %%{x}", "all %{x}"},
		{"configuration", "to ${var.name}", ""},
		{"configuration", "to $${a} and ${var.name}", ""},
		{"configuration", "%{ if true }x%{ endif }", ""},
		{"state", "costs ${5}", "costs $${5}"},
		{"state", "costs $${5}", "costs $$${5}"},
		{"state", "all %{x}", "all %{x}"},
	}
	for _, tt := range tests {
		t.Run(tt.file+" "+tt.text, func(t *testing.T) {
			file := configuration(tt.text)
			if tt.file == "state" {
				file = state(tt.text)
			}
			im := importFiles(t, map[string]string{"x.json": file})
			switch {
			case tt.want == "" && len(im.Resources) > 0:
				t.Errorf("imported as %s", im.Resources[0].Body)
			case tt.want != "" && (len(im.Resources) != 1 || !strings.Contains(string(im.Resources[0].Body), `"description": "`+tt.want+`"`)):
				t.Errorf("imported: %+v, left out: %+v, want the text %q", im.Resources, im.Report.LeftOut, tt.want)
			}
		})
	}
}

// A property that a translation lacks makes the resource unusable, if it says
// anything.
func TestUnknownPropertiesOfForeignForms(t *testing.T) {
	for value, imported := range map[string]bool{`true`: false, `"x"`: false, `["x"]`: false, `[{"a":1}]`: false, `7`: false, `false`: true, `null`: true, `""`: true, `[]`: true, `0`: true, `[{"a":false}]`: true} {
		files := map[string]string{
			"terraform": `{"resource":{"azuread_group":{"g":{"display_name":"G","future":` + value + `}}}}`,
			"dsc":       `[{"ResourceName":"AADGroup","ResourceInstanceName":"g","DisplayName":"G","Future":` + value + `}]`,
		}
		for name, text := range files {
			im := importFiles(t, map[string]string{"x.json": text})
			if got := len(im.Resources) == 1; got != imported {
				t.Errorf("%s with %s: imported %v, want %v: %+v", name, value, got, imported, im.Report.LeftOut)
			}
		}
	}
}
