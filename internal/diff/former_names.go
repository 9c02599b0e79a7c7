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

// previousNames is where a file tells what it was called.
const previousNames = "$previousNames"

// FormerNames returns what files were called before, as they tell in
// $previousNames, each with the key that it has now. A name that a file has, be
// it one that cannot be used, or that two files tell, is nobody's.
func FormerNames(d tenant.Desired) map[plan.Target]string {
	now, told := map[plan.Target]string{}, []byte(previousNames)
	claims := map[plan.Target]int{}
	for _, r := range d.Resources {
		// Most files have no such thing, and are not decoded for it.
		if !bytes.Contains(r.Body, told) {
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

// Renamed returns the body of a file that gets the name key: it tells its present
// one in $previousNames, so that the object is renamed with it, and not key, if
// that is a name that it had. The rest of the text stays as it is.
func Renamed(file tenant.Resource, key string) (json.RawMessage, error) {
	body, err := jsonval.ParseObject(file.Body)
	if err != nil {
		return nil, fmt.Errorf("plan: %s: %w", reference.ItemID(file.Kind, file.Key), err)
	}
	names := slices.DeleteFunc(formerKeys(body), func(name string) bool { return name == key })
	told, err := json.Marshal(append(names, file.Key))
	if err != nil {
		return nil, fmt.Errorf("plan: %s: %w", reference.ItemID(file.Kind, file.Key), err)
	}
	e := new(jsonval.Edits)
	list := e.At([]string{previousNames})
	list.Set, list.Value = true, told
	return e.Apply(file.Body)
}

// formerKeys returns what a file says in $previousNames.
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

// findAliases collects the former names that other files may go on using: as
// long as the file says so, and not just in the run that sees the rename. A name
// that another object still has, whose file is gone, is no alias.
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

// previousNamesLine is the line by which a file tells its former name.
func previousNamesLine(key string) string {
	name, err := json.Marshal(key)
	if err != nil {
		return "" // a text has a JSON form
	}
	return fmt.Sprintf("%q: [%s]", previousNames, name)
}

// toldLine is the line by which a file tells that it was this object's.
func toldLine(old *object) string { return previousNamesLine(old.key) }

func quotedKey(o *object) string { return fmt.Sprintf("%q", o.key) }

// firstFew joins the first texts, and says how many there are more.
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

// toldID returns the id that a file carries in its own member "id", as exported
// files do: of the tenant that it was exported from, which need not be this
// one. Comparison leaves it out, but a file with another name and the same id is
// the former file's successor.
func toldID(file *jsonval.Node) string {
	id := file.Get("id")
	if !id.IsString() || strings.Contains(id.Text, "${") {
		return ""
	}
	return id.Text
}

// comparedID returns a text that is equal for ids that mean the same object: GUIDs have no case.
func comparedID(id string) string {
	if schema.IsGUID(id) {
		return strings.ToLower(id)
	}
	return id
}

// fewShown is how many names a message has.
const fewShown = 3
