#!/usr/bin/env bash
# Guess:  GetDefaultMiddlewares returns the handlers in one order: retry, redirect, compression and so on.
# Fact:   they come out of a map: the order differs from call to call.
# Matters: what a retried write looks like differs from process to process; a fake that took it once may refuse it the next time.
# Seen with github.com/microsoft/kiota-abstractions-go@v1.9.3 and github.com/microsoft/kiota-http-go@v1.5.4, on Go 1.26. Needs go and the Go module proxy.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod
go mod init seen >/dev/null 2>&1
go get github.com/microsoft/kiota-abstractions-go@v1.9.3 github.com/microsoft/kiota-http-go@v1.5.4 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"

	kiotahttp "github.com/microsoft/kiota-http-go"
)

func main() {
	orders := map[string]bool{}
	for range 200 {
		order := ""
		for _, m := range kiotahttp.GetDefaultMiddlewares() {
			order += fmt.Sprintf("%T ", m)
		}
		orders[order] = true
	}
	fmt.Println("more than one order:", len(orders) > 1)
}
GO
go run . >seen
cat seen
grep -qx 'more than one order: true' seen
