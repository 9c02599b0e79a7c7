package diff

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Random objects lose their files, and there are random new files. They have
// few contents and ids, so that many are equal. Exactly the pairs are renamed
// that are each other's only candidates, by id or else by content. Ambiguous
// objects are deleted, ambiguous files are created, and both get hints.
func TestRenamesHaveOneCandidate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type file struct{ content, id string }
		draw := func(label string) []file {
			return rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) file {
				return file{
					content: rapid.SampledFrom([]string{"", `"x":1`, `"x":2`, `"x":3`, `"x":4`}).Draw(rt, "content"),
					id:      rapid.SampledFrom([]string{"", "", "", "i1", "i2", "i3"}).Draw(rt, "id"),
				}
			}), 0, 5).Draw(rt, label)
		}
		body := func(name string, f file) string {
			members := []string{`"displayName":"` + name + `"`}
			if f.id != "" {
				members = append(members, `"id":"`+f.id+`"`)
			}
			if f.content != "" {
				members = append(members, f.content)
			}
			return "{" + strings.Join(members, ",") + "}"
		}
		old, fresh := draw("old"), draw("new")
		var tc comparisonCase
		ids := map[string]string{}
		for i, f := range old {
			name := fmt.Sprintf("P%d", i)
			f.id, ids[name] = "", f.id
			tc.base += fmt.Sprintf("groups/%s=%d %s\n", name, i, body(name, f))
			tc.current += fmt.Sprintf("groups %d %s\n", i, body(name, f))
		}
		for i, f := range fresh {
			name := fmt.Sprintf("N%d", i)
			tc.desired += "groups/" + name + " " + body(name, f) + "\n"
		}
		in := tc.input(t)
		if in.Base != nil {
			fileIDs(ids)(&in)
		}
		r, err := compareOnce(in)
		if err != nil {
			rt.Fatal(err)
		}

		// The reference solution counts the candidates of each pair.
		want := map[string]string{}
		decided := map[string]bool{}
		candidates := func(equal func(o, n file) bool, each func(o, n string, only bool)) {
			for i, o := range old {
				for j, n := range fresh {
					if !equal(o, n) || decided[fmt.Sprintf("P%d", i)] || decided[fmt.Sprintf("N%d", j)] {
						continue
					}
					olds, news := 0, 0
					for k, other := range old {
						if equal(other, n) && !decided[fmt.Sprintf("P%d", k)] {
							olds++
						}
					}
					for k, other := range fresh {
						if equal(o, other) && !decided[fmt.Sprintf("N%d", k)] {
							news++
						}
					}
					each(fmt.Sprintf("P%d", i), fmt.Sprintf("N%d", j), olds == 1 && news == 1)
				}
			}
		}
		hinted := map[string]bool{}
		step := func(equal func(o, n file) bool, certain func(o file) bool) {
			now := map[string]bool{}
			candidates(equal, func(o, n string, only bool) {
				now[o], now[n] = true, true
				var i int
				if _, err := fmt.Sscanf(o, "P%d", &i); err != nil {
					rt.Fatal(err)
				}
				if only && certain(old[i]) {
					want[n] = o
				} else {
					hinted[o], hinted[n] = true, true
				}
			})
			for key := range now {
				decided[key] = true
			}
		}
		step(func(o, n file) bool { return o.id != "" && o.id == n.id }, func(file) bool { return true })
		step(func(o, n file) bool { return o.content == n.content }, func(o file) bool { return o.content != "" })

		renamed := map[string]string{}
		for _, it := range r.Plan.Items {
			if it.RenamedFrom != "" {
				renamed[it.Key] = it.RenamedFrom
			}
		}
		if fmt.Sprint(renamed) != fmt.Sprint(want) {
			rt.Fatalf("renamed %v, want %v\n%s", renamed, want, showResult(r))
		}
		for _, n := range r.Plan.Notes {
			if !hinted[n.Key] {
				rt.Errorf("got a note about %s: %s", n.Key, n.Message)
			}
			delete(hinted, n.Key)
		}
		if len(hinted) > 0 {
			rt.Errorf("got no hint for %v\n%s", hinted, showResult(r))
		}
	})
}
