package state

import (
	"maps"
	"sync"
)

// legalMoves has, for each event, the statuses in which it is legal and those to
// which it leads, as the machine says.
var legalMoves = sync.OnceValue(func() map[Event]map[Status]Status {
	all := make(map[Event]map[Status]Status)
	for _, ev := range Events() {
		all[ev] = make(map[Status]Status)
		for _, from := range Statuses() {
			if to, err := Next(from, ev); err == nil {
				all[ev][from] = to
			}
		}
	}
	return all
})

// Moves returns each status in which the request's events are legal, one after
// the other, with the status to which they lead. A store that decides a commit
// in one statement passes the map to it. The statement moves a tenant from the
// stored status to the one in the map, and refuses a stored status that is not
// in the map. A request without events keeps every status. The caller owns the
// map.
func (r CommitRequest) Moves() map[Status]Status {
	all := make(map[Status]Status, len(statuses))
	for _, s := range statuses {
		all[s.status] = s.status
	}
	for _, ev := range r.Events {
		step := legalMoves()[ev]
		maps.DeleteFunc(all, func(_, at Status) bool { _, legal := step[at]; return !legal })
		for from, at := range all {
			all[from] = step[at]
		}
	}
	return all
}
