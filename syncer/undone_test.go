package syncer

import "testing"

func TestQualify(t *testing.T) {
	for _, c := range []struct {
		undone  Undone
		outcome Outcome
		want    string
	}{
		{Undone{}, Deployed, "deployed"},
		{Undone{DeletesOff: 2, LeftOut: 1}, Deployed, "deployed; 2 deletes switched off, 1 item left out by the decision"},
		{Undone{Unread: 1}, "", "1 kind not completely read"},
	} {
		if got := c.undone.Qualify(c.outcome); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
