package tenant

import (
	"errors"
	"fmt"
	"testing"
)

// A page of a history has at most as many revisions as are asked for, and 100
// where no number is given.
func TestPagesOfHistory(t *testing.T) {
	all := make([]Revision, 101)
	for i := range all {
		all[i].ID = fmt.Sprint(len(all) - i)
	}
	for _, tt := range []struct {
		revisions int
		req       RepositoryHistoryRequest
		want      int
	}{
		{0, RepositoryHistoryRequest{}, 0},
		{99, RepositoryHistoryRequest{}, 99},
		{100, RepositoryHistoryRequest{}, 100},
		{101, RepositoryHistoryRequest{}, 100},
		{101, RepositoryHistoryRequest{Before: "101"}, 100},
		{101, RepositoryHistoryRequest{Before: "100"}, 99},
		{101, RepositoryHistoryRequest{Before: "1"}, 0},
		{3, RepositoryHistoryRequest{Limit: 2}, 2},
		{3, RepositoryHistoryRequest{Limit: 3}, 3},
		{3, RepositoryHistoryRequest{Limit: 4}, 3},
		{101, RepositoryHistoryRequest{Limit: 101}, 101},
	} {
		revisions := all[len(all)-tt.revisions:]
		got, err := page(revisions, tt.req)
		if err != nil || len(got) != tt.want {
			t.Errorf("%d revisions, %+v: got %d, %v, want %d", tt.revisions, tt.req, len(got), err, tt.want)
		}
	}
	if _, err := page(all, RepositoryHistoryRequest{Before: "102"}); !errors.Is(err, ErrNoRevision) {
		t.Errorf("before a revision that is not there: got %v", err)
	}
}
