#!/usr/bin/env bash
# Guess:  a text in Terraform's JSON configuration (*.tf.json) is the text.
# Fact:   it is a template: "$${5}" is "${5}", "%{ if … }" is carried out, and "${name}" is an error where name is unknown. In a state or a plan, texts are texts.
# Matters: a tool that imports such a file must undo the escapes there and nowhere else, or a message or a script is another one afterwards.
# Seen with github.com/hashicorp/hcl/v2@v2.24.0, on Go 1.26. Needs go and the Go module proxy.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod
go mod init seen >/dev/null 2>&1
go get github.com/hashicorp/hcl/v2@v2.24.0 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/json"
)

func main() {
	for _, text := range []string{"plain", "costs $${5}", "hello %{ if true }there%{ endif }", "all %%{x}", "to ${name}"} {
		file, diags := json.Parse(fmt.Appendf(nil, `{"description": %q}`, text), "main.tf.json")
		if diags.HasErrors() {
			panic(diags)
		}
		attributes, _ := file.Body.JustAttributes()
		value, diags := attributes["description"].Expr.Value(new(hcl.EvalContext))
		if diags.HasErrors() {
			fmt.Printf("%s: error, %s\n", text, diags[0].Summary)
			continue
		}
		fmt.Printf("%s: %s\n", text, value.AsString())
	}
}
GO
go mod tidy >/dev/null 2>&1
go run . >seen
cat seen
grep -qxF 'plain: plain' seen
grep -qxF 'costs $${5}: costs ${5}' seen
grep -qxF 'hello %{ if true }there%{ endif }: hello there' seen
grep -qxF 'all %%{x}: all %{x}' seen
grep -qxF 'to ${name}: error, Variables not allowed' seen
