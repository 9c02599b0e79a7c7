package diff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestFormerNames(t *testing.T) {
	d := tenant.Desired{
		Resources: parseDesired(t, `groups/New {"$previousNames":["Old","Older"]}
			groups/A {"$previousNames":["Twice","B"]}
			groups/B {"$previousNames":["Twice","Spoilt"]}
			groups/C {"$previousNames":"no list"}
			apps/New {"$previousNames":["Old",3]}`),
		Problems: []tenant.FileError{{Kind: "groups", Key: "Spoilt"}},
	}
	d.Resources = append(d.Resources, tenant.Resource{Kind: "groups", Key: "Broken", Body: []byte(`{"$previousNames":["Lost"]`)})
	want := map[plan.Target]string{{Kind: "groups", Key: "Old"}: "New", {Kind: "groups", Key: "Older"}: "New", {Kind: "apps", Key: "Old"}: "New"}
	if diff := cmp.Diff(want, FormerNames(d)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := FormerNames(tenant.Desired{}); len(got) != 0 {
		t.Errorf("without files: got %v", got)
	}
}

func TestRenamed(t *testing.T) {
	for body, want := range map[string]string{
		`{"displayName":"New", "big":1e400}`:                    `{"displayName":"New","big":1e400,"$previousNames":["New"]}`,
		`{"$previousNames":["Old"],"displayName":"New"}`:        `{"$previousNames":["New"],"displayName":"New"}`,
		`{"$previousNames":["Old","Older"],"x":{"y":[1.50]}}`:   `{"$previousNames":["Older","New"],"x":{"y":[1.50]}}`,
		`{"displayName":"<New> & \"old\"","$previousNames":[]}`: `{"displayName":"<New> & \"old\"","$previousNames":["New"]}`,
	} {
		got, err := Renamed(tenant.Resource{Kind: "groups", Key: "New", Body: []byte(body)}, "Old")
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v; want %s", body, got, err, want)
		}
	}
	if _, err := Renamed(tenant.Resource{Kind: "groups", Key: "New", Body: []byte("{")}, "Old"); err == nil {
		t.Error("a malformed file: got no error")
	}
}

// A message names three items, and counts the others.
func TestFirstFew(t *testing.T) {
	for _, tt := range []struct {
		all  []string
		want string
	}{
		{nil, ""},
		{[]string{"a"}, "A"},
		{[]string{"a", "b", "c"}, "A or B or C"},
		{[]string{"a", "b", "c", "d"}, "A or B or C or one of 1 more"},
		{[]string{"a", "b", "c", "d", "e"}, "A or B or C or one of 2 more"},
	} {
		if got := firstFew(tt.all, " or ", strings.ToUpper); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.all, got, tt.want)
		}
	}
}

// A former name of an unknown kind is not an alias, nor is a name that an object
// still has. Other former names are aliases all the same.
func TestAliasesBesideOtherFormerNames(t *testing.T) {
	var tc comparisonCase
	var refs, want []string
	for i := range 8 { // the order of a map is random
		fresh, old, taken, holder := fmt.Sprintf("New%d", i), fmt.Sprintf("Old%d", i), fmt.Sprintf("Taken%d", i), fmt.Sprintf("Holder%d", i)
		tc.base += fmt.Sprintf("groups/%s=n%d {\"displayName\":%q}\ngroups/%s=t%d {\"displayName\":%q}\ngroups/%s=h%d {\"displayName\":%q}\n", fresh, i, fresh, taken, i, taken, holder, i, holder)
		tc.desired += fmt.Sprintf("groups/%s {\"displayName\":%q,\"$previousNames\":[%q]}\n", fresh, fresh, old)
		tc.desired += fmt.Sprintf("planets/%s {\"$previousNames\":[%q]}\n", fresh, old)
		tc.desired += fmt.Sprintf("groups/%s {\"displayName\":%q,\"$previousNames\":[%q]}\n", taken, taken, holder)
		tc.current += fmt.Sprintf("groups n%d {\"displayName\":%q}\ngroups t%d {\"displayName\":%q}\ngroups h%d {\"displayName\":%q}\n", i, fresh, i, taken, i, holder)
		refs, want = append(refs, "${groups/"+old+"}", "${groups/"+holder+"}"), append(want, "${groups/"+fresh+"}", "${groups/"+holder+"}")
	}
	list := func(texts []string) string { return `["` + strings.Join(texts, `","`) + `"]` }
	tc.desired += `policies/P {"displayName":"P","x":` + list(refs) + `}`
	r, err := compareOnce(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	it := r.Plan.Item("policies/P")
	if it == nil {
		t.Fatalf("no item: %s", messages(r))
	}
	if got := string(it.After); got != `{"displayName":"P","x":`+list(want)+`}` {
		t.Errorf("got %s, want the references %s", got, list(want))
	}
}
