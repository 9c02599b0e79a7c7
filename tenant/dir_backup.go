package tenant

import (
	"context"
	"fmt"
)

// Backup is part of [Repository].
func (d *DirRepository) Backup(ctx context.Context, req BackupRequest) (Revision, error) {
	if err := req.check(); err != nil {
		return Revision{}, err
	}
	var result Revision
	err := d.with(ctx, req.Tenant, true, func(t *tenantDir) error {
		done, err := t.byKey(BackupLine, req.Key)
		if err != nil || done != nil {
			result = done.revision()
			return err
		}
		c, err := t.backup(ctx, req)
		if err != nil {
			return err
		}
		c.line, c.made = BackupLine, dirRevision{Key: req.Key, Message: req.Message, Author: req.Author}
		result, err = t.commit(ctx, c)
		return err
	})
	return result, err
}

func (t *tenantDir) backup(ctx context.Context, req BackupRequest) (change, error) {
	if req.Parent == "" {
		return t.wholeBackup(ctx, req.Snapshot)
	}
	return t.deltaBackup(req)
}

func (t *tenantDir) wholeBackup(ctx context.Context, s Snapshot) (change, error) {
	last, err := t.last(BackupLine)
	if err != nil {
		return change{}, err
	}
	head, err := t.tree(ctx, last)
	if err != nil {
		return change{}, err
	}
	tree, err := head.WithSnapshot(s)
	if err != nil {
		return change{}, err
	}
	// What is on disk may have been changed by hand; all of it is put right.
	onDisk, _, err := t.scan(ctx, BackupLine)
	return change{
		head: dirHead{id: last.ID, number: last.Number}, before: objectsOf(onDisk),
		after: objectsOf(tree), contents: contentsOf(tree), digest: tree.Digest(),
	}, err
}

// deltaBackup reads what the revisions list, and neither their contents nor the
// line's files: its cost grows with the delta, beside the length of the lists.
// So it takes the line's folder to be as the head lists it. Where somebody has
// changed it by hand, carrying out puts right the files that the delta changes.
func (t *tenantDir) deltaBackup(req BackupRequest) (change, error) {
	parent, err := t.find(req.Tenant, BackupLine, req.Parent)
	if err != nil {
		return change{}, err
	}
	head, err := t.last(BackupLine)
	if err != nil {
		return change{}, err
	}
	for _, r := range []dirRevision{parent, head} {
		text, err := t.object(r.Files[snapshotFile])
		if err != nil {
			return change{}, fmt.Errorf("tenant: revision %s: %w", r.ID, err)
		}
		if err := refuseNewerSnapshot(text); err != nil {
			return change{}, err
		}
	}
	contents, err := req.contents()
	if err != nil {
		return change{}, err
	}
	given := make(map[ResourceName]string, len(contents))
	kept := make(map[string][]byte, len(contents)+1)
	for name, content := range contents {
		given[name] = objectName(content)
		kept[given[name]] = content
	}
	made := newLineFiles(head.Files, func(_, file, content string) bool { return file == content })
	if err := mergeDelta(made, parent.Files, req, given); err != nil {
		return change{}, err
	}
	text, err := encodeSnapshot(req.Snapshot, made.index)
	if err != nil {
		return change{}, err
	}
	made.write(snapshotFile, objectName(text))
	kept[objectName(text)] = text
	objects := made.objects(func(object string) string { return object })
	// What the parent has and the head has not is read now: a damaged object
	// must show before the revision is decided.
	for _, object := range objects {
		if kept[object] != nil || object == "" {
			continue
		}
		if kept[object], err = t.object(object); err != nil {
			return change{}, fmt.Errorf("tenant: revision %s: %w", parent.ID, err)
		}
	}
	return change{
		head: dirHead{id: head.ID, number: head.Number}, before: head.Files,
		after: made.files, contents: kept, digest: changeDigest(head.ID, objects),
	}, nil
}
