package diff

import (
	"slices"
)

// formerIDs are the ids by which a successor's file may know an object: the
// tenant's, and the one that its own file told.
func formerIDs(o *object) []string {
	var ids []string
	for _, id := range []string{comparedID(o.base.ID), comparedID(o.base.FileID)} {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// byID renames where a new file carries the id of a vanished object, whatever
// else has changed. No other new file may carry it, nor another object of the
// base have it: a copied file carries the id of its original.
func (r *renaming) byID() {
	told := map[string][]*object{}
	for _, o := range r.fresh {
		if r.ix.watch.ended() {
			return
		}
		if body, err := o.file(); err == nil {
			if id := comparedID(toldID(body)); id != "" {
				told[id] = append(told[id], o)
			}
		}
	}
	if len(told) == 0 {
		return
	}
	owners := map[string][]*object{}
	for _, o := range r.objects {
		if o.base == nil {
			continue
		}
		for _, id := range formerIDs(o) {
			if told[id] != nil {
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
			if len(told[id]) > 0 {
				alone = alone && claimants == nil && len(told[id]) == 1 && len(owners[id]) == 1
				claimants = told[id]
			}
		}
		switch {
		case len(claimants) == 0:
		case alone && r.ix.files.hides(r.kind.Name, old.key):
			r.leaveUntilRepaired(claimants, []*object{old})
		case alone:
			pairs = append(pairs, [2]*object{old, claimants[0]})
		default:
			old.mayBe = &guess{claimants, sameID}
		}
	}
	for id, claimants := range told {
		former := slices.DeleteFunc(owners[id], func(o *object) bool { return o.mayBe == nil })
		if slices.SortFunc(former, byKey); len(former) == 0 {
			continue
		}
		for _, o := range claimants {
			o.mayBe = &guess{former, sameID}
		}
	}
	r.renameUnlessTaken(pairs)
}

const sameID = "they carry the same id, but others do too"
