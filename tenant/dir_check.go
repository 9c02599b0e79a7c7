package tenant

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tenantsync/tenantsync/internal/pack"
)

const (
	// maxPath is the longest path of a file in a line, in bytes.
	maxPath = 4096
	// maxKeyFile is the size of the largest key file of format 1 that is read.
	maxKeyFile = 64 << 10
)

// checkListed returns an error for a path that no file in a line may have.
func checkListed(name string) error {
	if len(name) > maxPath || !fs.ValidPath(name) || isIgnored(name) {
		return fmt.Errorf("it lists %.100q, which is no path of a file in a line", name)
	}
	return nil
}

var revisionForm = regexp.MustCompile(`^([0-9]{1,10})([-+])([0-9a-f]{32})$`)

// parseID returns the parts of a revision's id that are not its number. It
// returns false for any other text.
func parseID(id string) (d pack.Digest, edited, ok bool) {
	parts := revisionForm.FindStringSubmatch(id)
	if parts == nil {
		return d, false, false
	}
	raw, err := hex.DecodeString(parts[3])
	copy(d[:], raw)
	return d, parts[2] == "+", err == nil
}

// check returns an error for a revision that no release wrote. Every path that is made
// from a revision is made from fields that check has accepted.
func (r *oldRevision) check(line Line) error {
	parts := revisionForm.FindStringSubmatch(r.ID)
	if parts == nil {
		return fmt.Errorf("it has no id of a revision")
	}
	// An edited state is named after the revision before it.
	named, _ := strconv.Atoi(parts[1])
	if parts[2] == "+" {
		named++
	}
	if r.Number < 1 || r.Number > pack.MaxRevision || named != r.Number {
		return fmt.Errorf("it has the number %d and the id %s", r.Number, r.ID)
	}
	if line == BackupLine && r.Files[snapshotFile] == "" {
		return fmt.Errorf("it lists no %s", snapshotFile)
	}
	return checkFiles(r.Files)
}

// checkFiles returns an error for a list of objects by path that no release wrote.
func checkFiles(objects map[string]string) error {
	for name, object := range objects {
		if err := checkListed(name); err != nil {
			return err
		}
		if !isObject(object) {
			return fmt.Errorf("it lists %.100q with the object %.100q, which is none", name, object)
		}
	}
	return nil
}

// pendingRevisions is a list of at most two: a state that was edited by hand, and the
// revision that followed it.
type pendingRevisions []oldRevision

// UnmarshalJSON refuses a longer list before it is held in memory.
func (p *pendingRevisions) UnmarshalJSON(text []byte) error {
	// The text is valid JSON, and may have duplicate names: see oldRevision.
	dec := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if kind := dec.PeekKind(); kind == 'n' {
		return nil
	} else if kind != '[' {
		return fmt.Errorf("its revisions are a JSON %s", kindName(kind))
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	*p = nil
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if len(*p) == 2 {
			return errors.New("it has more than two revisions")
		}
		var r oldRevision
		if err := json.Unmarshal(value, &r); err != nil {
			return err
		}
		*p = append(*p, r)
	}
	return nil
}

// check returns an error for a change that no release wrote.
func (p *oldPending) check() error {
	if p.Line != DesiredLine && p.Line != BackupLine {
		return fmt.Errorf("it is about the line %.100q, which is none", p.Line)
	}
	if len(p.Revisions) == 0 {
		return errors.New("it has no revisions")
	}
	for i, r := range p.Revisions {
		if err := r.check(p.Line); err != nil {
			return fmt.Errorf("revision %d: %w", i+1, err)
		}
		if i > 0 && r.Number != p.Revisions[i-1].Number+1 {
			return fmt.Errorf("its revisions have the numbers %d and %d", p.Revisions[i-1].Number, r.Number)
		}
		if len(r.Key) > maxRequestKey {
			return fmt.Errorf("a key has %d bytes, more than the limit of %d", len(r.Key), maxRequestKey)
		}
	}
	return checkFiles(p.Before)
}
