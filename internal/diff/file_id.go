package diff

import (
	"slices"
)

// formerIDs returns the ids by which a new file can name a vanished object: the
// tenant's id, and the id that its former file had.
func formerIDs(o *object) []string {
	var ids []string
	for _, id := range []string{comparedID(o.base.ID), comparedID(o.base.FileID)} {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// byID renames if a new file has the id of a vanished object, whatever else has
// changed. No other new file and no other object of the base may have the id: a
// copied file has the id of its original.
func (r *renaming) byID() {
	files := map[string][]*object{}
	for _, o := range r.fresh {
		if r.ix.watch.ended() {
			return
		}
		if body, err := o.file(); err == nil {
			if id := comparedID(fileID(body)); id != "" {
				files[id] = append(files[id], o)
			}
		}
	}
	if len(files) == 0 {
		return
	}
	owners := map[string][]*object{}
	for _, o := range r.objects {
		if o.base == nil {
			continue
		}
		for _, id := range formerIDs(o) {
			if files[id] != nil {
				owners[id] = append(owners[id], o)
			}
		}
	}
	var pairs [][2]*object
	for _, old := range r.vanished {
		if old.gone {
			continue
		}
		alone, claimants := true, []*object(nil)
		for _, id := range formerIDs(old) {
			if len(files[id]) > 0 {
				alone = alone && claimants == nil && len(files[id]) == 1 && len(owners[id]) == 1
				claimants = files[id]
			}
		}
		switch {
		case len(claimants) == 0:
		case alone && r.ix.files.hides(r.kind.Name, old.key):
			r.leaveUntilRepaired(claimants, []*object{old})
		case alone:
			pairs = append(pairs, [2]*object{old, claimants[0]})
		default:
			old.asCandidate().mayBe = &guess{claimants, sameID}
		}
	}
	for id, claimants := range files {
		former := slices.DeleteFunc(owners[id], func(o *object) bool { return o.guess() == nil })
		if slices.SortFunc(former, byKey); len(former) == 0 {
			continue
		}
		for _, o := range claimants {
			o.asCandidate().mayBe = &guess{former, sameID}
		}
	}
	r.renameUnlessTaken(pairs)
}

const sameID = "they have the same id, but others have it too"
