package importer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/tenant"
)

// Origin identifies the exported object of an imported resource. A host keeps the
// origins of an import, so that the next release of the same export can replace it.
type Origin struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// ID is the object's id in the exporting tenant, or "".
	ID string `json:"id,omitempty"`
	// File is the object's file in the exported folder.
	File string `json:"file,omitempty"`
}

// Merge holds the changes that an import makes to a configuration.
type Merge struct {
	// Changes must be written in one revision.
	Changes []tenant.Change
	// InPlace counts resources that the configuration already has under the same name.
	InPlace int
	// Renamed holds the resources whose objects have another name in this release.
	Renamed []Rename
	// Removed holds the resources of the last import that this release lacks.
	Removed []Origin
	// Held holds resources that this release lacks and that stay for a reason.
	Held []Held
	// Origins must be kept for the next import.
	Origins []Origin
}

// Rename is a resource that gets another key.
type Rename struct {
	Kind string `json:"kind"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Held is a resource that stays, with the reason.
type Held struct {
	Origin
	Why string `json:"why"`
}

// Merge returns the changes that the import makes to a configuration. present is the
// configuration. last holds the origins of earlier imports, from [Merge.Origins] of the
// last one. If a resource has two origins, the first counts.
//
// An existing resource keeps its previous names, its comment and its assignments,
// unless the import has its own.
//
// With replace the import is a release that replaces the last one. Merge removes
// resources of the last release that this one lacks, and keeps other resources. It
// renames an object that has another name but the same id in the exporting tenant: the
// new file lists the old name in $previousNames. Merge keeps a resource that a refused
// file of this release may contain, and a resource to which another file refers.
func (im *Imported) Merge(present []tenant.Resource, last []Origin, replace bool) (*Merge, error) {
	m := &merger{im: im, present: make(map[target]tenant.Resource), fresh: make(map[target]Origin)}
	for _, r := range present {
		m.present[target{r.Kind, r.Key}] = r
	}
	for _, o := range im.Origins {
		m.fresh[target{o.Kind, o.Key}] = o
	}
	seen := make(map[target]bool)
	last = slices.DeleteFunc(slices.Clone(last), func(o Origin) bool {
		at := target{o.Kind, o.Key}
		_, there := m.present[at]
		again := seen[at]
		seen[at] = true
		return !there || again
	})
	if replace {
		m.findRenames(last)
	}
	if err := m.write(); err != nil {
		return nil, err
	}
	if replace {
		m.remove(last)
	}
	m.keepOrigins(last)
	return &m.out, nil
}

// target names a resource.
type target struct{ kind, key string }

type merger struct {
	im      *Imported
	present map[target]tenant.Resource
	fresh   map[target]Origin // of this import
	from    map[target]target // renamed resources, by their new names
	renamed map[target]bool   // renamed resources, by their old names
	out     Merge
}

// findRenames finds resources whose objects have another name in this import. It
// ignores ids that several objects have.
func (m *merger) findRenames(last []Origin) {
	m.from, m.renamed = make(map[target]target), make(map[target]bool)
	before, now := make(map[objectID][]target), make(map[objectID]int)
	known := make(map[target]bool)
	for _, o := range last {
		at := target{o.Kind, o.Key}
		known[at] = true
		if _, still := m.fresh[at]; !still && o.ID != "" {
			before[objectID{o.Kind, o.ID}] = append(before[objectID{o.Kind, o.ID}], at)
		}
	}
	for at, r := range m.present { // files that contain their object's id
		if _, still := m.fresh[at]; still || known[at] || !strings.Contains(string(r.Body), `"id"`) {
			continue
		}
		if body, err := bodies.Decode(r.Body); err == nil {
			if id, _ := body["id"].(string); id != "" {
				id := objectID{at.kind, strings.ToLower(id)}
				before[id] = append(before[id], at)
			}
		}
	}
	for _, o := range m.im.Origins {
		now[objectID{o.Kind, o.ID}]++
	}
	for _, o := range m.im.Origins {
		at, id := target{o.Kind, o.Key}, objectID{o.Kind, o.ID}
		if _, there := m.present[at]; there || o.ID == "" || now[id] > 1 || len(before[id]) != 1 {
			continue
		}
		m.from[at] = before[id][0]
		m.renamed[before[id][0]] = true
		m.out.Renamed = append(m.out.Renamed, Rename{Kind: o.Kind, From: before[id][0].key, To: o.Key})
	}
}

// write adds the changes that write the imported resources.
func (m *merger) write() error {
	for _, r := range m.im.Resources {
		at := target{r.Kind, r.Key}
		old, there := m.present[at]
		from, renamed := m.from[at]
		if there {
			m.out.InPlace++
		} else if renamed {
			old = m.present[from]
			m.out.Changes = append(m.out.Changes, tenant.Change{Kind: from.kind, Key: from.key})
		}
		body := r.Body
		if there || renamed {
			var err error
			if body, err = kept(r, old, from.key); err != nil {
				return err
			}
		}
		if !there || !sameJSON(body, old.Body) {
			m.out.Changes = append(m.out.Changes, tenant.Change{Kind: r.Kind, Key: r.Key, Body: body})
		}
	}
	return nil
}

// kept returns the body of the imported resource r. If the body lacks previous names, a
// comment, a schema or assignments, it keeps those of old. If former is not "", kept
// adds it to the previous names.
func kept(r, old tenant.Resource, former string) (json.RawMessage, error) {
	body, err := bodies.Decode(r.Body)
	if err != nil {
		return nil, fmt.Errorf("import %s/%s: %w", r.Kind, r.Key, err)
	}
	before, err := bodies.Decode(old.Body)
	if err != nil {
		return nil, fmt.Errorf("import into %s/%s: %w", old.Kind, old.Key, err)
	}
	for _, name := range []string{"$previousNames", "$comment", "$schema", "assignments"} {
		if v, has := before[name]; has && body[name] == nil {
			body[name] = v
		}
	}
	if former != "" {
		names, _ := body["$previousNames"].([]any)
		names = slices.DeleteFunc(slices.Clone(names), func(v any) bool { return v == former || v == r.Key })
		body["$previousNames"] = append(names, former)
	}
	return bodies.Encode(body)
}

func sameJSON(a, b json.RawMessage) bool {
	left, errLeft := bodies.Decode(a)
	right, errRight := bodies.Decode(b)
	if errLeft != nil || errRight != nil {
		return false
	}
	x, errX := bodies.Encode(left)
	y, errY := bodies.Encode(right)
	return errX == nil && errY == nil && string(x) == string(y)
}

// remove removes resources of the last import that this one lacks.
func (m *merger) remove(last []Origin) {
	gone := make(map[target]Origin)
	for _, o := range last {
		at := target{o.Kind, o.Key}
		_, still := m.fresh[at]
		if !still && !m.renamed[at] {
			gone[at] = o
		}
	}
	why := m.refused(last)
	for {
		m.referred(gone, why)
		held := 0
		for at := range gone {
			if why[at] != "" {
				delete(gone, at) // the next round also holds the resources to which it refers
				held++
			}
		}
		if held == 0 {
			break
		}
	}
	for _, o := range last {
		at := target{o.Kind, o.Key}
		if _, is := gone[at]; is {
			m.out.Removed = append(m.out.Removed, o)
			m.out.Changes = append(m.out.Changes, tenant.Change{Kind: o.Kind, Key: o.Key})
		} else if _, still := m.fresh[at]; !still && why[at] != "" && !m.renamed[at] {
			m.out.Held = append(m.out.Held, Held{Origin: o, Why: why[at]})
		}
	}
}

// refused returns the resources of the last import that a refused file of this import
// may contain, with the reasons.
func (m *merger) refused(last []Origin) map[target]string {
	why := make(map[target]string)
	hold := func(is func(Origin) bool, l Line) (found bool) {
		for _, o := range last {
			if is(o) {
				found = true
				at := target{o.Kind, o.Key}
				why[at] = cmp.Or(why[at], fmt.Sprintf("its file %s was refused: %s", l.Thing, l.Text))
			}
		}
		return found
	}
	for _, l := range m.im.Report.LeftOut {
		found := hold(func(o Origin) bool {
			sameKind := l.Kind == "" || l.Kind == o.Kind
			return sameKind && (l.ID != "" && l.ID == o.ID || l.Key != "" && l.Key == o.Key || wholeFile(l.Thing) == wholeFile(o.File))
		}, l)
		switch {
		case found || l.Known:
		case l.Kind == "":
			hold(func(Origin) bool { return true }, l)
		default: // the object may be one of them under another name
			hold(func(o Origin) bool { return o.Kind == l.Kind && (l.Key == "" || l.ID == "" || o.ID == "") }, l)
		}
	}
	return why
}

// wholeFile returns the name of an object's file: file.json for file.json[3].
func wholeFile(thing string) string {
	if name, ok := strings.CutSuffix(thing, "]"); ok {
		name, _, _ = strings.Cut(name, ".json[")
		return name + ".json"
	}
	return thing
}

// referred holds back each resource of gone to which a remaining resource refers. It
// records the reason in why.
func (m *merger) referred(gone map[target]Origin, why map[target]string) {
	if len(gone) == 0 {
		return
	}
	for at, r := range m.present {
		_, goes := gone[at]
		_, replaced := m.fresh[at]
		if goes || replaced || m.renamed[at] || !strings.Contains(string(r.Body), "${") {
			continue
		}
		body, err := bodies.Decode(r.Body)
		if err != nil {
			continue
		}
		bodies.EditStrings(body, func(s string) string {
			if kind, key, ok := bodies.ParseReference(s); ok {
				if _, goes := gone[target{kind, key}]; goes && why[target{kind, key}] == "" {
					why[target{kind, key}] = fmt.Sprintf("%s %q refers to it", at.kind, at.key)
				}
			}
			return s
		})
	}
}

// keepOrigins collects the origins of the resources that the configuration has after
// the merge.
func (m *merger) keepOrigins(last []Origin) {
	m.out.Origins = slices.Clone(m.im.Origins)
	lost := make(map[target]bool)
	for _, o := range m.out.Removed {
		lost[target{o.Kind, o.Key}] = true
	}
	for _, o := range last {
		at := target{o.Kind, o.Key}
		if _, again := m.fresh[at]; !again && !lost[at] && !m.renamed[at] {
			m.out.Origins = append(m.out.Origins, o)
		}
	}
	slices.SortFunc(m.out.Origins, func(a, b Origin) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key)) })
}
