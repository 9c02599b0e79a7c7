package rollback

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/plan"
)

// mergeBody returns a snapshot's object as a file of the desired line. It keeps
// the file's text for redacted and masked values, and for texts that equal the
// file's text with its variables expanded. It also keeps the file's members for
// the planner ("$…").
func mergeBody(file, snapshot json.RawMessage, variables map[string]string) (json.RawMessage, error) {
	var old, past map[string]any
	if err := decodeNumbers(file, &old); err != nil {
		return nil, fmt.Errorf("decode the file: %w", err)
	}
	if err := decodeNumbers(snapshot, &past); err != nil {
		return nil, fmt.Errorf("decode the snapshot: %w", err)
	}
	m := merging{variables: variables}
	out := m.object(old, past, true)
	for name, v := range old {
		if _, ok := out[name]; !ok && strings.HasPrefix(name, "$") {
			out[name] = v
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(out)
	return bytes.TrimSpace(b.Bytes()), err
}

func decodeNumbers(raw json.RawMessage, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return dec.Decode(into)
}

type merging struct {
	variables map[string]string
}

// value merges a file's value with the snapshot's. It replaces a redacted value
// by the file's value only if both certainly belong to the same setting.
func (m merging) value(file, past any, certain bool) any {
	switch past := past.(type) {
	case string:
		text, ok := file.(string)
		if certain && hidden(past) && file != nil || ok && m.expand(text) == past {
			return file
		}
	case map[string]any:
		if old, ok := file.(map[string]any); ok {
			return m.object(old, past, certain)
		}
	case []any:
		if old, ok := file.([]any); ok {
			return m.array(old, past)
		}
	}
	return past
}

func (m merging) object(file, past map[string]any, certain bool) map[string]any {
	out := maps.Clone(past)
	for name, v := range past {
		if old, ok := file[name]; ok {
			out[name] = m.value(old, v, certain)
		}
	}
	return out
}

// array takes the file's element for each element of the snapshot that looks
// the same. It looks at the same index first. It merges the other elements by
// their index, except for redacted values, which could belong to another
// element.
func (m merging) array(file, past []any) []any {
	out := make([]any, len(past))
	used := make([]bool, len(file))
	for i, v := range past {
		same := func(j int) bool { return !used[j] && m.same(file[j], v) }
		j := slices.IndexFunc(seq(i, len(file)), same)
		switch {
		case j >= 0:
			j = seq(i, len(file))[j]
			used[j] = true
			out[i] = file[j]
		case len(file) == len(past):
			out[i] = m.value(file[i], v, false)
		default:
			out[i] = v
		}
	}
	return out
}

// seq returns the indexes below n. It begins with first if first is below n.
func seq(first, n int) []int {
	var out []int
	if first < n {
		out = append(out, first)
	}
	for i := range n {
		if i != first {
			out = append(out, i)
		}
	}
	return out
}

// same reports whether a file's value looks the same as the snapshot's:
// redacted values look the same as any text.
func (m merging) same(file, past any) bool {
	switch past := past.(type) {
	case string:
		text, ok := file.(string)
		return ok && (hidden(past) || m.expand(text) == past)
	case map[string]any:
		old, ok := file.(map[string]any)
		if !ok || len(old) != len(past) {
			return false
		}
		for name, v := range past {
			if was, ok := old[name]; !ok || !m.same(was, v) {
				return false
			}
		}
		return true
	case []any:
		old, ok := file.([]any)
		return ok && slices.EqualFunc(old, past, m.same)
	}
	return reflect.DeepEqual(file, past)
}

var variable = regexp.MustCompile(`\$\$\{|\$\{var:[^}]*\}`)

// expand replaces the variables by their values. As in files, a literal ${ is
// written $${.
func (m merging) expand(text string) string {
	return variable.ReplaceAllStringFunc(text, func(found string) string {
		name, ok := strings.CutPrefix(found, "${var:")
		value, known := m.variables[strings.TrimSuffix(name, "}")]
		if !ok || !known {
			return found
		}
		return strings.ReplaceAll(value, "${", "$${")
	})
}

// hidden reports whether a snapshot's text is redacted or masked.
func hidden(text string) bool {
	return text == plan.Redacted || text != "" && strings.Trim(text, "*") == ""
}
