package tenant

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// maxRequestKey is the longest idempotency key, in bytes.
	maxRequestKey = 200
	// maxKind is the longest name of a kind, in bytes, that has a folder.
	maxKind = 100

	historyLimit = 100
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalidRequest}, args...)...)
}

func (r UpdateRequest) check() error {
	return cmp.Or(checkTenant(r.Tenant), checkRequestKey(r.Key), checkChanges(r.Changes))
}

func (r BackupRequest) check() error {
	return cmp.Or(checkTenant(r.Tenant), checkRequestKey(r.Key), r.Snapshot.check(), r.checkRemoved())
}

// checkRemoved returns an error for removals that are impossible with any parent.
func (r BackupRequest) checkRemoved() error {
	if len(r.Removed) == 0 {
		return nil
	}
	if r.Parent == "" {
		return invalid("the backup removes resources and names no parent")
	}
	replaces := r.Snapshot.replaces()
	changes := snapshotChanges(r.Snapshot, func(string) bool { return true })
	for i, c := range changes { // their bodies were checked
		changes[i] = Change{Kind: c.Kind, Key: c.Key}
	}
	for _, name := range r.Removed {
		if !replaces(name.Kind) {
			return invalid("the backup removes %s/%s, and only of a complete kind can a resource be known to be gone", name.Kind, name.Key)
		}
		changes = append(changes, Change{Kind: name.Kind, Key: name.Key})
	}
	return checkChanges(changes)
}

func (r RepositoryHistoryRequest) check() error {
	if r.Line != DesiredLine && r.Line != BackupLine {
		return invalid("there is no line %q", r.Line)
	}
	if r.Limit < 0 {
		return invalid("the limit %d is negative", r.Limit)
	}
	return checkTenant(r.Tenant)
}

// check says what makes a snapshot impossible to keep.
func (s Snapshot) check() error {
	kinds := make(map[string]bool, len(s.Kinds))
	for _, k := range s.Kinds {
		if kinds[k.Kind] {
			return invalid("the snapshot has two states of kind %q", k.Kind)
		}
		kinds[k.Kind] = true
		if err := checkKind(k.Kind); err != nil {
			return invalid("%w", err)
		}
	}
	for _, r := range s.Resources {
		if !kinds[r.Kind] {
			return invalid("the snapshot has %s/%s but no state of its kind", r.Kind, r.Key)
		}
	}
	changes := snapshotChanges(s, func(string) bool { return true })
	for i, replaces := 0, s.replaces(); i < len(changes); i++ {
		if replaces(changes[i].Kind) {
			changes[i].Body = nil // is checked where it is formatted
		}
	}
	return checkChanges(changes)
}

func checkTenant(tenant string) error {
	if tenant == "" || !utf8.ValidString(tenant) {
		return invalid("the tenant %q is empty or no valid UTF-8", tenant)
	}
	_, err := tenantFolder(tenant)
	return err
}

func checkRequestKey(key string) error {
	switch {
	case key == "":
		return invalid("the idempotency key is missing")
	case !utf8.ValidString(key):
		return invalid("the idempotency key %q is no valid UTF-8", key)
	case len(key) > maxRequestKey:
		return invalid("the idempotency key has %d bytes, more than the limit of %d", len(key), maxRequestKey)
	}
	return nil
}

func checkKind(kind string) error {
	if kind == "" || len(kind) > maxKind || !utf8.ValidString(kind) || len(escape(kind, isUnsafe)) > maxName {
		return fmt.Errorf("the kind %q is no name of 1 to %d bytes of UTF-8 that can be a folder", kind, maxKind)
	}
	return nil
}

func checkChanges(changes []Change) error {
	seen := make(map[ResourceName]bool, len(changes))
	kinds := make(map[string]error)
	errs := make([]error, len(changes))
	atOnce(len(changes), func(i int) {
		if c := changes[i]; c.Body != nil {
			_, errs[i] = DecodeFile(c.Kind+"/"+c.Key, c.Body)
		}
	})
	for i, c := range changes {
		name := ResourceName{c.Kind, c.Key}
		if seen[name] {
			return invalid("%s/%s appears twice", c.Kind, c.Key)
		}
		seen[name] = true
		kindErr, known := kinds[c.Kind]
		if !known {
			kindErr = checkKind(c.Kind)
			kinds[c.Kind] = kindErr
		}
		if err := cmp.Or(kindErr, checkKey(c.Key)); err != nil {
			return invalid("%s/%s: %w", c.Kind, c.Key, err)
		}
		if errs[i] != nil {
			return invalid("the body is no JSON object: %w", errs[i])
		}
	}
	return nil
}

func compareChanges(a, b Change) int {
	return compareNames(ResourceName{a.Kind, a.Key}, ResourceName{b.Kind, b.Key})
}

func compareNames(a, b ResourceName) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
}
