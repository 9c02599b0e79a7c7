// Package odata reads the query options of Microsoft Graph and carries them out
// on decoded JSON objects: $filter, $search, $orderby, $select, $expand, $count,
// $top, $skip and $skiptoken. It refuses a query that it does not understand, with
// Graph's error code, and never answers it with an empty list.
//
// Each rule names the page that it comes from. Pages are below
// https://learn.microsoft.com/graph/.
package odata

import "fmt"

// Error is a query that is refused. Its status is always 400 Bad Request.
type Error struct {
	// Code is Graph's error code.
	Code string
	// Message is for developers, as Graph's messages are.
	Message string
}

// Error is part of the interface error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// The codes of refused queries. Directory objects have codes of their own: see
// "Error handling for advanced queries on directory objects" in aad-advanced-queries.
const (
	BadRequest       = "BadRequest"
	UnsupportedQuery = "Request_UnsupportedQuery"
	DirectoryRequest = "Request_BadRequest"
)

func badRequest(format string, args ...any) *Error {
	return &Error{Code: BadRequest, Message: fmt.Sprintf(format, args...)}
}

func unsupported(format string, args ...any) *Error {
	return &Error{Code: UnsupportedQuery, Message: fmt.Sprintf(format, args...)}
}
