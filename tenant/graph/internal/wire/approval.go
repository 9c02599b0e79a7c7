package wire

import (
	"net/http"
	"regexp"
	"strings"
)

// The headers of Intune's Multi Admin Approval.
// https://learn.microsoft.com/intune/fundamentals/role-based-access-control/multi-admin-approval-graph-api
const (
	// JustificationHeader has the reason for a write, in base64. The service files a
	// request for approval with it.
	JustificationHeader = "x-msft-approval-justification"
	// CodeHeader names the request for approval: in the answer to a write that is held,
	// and in the same write when it is sent again.
	CodeHeader = "x-msft-approval-code"
)

// codeInText is the code in the text of a message: "x-msft-approval-code: GUID".
var codeInText = regexp.MustCompile(CodeHeader + `[:\s]+([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})`)

// Held reports whether the service holds the write that this is the answer to until
// another administrator approves it, and the code of the request for approval. The code
// is empty if a request is open for the same object and the answer does not name it.
//
// The status tells nothing: 412 and 403 are both documented, and other refusals have
// them too. The answer has the code in its header or in the text of its message.
func (a Answer) Held() (code string, held bool) {
	if a.Status >= 200 && a.Status < 300 {
		return "", false
	}
	body := decodeError(a.Body)
	code = Word(a.Header.Get(CodeHeader))
	if named := codeInText.FindStringSubmatch(body.message); code == "" && named != nil {
		code = named[1]
	}
	open := a.Status == http.StatusConflict && strings.Contains(strings.ToLower(body.message), "active approval request")
	return code, code != "" || strings.EqualFold(body.code, "ApprovalRequired") || open
}
