package diff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// previousNames is the member of a file with the object's previous names.
const previousNames = "$previousNames"

// FormerNames returns the former keys in $previousNames of all files, each with
// the file's present key. It leaves out a former key that is also a file's key,
// even if that file cannot be used, and one that two files claim.
func FormerNames(d tenant.Desired) map[plan.Target]string {
	now, marker := map[plan.Target]string{}, []byte(previousNames)
	claims := map[plan.Target]int{}
	for _, r := range d.Resources {
		// Most files have no previous names, and need not be decoded.
		if !bytes.Contains(r.Body, marker) {
			continue
		}
		if body, err := jsonval.ParseObject(r.Body); err == nil {
			for _, key := range formerKeys(body) {
				former := plan.Target{Kind: r.Kind, Key: key}
				now[former] = r.Key
				claims[former]++
			}
		}
	}
	if len(now) == 0 {
		return now
	}
	for _, r := range d.Resources {
		delete(now, plan.Target{Kind: r.Kind, Key: r.Key})
	}
	for _, p := range d.Problems {
		delete(now, plan.Target{Kind: p.Kind, Key: p.Key})
	}
	maps.DeleteFunc(now, func(former plan.Target, _ string) bool { return claims[former] > 1 })
	return now
}

// Renamed returns the body of a file whose key becomes key. It adds the present
// key to $previousNames, so that the object is renamed with the file. It
// removes key from there. The other text stays unchanged.
func Renamed(file tenant.Resource, key string) (json.RawMessage, error) {
	body, err := jsonval.ParseObject(file.Body)
	if err != nil {
		return nil, fmt.Errorf("plan: %s: %w", reference.ItemID(file.Kind, file.Key), err)
	}
	names := slices.DeleteFunc(formerKeys(body), func(name string) bool { return name == key })
	former, err := json.Marshal(append(names, file.Key))
	if err != nil {
		return nil, fmt.Errorf("plan: %s: %w", reference.ItemID(file.Kind, file.Key), err)
	}
	e := new(jsonval.Edits)
	list := e.At([]string{previousNames})
	list.Set, list.Value = true, former
	return e.Apply(file.Body)
}

// formerKeys returns the names in a file's $previousNames.
func formerKeys(file *jsonval.Node) []string {
	var keys []string
	if list := file.Get(previousNames); list.IsArray() {
		for _, v := range list.Kids {
			if v.IsString() {
				keys = append(keys, v.Text)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// findAliases collects the former keys that references in files may still use.
// A reference may use one as long as the file names it. A former key is not an
// alias if the base binds it to another object.
func (ix *index) findAliases(desired tenant.Desired) map[string]string {
	aliases := map[string]string{}
	for former, now := range FormerNames(desired) {
		if ix.sides[former.Kind] == nil || ix.files.hasKey(former.Kind, former.Key) || ix.files.hasKey(former.Kind, now) {
			continue
		}
		held, own := ix.boundID(former.Kind, former.Key), ix.boundID(former.Kind, now)
		if held != "" && own != "" && held != own {
			continue
		}
		aliases[reference.ItemID(former.Kind, former.Key)] = now
	}
	return aliases
}

// previousNamesLine returns the line with which a file names its former key.
func previousNamesLine(key string) string {
	name, err := json.Marshal(key)
	if err != nil {
		return "" // cannot happen: a string has a JSON form
	}
	return fmt.Sprintf("%q: [%s]", previousNames, name)
}

// previousNamesLineOf returns the line with which a file names this object's
// key.
func previousNamesLineOf(old *object) string { return previousNamesLine(old.key) }

func quotedKey(o *object) string { return fmt.Sprintf("%q", o.key) }

// firstFew joins the first texts, and appends the number of the others.
func firstFew[T any](all []T, sep string, text func(T) string) string {
	var texts []string
	for _, v := range all[:min(len(all), fewShown)] {
		texts = append(texts, text(v))
	}
	if more := len(all) - fewShown; more > 0 {
		texts = append(texts, fmt.Sprintf("one of %d more", more))
	}
	return strings.Join(texts, sep)
}

// fileID returns the id in a file's own member "id". Exported files have the id
// of the tenant that they were exported from, which may be another tenant. The
// comparison ignores the id, but a new file with the same id is the renamed
// one.
func fileID(file *jsonval.Node) string {
	id := file.Get("id")
	if !id.IsString() || strings.Contains(id.Text, "${") {
		return ""
	}
	return id.Text
}

// comparedID returns the form of an id for comparisons. GUIDs are compared
// without regard to case.
func comparedID(id string) string {
	if schema.IsGUID(id) {
		return strings.ToLower(id)
	}
	return id
}

// fewShown is the number of names in a message.
const fewShown = 3
