package planbench

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sync"

	"github.com/tenantsync/tenantsync/internal/sample"
	"github.com/tenantsync/tenantsync/tenant"
)

// data is a tenant of package sample, generated and compared once.
type data struct {
	tenant                  *sample.Tenant
	desired, current, moved []tenant.Resource
	base                    *base
	// pairsMoved are the pairs of desired and moved.
	pairsMoved func() ([]pair, error)
}

var (
	loading sync.Mutex
	loaded  = map[int]*data{}
)

// load returns the tenant of n policies, which it makes once per process. The
// benchmarks do not change it.
func load(n int) (*data, error) {
	loading.Lock()
	defer loading.Unlock()
	if d := loaded[n]; d != nil {
		return d, nil
	}
	t := sample.Policies(n)
	d := &data{tenant: t, desired: t.Desired(), current: t.Current(), moved: t.Moved()}
	found, err := compare(sides{desired: t.Base(), current: d.current})
	if err != nil {
		return nil, err
	}
	base := found.base
	if found.base = nil; found != (outcome{Unchanged: t.Len(), BackedUp: t.Len()}) {
		return nil, fmt.Errorf("the tenant and its files should agree: %+v", found)
	}
	d.base = base
	d.pairsMoved = sync.OnceValues(func() ([]pair, error) { return pairs(d.desired, d.moved) })
	loaded[n] = d
	return d, nil
}

// check returns an error unless the comparison found every change that package
// sample has made. A comparison that does less work must not get a figure. The
// first comparison runs without a base, so it adopts the objects that only the
// tenant has.
func (d *data) check(got outcome, first bool) error {
	c := d.tenant.Changes()
	want := outcome{Created: c.Added, Updated: c.Changed, Deleted: c.Removed, BackedUp: d.tenant.Len(),
		Unchanged: d.tenant.Len() - c.Changed - c.Removed}
	if first {
		// Without a base, sets are merged, which adopts into some changed files.
		want.Deleted, want.Adopted = 0, max(got.Adopted, c.Removed)
	}
	if got.base = nil; got != want {
		return fmt.Errorf("found %+v, want %+v", got, want)
	}
	return nil
}

// pair is a file and its object, both with ids.
type pair struct{ file, object json.RawMessage }

// pairs returns the input of the peers: the files that have an object, and those
// objects. The peers know no names, so the files have ids of groups in place of
// them. The benchmarks of the peers do not count the time of this function.
func pairs(desired, current []tenant.Resource) ([]pair, error) {
	objects, ids := map[string]json.RawMessage{}, map[string]string{}
	for _, r := range current {
		var o struct {
			DisplayName string `json:"displayName"`
		}
		if err := json.Unmarshal(r.Body, &o); err != nil {
			return nil, err
		}
		objects[r.Kind+"/"+o.DisplayName] = r.Body
		ids["${"+r.Kind+"/"+o.DisplayName+"}"] = r.ID
	}
	reference := regexp.MustCompile(`\$\{[^}]+\}`)
	var all []pair
	for _, r := range desired {
		if object := objects[r.Kind+"/"+r.Key]; object != nil {
			file := reference.ReplaceAllFunc(r.Body, func(name []byte) []byte { return []byte(ids[string(name)]) })
			all = append(all, pair{file, object})
		}
	}
	return all, nil
}
