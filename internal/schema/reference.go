package schema

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

func IsGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		_, hex := reference.HexDigit(s[i])
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// RefersTo reports whether the kind declares references to another.
func (k *Schema) RefersTo(kind string) bool {
	return slices.ContainsFunc(k.References, func(r tenant.Reference) bool { return slices.Contains(r.Kinds, kind) })
}

// Applicable returns the declared references that hold at a place.
func Applicable(at Place) []*tenant.Reference {
	if len(at.refs) == 0 {
		return nil
	}
	typ := jsonval.TextOf(at.holder.Get("@odata.type"))
	for _, r := range at.refs {
		if r.Type != "" && r.Type != typ {
			return slices.DeleteFunc(slices.Clone(at.refs), func(r *tenant.Reference) bool { return r.Type != "" && r.Type != typ })
		}
	}
	return at.refs
}

// IsLiteral reports whether a value at declared references stays as it is.
func IsLiteral(refs []*tenant.Reference, value string) bool {
	for _, r := range refs {
		for _, l := range r.Literals {
			prefix, isPrefix := strings.CutSuffix(l, "*")
			if l == value || isPrefix && strings.HasPrefix(value, prefix) {
				return true
			}
		}
	}
	return value == ""
}

// SetProperty puts in the property that the kind declares for the place.
func SetProperty(r *reference.Ref, declared []*tenant.Reference) {
	if r.Property != "" {
		return
	}
	for _, d := range declared {
		if slices.Contains(d.Kinds, r.Kind) {
			r.Property = d.Property
			return
		}
	}
}

// Declares reports whether a reference is to the property that the kind declares
// for the place: one by which the place names objects.
func Declares(declared []*tenant.Reference, r reference.Ref) bool {
	return slices.ContainsFunc(declared, func(d *tenant.Reference) bool {
		return d.Property == r.Property && slices.Contains(d.Kinds, r.Kind)
	})
}
