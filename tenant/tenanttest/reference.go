package tenanttest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// checkReferences refuses ids that belong to no object that can be seen. Where
// several references are declared for one place, one of them is enough.
func (s *objects) checkReferences(k *fakeKind, body map[string]any) error {
	unknown := make(map[string]string)
	accepted := make(map[string]bool)
	for _, ref := range k.References {
		walk(body, ref.Path, func(p place) {
			value, ok := p.value().(string)
			if !ok || !applies(ref, body, p) {
				return
			}
			if isLiteral(ref, value) || s.exists(ref, value) {
				accepted[p.pointer] = true
			} else {
				unknown[p.pointer] = value
			}
		})
	}
	for pointer, value := range unknown {
		if !accepted[pointer] {
			return fmt.Errorf("%s refers to %q, which does not exist", pointer, value)
		}
	}
	return nil
}

// applies reports whether a reference is meant for the place: the object that
// holds the path's last segment has the reference's type.
func applies(ref tenant.Reference, body map[string]any, p place) bool {
	if ref.Type == "" {
		return true
	}
	holder := body
	if at := strings.LastIndexByte(ref.Path, '/'); at > 0 {
		above := p.pointer[:strings.LastIndexByte(p.pointer, '/')]
		if _, inArray := p.parent.([]any); inArray && strings.HasSuffix(ref.Path, "/*") {
			above = above[:strings.LastIndexByte(above, '/')]
		}
		if above != "" {
			holder, _ = lookup(body, above).(map[string]any)
		}
	}
	typ, _ := holder["@odata.type"].(string)
	return strings.TrimPrefix(typ, "#") == strings.TrimPrefix(ref.Type, "#")
}

// isLiteral disregards case, as Graph does: it takes "all" for "All".
func isLiteral(ref tenant.Reference, value string) bool {
	return slices.ContainsFunc(ref.Literals, func(l string) bool {
		prefix, isPrefix := strings.CutSuffix(l, "*")
		return strings.EqualFold(l, value) || isPrefix && len(value) >= len(prefix) && strings.EqualFold(value[:len(prefix)], prefix)
	})
}

// exists reports whether reads see an object with the value as id, or as the
// reference's property, in any case. Kinds that the tenant does not have are
// not checked.
func (s *objects) exists(ref tenant.Reference, value string) bool {
	known, now := false, time.Now()
	for _, name := range ref.Kinds {
		k := s.kinds[name]
		if k == nil {
			continue
		}
		known = true
		for _, o := range k.objects {
			body := o.visible(now)
			has := o.id
			if ref.Property != "" {
				has, _ = body[ref.Property].(string)
			}
			if body != nil && strings.EqualFold(has, value) {
				return true
			}
		}
	}
	return !known
}
