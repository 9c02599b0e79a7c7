package pack

// State is the state of a pack: the records that were read. It is kept between calls.
type State struct {
	salt  [16]byte
	head  int64 // size of the packHead; 0: the pack does not exist
	end   int64 // of the last valid record
	lines map[string]*LineState
}

func newState() *State {
	return &State{lines: map[string]*LineState{Desired: {byKey: make(map[[16]byte]int)}, Backup: {byKey: make(map[[16]byte]int)}}}
}

// lastRecord returns the last revision of the two lines in the pack.
func (s *State) lastRecord() (last Record, found bool) {
	for _, l := range s.lines {
		if r, there := l.Last(); there && (!found || r.at > last.at) {
			last, found = r, true
		}
	}
	return last, found
}

// LineState is the state of a line, from the records of its pack.
type LineState struct {
	Revisions []Record // oldest first, numbers without a gap
	byKey     map[[16]byte]int
	// Done is the last revision that was written into the line's folder, and
	// DoneBoot the boot of the machine in which that happened.
	Done     int
	DoneBoot Boot
	// whole is the size of the last list of all files, and since that of the
	// lists of changes after it.
	whole, since int64
}

func (l *LineState) last() Record { return l.Revisions[len(l.Revisions)-1] }

// Last returns the last revision. It returns false for a line without revisions.
func (l *LineState) Last() (Record, bool) {
	if len(l.Revisions) == 0 {
		return Record{}, false
	}
	return l.last(), true
}

// Numbered returns the revision with a number. It returns false for an unknown number.
func (l *LineState) Numbered(number int) (Record, bool) {
	if len(l.Revisions) == 0 {
		return Record{}, false
	}
	i := number - l.Revisions[0].Number
	if i < 0 || i >= len(l.Revisions) {
		return Record{}, false
	}
	return l.Revisions[i], true
}

// IsWritten reports whether the files of the line's last revision were written to
// the line's folder. It returns false after a start of the machine, which may have
// lost files that were not synced.
func (l *LineState) IsWritten(boot Boot) bool {
	last, there := l.Last()
	return there && l.Done == last.Number && l.DoneBoot.Same(boot)
}

// ByKey returns the revision that was written with an idempotency key. It returns
// false for an unknown key.
func (l *LineState) ByKey(key string) (Record, bool) {
	number, there := l.byKey[keySum(key)]
	if !there {
		return Record{}, false
	}
	return l.Numbered(number)
}

// listCost is the cost of a list of changes, beside its bytes: each list of a line is
// read to know the line's files.
const listCost = 256

func (l *LineState) add(r Record) {
	if r.kind == doneRecord {
		l.Done, l.DoneBoot = r.Number, r.Boot
		return
	}
	if r.key != ([16]byte{}) {
		l.byKey[r.key] = r.Number
	}
	l.Revisions = append(l.Revisions, r)
	if r.whole {
		l.whole, l.since = r.meta, 0
	} else {
		l.since += r.meta + listCost
	}
}

// dropLast forgets the last revision, whose write was cut off.
func (l *LineState) dropLast() {
	kept := l.Revisions[:len(l.Revisions)-1]
	fresh := LineState{byKey: make(map[[16]byte]int), DoneBoot: l.DoneBoot, Done: l.Done}
	for _, r := range kept {
		fresh.add(r)
	}
	*l = fresh
}
