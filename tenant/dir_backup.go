package tenant

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/pack"
)

// Backup is part of [Repository].
func (d *DirRepository) Backup(ctx context.Context, req BackupRequest) (Revision, error) {
	if err := req.check(); err != nil {
		return Revision{}, err
	}
	var result Revision
	err := d.with(ctx, req.Tenant, true, func(t *tenantDir) error {
		done, found, err := t.byKey(BackupLine, req.Key)
		if err != nil || found {
			result = done
			return err
		}
		c, err := t.backup(ctx, req)
		if err != nil {
			return err
		}
		result, err = t.commit(ctx, c)
		return err
	})
	return result, err
}

// backup returns the change of the backup line that a request asks for. A whole
// backup is a difference from an empty parent: its Complete kinds become those of the
// request.
//
// It works on the lists of files and on the contents of the request, and reads
// no other content. So a delta takes the line's folder to be as the head lists
// it. Where somebody has changed it by hand, carrying out puts right the files
// that the delta changes. The folder is looked at by a whole backup, and by the
// first one after a start of the machine.
func (t *tenantDir) backup(ctx context.Context, req BackupRequest) (change, error) {
	c := change{line: BackupLine, other: t.old().content, made: pack.Info{Key: req.Key, Message: req.Message, Author: req.Author}}
	var parent lineRevision
	var err error
	if req.Parent != "" {
		if parent, err = t.find(req.Tenant, BackupLine, req.Parent); err != nil {
			return c, err
		}
	}
	if c.last, err = t.last(BackupLine); err != nil {
		return c, err
	}
	if c.kept, err = t.listing(ctx, c.last); err != nil {
		return c, err
	}
	old := c.kept
	isHead := parent.id == c.last.id
	if !isHead {
		if old, err = t.listing(ctx, parent); err != nil {
			return c, err
		}
	}
	for _, files := range []pack.Listing{old, c.kept} {
		if err := t.refuseNewer(files); err != nil {
			return c, err
		}
	}
	if err := t.merge(&c, old, isHead, req); err != nil {
		return c, err
	}
	c.before = c.kept
	if req.Parent == "" || !t.pack.Line(pack.Backup).IsWritten(t.boot) {
		scan, err := t.scan(ctx, BackupLine, scanChanged, c.kept)
		if err != nil {
			return c, err
		}
		c.before = scan.files
	}
	return c, nil
}

// merge makes the new revision's files.
func (t *tenantDir) merge(c *change, parent pack.Listing, isHead bool, req BackupRequest) error {
	contents, err := req.contents()
	if err != nil {
		return err
	}
	c.contents = make(map[pack.Sum][]byte, len(contents)+1)
	given := make(map[ResourceName]pack.Entry, len(contents))
	for name, content := range contents {
		e := pack.NewEntry(content)
		given[name] = e
		c.contents[e.Sum] = content
	}
	made := newLineFiles(c.kept, func(_ string, file, content pack.Entry) bool { return file.Sum == content.Sum })
	if isHead {
		err = mergeIntoParent(made, req, given)
	} else {
		err = mergeDelta(made, parent, req, given)
	}
	if err != nil {
		return err
	}
	text, err := encodeSnapshot(req.Snapshot, made.index)
	if err != nil {
		return err
	}
	e := pack.NewEntry(text)
	c.contents[e.Sum] = text
	made.write(snapshotFile, e)
	c.after = made.files
	objects := made.objects(func(e pack.Entry) string { return e.Sum.Object() })
	raw, err := hex.DecodeString(changeDigest(c.last.id, objects))
	if err != nil {
		return err
	}
	c.digest = pack.Digest(raw)
	// What the parent has and the head has not is read now: damage must show
	// before the revision is decided.
	for name := range objects {
		e, stays := c.after[name]
		if _, known := c.contents[e.Sum]; known || !stays {
			continue
		}
		if c.contents[e.Sum], err = t.content(e); err != nil {
			return fmt.Errorf("tenant: revision %s: %w", req.Parent, err)
		}
	}
	return nil
}

// refuseNewer returns ErrNewerFormat for files whose snapshotFile is that of a
// newer version.
func (t *tenantDir) refuseNewer(files pack.Listing) error {
	e, there := files[snapshotFile]
	if !there {
		return nil
	}
	text, err := t.content(e)
	if err != nil {
		return err
	}
	return refuseNewerSnapshot(text)
}
