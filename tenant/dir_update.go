package tenant

import (
	"context"
	"crypto/sha256"
	"path"
	"slices"

	"github.com/tenantsync/tenantsync/internal/pack"
)

const editedMessage = "edited by hand"

// scanned returns the contents of the files that a scan with scanBodies found.
func (t *tenantDir) scanned(ctx context.Context, s lineScan) (Tree, error) {
	tree := make(Tree, len(s.files))
	for name, e := range s.files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		content, read := s.contents[name]
		if !read {
			var err error
			if content, err = t.content(e); err != nil {
				return nil, err
			}
		}
		tree[name] = content
	}
	return tree, nil
}

// update returns the change of the desired line that a request asks for. The
// request was checked, and its parent is the head.
func (t *tenantDir) update(head dirHead, req UpdateRequest) (change, error) {
	c := change{line: DesiredLine, last: head.last, kept: head.kept, before: head.scan.files,
		contents: make(map[pack.Sum][]byte), made: pack.Info{Key: req.Key, Message: req.Message, Author: req.Author}}
	c.other = func(name string, e pack.Entry) ([]byte, error) { return t.headContent(head, name, e) }
	var failed error // of reading a file
	made := newLineFiles(head.scan.files, func(name string, file, content pack.Entry) bool {
		if file.Sum == content.Sum {
			return true
		}
		old, err := t.headContent(head, name, file)
		if err != nil {
			failed = err
		}
		return err == nil && sameContent(name, old, c.contents[content.Sum])
	})
	// Sorted, so that the same changes give the same paths in any order.
	for _, ch := range slices.SortedFunc(slices.Values(req.Changes), compareChanges) {
		name := ResourceName{ch.Kind, ch.Key}
		if ch.Body == nil {
			made.remove(name)
			continue
		}
		content, err := formatFile(ch.Kind+"/"+ch.Key, ch.Body)
		if err != nil {
			return c, invalid("%w", err)
		}
		e := pack.NewEntry(content)
		c.contents[e.Sum] = content
		if err := made.put(name, e); err != nil {
			return c, err
		}
	}
	if failed != nil {
		return c, failed
	}
	c.after = made.files
	c.digest = c.after.Digest()
	if head.edited {
		d, _, _ := parseID(head.id)
		c.edited = &pack.Revision{Edited: true, Digest: d, Info: pack.Info{Message: editedMessage}, Files: head.scan.files, Content: c.other}
	}
	return c, head.checkFree(c.after)
}

// headContent returns the content of a file of the head. It returns ErrMoved if
// somebody has changed the file since the scan.
func (t *tenantDir) headContent(head dirHead, name string, e pack.Entry) ([]byte, error) {
	if content, read := head.scan.contents[name]; read {
		return content, nil
	}
	if e.At > 0 {
		return t.pack.Content(e)
	}
	content, _, err := fileNow(t.folder, path.Join(string(DesiredLine), name))
	if err == nil && sha256.Sum256(content) != e.Sum {
		err = moved("another edited state", head.id)
	}
	return content, err
}
