package diff

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// manyResources returns a tenant with n policies of 2.6 KB each, and half as
// many groups that the policies refer to. All agree with their files, except
// that 1 % of the policies' files were changed, 0.5 % added and 0.5 % removed.
func manyResources(tb testing.TB, n int) Input {
	tb.Helper()
	in := Input{Tenant: "contoso", Kinds: kindsOf(testKinds()...), NoBackup: true, Keys: testKeys}
	in.Current.Kinds = completeStates()
	padding := strings.Repeat("A plain description of what this policy is for. ", 5)
	groups := n / 2
	for i := range groups {
		name := fmt.Sprintf("CA-Group-%05d", i)
		in.Current.Resources = append(in.Current.Resources, tenant.Resource{Kind: "groups", ID: groupID(i),
			Body: json.RawMessage(fmt.Sprintf(`{"id":%q,"displayName":%q,"description":"a group","securityEnabled":true}`, groupID(i), name))})
		in.Desired.Resources = append(in.Desired.Resources, tenant.Resource{Kind: "groups", Key: name,
			Body: json.RawMessage(fmt.Sprintf(`{"displayName":%q,"description":"a group","securityEnabled":true}`, name))})
	}
	for i := range n - groups {
		name := fmt.Sprintf("Policy %05d", i)
		body := func(group func(int) string) string {
			var settings strings.Builder
			for j := range 12 {
				fmt.Fprintf(&settings, `%s{"@odata.type":"#setting","name":"setting-%d-%d","value":%d,"enabled":%t,"options":["one","two","three"],"note":%q}`,
					map[bool]string{true: ","}[j > 0], i, j, i*j, j%2 == 0, padding[:60])
			}
			return fmt.Sprintf(`"displayName":%q,"description":%q,"state":"enabled","conditions":{"groups":[%q,%q,"All"],"labels":[],"platforms":{"include":["ios","android"],"exclude":[]}},"settings":[%s],"owner":%q`,
				name, padding, group(i%groups), group((i*7+1)%groups), settings.String(), group(i%groups))
		}
		in.Current.Resources = append(in.Current.Resources, tenant.Resource{Kind: "policies", ID: fmt.Sprintf("policy-%d", i),
			Body: json.RawMessage(`{"id":"policy","createdDateTime":"2026-01-01T00:00:00Z",` + body(groupID) + `}`)})
		in.Desired.Resources = append(in.Desired.Resources, tenant.Resource{Kind: "policies", Key: name,
			Body: json.RawMessage("{" + body(func(i int) string { return fmt.Sprintf("${groups/CA-Group-%05d}", i) }) + "}")})
	}
	r, err := compareOnce(in)
	if err != nil {
		tb.Fatal(err)
	}
	if len(r.Plan.Items)+len(r.Adopt)+len(r.Plan.Notes) > 0 || r.Unchanged != n {
		tb.Fatalf("the sides should agree: %d items, %d adopted, %d unchanged, %v", len(r.Plan.Items), len(r.Adopt), r.Unchanged, r.Plan.Notes)
	}
	in.Base = r.Base
	changePolicies(&in, n)
	return in
}

func groupID(i int) string { return fmt.Sprintf("%08d-aaaa-bbbb-cccc-000000000000", i) }

func changePolicies(in *Input, n int) {
	last := len(in.Desired.Resources) - 1
	for i := range n / 100 {
		r := &in.Desired.Resources[last-i]
		r.Body = json.RawMessage(strings.Replace(string(r.Body), `"state":"enabled"`, `"state":"disabled"`, 1))
	}
	added := in.Desired.Resources[last-n/100]
	for i := range n / 200 {
		name := fmt.Sprintf("New policy %d", i)
		in.Desired.Resources[last-n/100-i] = tenant.Resource{Kind: "policies", Key: name,
			Body: json.RawMessage(strings.Replace(string(added.Body), `"displayName":"Policy`, `"displayName":"`+name+` of`, 1))}
	}
}

func TestManyResources(t *testing.T) {
	in := manyResources(t, 1000)
	r, err := compareOnce(in)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Plan.Counts()
	if want := (plan.Counts{Create: 5, Update: 10, Delete: 5}); got != want || r.Unchanged != 985 {
		t.Errorf("got %+v and %d unchanged, want %+v and 985", got, r.Unchanged, want)
	}
	if len(r.Revert) > 0 {
		t.Errorf("got %d reverts without Input.Revert, want none", len(r.Revert))
	}
	in.Revert = true
	if r, err = compareOnce(in); err != nil || len(r.Revert) != 20 {
		t.Errorf("%d reverts, %v; want one for each of 20 items", len(r.Revert), err)
	}
}

// The work grows with the changes, and not with the number of objects.
func TestUnchangedIsNotDecoded(t *testing.T) {
	in := manyResources(t, 400)
	in.Desired.Resources = in.Desired.Resources[:200] // the groups, which agree
	in.Current.Resources = in.Current.Resources[:200]
	in.Base.Objects = in.Base.Objects[:200]
	allocations := func() float64 {
		return testing.AllocsPerRun(5, func() {
			if r, err := compareOnce(in); err != nil || r.Unchanged != 200 {
				t.Fatalf("%d unchanged, %v", r.Unchanged, err)
			}
		})
	}
	shortcut := allocations()
	for i := range in.Base.Objects {
		in.Base.Objects[i].AgreedSum = ""
	}
	if decoded := allocations(); shortcut > decoded/4 {
		t.Errorf("%.0f allocations with the shortcut, %.0f without", shortcut, decoded)
	} else {
		t.Logf("%.0f allocations with the shortcut, %.0f without", shortcut, decoded)
	}
}

func BenchmarkCompare(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		in := manyResources(b, n)
		var size int64
		for _, side := range [][]tenant.Resource{in.Desired.Resources, in.Current.Resources} {
			for _, r := range side {
				size += int64(len(r.Body))
			}
		}
		for _, backup := range []bool{false, true} {
			b.Run(fmt.Sprintf("resources=%d/backup=%t", n, backup), func(b *testing.B) {
				in.NoBackup = !backup
				b.SetBytes(size)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := compareOnce(in); err != nil {
						b.Fatal(err)
					}
				}
				perOp := b.Elapsed() / time.Duration(b.N)
				b.ReportMetric(float64(perOp)/float64(decodeTime(b, in)), "x-json-decode")
			})
		}
	}
}

// decodeTime returns how long encoding/json takes to decode the same bytes.
func decodeTime(b *testing.B, in Input) time.Duration {
	b.Helper()
	best := time.Hour
	for range 3 {
		start := time.Now()
		for _, side := range [][]tenant.Resource{in.Desired.Resources, in.Current.Resources} {
			for _, r := range side {
				var v any
				if err := json.Unmarshal(r.Body, &v); err != nil {
					b.Fatal(err)
				}
			}
		}
		best = min(best, time.Since(start))
	}
	return best
}
