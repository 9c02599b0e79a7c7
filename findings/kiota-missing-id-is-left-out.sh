#!/usr/bin/env bash
# Guess:  a request whose template names an id that was never set is an error before it is sent, as one without the base address is.
# Fact:   the id is left out, without an error: the addresses are /directory/deletedItems//restore and /groups/.
# Matters: a server that joins double slashes, or drops the last one, takes it for a request to the collection.
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

	kiota "github.com/microsoft/kiota-abstractions-go"
)

func main() {
	for _, template := range []string{"{+baseurl}/directory/deletedItems/{directoryObject%2Did}/restore", "{+baseurl}/groups/{group%2Did}"} {
		r := kiota.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(kiota.POST, template, map[string]string{"baseurl": "https://graph.microsoft.com/v1.0"})
		address, err := r.GetUri()
		fmt.Println(address, err)
	}
	r := kiota.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(kiota.POST, "{+baseurl}/groups", map[string]string{})
	_, err := r.GetUri()
	fmt.Println("without a base address:", err != nil)
}
GO
go run . >seen
cat seen
grep -qxF 'https://graph.microsoft.com/v1.0/directory/deletedItems//restore <nil>' seen
grep -qxF 'https://graph.microsoft.com/v1.0/groups/ <nil>' seen
grep -qxF 'without a base address: true' seen
