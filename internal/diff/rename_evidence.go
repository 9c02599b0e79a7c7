package diff

import (
	"maps"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// alike are the vanished objects and the new files for which one text was made:
// the same id, or the same content.
type alike struct{ old, fresh []*object }

// group puts vanished objects and new files with the same text together. Each
// side is gone through once, so that the cost grows with the files and not with
// the pairs. An empty text belongs to no group.
func (r *renaming) group(old, fresh func(*object) string) []*alike {
	byText, groups := map[string]*alike{}, []*alike{}
	for _, o := range r.fresh {
		if r.ix.watch.ended() {
			return nil
		}
		text := fresh(o)
		if text == "" {
			continue
		}
		if byText[text] == nil {
			byText[text] = &alike{}
			groups = append(groups, byText[text])
		}
		byText[text].fresh = append(byText[text].fresh, o)
	}
	if len(groups) == 0 {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(r.vanished)) {
		if r.ix.watch.ended() {
			return nil
		}
		if g := byText[old(r.vanished[key])]; g != nil {
			g.old = append(g.old, r.vanished[key])
		}
	}
	return slices.DeleteFunc(groups, func(g *alike) bool { return len(g.old) == 0 })
}

// bySameBody renames where a file only moved: its body is what the base holds of
// a vanished object, the name too. Secrets count as equal, because a file may
// hide what the base has the hash of. Several such files have one name, so that
// none of them is created.
func (r *renaming) bySameBody() {
	whole := func(n *jsonval.Node) string {
		if n == nil || len(n.Kids) == 0 {
			return "" // nothing that could be the same
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

// byContent renames where a file has another name and the same content: equal in
// all that counts but the natural key. Where more than one file or object has
// the content, or where there is no content, a hint says what would tell.
func (r *renaming) byContent() {
	// A hint by id has been given already.
	r.fresh = slices.DeleteFunc(r.fresh, func(o *object) bool { return o.mayBe != nil })
	maps.DeleteFunc(r.vanished, func(_ string, old *object) bool { return old.mayBe != nil || !old.held() || old.gone })

	const nameOnly = "{}"
	content := func(n *jsonval.Node) string {
		if n = r.nameless(n); n == nil {
			return ""
		}
		if !saysSomething(n) {
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
		case !saysSomething(r.nameless(r.agreed(g.old[0]))):
			hint(g, "they have nothing but a name that could tell")
		case r.ix.files.hides(r.kind.Name, g.old[0].key):
			r.leaveUntilRepaired(g.fresh, g.old)
		case len(g.old) == 1 && len(g.fresh) == 1 && r.sameSecrets(g.old[0], g.fresh[0]):
			pairs = append(pairs, [2]*object{g.old[0], g.fresh[0]})
		case len(g.old) == 1 && len(g.fresh) == 1:
			hint(g, "their content is the same apart from the name and a secret")
		default:
			pairs = append(pairs, r.apartBySecrets(g)...)
		}
	}
	r.renameUnlessTaken(pairs)
}

// apartBySecrets pairs those of a group that one secret tells apart, and hints
// at the rest. A hidden secret may be any, so that it tells nothing.
func (r *renaming) apartBySecrets(g *alike) (pairs [][2]*object) {
	bySecrets := map[string]*alike{}
	put := func(n *jsonval.Node) *alike {
		if schema.HasMask(n) {
			return nil
		}
		text := r.whole(r.nameless(n))
		if bySecrets[text] == nil {
			bySecrets[text] = &alike{}
		}
		return bySecrets[text]
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
	rest := &alike{}
	for _, text := range slices.Sorted(maps.Keys(bySecrets)) {
		own := bySecrets[text]
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

const sameContent = "their content is the same apart from the name, but that of others is too"

// agreed returns what the base holds of an object, with references by present
// keys; nil for nothing.
func (r *renaming) agreed(o *object) *jsonval.Node {
	if n, ok := r.trees[o]; ok || !o.held() {
		return n
	}
	body, err := jsonval.ParseObject(o.base.Body)
	if err == nil {
		r.trees[o] = presentReferences(body, r.all.renamed, r.ix.aliases)
	}
	return r.trees[o]
}

// nameless returns a body without the natural key; nil for no body.
func (r *renaming) nameless(n *jsonval.Node) *jsonval.Node {
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

// saysSomething reports whether a body has a value other than a type.
func saysSomething(n *jsonval.Node) bool {
	if n == nil || len(n.Kids) == 0 {
		return !n.IsEmpty()
	}
	for i, kid := range n.Kids {
		if n.Segment(i) != "@odata.type" && saysSomething(kid) {
			return true
		}
	}
	return false
}

// visible returns a text that is equal for bodies in name form that are equal
// apart from secrets.
func (r *renaming) visible(n *jsonval.Node) string {
	hide := func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.MaskMark) }
	s := schema.Form{SortSets: true, Secret: hide, Mask: hide, Text: func(n *jsonval.Node, _ schema.Place) *jsonval.Node {
		if reference.IsSecret(n) || reference.IsMask(n) {
			return jsonval.StringNode(reference.MaskMark)
		}
		return n
	}}
	return string(s.Apply(r.kind, schema.WithoutTypes(n)).JSON())
}

// whole returns a text that is equal for bodies in name form that are equal,
// the hashes of secrets too.
func (r *renaming) whole(n *jsonval.Node) string {
	s := schema.Form{SortSets: true}
	return string(s.Apply(r.kind, schema.WithoutTypes(n)).JSON())
}

// sameSecrets reports whether a file has, place by place, the secrets that the
// base has the hashes of. A secret that the file hides is the one that the
// tenant has.
func (r *renaming) sameSecrets(old, o *object) bool {
	held := map[string]string{}
	places := func(n *jsonval.Node, yield func(pointer, text string)) {
		schema.SecretsIn(schema.SortedSets(r.kind.Root, n), nil, func(segs []string, n *jsonval.Node) {
			yield(jsonval.JoinPointer(segs), n.Text)
		})
	}
	places(r.agreed(old), func(pointer, text string) { held[pointer] = text })
	same := true
	places(r.inFile(o), func(pointer, text string) {
		same = same && (text == reference.MaskMark || text == held[pointer])
	})
	return same
}

// inFile is desired before names are known: ids become references only where
// the base has bound them. nil for a file that cannot be read.
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

// boundName returns the reference that an id stands for by what the base has
// bound; nil for none.
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
