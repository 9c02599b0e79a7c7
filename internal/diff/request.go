package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// requestBuilder collects ids and matches without duplicates.
type requestBuilder struct {
	kind    string
	ids     map[string]bool
	matches map[string]tenant.Match // by matchText
	// asked has the ids and texts of matches that take has returned.
	asked map[string]bool
}

func newRequest(kind string) *requestBuilder {
	return &requestBuilder{kind, map[string]bool{}, map[string]tenant.Match{}, map[string]bool{}}
}

func (b *requestBuilder) id(id string) {
	if id != "" && !b.asked[id] {
		b.ids[id] = true
	}
}

func (b *requestBuilder) match(m tenant.Match, ok bool) {
	if text := matchText(m); ok && !b.asked[text] {
		b.matches[text] = m
	}
}

// add collects the ids and matches of another builder.
func (b *requestBuilder) add(other *requestBuilder) {
	for id := range other.ids {
		b.id(id)
	}
	for text, m := range other.matches {
		if !b.asked[text] {
			b.matches[text] = m
		}
	}
}

func matchText(m tenant.Match) string {
	var text strings.Builder
	for _, p := range slices.Sorted(maps.Keys(m)) {
		text.Write(jsonval.AppendString(jsonval.AppendString(nil, p), m[p]))
	}
	return text.String()
}

// request returns a request for all collected ids and matches.
func (b *requestBuilder) request() tenant.ReadRequest {
	r := tenant.ReadRequest{Kind: b.kind, IDs: slices.Sorted(maps.Keys(b.ids))}
	for _, text := range slices.Sorted(maps.Keys(b.matches)) {
		r.Matches = append(r.Matches, b.matches[text])
	}
	return r
}

// take returns a request for the ids and matches that were collected since the
// last call. It reports false if there are none.
func (b *requestBuilder) take() (r tenant.ReadRequest, ok bool) {
	if len(b.ids)+len(b.matches) == 0 {
		return r, false
	}
	r = b.request()
	for id := range b.ids {
		b.asked[id] = true
	}
	for text := range b.matches {
		b.asked[text] = true
	}
	clear(b.ids)
	clear(b.matches)
	return r, true
}
