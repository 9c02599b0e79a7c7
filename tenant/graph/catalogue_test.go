package graph_test

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph"
)

func TestDefaultCatalogue(t *testing.T) {
	if n := len(graph.Default().Entries); n == 0 {
		t.Error("the catalogue is empty")
	}
}

func TestCatalogueRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a misspelt member", `{"kinds":[{"name":"a","endpont":"/a"}]}`, "endpont"},
		{"more behind", `{} {}`, "more behind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := graph.Parse([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
