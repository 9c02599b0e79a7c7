#!/usr/bin/env bash
# Guess:  an object with properties that the model does not know is written as it was read.
# Fact:   an unknown property that is null is gone, while a null inside an unknown object stays.
# Matters: what a service answers with null and a client sends back whole loses the difference between null and absent.
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
	fmt.Println("alone:", text(read(`{"unknown":null}`)))
	fmt.Println("within:", text(read(`{"unknown":{"inner":null}}`)))
}
GO
go run . >seen
cat seen
grep -qx 'alone: {}' seen
grep -qx 'within: {"unknown":{"inner":null}}' seen
