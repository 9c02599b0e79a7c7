package schema

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

// RefersTo reports whether the kind declares references to objects of another
// kind. properties are the members of an object that have them; it is nil if any
// member may.
func (k *Schema) RefersTo(kind string) (properties [][]string, refers bool) {
	anywhere := false
	for _, r := range k.References {
		if !slices.Contains(r.Kinds, kind) {
			continue
		}
		refers = true
		segs, err := jsonval.SplitPointer(r.Path)
		if err != nil || len(segs) == 0 || strings.HasPrefix(segs[0], "*") {
			anywhere = true
			continue
		}
		properties = append(properties, segs[:1])
	}
	if anywhere {
		properties = nil
	}
	return properties, refers
}

// Applicable returns the declared references that apply at a place.
func Applicable(at Place) []*tenant.Reference {
	if len(at.refs) == 0 {
		return nil
	}
	return ofType(at.refs, typeOf(at.enclosing))
}

// ofType returns the references that apply in objects of a type.
func ofType(refs []*tenant.Reference, typ string) []*tenant.Reference {
	other := func(r *tenant.Reference) bool { return r.Type != "" && bareType(r.Type) != typ }
	if slices.ContainsFunc(refs, other) {
		return slices.DeleteFunc(slices.Clone(refs), other)
	}
	return refs
}

// IsLiteral reports whether a value at declared references is a literal, which
// is not replaced. Services compare literals without regard to case: "all" is
// stored as "All".
func IsLiteral(refs []*tenant.Reference, value string) bool {
	return value == "" || slices.ContainsFunc(refs, func(r *tenant.Reference) bool { return isLiteralOf(r.Literals, value) })
}

func isLiteralOf(literals []string, value string) bool {
	if isWord(literals, value) {
		return true
	}
	return slices.ContainsFunc(literals, func(l string) bool {
		prefix, isPrefix := strings.CutSuffix(l, "*")
		return isPrefix && len(value) >= len(prefix) && sameWord(value[:len(prefix)], prefix)
	})
}

// SetProperty sets the property of a reference without one to the property that
// the kind declares for the place.
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

// Declares reports whether the kind declares, for the place, references to the
// property of r.
func Declares(declared []*tenant.Reference, r reference.Ref) bool {
	return slices.ContainsFunc(declared, func(d *tenant.Reference) bool {
		return d.Property == r.Property && slices.Contains(d.Kinds, r.Kind)
	})
}
