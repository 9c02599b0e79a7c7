package graph

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// addresses makes the addresses of requests to one Graph.
type addresses struct {
	endpoint string // "https://host"
	// directory returns the tenant's directory id, or "" if it is not known.
	directory func() string
}

// version returns the address of the version that the kind is at.
func (a addresses) version(e *catalogue.Entry) string { return a.endpoint + "/" + e.Version }

// of returns the address of a path below the kind's collection.
func (a addresses) of(e *catalogue.Entry, below string) string {
	return a.version(e) + a.relative(e, below)
}

// relative is the same relative to the version, as batches have it.
func (a addresses) relative(e *catalogue.Entry, below string) string {
	if !needsDirectory(e) {
		return e.Endpoint + below
	}
	directory, _ := odatajson.Segment(a.directory()) // Client.locate has looked at it
	return strings.ReplaceAll(e.Endpoint, directoryMark, directory) + below
}

// directoryMark stands in an endpoint for the directory id of the tenant.
const directoryMark = "{directory}"

// needsDirectory reports whether the addresses of a kind have the directory id in them.
func needsDirectory(e *catalogue.Entry) bool { return strings.Contains(e.Endpoint, directoryMark) }

// maxLink is the longest address of a page, in bytes. Servers refuse far shorter
// ones.
const maxLink = 64 << 10

// nextLink checks the address of a next page: a link to another host would take
// the token there.
func (a addresses) nextLink(link string) (string, error) {
	if link == "" {
		return "", nil
	}
	if len(link) > maxLink {
		return "", fmt.Errorf("the address of the next page has %d bytes, more than the limit of %d, and was not followed", len(link), maxLink)
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme+"://"+u.Host != a.endpoint || u.User != nil {
		return "", errors.New("the next page is on another host than the cloud's, and was not followed")
	}
	return link, nil
}

// query joins the parts that are not empty, after a question mark.
func query(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return ""
	}
	for i := range parts {
		parts[i] = strings.ReplaceAll(strings.TrimPrefix(parts[i], "?"), " ", "%20")
	}
	return "?" + strings.Join(parts, "&")
}
