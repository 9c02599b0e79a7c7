#!/usr/bin/env bash
# Guess:  an ISO 8601 duration that is read is written as it was: "PT24H".
# Fact:   it is written in larger units: PT24H as P1D, P30D as P4W2D.
# Matters: policies hold durations; compared as text, each one that went through the SDK is drift.
# Seen with github.com/microsoft/kiota-abstractions-go@v1.9.3, on Go 1.26. Needs go and the Go module proxy.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod
go mod init seen >/dev/null 2>&1
go get github.com/microsoft/kiota-abstractions-go@v1.9.3 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/microsoft/kiota-abstractions-go/serialization"
)

func main() {
	for _, text := range []string{"PT24H", "P30D", "PT90M"} {
		d, err := serialization.ParseISODuration(text)
		if err != nil {
			panic(err)
		}
		fmt.Println(text, d)
	}
}
GO
go run . >seen
cat seen
grep -qx 'PT24H P1D' seen
grep -qx 'P30D P4W2D' seen
grep -qx 'PT90M PT1H30M' seen
