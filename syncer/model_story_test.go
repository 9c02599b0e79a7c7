package syncer_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

var modelShrink = flag.Duration("model.shrink", 20*time.Second, "how long TestModel looks for a smaller story, after rapid has")

// story is the play as a script.
func (p *play) story() string {
	comment := "A story of the model test."
	if p.m.broken != nil {
		comment = p.m.broken.rule
	}
	text, err := script.Format(comment, p.told)
	if err != nil {
		return err.Error()
	}
	return text
}

// replay plays the steps of another play, and judges them anew. It returns nil
// where that makes no sense.
func replay(t *testing.T, told []script.Step) (p *play) {
	defer func() {
		if recover() != nil {
			p = nil
		}
	}()
	return playIn(t, newStats(), func(p *play) {
		for _, s := range told {
			c := s.Command
			c.Options = nil
			for k, v := range s.Options { // some commands take what they use
				if c.Options == nil {
					c.Options = map[string]string{}
				}
				c.Options[k] = v
			}
			p.exec(c)
		}
	})
}

// smaller leaves out what a broken rule does not need. Where workers race, a
// story does not always break it: each is given some tries.
func smaller(t *testing.T, p *play, until time.Time) *play {
	for smaller := true; smaller; {
		smaller = false
		for size := len(p.told); size > 0; size /= 2 {
			for i := 0; i+size <= len(p.told) && time.Now().Before(until); {
				left := slices.Delete(slices.Clone(p.told), i, i+size)
				for range 2 {
					q := replay(t, left)
					if q != nil && q.m.broken != nil && q.m.broken.rule == p.m.broken.rule {
						p, smaller = q, true
						break
					}
				}
				if len(p.told) > len(left) {
					i += size
				}
			}
		}
	}
	return p
}

// example is a play that is the same each time, as far as its workers do not race.
func example(t *testing.T, seed int, prepare func(*play)) *play {
	return rapid.Custom(func(rt *rapid.T) *play {
		return playIn(t, newStats(), func(p *play) {
			prepare(p)
			p.random(rt)
		})
	}).Example(seed)
}

// TestModelStories prints plays as scripts, and runs the scripts: they print
// the same and come to the same end, without the model and before it.
func TestModelStories(t *testing.T) {
	played := 0
	for seed := range 10 {
		p := example(t, seed, func(p *play) { p.workers, p.plain = "a", true })
		if p.m.broken != nil {
			t.Fatalf("seed %d: %s\n%s", seed, p.m.broken, p.story())
		}
		path := filepath.Join(t.TempDir(), "story.txt")
		if err := os.WriteFile(path, []byte(p.story()), 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			defer w.end()
			script.Run(t, path, w.exec)
			row, err := w.worker(script.Command{Options: map[string]string{"worker": "host"}}).Status(t.Context(), w.tenant)
			if err != nil || row.Status != p.m.row.Status || row.Run != p.m.row.Run || row.Outcome != p.m.row.Outcome {
				t.Errorf("seed %d: the script comes to %s (%s), the play came to %s (%s); %v", seed, row.Status, row.Outcome, p.m.row.Status, p.m.row.Outcome, err)
			}
		})
		q := playIn(t, newStats(), func(q *play) { script.Run(t, path, q.exec) })
		if q.m.broken != nil || q.m.row.Status != p.m.row.Status {
			t.Errorf("seed %d: before the model, the script comes to %s: %v", seed, q.m.row.Status, q.m.broken)
		}
		played += len(p.told)
	}
	t.Logf("%d commands", played)
}

// TestModelComparesObjects shows that the model compares each file with its own
// object, also where two objects have one name.
func TestModelComparesObjects(t *testing.T) {
	const has = "what a file says, the tenant has"
	for _, tt := range []struct {
		name string
		// file, if any, is an edit after the story, as a line of a script.
		file string
		// change plants a fault in the tenant: staff is the group of the file
		// Staff, other the group of the same name, and mfa the policy.
		change func(f *tenanttest.Fake, staff, other, mfa string)
		broken string
	}{
		{"nothing is wrong", "", nil, ""},
		{"the policy refers to one group of two", "", func(f *tenanttest.Fake, staff, _, mfa string) {
			f.Set("policies", mfa, `{"groups":["`+staff+`"]}`)
		}, has},
		{"the policy refers to the other group", "file policies MFA groups=[${groups/Staff}] state=on", func(f *tenanttest.Fake, _, other, mfa string) {
			f.Set("policies", mfa, `{"groups":["`+other+`"]}`)
		}, has},
		{"the policy refers to the group of the file", "file policies MFA groups=[${groups/Staff}] state=on", func(f *tenanttest.Fake, staff, _, mfa string) {
			f.Set("policies", mfa, `{"groups":["`+staff+`"]}`)
		}, ""},
		{"the policy is gone", "", func(f *tenanttest.Fake, _, _, mfa string) { f.Remove("policies", mfa) }, has},
		{"the groups are exchanged", "", func(f *tenanttest.Fake, staff, other, _ string) {
			f.Set("groups", staff, `{"kind":"mail"}`)
			f.Set("groups", other, `{"kind":"security"}`)
		}, has},
		{"a file has no object", "file groups Guests kind=guest", func(f *tenanttest.Fake, _, _, _ string) {
			f.Seed("groups", `{"displayName":"Guests","kind":"guest"}`)
		}, has},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStats()
			p := playIn(t, s, func(p *play) {
				script.Run(t, "testdata/one_name_twice.txt", p.exec)
				if p.m.broken != nil || s.agreed != 3 {
					t.Fatalf("the story broke %v, and the model compared %d times", p.m.broken, s.agreed)
				}
				if tt.file != "" {
					p.do(tt.file)
				}
				if f := p.w.fake(); tt.change != nil {
					var staff, other string
					for _, g := range f.Objects("groups") {
						if strings.Contains(string(g.Body), "mail") {
							other = g.ID
						} else {
							staff = g.ID
						}
					}
					tt.change(f, staff, other, p.w.find("policies", "MFA"))
				}
				p.m.checkAgreement()
			})
			if got := p.m.broken; got == nil && tt.broken != "" || got != nil && got.rule != tt.broken {
				t.Errorf("the model finds %v, want %q", got, tt.broken)
			}
		})
	}
}

var modelStory = flag.String("model.story", "", "a script that TestModelStory plays before the model")

// TestModelStory plays a script before the model: one that TestModel has
// printed, say.
func TestModelStory(t *testing.T) {
	if *modelStory == "" {
		t.Skip("no -model.story")
	}
	p := playIn(t, newStats(), func(p *play) { script.Run(t, *modelStory, p.exec) })
	if p.m.broken != nil {
		t.Error(p.m.broken)
	}
}
