package schema

import (
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// FileOf returns the name of a resource's file, for messages.
func FileOf(r *tenant.Resource) string {
	if r.Source != "" {
		return r.Source
	}
	return reference.ItemID(r.Kind, r.Key)
}

// NameOf returns an object's name: the values of the natural key, joined. text
// converts the strings of the body. NameOf reports false if a value is missing.
func (k *Schema) NameOf(body *jsonval.Node, text func(string) string) (string, bool) {
	parts := make([]string, 0, len(k.NaturalKey))
	for _, segs := range k.NaturalKey {
		v := body.At(segs)
		part := ""
		switch {
		case v.IsString():
			part = text(v.Text)
		case v != nil && v.Kind == '0':
			part = v.Text
		}
		if part == "" {
			return "", false
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " - "), true
}

// MatchOfKey returns a match for the object with the key. It reports false for
// a singleton and for a kind whose natural key has several properties.
func (k *Schema) MatchOfKey(key string) (tenant.Match, bool) {
	if len(k.NaturalKey) != 1 || k.Singleton {
		return nil, false
	}
	return tenant.Match{jsonval.JoinPointer(k.NaturalKey[0]): key}, true
}

// MatchOf returns the natural key's properties. text converts the strings of
// the body. MatchOf reports false if a property is missing or blank, or if text
// does.
func (k *Schema) MatchOf(body *jsonval.Node, text func(string) (string, bool)) (tenant.Match, bool) {
	match := tenant.Match{}
	for _, segs := range k.NaturalKey {
		v := body.At(segs)
		if !v.IsString() {
			return nil, false
		}
		s, ok := text(v.Text)
		if !ok || strings.TrimSpace(s) == "" {
			return nil, false
		}
		match[jsonval.JoinPointer(segs)] = s
	}
	return match, true
}
