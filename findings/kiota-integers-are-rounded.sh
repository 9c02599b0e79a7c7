#!/usr/bin/env bash
# Guess:  an unknown integer is written as it was read.
# Fact:   unknown numbers become float64: 9007199254740993 is written as 9007199254740992.
# Matters: ids and sizes of properties that are newer than the SDK change on the way through it.
# Seen with github.com/microsoft/kiota-abstractions-go@v1.9.3 and github.com/microsoft/kiota-serialization-json-go@v1.1.2, on Go 1.26. Needs go and the Go module proxy.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod
go mod init seen >/dev/null 2>&1
go get github.com/microsoft/kiota-abstractions-go@v1.9.3 github.com/microsoft/kiota-serialization-json-go@v1.1.2 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/microsoft/kiota-abstractions-go/serialization"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"
)

type model struct {
	name *string
	data map[string]any
}

func newModel(serialization.ParseNode) (serialization.Parsable, error) { return &model{data: map[string]any{}}, nil }

func (m *model) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{"name": func(n serialization.ParseNode) (err error) { m.name, err = n.GetStringValue(); return err }}
}

func (m *model) Serialize(w serialization.SerializationWriter) error {
	if err := w.WriteStringValue("name", m.name); err != nil {
		return err
	}
	return w.WriteAdditionalData(m.data)
}

func (m *model) GetAdditionalData() map[string]any  { return m.data }
func (m *model) SetAdditionalData(d map[string]any) { m.data = d }

func text(m *model) string {
	w := kiotajson.NewJsonSerializationWriter()
	if err := w.WriteObjectValue("", m); err != nil {
		panic(err)
	}
	out, err := w.GetSerializedContent()
	if err != nil {
		panic(err)
	}
	return string(out)
}

func read(body string) *model {
	node, err := kiotajson.NewJsonParseNode([]byte(body))
	if err != nil {
		panic(err)
	}
	v, err := node.GetObjectValue(newModel)
	if err != nil {
		panic(err)
	}
	return v.(*model)
}

func main() {
	fmt.Println(text(read(`{"size":9007199254740993}`)))
}
GO
go run . >seen
cat seen
grep -qx '{"size":9007199254740992}' seen
