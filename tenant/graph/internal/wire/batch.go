package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// BatchSize is the most requests that a batch may have:
// https://learn.microsoft.com/graph/json-batching.
const BatchSize = 20

type batchRequest struct {
	Requests []batchItem `json:"requests"`
}

type batchItem struct {
	ID     string            `json:"id"`
	Method string            `json:"method"`
	URL    string            `json:"url"`
	Header map[string]string `json:"headers,omitempty"`
}

type batchAnswer struct {
	Responses []batchResponse `json:"responses"`
}

type batchResponse struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// Batch returns the request that reads several addresses. root is the address of the
// version. The addresses are relative to it, and each is read with the headers.
func Batch(root string, addresses []string, headers map[string]string) (Request, error) {
	var b batchRequest
	for i, address := range addresses {
		b.Requests = append(b.Requests, batchItem{ID: batchID(i), Method: http.MethodGet, URL: address, Header: headers})
	}
	body, err := json.Marshal(b)
	if err != nil {
		return Request{}, fmt.Errorf("graph: encode batch: %w", err)
	}
	return Request{Method: http.MethodPost, URL: root + "/$batch", Body: body}, nil
}

// batchID is the id, within its batch, of the request at index i.
func batchID(i int) string { return strconv.Itoa(i + 1) }

// Part is the answer to one request of a batch.
type Part struct {
	Answer
	// Times is how often the batch's answer has it. Of two answers, the right one
	// cannot be told.
	Times int
}

// Parts returns the answers to the n requests of a batch, in the order of the
// requests. a is the answer to the batch.
func (a Answer) Parts(n int) ([]Part, error) {
	var got batchAnswer
	if err := odatajson.Decode(a.Body, &got); err != nil {
		return nil, fmt.Errorf("the batch's answer: %w", err)
	}
	parts := make([]Part, n)
	for _, res := range got.Responses { // in any order
		i, err := strconv.Atoi(res.ID)
		if i--; err != nil || i < 0 || i >= n || res.ID != batchID(i) {
			continue
		}
		parts[i] = Part{Answer: res.answer(a.RequestID), Times: parts[i].Times + 1}
	}
	return parts, nil
}

// answer returns the response as an answer of its own. batch is the request id of
// the batch, for a response without its own.
func (res batchResponse) answer(batch string) Answer {
	a := Answer{Status: res.Status, Header: http.Header{}, Body: res.Body, RequestID: batch}
	for _, name := range slices.Sorted(maps.Keys(res.Headers)) { // always the same one of two spellings
		a.Header.Add(name, res.Headers[name])
	}
	if id := Word(a.Header.Get("request-id")); id != "" {
		a.RequestID = id
	}
	return a
}
