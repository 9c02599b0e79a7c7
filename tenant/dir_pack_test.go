package tenant

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/pack"
)

// seen is all that can be read of a repository, and the errors of what cannot.
func seen(t testing.TB, d *DirRepository) (map[string]string, []error) {
	t.Helper()
	all := make(map[string]string)
	var errs []error
	see := func(what string, value any, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
			return
		}
		all[what] = fmt.Sprintf("%+v", value)
	}
	ids := frozenIDsOf["v2"]
	for _, line := range []Line{DesiredLine, BackupLine} {
		h, err := d.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: line})
		see("history of "+string(line), h, err)
	}
	for _, id := range []string{"", ids.one, ids.edited, ids.two} {
		got, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso", Revision: id})
		see("desired "+id, got, err)
	}
	for _, id := range []string{"", ids.backupOne, ids.backupTwo} {
		got, err := d.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso", Revision: id})
		see("snapshot "+id, got, err)
	}
	for key, id := range map[string]string{"one": ids.edited, "two": ids.edited} {
		r, err := d.Update(t.Context(), requestWithKey(key, id))
		see("update "+key, r, err)
	}
	return all, errs
}

// requestWithKey is a request that is refused unless its key was used.
func requestWithKey(key, _ string) UpdateRequest {
	return UpdateRequest{Tenant: "contoso", Key: key, Parent: "none"}
}

// checkSeen fails where something can be read that is not as it was. What cannot
// be read has an error that names the file and says what to do.
func checkSeen(t testing.TB, about string, d *DirRepository, want map[string]string) (damaged bool) {
	t.Helper()
	got, errs := seen(t, d)
	for what, value := range got {
		if want[what] != value {
			t.Errorf("%s: %s is %s, want %s", about, what, value, want[what])
		}
	}
	for _, err := range errs {
		if errors.Is(err, ErrNoRevision) || errors.Is(err, ErrMoved) {
			t.Errorf("%s: a revision is silently gone: %v", about, err)
		}
		checkHiddenError(t, about, err)
	}
	return len(errs) > 0
}

// Whichever byte of a pack is another one, and wherever a pack ends: all that can
// be read is as it was, and the rest is an error. Nothing is lost in silence.
func TestDirPackDamaged(t *testing.T) {
	inMemory(t)
	root := frozenDirOf(t, "v2", "whole")
	want, errs := seen(t, newDir(t, root))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	file := filepath.Join(root, "contoso", packName)
	text := []byte(read(t, root, packName))
	const recordSize = 96
	const step = 13 // a length that no part of a header has
	harmless := make(map[string]int)
	for at := 0; at < len(text); at += step {
		for what, damaged := range map[string][]byte{"another byte": bytes.Clone(text), "the end": text[:at]} {
			if what == "another byte" {
				damaged[at] ^= 0x41
			}
			if err := os.WriteFile(file, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if !checkSeen(t, fmt.Sprintf("%s at %d of %d", what, at, len(text)), newDir(t, root), want) {
				harmless[what]++
			}
			if t.Failed() {
				return
			}
		}
	}
	// The record at the end says that the files of the last backup are written. It
	// need not be there.
	for what, n := range harmless {
		if n > recordSize/step+1 {
			t.Errorf("%s is harmless in %d places, want the last %d alone", what, n, recordSize)
		}
	}
}

// A pack that is gone, or that was replaced by an older one, is an error: the
// repository does not begin anew.
func TestDirPackReplaced(t *testing.T) {
	inMemory(t)
	for what, replace := range map[string]func(root string) error{
		"gone": func(root string) error { return os.Remove(filepath.Join(root, "contoso", packName)) },
		"an older one": func(root string) error {
			old, err := os.ReadFile(filepath.Join("testdata", "v2", "dir", "interrupted", "contoso", packName))
			return errors.Join(err, os.WriteFile(filepath.Join(root, "contoso", packName), old, 0o600))
		},
	} {
		for name, call := range repositoryCallsOf(t, "v2") {
			root := frozenDirOf(t, "v2", "whole")
			d := newDir(t, root)
			headOf(t, d) // so that the process knows the pack
			if err := replace(root); err != nil {
				t.Fatal(err)
			}
			err := call(d)
			if err == nil {
				t.Errorf("%s with a pack that is %s: got no error", name, what)
				continue
			}
			checkHiddenError(t, name+" with a pack that is "+what, err)
		}
	}
}

// What another process appended is read, and what it cut off is not.
func TestDirPackOfTwoProcesses(t *testing.T) {
	inMemory(t)
	root := t.TempDir()
	a, b := newDir(t, root), newDir(t, root)
	want := map[string]string{}
	for i := range 6 {
		d := []*DirRepository{a, b}[i%2]
		key := fmt.Sprint("group ", i)
		if _, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: key, Parent: headOf(t, d), Changes: []Change{changeTo("groups", key, i)}}); err != nil {
			t.Fatal(err)
		}
		want["groups/"+key] = body(i)
		for _, d := range []*DirRepository{a, b} {
			if got := contents(t, d); !maps.Equal(got, want) {
				t.Errorf("after update %d there is %v, want %v", i, got, want)
			}
		}
		// A write that was cut off.
		f, err := os.OpenFile(filepath.Join(root, "contoso", packName), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString("\x00TS\x02 half a record")
		f.Close()
	}
	if err := a.Remove(t.Context(), "contoso"); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, b); len(got) > 0 {
		t.Errorf("another process has removed the tenant, and there is %v", got)
	}
	if _, err := b.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "group 0", Parent: emptyRevision, Changes: []Change{changeTo("groups", "A", 1)}}); err != nil {
		t.Error(err)
	}
	if got := contents(t, a); !maps.Equal(got, map[string]string{"groups/A": body(1)}) {
		t.Errorf("after the removal and an update, there is %v", got)
	}
}

