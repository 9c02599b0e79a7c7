package simulation

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/diff"
)

// madeUp are the properties with values that edits make up.
var madeUp = []string{"note", "mode", "secret"}

// secretValue is the beginning of every secret of a profile.
const secretValue = "SECRET-"

// origins records the origin of each value of a tenant. Each edit makes up
// values that no edit has used before ("r12" in the repository, "t7" in the
// tenant), so every value shows its origin. It is safe for concurrent use.
type origins struct {
	mu   sync.Mutex
	made int
	// inTenant holds all values that the tenant ever had.
	inTenant map[string]bool
	// looked is the time at which a worker last read an object. touched is the
	// time at which a person last changed it in the tenant.
	looked  map[sight]time.Time
	touched map[diff.Object]time.Time
}

// sight is one worker's view of an object.
type sight struct {
	worker string
	diff.Object
}

func newOrigins() *origins {
	return &origins{inTenant: map[string]bool{}, looked: map[sight]time.Time{}, touched: map[diff.Object]time.Time{}}
}

// value makes up a value that begins with the name of a side.
func (o *origins) value(side string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.made++
	v := fmt.Sprintf("%s%d", side, o.made)
	if strings.TrimPrefix(side, secretValue) == "t" {
		o.inTenant[v] = true
	}
	return v
}

// reaches records that the tenant has the values of an object.
func (o *origins) reaches(object map[string]any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, name := range madeUp {
		if v, ok := object[name].(string); ok {
			o.inTenant[v] = true
		}
	}
}

// hadTenant reports whether the tenant ever had a value.
func (o *origins) hadTenant(value string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.inTenant[value]
}

// look records that a worker reads an object.
func (o *origins) look(worker string, object diff.Object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looked[sight{worker, object}] = time.Now()
}

// touch records that a person changes an object in the tenant.
func (o *origins) touch(object diff.Object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.touched[object] = time.Now()
}

// raced reports whether a person has changed an object since a worker last read
// it.
func (o *origins) raced(worker string, object diff.Object) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.touched[object].After(o.looked[sight{worker, object}])
}
