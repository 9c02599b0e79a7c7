package tenant

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

// An act on the disk that is refused once is an error of the call, and the call
// can be made again. Only the acts on files that may be lost, the indexes and the
// file that helps to find damage, are no errors.
func TestRefusedActsAreSaid(t *testing.T) {
	inMemory(t)
	mayBeLost := func(act string) bool {
		for _, name := range []string{indexName(DesiredLine), indexName(BackupLine), ackName} {
			if strings.Contains(act, name) {
				return true
			}
		}
		return false
	}
	for _, tt := range []struct {
		name string
		root func(t *testing.T) string
		call func(d *DirRepository, head string) error
		want map[string]string
		// undecided: the call finds out itself what the head is.
		undecided bool
	}{
		{"the first update", func(t *testing.T) string { return t.TempDir() }, func(d *DirRepository, head string) error {
			_, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "one", Parent: head, Changes: []Change{changeTo("groups", "A", 1)}})
			return err
		}, map[string]string{"groups/A": body(1)}, false},
		{"an update after an edit", func(t *testing.T) string {
			root := t.TempDir()
			d := newDir(t, root)
			prepare(t, d, root)
			return root
		}, func(d *DirRepository, head string) error {
			_, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "two", Parent: head, Changes: []Change{
				changeTo("groups", "A", 2), {Kind: "groups", Key: "B"}, changeTo("policies", "D", 2),
			}})
			return err
		}, map[string]string{"groups/A": body(2), "groups/C": body(1), "groups/edited": body(9), "policies/D": body(2)}, false},
		{"a write that an earlier release had decided on", func(t *testing.T) string { return frozenDir(t, "interrupted") }, func(d *DirRepository, _ string) error {
			_, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso"})
			return err
		}, contents(t, newDir(t, frozenDir(t, "interrupted"))), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var acts []string
			stop := 0
			run := func() (*DirRepository, string, error) {
				root := tt.root(t)
				head := emptyRevision
				if !tt.undecided {
					head = headOf(t, newDir(t, root))
				}
				d := newDir(t, root)
				acts = nil
				d.step = func(act, path string) error {
					if acts = append(acts, act+" "+path); len(acts) == stop {
						return errCrash
					}
					return nil
				}
				err := tt.call(d, head)
				d.step = nil
				return d, head, err
			}
			for stop = 1; ; stop++ {
				d, head, err := run()
				if len(acts) < stop {
					if err != nil || stop < 5 {
						t.Errorf("after %d acts: %v", len(acts), err)
					}
					return
				}
				// A file that may be lost is made under another name first, and so is one
				// that tells the time of the disk.
				act := acts[stop-1]
				if said := errors.Is(err, errCrash); said && mayBeLost(act) || !said && !mayBeLost(act) && !strings.HasPrefix(act, "create ") {
					t.Errorf("act %d, %q, is refused: got %v", stop, act, err)
				}
				if err := tt.call(d, head); err != nil {
					t.Errorf("act %d, %q, is refused, and the call made again: %v", stop, act, err)
				}
				if got := contents(t, d); !maps.Equal(got, tt.want) {
					t.Errorf("act %d, %q, is refused, and the call made again: there is %q, want %q", stop, act, got, tt.want)
				}
			}
		})
	}
}
