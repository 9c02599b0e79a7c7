package sample_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/sample"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestSizes(t *testing.T) {
	s := sample.Policies(600)
	tests := []struct {
		name      string
		resources []tenant.Resource
		want      int // bytes a policy, on the average
	}{
		{"tenant", s.Current(), 2600},
		{"tenant, moved", s.Moved(), 2600},
		{"files", s.Base(), 3200},
		{"files, changed", s.Desired(), 3200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, total := 0, 0
			for _, r := range tt.resources {
				if r.Kind == sample.PolicyKind {
					n, total = n+1, total+len(r.Body)
				}
			}
			got := total / n
			if got < tt.want*9/10 || got > tt.want*11/10 {
				t.Errorf("got %d bytes a policy, want %d ± 10 %%", got, tt.want)
			}
			if groups := len(tt.resources) - n; n != 600 || groups != 30 {
				t.Errorf("got %d policies and %d groups, want 600 and 30", n, groups)
			}
		})
	}
}

// A file has the values of the tenant's object in another order, without the
// read-only members.
func TestFilesAgreeWithTheTenant(t *testing.T) {
	s := sample.Policies(400)
	files, names := map[string]map[string]any{}, map[string]string{}
	for _, r := range s.Base() {
		files[r.Kind+"/"+r.Key] = decoded(t, r.Body)
	}
	objects := s.Current()
	for _, r := range objects {
		if r.Kind == sample.GroupKind {
			names[r.ID] = fmt.Sprint(decoded(t, r.Body)["displayName"])
		}
	}
	if len(files) != len(objects) || len(files) != s.Len() || len(names) != 20 {
		t.Fatalf("got %d files, %d objects and %d names of groups", len(files), len(objects), len(names))
	}
	for _, r := range objects {
		object := decoded(t, r.Body)
		if object["id"] != r.ID {
			t.Errorf("the body of %s has the id %v", r.ID, object["id"])
		}
		file := files[r.Kind+"/"+fmt.Sprint(object["displayName"])]
		if r.Kind == sample.GroupKind {
			for name, value := range file {
				if object[name] != value {
					t.Errorf("%s: the file has %v, the tenant %v", name, value, object[name])
				}
			}
			continue
		}
		for _, name := range []string{"id", "templateId", "createdDateTime", "modifiedDateTime", "deletedDateTime"} {
			if _, ok := object[name]; !ok {
				t.Errorf("the tenant's policy has no %s", name)
			}
			delete(object, name)
		}
		if strength, ok := object["grantControls"].(map[string]any)["authenticationStrength"].(map[string]any); ok {
			object["grantControls"].(map[string]any)["authenticationStrength"] = map[string]any{"id": strength["id"]}
		}
		users := object["conditions"].(map[string]any)["users"].(map[string]any)
		for _, side := range []string{"includeGroups", "excludeGroups"} {
			groups := users[side].([]any)
			if len(groups) < 2 {
				t.Errorf("%s has %d groups", side, len(groups))
			}
			for i, id := range groups {
				groups[i] = "${groups/" + names[id.(string)] + "}"
			}
		}
		if diff := cmp.Diff(object, file); diff != "" {
			t.Errorf("%v (-tenant +file):\n%s", object["displayName"], diff)
		}
	}
}

func TestMoved(t *testing.T) {
	s := sample.Policies(200)
	current, moved := s.Current(), s.Moved()
	for i := range current {
		if current[i].ID != moved[i].ID || bytes.Equal(current[i].Body, moved[i].Body) {
			t.Fatalf("%s became %s, with equal bytes: %t", current[i].ID, moved[i].ID, bytes.Equal(current[i].Body, moved[i].Body))
		}
		was, is := decoded(t, current[i].Body), decoded(t, moved[i].Body)
		if current[i].Kind == sample.PolicyKind {
			if was["modifiedDateTime"] == is["modifiedDateTime"] {
				t.Errorf("%s: modifiedDateTime stays", current[i].ID)
			}
			delete(was, "modifiedDateTime")
			delete(is, "modifiedDateTime")
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("%s (-current +moved):\n%s", current[i].ID, diff)
		}
	}
}

func TestChanges(t *testing.T) {
	s := sample.Policies(1000)
	base, desired := map[string]tenant.Resource{}, map[string]tenant.Resource{}
	for _, r := range s.Base() {
		base[r.Kind+"/"+r.Key] = r
	}
	var got sample.Changes
	for _, r := range s.Desired() {
		id := r.Kind + "/" + r.Key
		desired[id] = r
		was, ok := base[id]
		switch {
		case !ok:
			got.Added++
		case !bytes.Equal(was.Body, r.Body):
			got.Changed++
			if lines := changedLines(was.Body, r.Body); lines < 1 || lines > 3 {
				t.Errorf("%s: %d lines changed, want one place", id, lines)
			}
		}
	}
	for id := range base {
		if _, ok := desired[id]; !ok {
			got.Removed++
		}
	}
	if want := (sample.Changes{Changed: 10, Added: 5, Removed: 5}); got != want || s.Changes() != want {
		t.Errorf("got %+v, Changes says %+v, want %+v", got, s.Changes(), want)
	}
}

// Tenants of few policies have fewer changes, and Changes still counts them.
func TestChangesOfSmallTenants(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 51, 52, 199, 200, 451} {
		s := sample.Policies(n)
		base, desired := s.Base(), s.Desired()
		c := s.Changes()
		if len(base) != s.Len() || len(desired) != len(base)+c.Added-c.Removed {
			t.Errorf("%d policies: %d files became %d with %+v", n, len(base), len(desired), c)
		}
	}
}

func TestEqualArgumentsGiveEqualBytes(t *testing.T) {
	content := func(s *sample.Tenant) [][]tenant.Resource {
		return [][]tenant.Resource{s.Base(), s.Desired(), s.Current(), s.Moved()}
	}
	if !reflect.DeepEqual(content(sample.Policies(60)), content(sample.Policies(60))) {
		t.Error("two tenants differ")
	}
}

func decoded(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// changedLines counts the lines of b that a does not have.
func changedLines(a, b []byte) int {
	had, n := map[string]int{}, 0
	for _, line := range strings.Split(string(a), "\n") {
		had[line]++
	}
	for _, line := range strings.Split(string(b), "\n") {
		if had[line]--; had[line] < 0 {
			n++
		}
	}
	return n
}
