#!/usr/bin/env bash
# Guess:  an unquoted 2024_01 in YAML is a text, as YAML 1.2 and other readers have it.
# Fact:   read into any, it is the integer 202401: underscores between digits are taken out. NO, of the same old YAML, is a text.
# Matters: a file that another tool wrote without quotes gives a group named 2024_01 the name 202401.
# Seen with go.yaml.in/yaml/v3@v3.0.4, on Go 1.26. Needs go and the Go module proxy.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod
go mod init seen >/dev/null 2>&1
go get go.yaml.in/yaml/v3@v3.0.4 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

func main() {
	for _, text := range []string{"2024_01", "NO"} {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			panic(err)
		}
		fmt.Printf("%s is %T %v\n", text, v, v)
	}
}
GO
go run . >seen
cat seen
grep -qx '2024_01 is int 202401' seen
grep -qx 'NO is string NO' seen
