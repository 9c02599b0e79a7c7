package tenant

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantsync/tenantsync/internal/pack"
)

// lineRevision is a revision of a line: a record of the pack, or one that format
// 1 kept. The zero value stands for the state before the first revision.
type lineRevision struct {
	line   Line
	id     string
	number int
	record pack.Record
	old    *oldRevision
}

func packRevision(r pack.Record) lineRevision {
	return lineRevision{line: Line(r.Line), id: r.ID(), number: r.Number, record: r}
}

func (t *tenantDir) oldRevision(line Line, number int) (lineRevision, error) {
	r, err := t.old().numbered(line, number)
	return lineRevision{line: line, id: r.ID, number: r.Number, old: &r}, err
}

// last returns a line's last revision; of an empty line, the one that it has
// before the first.
func (t *tenantDir) last(line Line) (lineRevision, error) {
	if t.folder == nil {
		return lineRevision{line: line, id: emptyRevision}, nil
	}
	if r, there := t.pack.Line(string(line)).Last(); there {
		return packRevision(r), nil
	}
	numbers, err := t.old().numbers(line)
	if err != nil || len(numbers) == 0 {
		return lineRevision{line: line, id: emptyRevision}, err
	}
	return t.oldRevision(line, numbers[len(numbers)-1])
}

// numbered returns the revision with a number. It returns false for an unknown number.
func (t *tenantDir) numbered(line Line, number int) (lineRevision, bool, error) {
	if t.folder == nil || number < 1 {
		return lineRevision{}, false, nil
	}
	if r, there := t.pack.Line(string(line)).Numbered(number); there {
		return packRevision(r), true, nil
	}
	numbers, err := t.numbersBeforePack(line)
	if err != nil {
		return lineRevision{}, false, err
	}
	if _, there := slices.BinarySearch(numbers, number); !there {
		return lineRevision{}, false, nil
	}
	r, err := t.oldRevision(line, number)
	return r, err == nil, err
}

// numbersBeforePack returns the numbers of the revisions that format 1 alone has.
func (t *tenantDir) numbersBeforePack(line Line) ([]int, error) {
	numbers, err := t.old().numbers(line)
	if l := t.pack.Line(string(line)); len(l.Revisions) > 0 {
		end, _ := slices.BinarySearch(numbers, l.Revisions[0].Number)
		numbers = numbers[:end]
	}
	return numbers, err
}

// byKey returns the revision that was written with this key. It returns
// false for an unknown key.
func (t *tenantDir) byKey(line Line, key string) (Revision, bool, error) {
	if r, there := t.pack.Line(string(line)).ByKey(key); there {
		info, _, err := t.pack.Meta(r)
		if err == nil && info.Key != key {
			err = t.folder.Damaged(packName, fmt.Sprintf("is damaged (revision %s was written with another key)", r.ID()))
		}
		return revisionOf(r.ID(), info), err == nil, err
	}
	old, err := t.old().byKey(line, key)
	if old == nil || err != nil {
		return Revision{}, false, err
	}
	return revisionOf(old.ID, old.info()), true, nil
}

func revisionOf(id string, i pack.Info) Revision {
	return Revision{ID: id, Time: i.Time, Message: i.Message, Author: i.Author}
}

// find returns a revision that is kept; without an id, the last one.
func (t *tenantDir) find(tenant string, line Line, id string) (lineRevision, error) {
	if id == "" {
		r, err := t.last(line)
		if err == nil && r.number == 0 {
			err = noRevision(tenant, line, id)
		}
		return r, err
	}
	// An edited state is named after the revision before it.
	digits := len(id) - len(strings.TrimLeft(id, "0123456789"))
	n, _ := strconv.Atoi(id[:digits])
	for _, number := range []int{n, n + 1} {
		r, there, err := t.numbered(line, number)
		if err != nil {
			return r, err
		}
		if there && r.id == id {
			return r, nil
		}
	}
	return lineRevision{}, noRevision(tenant, line, id)
}

// listing returns the files of a revision.
func (t *tenantDir) listing(ctx context.Context, r lineRevision) (pack.Listing, error) {
	switch {
	case r.number == 0:
		return pack.Listing{}, nil
	case r.old != nil:
		return r.old.listing(), nil
	}
	files, err := t.pack.Listing(ctx, r.record)
	if err != nil {
		return nil, err
	}
	if _, there := files[snapshotFile]; r.line == BackupLine && !there {
		return nil, t.folder.Damaged(packName, fmt.Sprintf("is damaged (revision %s lists no %s)", r.id, snapshotFile))
	}
	return files, nil
}

// content returns the content of a file of a revision.
func (t *tenantDir) content(e pack.Entry) ([]byte, error) {
	if e.At > 0 {
		return t.pack.Content(e)
	}
	return t.old().object(e.Sum)
}

// tree returns a revision's files with their contents.
func (t *tenantDir) tree(ctx context.Context, r lineRevision) (Tree, error) {
	files, err := t.listing(ctx, r)
	if err != nil {
		return nil, err
	}
	tree := make(Tree, len(files))
	contents := make(map[pack.Sum][]byte, len(files)) // a list may name one content many times
	for name, e := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		content, known := contents[e.Sum]
		if !known {
			if content, err = t.content(e); err != nil {
				return nil, fmt.Errorf("tenant: revision %s: %w", r.id, err)
			}
			contents[e.Sum] = content
		}
		tree[name] = content
	}
	return tree, nil
}

// treeOf returns the tree of a revision that is kept; without an id, of the last
// one.
func (t *tenantDir) treeOf(ctx context.Context, tenant string, line Line, id string) (Tree, error) {
	r, err := t.find(tenant, line, id)
	if err != nil {
		return nil, err
	}
	return t.tree(ctx, r)
}

// revisions returns the revisions of a line that a request asks for. head, if
// not nil, is a state that people made after the last one.
func (t *tenantDir) revisions(ctx context.Context, req RepositoryHistoryRequest, head *Revision) ([]Revision, error) {
	var all []Revision // those in the pack have no more than their id yet
	if head != nil {
		all = append(all, *head)
	}
	byID := make(map[string]pack.Record)
	if t.folder != nil {
		for _, r := range slices.Backward(t.pack.Line(string(req.Line)).Revisions) {
			id := r.ID()
			byID[id] = r
			all = append(all, Revision{ID: id})
		}
		numbers, err := t.numbersBeforePack(req.Line)
		if err != nil {
			return nil, err
		}
		for _, n := range slices.Backward(numbers) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			r, err := t.old().numbered(req.Line, n)
			if err != nil {
				return nil, err
			}
			all = append(all, revisionOf(r.ID, r.info()))
		}
	}
	result, err := page(all, req)
	if err != nil {
		return nil, err
	}
	result = slices.Clone(result)
	for i := range result {
		r, packed := byID[result[i].ID]
		if !packed || head != nil && result[i].ID == head.ID {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		info, _, err := t.pack.Meta(r)
		if err != nil {
			return nil, err
		}
		result[i] = revisionOf(r.ID(), info)
	}
	return result, nil
}
