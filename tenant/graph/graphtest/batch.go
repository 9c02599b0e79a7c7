package graphtest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// maxBatch is the most requests of a batch.
const maxBatch = 20

// step is one request of a batch.
type step struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// checkSteps returns the error of a batch as a whole. With one, none of its requests is
// carried out.
func checkSteps(steps []step) string {
	switch n := len(steps); {
	case n == 0:
		return "Invalid batch payload format."
	case n > maxBatch:
		return fmt.Sprintf("Number of batch request steps exceeds the maximum value of %d.", maxBatch)
	}
	seen := map[string]int{} // ids are "Not case-sensitive"
	for i, s := range steps {
		if string(s.Body) == "null" {
			steps[i].Body, s.Body = nil, nil
		}
		u, err := url.Parse(s.URL)
		if err != nil || s.URL == "" || s.Method == "" || u.Host != "" || u.Scheme != "" {
			// "url: Required. The relative resource URL". Graph's answer to an
			// absolute one: microsoft-graph-docs-contrib, issue 8576.
			return "Invalid batch payload format."
		}
		id := strings.ToLower(s.ID)
		if _, twice := seen[id]; twice || id == "" {
			return "Every request in a batch needs a unique id: '" + s.ID + "'."
		}
		for _, on := range s.DependsOn {
			if at, known := seen[strings.ToLower(on)]; !known || at >= i {
				// A dependency stands before what depends on it:
				// msgraph-sdk-dotnet-core, issue 891.
				return "Invalid dependency for request Id: " + s.ID
			}
		}
		if s.Body != nil && !hasHeader(s.Headers, "Content-Type") {
			return fmt.Sprintf("Write request with id '%s' does not contain a Content-Type header.", s.ID)
		}
		seen[id] = i
	}
	return checkOrder(steps)
}

func hasHeader(headers map[string]string, name string) bool {
	for own := range headers {
		if strings.EqualFold(own, name) {
			return true
		}
	}
	return false
}

// checkOrder accepts three patterns of dependencies: none, each request on the one
// before it, and all on one request. "Batch should be either fully sequential or
// fully parallel"; the answer is in microsoft-graph-docs-contrib, issue 2339, and
// the third pattern in BatchRequestContent of @microsoft/microsoft-graph-client.
func checkOrder(steps []step) string {
	parallel, serial, same, on := true, true, true, ""
	for i, s := range steps {
		if len(s.DependsOn) == 0 {
			serial = serial && i == 0
			continue
		}
		parallel = false
		first := strings.ToLower(s.DependsOn[0])
		serial = serial && len(s.DependsOn) == 1 && i > 0 && first == strings.ToLower(steps[i-1].ID)
		same = same && len(s.DependsOn) == 1 && (on == "" || on == first)
		on = first
	}
	if parallel || serial || same {
		return ""
	}
	return "Batch should be either fully sequential or fully parallel."
}
