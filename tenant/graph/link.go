package graph

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// maxLink is the longest address of a page, in bytes. Servers refuse far shorter
// ones.
const maxLink = 64 << 10

// nextLink checks the address of a next page: a link to another host would take
// the token there.
func (c *Client) nextLink(link string) (string, error) {
	if link == "" {
		return "", nil
	}
	if len(link) > maxLink {
		return "", fmt.Errorf("the address of the next page has %d bytes, more than the limit of %d, and was not followed", len(link), maxLink)
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme+"://"+u.Host != c.cfg.Endpoint || u.User != nil {
		return "", errors.New("the next page is on another host than the cloud's, and was not followed")
	}
	return link, nil
}

// relativeToVersion is an address as a batch has it: without host and version.
func (c *Client) relativeToVersion(e *catalogue.Entry, below string) string {
	return strings.TrimPrefix(c.relative(e, below), "/"+e.Version)
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
