package wire

import (
	"net/http"
	"testing"
)

// A write that is held is known by the code, in the header or in the message, by the
// word of the error, or by the message that a request is open; never by its status.
func TestHeld(t *testing.T) {
	const code = "aabb1234-5678-9012-abcd-ef0123456789"
	failed := func(word, message string) string {
		return `{"error":{"code":"` + word + `","message":"` + message + `"}}`
	}
	for _, tt := range []struct {
		name   string
		status int
		header string
		body   string
		code   string
		held   bool
	}{
		{"412 with the header", 412, code, failed("BadRequest", "x"), code, true},
		{"403 with the header", 403, code, failed("Forbidden", "x"), code, true},
		{"another status with the header", 400, code, "", code, true},
		{"403 with the word", 403, "", failed("ApprovalRequired", "x"), "", true},
		{"403 with the code in the text", 403, "", failed("ApprovalRequired", "as part of the x-msft-approval-code response header. x-msft-approval-code: "+code), code, true},
		{"412 with Intune's own JSON in the text", 412, "", failed("BadRequest", `{\"_version\":3,\"Message\":\"Approval Required. x-msft-approval-code: `+code+` - Operation ID\"}`), code, true},
		{"the header counts before the text", 412, code, failed("BadRequest", "x-msft-approval-code: 00000000-0000-0000-0000-000000000000"), code, true},
		{"409 of an open request", 409, "", failed("Conflict", "An active Approval Request already exists"), "", true},
		{"412 of a precondition", 412, "", failed("PreconditionFailed", "The etag does not match."), "", false},
		{"403 of a permission", 403, "", failed("Forbidden", "Insufficient privileges."), "", false},
		{"409 of a name", 409, "", failed("Conflict", "An object of this name exists."), "", false},
		{"400 of an open request", 400, "", failed("BadRequest", "An active Approval Request already exists"), "", false},
		{"400 without a justification", 400, "", failed("BadRequest", "Header 'x-msft-approval-justification' is required to request approval"), "", false},
		{"400 about the header", 400, "", failed("BadRequest", "The header x-msft-approval-code: is not valid."), "", false},
		{"200 with the header", 200, code, "{}", "", false},
		{"no JSON", 403, "", "<html>", "", false},
	} {
		a := Answer{Status: tt.status, Header: http.Header{}, Body: []byte(tt.body)}
		if tt.header != "" {
			a.Header.Set(CodeHeader, tt.header)
		}
		if code, held := a.Held(); code != tt.code || held != tt.held {
			t.Errorf("%s: got %q, %t; want %q, %t", tt.name, code, held, tt.code, tt.held)
		}
	}
}
