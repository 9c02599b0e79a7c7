package graphtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBatch is the most requests of a batch.
const maxBatch = 20

// batch carries out the requests of a batch, each by itself, and answers them
// in another order. The outer answer says nothing of theirs.
func (c *call) batch(version string) answer {
	var req struct {
		Requests []struct {
			ID     string          `json:"id"`
			Method string          `json:"method"`
			URL    string          `json:"url"`
			Body   json.RawMessage `json:"body"`
		} `json:"requests"`
	}
	if err := json.Unmarshal(c.body, &req); err != nil || len(req.Requests) == 0 {
		return c.fail(http.StatusBadRequest, "BadRequest", "Invalid batch payload format.")
	}
	if len(req.Requests) > maxBatch {
		return c.fail(http.StatusBadRequest, "BadRequest", fmt.Sprintf("Number of batch request steps exceeds the maximum value of %d.", maxBatch))
	}
	seen := map[string]bool{}
	var responses []map[string]any
	for _, r := range req.Requests {
		u, err := url.Parse(r.URL)
		if err != nil || r.ID == "" || seen[r.ID] || u.Host != "" {
			return c.fail(http.StatusBadRequest, "BadRequest", "Every request needs an id of its own and a relative address.")
		}
		seen[r.ID] = true
		inner := &call{server: c.server, ctx: c.ctx, method: r.Method, path: "/" + version + "/" + strings.TrimPrefix(u.EscapedPath(), "/"),
			query: u.Query(), host: c.host, body: r.Body, token: c.token, id: c.server.newID(), isPart: true}
		a := inner.answer()
		c.inner = append(c.inner, Request{Time: time.Now(), Method: r.Method, Path: "/" + version + r.URL, Inner: true, Status: a.status, ID: inner.id})
		headers := map[string]string{"request-id": inner.id, "Content-Type": "application/json"}
		for name := range a.header {
			headers[name] = a.header.Get(name)
		}
		one := map[string]any{"id": r.ID, "status": a.status, "headers": headers}
		if a.body != nil {
			one["body"] = json.RawMessage(a.body)
		}
		responses = append([]map[string]any{one}, responses...)
	}
	return c.ok(http.StatusOK, map[string]any{"responses": responses})
}
