package simulation

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/diff"
)

// madeUp are the properties that hold values that edits make up.
var madeUp = []string{"note", "mode", "secret"}

// secretValue is the beginning of every secret of a profile.
const secretValue = "SECRET-"

// origins knows where the values of a tenant come from. Each edit makes up
// values that no edit has used before ("r12" in the repository, "t7" in the
// tenant), so that every value tells who made it. It is safe for concurrent use.
type origins struct {
	mu   sync.Mutex
	made int
	// inTenant are the values that the tenant has ever had.
	inTenant map[string]bool
	// looked is when each worker last looked at an object, and touched is when
	// a person last changed it in the tenant.
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

// reaches notes that the tenant has an object, with all its values.
func (o *origins) reaches(object map[string]any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, name := range madeUp {
		if v, ok := object[name].(string); ok {
			o.inTenant[v] = true
		}
	}
}

// hadTenant reports whether the tenant has ever had a value.
func (o *origins) hadTenant(value string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.inTenant[value]
}

// look notes that a worker looks at an object.
func (o *origins) look(worker string, object diff.Object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.looked[sight{worker, object}] = time.Now()
}

// touch notes that a person changes an object in the tenant.
func (o *origins) touch(object diff.Object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.touched[object] = time.Now()
}

// raced reports whether a person has changed an object since a worker looked at it.
func (o *origins) raced(worker string, object diff.Object) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.touched[object].After(o.looked[sight{worker, object}])
}
