package diff

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// renameGroup has the vanished objects and the new files with one text: the
// same id, or the same content.
type renameGroup struct{ old, fresh []*object }

// group groups vanished objects and new files by the hash of their text. It
// visits each side once, so the cost grows with the files and not with the
// pairs. An object with an empty hash is in no group.
func (r *renaming) group(old, fresh func(*object) string) []*renameGroup {
	bySum, groups := map[string]*renameGroup{}, []*renameGroup{}
	for _, o := range r.fresh {
		if r.ix.watch.ended() {
			return nil
		}
		sum := fresh(o)
		if sum == "" {
			continue
		}
		if bySum[sum] == nil {
			bySum[sum] = &renameGroup{}
			groups = append(groups, bySum[sum])
		}
		bySum[sum].fresh = append(bySum[sum].fresh, o)
	}
	if len(groups) == 0 {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(r.vanished)) {
		if r.ix.watch.ended() {
			return nil
		}
		if g := bySum[old(r.vanished[key])]; g != nil {
			g.old = append(g.old, r.vanished[key])
		}
	}
	return slices.DeleteFunc(groups, func(g *renameGroup) bool { return len(g.old) == 0 })
}

// bySameBody renames if a file was only moved: its body, with the name, is the
// base's body of a vanished object. Secrets count as equal, because a file may
// mask a secret whose hash the base has. If several files have the body, they
// also have one name, so none of them is created.
func (r *renaming) bySameBody() {
	whole := func(n *jsonval.Node) string {
		if n == nil || len(n.Kids) == 0 {
			return "" // an empty body is no evidence
		}
		return r.visible(n)
	}
	for _, g := range r.group(
		func(old *object) string { return whole(r.agreed(old)) },
		func(o *object) string { return whole(r.inFile(o)) },
	) {
		if len(g.old) == 1 && len(g.fresh) == 1 {
			r.rename(g.fresh[0], g.old[0])
			continue
		}
		keys := make([]string, len(g.old))
		for i, old := range g.old {
			keys[i] = old.key
		}
		r.leaveClaimants(g.fresh, keys)
	}
}

// byContent renames if a file has another name and the same content: all
// compared values are equal apart from the natural key. If several files or
// objects have the content, or if there is no content, a hint shows how to
// declare the rename.
func (r *renaming) byContent() {
	// byID has already given these a hint.
	r.fresh = slices.DeleteFunc(r.fresh, func(o *object) bool { return o.guess() != nil })
	maps.DeleteFunc(r.vanished, func(_ string, old *object) bool { return old.guess() != nil || !old.managed() || old.gone })

	const nameOnly = "{}"
	content := func(n *jsonval.Node) string {
		if n = r.withoutName(n); n == nil {
			return ""
		}
		if !hasContent(n) {
			return nameOnly
		}
		return r.visible(n)
	}
	var pairs [][2]*object
	for _, g := range r.group(
		func(old *object) string { return content(r.agreed(old)) },
		func(o *object) string { return content(r.inFile(o)) },
	) {
		switch {
		case !hasContent(r.withoutName(r.agreed(g.old[0]))):
			hint(g, "they have only a name and no other content")
		case r.ix.files.hides(r.kind.Name, g.old[0].key):
			r.leaveUntilRepaired(g.fresh, g.old)
		case len(g.old) == 1 && len(g.fresh) == 1 && r.sameSecrets(g.old[0], g.fresh[0]):
			pairs = append(pairs, [2]*object{g.old[0], g.fresh[0]})
		case len(g.old) == 1 && len(g.fresh) == 1:
			hint(g, "their content is the same apart from the name and a secret")
		default:
			pairs = append(pairs, r.pairBySecrets(g)...)
		}
	}
	r.renameUnlessTaken(pairs)
}

// pairBySecrets pairs objects and files of a group that have different secrets,
// and adds hints for the others. A masked secret can have any value, so then no
// pair is certain.
func (r *renaming) pairBySecrets(g *renameGroup) (pairs [][2]*object) {
	bySecrets := map[string]*renameGroup{}
	put := func(n *jsonval.Node) *renameGroup {
		if schema.HasMask(n) {
			return nil
		}
		sum := r.whole(r.withoutName(n))
		if bySecrets[sum] == nil {
			bySecrets[sum] = &renameGroup{}
		}
		return bySecrets[sum]
	}
	for _, old := range g.old {
		own := put(r.agreed(old))
		if own == nil {
			hint(g, sameContent)
			return nil
		}
		own.old = append(own.old, old)
	}
	for _, o := range g.fresh {
		own := put(r.inFile(o))
		if own == nil {
			hint(g, sameContent)
			return nil
		}
		own.fresh = append(own.fresh, o)
	}
	rest := &renameGroup{}
	for _, sum := range slices.Sorted(maps.Keys(bySecrets)) {
		own := bySecrets[sum]
		if len(own.old) == 1 && len(own.fresh) == 1 {
			pairs = append(pairs, [2]*object{own.old[0], own.fresh[0]})
			continue
		}
		rest.old, rest.fresh = append(rest.old, own.old...), append(rest.fresh, own.fresh...)
	}
	if len(rest.old) > 0 && len(rest.fresh) > 0 {
		slices.SortFunc(rest.old, byKey)
		slices.SortFunc(rest.fresh, byKey)
		hint(rest, sameContent)
	}
	return pairs
}

