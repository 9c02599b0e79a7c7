#!/usr/bin/env bash
# Guess:  SetName(nil) on a model and a PATCH clear the property: nil is null.
# Fact:   a nil property is left out: the PATCH is {}. Only additional data can say null.
# Matters: tools made with the SDK for Go cannot clear a description, and report success.
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


func main() {
	fmt.Println("nil property:", text(&model{}))
	fmt.Println("nil in additional data:", text(&model{data: map[string]any{"name": nil}}))
}
GO
go run . >seen
cat seen
grep -qx 'nil property: {}' seen
grep -qx 'nil in additional data: {"name":null}' seen
