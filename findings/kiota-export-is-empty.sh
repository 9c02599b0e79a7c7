#!/usr/bin/env bash
# Guess:  serialization.SerializeToJson writes an object as it was read: that makes an export.
# Fact:   with a backing store it writes what has changed since the read: the export is {}.
# Matters: the Graph SDKs make their clients with a backing store, and a tool that exports with them keeps empty files.
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

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoft/kiota-abstractions-go/store"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"
)

// group is a model as the SDK generates them, with one property.
type group struct{ backing store.BackingStore }

func newGroup(serialization.ParseNode) (serialization.Parsable, error) {
	return &group{store.BackingStoreFactoryInstance()}, nil
}

func (g *group) GetBackingStore() store.BackingStore { return g.backing }

func (g *group) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{"displayName": func(n serialization.ParseNode) error {
		v, err := n.GetStringValue()
		if err == nil && v != nil {
			err = g.backing.Set("displayName", v)
		}
		return err
	}}
}

func (g *group) Serialize(w serialization.SerializationWriter) error {
	v, err := g.backing.Get("displayName")
	if err != nil {
		return err
	}
	name, _ := v.(*string)
	return w.WriteStringValue("displayName", name)
}

func read() serialization.Parsable {
	g, err := serialization.DeserializeFromJson([]byte(`{"displayName": "Pilot"}`), newGroup)
	if err != nil {
		panic(err)
	}
	return g
}

func written(g serialization.Parsable) string {
	text, err := serialization.SerializeToJson(g)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func main() {
	abstractions.RegisterDefaultSerializer(func() serialization.SerializationWriterFactory { return kiotajson.NewJsonSerializationWriterFactory() })
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return kiotajson.NewJsonParseNodeFactory() })
	fmt.Println("read and written:", written(read()))
	// What a client of an SDK does when it is made.
	abstractions.EnableBackingStoreForSerializationWriterFactory(serialization.DefaultSerializationWriterFactoryInstance)
	abstractions.EnableBackingStoreForParseNodeFactory(serialization.DefaultParseNodeFactoryInstance)
	fmt.Println("with a backing store:", written(read()))
}
GO
go mod tidy >/dev/null 2>&1
go run . >seen
cat seen
grep -qx 'read and written: {"displayName":"Pilot"}' seen
grep -qx 'with a backing store: {}' seen