const sameContent = "their content is the same apart from the name, but other files or objects have it too"

// agreed returns the base's body of an object, with present keys in references.
// It returns nil if there is none.
func (r *renaming) agreed(o *object) *jsonval.Node {
	if n, ok := r.trees[o]; ok || !o.managed() {
		return n
	}
	body, err := jsonval.ParseObject(o.base.Body)
	if err == nil {
		r.trees[o] = presentReferences(body, r.all.renamed, r.ix.aliases)
	}
	return r.trees[o]
}

// withoutName returns a body without the natural key. It returns nil for a nil
// body.
func (r *renaming) withoutName(n *jsonval.Node) *jsonval.Node {
	if n == nil {
		return nil
	}
	for _, segs := range r.kind.NaturalKey {
		if n.At(segs) != nil {
			n = n.With(segs, nil)
		}
	}
	return n
}

// hasContent reports whether a body has a value other than a type.
func hasContent(n *jsonval.Node) bool {
	if n == nil || len(n.Kids) == 0 {
		return !n.IsEmpty()
	}
	for i, kid := range n.Kids {
		if n.Segment(i) != "@odata.type" && hasContent(kid) {
			return true
		}
	}
	return false
}

// visible returns a hash that is equal for bodies that are equal apart from
// secrets. The bodies are in name form.
func (r *renaming) visible(n *jsonval.Node) string {
	hide := func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.MaskMark) }
	s := schema.Form{SortSets: true, Secret: hide, Mask: hide, Text: func(n *jsonval.Node, _ schema.Place) *jsonval.Node {
		if reference.IsSecret(n) || reference.IsMask(n) {
			return jsonval.StringNode(reference.MaskMark)
		}
		return n
	}}
	return r.sum(s.Apply(r.kind, schema.WithoutTypes(n)))
}

// whole returns a hash that is equal for equal bodies, with equal hashes of
// secrets. The bodies are in name form.
func (r *renaming) whole(n *jsonval.Node) string {
	s := schema.Form{SortSets: true}
	return r.sum(s.Apply(r.kind, schema.WithoutTypes(n)))
}

// sum returns the hash of a body's text. A group with many texts would need the
// memory of all of them.
func (r *renaming) sum(n *jsonval.Node) string {
	r.text = n.AppendJSON(r.text[:0])
	sum := sha256.Sum256(r.text)
	return string(sum[:])
}

// sameSecrets reports whether a file has the same secrets at the same places as
// the base. A masked secret in the file is the tenant's secret.
func (r *renaming) sameSecrets(old, o *object) bool {
	agreed := map[string]string{}
	places := func(n *jsonval.Node, yield func(pointer, text string)) {
		schema.SecretsIn(schema.SortedSets(r.kind.Root, n), nil, func(segs []string, n *jsonval.Node) {
			yield(jsonval.JoinPointer(segs), n.Text)
		})
	}
	places(r.agreed(old), func(pointer, text string) { agreed[pointer] = text })
	same := true
	places(r.inFile(o), func(pointer, text string) {
		same = same && (text == reference.MaskMark || text == agreed[pointer])
	})
	return same
}

// inFile returns a file in name form, before the keys are known: ids become
// references only if the base binds them. It returns nil for a file that cannot
// be read.
func (r *renaming) inFile(o *object) *jsonval.Node {
	if n, ok := r.trees[o]; ok {
		return n
	}
	body, err := o.file()
	if err != nil {
		return nil
	}
	s := schema.Form{
		Repository: true,
		Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
			text, ref, err := reference.Expand(n.Text, r.ix.values)
			refs := schema.Applicable(at)
			switch {
			case err != nil:
				return jsonval.NullNode
			case ref != nil:
				r.ix.normalise(ref, refs)
				return jsonval.StringNode(ref.String())
			}
			if len(refs) > 0 && !schema.IsLiteral(refs, text) {
				if named := r.boundName(refs, text); named != nil {
					return named
				}
			}
			return n.WithText(reference.Escape(text))
		},
		Secret: hasher(r.ix, o.kind),
		Mask:   func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.MaskMark) },
	}
	r.trees[o] = s.Apply(o.kind, body)
	return r.trees[o]
}

// boundName returns the reference for an id that the base binds, or nil.
func (r *renaming) boundName(refs []*tenant.Reference, id string) *jsonval.Node {
	for _, declared := range refs {
		if declared.Property != "" {
			continue
		}
		for _, kind := range declared.Kinds {
			if key, ok := r.ix.boundKey(kind, id); ok {
				return presentReferences(jsonval.StringNode(reference.Ref{Kind: kind, Key: key}.String()), r.all.renamed, r.ix.aliases)
			}
		}
	}
	return nil
}
