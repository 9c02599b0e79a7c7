package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestComponents(t *testing.T) {
	tests := []struct {
		name  string
		edges [][]int
		want  [][]int
	}{
		{"none", nil, nil},
		{"dependencies come first", [][]int{{1}, {2}, {}}, [][]int{{2}, {1}, {0}}},
		{"a cycle is one component", [][]int{{1}, {2}, {0}, {0}}, [][]int{{0, 1, 2}, {3}}},
		{"two cycles, with an edge between them", [][]int{{1}, {0, 2}, {3}, {2}}, [][]int{{2, 3}, {0, 1}}},
		{"an edge to a finished component", [][]int{{}, {0}, {0, 1}}, [][]int{{0}, {1}, {2}}},
		{"one node with an edge to itself", [][]int{{0}}, [][]int{{0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, components(tt.edges)); diff != "" {
				t.Errorf("components (-want +got)\n%s", diff)
			}
		})
	}
}

func TestShortestCycle(t *testing.T) {
	tests := []struct {
		name  string
		edges [][]int
		want  []int
	}{
		{"two", [][]int{{1}, {0}}, []int{0, 1}},
		{"the short way of two", [][]int{{1, 3}, {2}, {0}, {0}}, []int{0, 3}},
		{"past a side branch", [][]int{{1, 2}, {}, {3}, {0}}, []int{0, 2, 3}},
		{"none", [][]int{{1}, {}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, shortestCycle(tt.edges, 0)); diff != "" {
				t.Errorf("cycle (-want +got)\n%s", diff)
			}
		})
	}
}
