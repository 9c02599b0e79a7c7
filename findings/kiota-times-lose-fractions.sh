#!/usr/bin/env bash
# Guess:  a time that is read is written as it was: "2026-01-02T03:04:05.1234567Z".
# Fact:   the fraction of the second is cut off: "2026-01-02T03:04:05Z", and the last moment of a day is a second early.
# Matters: services write seven digits; an export through the SDK differs from the answer, and equals another object's time.
# Seen with github.com/microsoft/kiota-serialization-json-go@v1.1.2, on Go 1.26. Needs go and the Go module proxy.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod
go mod init seen >/dev/null 2>&1
go get github.com/microsoft/kiota-serialization-json-go@v1.1.2 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"

	kiotajson "github.com/microsoft/kiota-serialization-json-go"
)

func main() {
	for _, text := range []string{`"2026-01-02T03:04:05.1234567Z"`, `"2026-12-31T23:59:59.9999999Z"`} {
		node, err := kiotajson.NewJsonParseNode([]byte(text))
		if err != nil {
			panic(err)
		}
		t, err := node.GetTimeValue()
		if err != nil {
			panic(err)
		}
		w := kiotajson.NewJsonSerializationWriter()
		if err := w.WriteTimeValue("", t); err != nil {
			panic(err)
		}
		out, err := w.GetSerializedContent()
		if err != nil {
			panic(err)
		}
		fmt.Println("read", text, "nanoseconds", t.Nanosecond(), "written", string(out))
	}
}
GO
go run . >seen
cat seen
grep -qx 'read "2026-01-02T03:04:05.1234567Z" nanoseconds 123456700 written "2026-01-02T03:04:05Z"' seen
grep -qx 'read "2026-12-31T23:59:59.9999999Z" nanoseconds 999999900 written "2026-12-31T23:59:59Z"' seen
