#!/usr/bin/env bash
# Guess:  the error of a failed step of a batch says what the error of a single request says: status 412 and the response headers.
# Fact:   its status is 0 and it has no headers: GetBatchResponseById fills neither.
# Matters: a write that waits for a second administrator is answered with a header that names the approval; in a batch only the item, BatchResponse.GetResponseById, has it.
# Seen with github.com/microsoftgraph/msgraph-sdk-go-core@v1.4.0, on Go 1.26. Needs go and the Go module proxy.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod
go mod init seen >/dev/null 2>&1
go get github.com/microsoftgraph/msgraph-sdk-go-core@v1.4.0 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	kiota "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	kiotahttp "github.com/microsoft/kiota-http-go"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
)

type failure struct {
	kiota.ApiError
	code *string
}

func newFailure(serialization.ParseNode) (serialization.Parsable, error) { return &failure{}, nil }

func (f *failure) Serialize(serialization.SerializationWriter) error { return nil }
func (f *failure) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{"code": func(n serialization.ParseNode) (err error) { f.code, err = n.GetStringValue(); return err }}
}

func show(title string, err error) {
	var f *failure
	if !errors.As(err, &f) {
		panic(err)
	}
	approval := []string{}
	if f.ResponseHeaders != nil {
		approval = f.ResponseHeaders.Get("x-msft-approval-code")
	}
	fmt.Println(title, *f.code, f.ResponseStatusCode, approval)
}

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasSuffix(r.URL.Path, "/$batch") {
			w.Header().Set("x-msft-approval-code", "5")
			w.WriteHeader(http.StatusPreconditionFailed)
			fmt.Fprint(w, `{"code":"waits"}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, rest, _ := strings.Cut(string(body), `"id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		fmt.Fprintf(w, `{"responses":[{"id":%q,"status":412,"headers":{"Content-Type":"application/json","x-msft-approval-code":"5"},"body":{"code":"waits"}}]}`, id)
	}))
	kiota.RegisterDefaultSerializer(func() serialization.SerializationWriterFactory { return kiotajson.NewJsonSerializationWriterFactory() })
	kiota.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return kiotajson.NewJsonParseNodeFactory() })
	adapter, err := kiotahttp.NewNetHttpRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(new(authentication.AnonymousAuthenticationProvider), nil, nil, http.DefaultClient)
	if err != nil {
		panic(err)
	}
	adapter.SetBaseUrl(server.URL + "/v1.0")
	mapping := kiota.ErrorMappings{"4XX": newFailure}
	if err := core.RegisterError(core.BatchRequestErrorRegistryKey, mapping); err != nil {
		panic(err)
	}
	request := func() *kiota.RequestInformation {
		return kiota.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(kiota.DELETE, "{+baseurl}/x", map[string]string{"baseurl": adapter.GetBaseUrl()})
	}

	show("single:", adapter.SendNoContent(context.Background(), request(), mapping))

	batch := core.NewBatchRequest(adapter)
	step, err := batch.AddBatchRequestStep(*request())
	if err != nil {
		panic(err)
	}
	answers, err := batch.Send(context.Background(), adapter)
	if err != nil {
		panic(err)
	}
	_, err = core.GetBatchResponseById[*failure](answers, *step.GetId(), newFailure)
	show("batch: ", err)
	item := answers.GetResponseById(*step.GetId())
	fmt.Println("item:  ", *item.GetStatus(), item.GetHeaders()["x-msft-approval-code"])
}
GO
go run . >seen
cat seen
grep -qx 'single: waits 412 \[5\]' seen
grep -qx 'batch:  waits 0 \[\]' seen
grep -qx 'item:   412 5' seen
