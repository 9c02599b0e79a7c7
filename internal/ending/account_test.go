package ending

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/state"
)

// The error of a run that ends Partially successful is whole, whatever stopped
// the run: its class, phase, how many, what failed first, and the request.
func TestPartialErrorsAreWhole(t *testing.T) {
	stopped := &Info{Class: "declined", Phase: "connect", Message: "declined by the person", RequestID: "req-2"}
	seen := map[string]bool{}
	for _, c := range cases {
		if c.event != state.SucceedPartially {
			continue
		}
		f := c.facts.whole()
		seen[c.row] = true
		for _, err := range []*Info{nil, stopped} {
			if err != nil && f.stop != Failed && f.stop != TimedOut {
				continue // nothing stopped it
			}
			run, end, n := f.particulars()
			end.Err = err
			if f.open > 0 {
				n.FirstFailed = &Item{ID: "groups/G", Status: "failed", Class: "invalid", Message: "refused", RequestID: "req-1"}
			}
			info := Conclude(run, end, n).Err
			if info == nil || info.Class == "" || info.Phase == "" || !regexp.MustCompile(`[0-9]`).MatchString(info.Message) {
				t.Errorf("%s: the error %+v", c.row, info)
				continue
			}
			if f.applied+f.open > 0 && f.notKept == 0 && !strings.Contains(info.Message, fmt.Sprintf("%d of %d changes applied", f.applied, f.applied+f.open)) {
				t.Errorf("%s: the message does not say how many: %s", c.row, info.Message)
			}
			if err != nil && (info.Class != err.Class || info.RequestID != err.RequestID || !strings.Contains(info.Message, err.Message)) {
				t.Errorf("%s: the error does not say what stopped it: %+v", c.row, info)
			}
			first := map[bool]string{true: "groups/G: refused", false: "groups"}[f.open > 0]
			if f.lost == 0 && err == nil && f.open+f.notKept+f.unread+f.refused > 0 && !strings.Contains(info.Message, first) {
				t.Errorf("%s: the message does not name the first failure: %s", c.row, info.Message)
			}
			if err == nil && f.lost == 0 && (f.open > 0 || f.notKept > 0 || f.unread > 0) && info.RequestID != "req-1" {
				t.Errorf("%s: the request is %q", c.row, info.RequestID)
			}
		}
	}
	for _, r := range table {
		if r.event == state.SucceedPartially && !seen[r.name] {
			t.Errorf("no run of the test ends by %q", r.name)
		}
	}
}
