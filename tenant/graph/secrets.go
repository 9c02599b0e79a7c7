package graph

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// withSecrets returns the catalogue with the default secrets of each kind: see
// [Config.NotSecret].
func withSecrets(c *catalogue.Catalogue) *catalogue.Catalogue {
	out := *c
	out.Entries = slices.Clone(c.Entries)
	for i, k := range c.Kinds() {
		out.Entries[i].Kind = k
	}
	return &out
}

// withReadable takes the exceptions of NotSecret out of the kinds' default
// secrets. The catalogue is the client's own.
func (c Config) withReadable(refuse func(format string, args ...any)) {
	for name, paths := range c.NotSecret {
		i := slices.IndexFunc(c.Catalogue.Entries, func(e catalogue.Entry) bool { return e.Name == name })
		if i < 0 {
			refuse("NotSecret names the kind %q, which is not in the catalogue", name)
			continue
		}
		k := &c.Catalogue.Entries[i].Kind
		for _, path := range paths {
			segs := odatajson.Segments(path)
			for len(segs) > 0 && segs[len(segs)-1] == "*" {
				segs = segs[:len(segs)-1]
			}
			if !strings.HasPrefix(path, "/") || len(segs) == 0 || !tenant.SaysSecret(segs[len(segs)-1]) {
				refuse("NotSecret names %q of the kind %q, whose name says no secret", path, name)
				continue
			}
			k.Readable = append(k.Readable, tenant.Readable{Path: "/" + strings.Join(escaped(segs), "/"), Source: "Config.NotSecret"})
		}
	}
}

// escaped returns the segments of a JSON pointer with their escapes.
func escaped(segs []string) []string {
	out := slices.Clone(segs)
	for i := range out {
		out[i] = strings.NewReplacer("~", "~0", "/", "~1").Replace(out[i])
	}
	return out
}