// A DirRepository knows the packs of a bounded number of tenants.
func TestDirPacksAreForgotten(t *testing.T) {
	inMemory(t)
	d := newDir(t, t.TempDir())
	for i := range maxPacks + 2 {
		d.remember(fmt.Sprint(i), pack.Empty().State())
		if n := len(d.packs); n > maxPacks || n == 0 {
			t.Fatalf("after %d tenants, %d packs are known", i+1, n)
		}
	}
}

// An index that can be decoded is encoded to one of the same files. One that
// cannot is not used.
func FuzzDirIndex(f *testing.F) {
	stat := fileStat{size: 3, changed: 1 << 60, inode: 7, inodeChanged: -1}
	sound := encodeIndex(pack.Boot{1}, map[string]indexEntry{"groups/A.json": {stat: stat}, "groups/B.json": {sum: pack.Sum{1}}, "c": {}})
	f.Add(sound, true)
	f.Add(sound, false)
	f.Add([]byte(indexHead), true)
	f.Fuzz(func(t *testing.T, text []byte, sum bool) {
		if sum && len(text) > 32 { // so that not the sum alone is refused
			body := text[:len(text)-32]
			s := pack.NewEntry(body).Sum
			text = append(bytes.Clone(body), s[:]...)
		}
		index, ok := decodeIndex(pack.Boot{1}, text)
		if !ok {
			return
		}
		again, ok := decodeIndex(pack.Boot{1}, encodeIndex(pack.Boot{1}, index))
		if !ok || !maps.Equal(index, again) {
			t.Errorf("%v is %v when it is decoded again", index, again)
		}
		if _, ok := decodeIndex(pack.Boot{2}, text); ok {
			t.Error("an index of another boot is used")
		}
	})
}

// A content that looks like a record of this pack does not make a write that was
// cut off look like damage.
func TestDirContentLikeARecord(t *testing.T) {
	inMemory(t)
	root := frozenDirOf(t, "v2", "whole")
	text := []byte(read(t, root, packName))
	// A record of this text from another place, in a write that was cut off.
	first := bytes.Index(text, []byte("\x00TS\x02"))
	tail := append([]byte("half"), text[first:first+500]...)
	place(t, root, packName, withContent(string(text)+string(tail)))
	d := newDir(t, root)
	if got := headOf(t, d); got != frozenIDsOf["v2"].two {
		t.Errorf("the head is %s", got)
	}
	if _, err := d.Update(context.Background(), frozenRequest(frozenIDsOf["v2"].two, "three", changeTo("groups", "New", 3))); err != nil {
		t.Error(err)
	}
	if got := contents(t, newDir(t, root))["groups/New"]; got != body(3) {
		t.Errorf("after the next update, the file is %q", got)
	}
}

// A revision of the backup in a pack that lists no snapshot is damage.
func TestDirPackWithoutSnapshot(t *testing.T) {
	inMemory(t)
	d := newDir(t, t.TempDir())
	err := d.with(t.Context(), "contoso", true, func(td *tenantDir) error {
		return errors.Join(td.pack.Append(t.Context(), pack.Backup, nil, pack.Revision{Number: 1, Digest: pack.Listing{}.Digest(), Files: pack.Listing{}}),
			td.pack.MarkDone(pack.Backup, 1, true))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso"}); err == nil || !strings.Contains(err.Error(), "lists no snapshot.json") {
		t.Errorf("got %v, want the damage named", err)
	}
}
