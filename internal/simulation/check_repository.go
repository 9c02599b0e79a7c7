package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// updated carries out a write of the engine to the desired line, and holds it
// against what the engine may do there: adopt what the tenant has in place of
// what both sides had, take back what a person said, roll back what was
// approved, and nothing else.
func (s *subject) updated(ctx context.Context, p *ports, req tenant.UpdateRequest) (tenant.Revision, error) {
	w := s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	before := s.head()
	rev, err := w.repository.Update(ctx, req)
	c := call{op: opUpdate, s: s}
	if err != nil {
		w.noteLocked(p.who(ctx), c, "refused: "+err.Error())
		return rev, err
	}
	after := s.head()
	w.noteLocked(p.who(ctx), c, fmt.Sprintf("%s by %s, key %s: %s -> %s, %s", req.Message, req.Author, req.Key, before.Revision, after.Revision, rev.ID))
	if after.Revision == before.Revision {
		return rev, nil
	}
	runID, rest, _ := strings.Cut(req.Key, "/")
	act, _, _ := strings.Cut(rest, "/")
	w.count1("write: repository, "+act, 1)
	if r := s.oracle.Run(); r == nil || r.ID != runID {
		w.count1("write: repository, of a run that has ended", 1)
		return rev, nil
	}
	s.oracle.Update(oracle.Update{Run: runID, Act: act, Changes: req.Changes})
	for _, ch := range req.Changes {
		s.checkFile(act, ch, fileOf(before, ch.Kind, ch.Key), fileOf(after, ch.Kind, ch.Key))
	}
	return rev, nil
}

func fileOf(d tenant.Desired, kind, key string) body {
	i := slices.IndexFunc(d.Resources, func(r tenant.Resource) bool { return r.Kind == kind && r.Key == key })
	if i < 0 {
		return nil
	}
	return decode(d.Resources[i].Body)
}

// checkFile holds one file's change against the act that made it.
func (s *subject) checkFile(act string, ch tenant.Change, was, is body) {
	violate := func(format string, args ...any) { s.w.violateLocked(s, "nothing lost", format, args...) }
	if n := repeated(is); n > repeated(was) {
		violate("%s of %s/%s has put a member twice into a list: %s, which was %s", act, ch.Kind, ch.Key, text(is), text(was))
	}
	id := ch.Kind + "/" + ch.Key
	r := s.oracle.Run()
	for _, name := range made {
		if v, ok := is[name].(string); ok {
			s.inRepository[v] = true
		}
	}
	for _, name := range made {
		v, ok := was[name].(string)
		if !ok || is[name] == v || v == plan.Redacted {
			continue
		}
		switch {
		case act == "adopt" && !s.inTenant[v]:
			violate("%s: adopting %v over %s=%s, which the tenant never had: somebody's edit", id, is[name], name, v)
		case act == "rollback" && s.data.Run.Options.DesiredFrom == "":
			violate("%s: %s=%s was rolled back, and nobody said so", id, name, v)
		}
	}
	if act == "rollback" {
		return
	}
	for _, name := range made {
		if v, ok := is[name].(string); ok && was[name] != v && v != plan.Redacted && !s.inTenant[v] {
			violate("%s: %s=%s was written to the repository (%s), and the tenant never had it", id, name, v, act)
		}
	}
	if id := s.boundTo(ch.Kind, ch.Key); act == "adopt" && is == nil && id != "" && s.fake.Object(ch.Kind, id) != nil {
		violate("%s was removed from the repository, and the tenant still has it as %s", ch.Kind+"/"+ch.Key, id)
	}
	if act == "adopt" && s.settings.Rules.Enforce {
		violate("%s was adopted, and the policy is to enforce", id)
	}
	if act == "revert" && r.Plan != nil && !slices.ContainsFunc(r.Plan.Items, func(it plan.Item) bool {
		return it.Kind == ch.Kind && (it.Key == ch.Key || it.RenamedFrom == ch.Key)
	}) {
		violate("%s was taken back, and the plan does not have it", id)
	}
}

// boundTo is the id that the base binds a key to.
func (s *subject) boundTo(kind, key string) string {
	if s.data.Base == nil {
		return ""
	}
	raw, err := s.w.store.Get(context.Background(), *s.data.Base)
	if err != nil {
		s.w.violateLocked(s, "record", "the base is gone: %v", err)
		return ""
	}
	base, err := diff.DecodeBase(raw)
	if err != nil {
		s.w.violateLocked(s, "record", "the base cannot be read: %v", err)
		return ""
	}
	for _, o := range base.Objects {
		if o.Kind == kind && o.Key == key {
			return o.ID
		}
	}
	return ""
}

// repeated is how many members of a file's lists are there more than once.
func repeated(b body) int {
	n := 0
	for _, v := range b {
		list, _ := v.([]any)
		for i, member := range list {
			if slices.ContainsFunc(list[:i], func(o any) bool { return sameValue(o, member) }) {
				n++
			}
		}
	}
	return n
}
