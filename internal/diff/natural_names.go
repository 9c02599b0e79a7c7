package diff

import (
	"context"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// readNames reads the natural keys of files without an object and of objects
// without a key, on several goroutines. In a first sync these are all files and
// objects.
func (m *matching) readNames() {
	var files []*object
	for _, o := range m.objects {
		if o.desired != nil && o.current == nil {
			files = append(files, o)
		}
	}
	type tenantName struct {
		name string
		err  error
	}
	inFiles, inTenant := make([]fileName, len(files)), make([]tenantName, len(m.free))
	inChunks(len(files)+len(m.free), func() *index { return m.ix }, func(ix *index, _, from, to int) bool {
		for i := from; i < to; i++ {
			if n := i - len(files); n >= 0 {
				inTenant[n].name, inTenant[n].err = readNameInTenant(ix, m.kind, m.free[n])
			} else {
				inFiles[i] = readFileName(ix, files[i])
			}
		}
		return context.Cause(ix.watch.ctx) == nil
	})
	if m.ix.watch.look() {
		return
	}
	for i, o := range files {
		m.addFileName(o, inFiles[i])
	}
	for i, r := range m.free {
		if m.names[r] = inTenant[i].name; inTenant[i].err != nil {
			m.ix.fail(unreadable(m.kind, r, inTenant[i].err))
		}
	}
}

// fileName is the natural key in a file. ok is false if the file has none.
type fileName struct {
	name string
	ok   bool
	bad  []badName
}

// badName is a part of a name with a template that cannot be resolved.
type badName struct {
	segs []string
	err  *reference.Error
}

func readFileName(ix *index, o *object) fileName {
	body, err := jsonval.Pick(o.desired.Body, o.kind.NaturalKey...)
	if err != nil {
		return fileName{}
	}
	var out fileName
	out.name, out.ok = nameInFile(ix, o.kind, body)
	for _, segs := range o.kind.NaturalKey {
		if name := body.At(segs); name.IsString() {
			if _, _, bad := reference.Expand(name.Text, ix.values); bad != nil {
				out.bad = append(out.bad, badName{segs, bad})
			}
		}
	}
	return out
}

// addFileName stores the natural key in a file. If the name of a new object
// cannot be resolved, any new object of the tenant may be the file's, and so may
// any object whose file is missing.
func (m *matching) addFileName(o *object, read fileName) {
	if read.ok {
		m.fileNames[o] = read.name
	}
	if o.base != nil {
		return
	}
	for _, bad := range read.bad {
		m.ix.files.kinds[m.kind.Name] = true
		noteOn(m.ix, o, apply.ClassOf(bad.err), jsonval.JoinPointer(bad.segs), "%s: the object's name cannot be resolved%s", schema.FileOf(o.desired), untilRepaired)
	}
}
