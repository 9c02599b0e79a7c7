package importer

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// tenantIDVariable stands for the directory id of the tenant that uses the imported
// configuration.
const tenantIDVariable = "${var:tenantId}"

// Imported is a folder of exported configuration in the repository's form.
type Imported struct {
	// Resources are ordered by kind and key.
	Resources []tenant.Resource
	// Origins holds the origin of each of Resources.
	Origins []Origin
	// Applications holds the ids of applications to which objects refer. The
	// applications must exist in the tenant.
	Applications []string
	// Report lists the objects that were imported, altered and left out.
	Report *Report
}

// Options say how to import.
type Options struct {
	// Kinds are the kinds to import. Import leaves out objects of other kinds and
	// reports them. Required.
	Kinds []tenant.Kind
	// Catalogue determines the kinds of objects. Defaults to [catalogue.Default].
	Catalogue *catalogue.Catalogue
	// EmptyAssignments keeps "assignments": [], which deletes all assignments of the
	// object in the tenant. By default Import drops the empty list, and the assignments
	// are not managed: most tools write an empty list for assignments that they did
	// not see.
	EmptyAssignments bool
}

// Import reads a folder that another tool exported from a tenant. The folder has one
// JSON file per object, or lists of objects, in any of the layouts that the package's
// documentation names. Import replaces ids of the exporting tenant with names. It
// leaves out and reports objects that would mean something else in another tenant.
// Import returns an error only if it cannot read the folder or encode an object.
func Import(dir string, options Options) (*Imported, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	defer root.Close()

	im := newImporter(options)
	if err := im.readFiles(root.FS()); err != nil {
		return nil, fmt.Errorf("import %s: %w", dir, err)
	}
	im.decide()
	return im.result()
}

// decide converts the objects into the repository's form, and leaves out objects that
// it cannot convert.
func (im *importer) decide() {
	im.cleanBodies()
	im.decideClaims()
	im.resolveReferences()
	im.noteSecurityDefaults()
}

// importer is the state of an import.
type importer struct {
	kinds   map[string]tenant.Kind
	objects []*object
	table   migrationTable
	names   map[objectID]string // the key that each id of the exporting tenant stands for
	lost    map[objectID]error  // ids of objects that were left out, and why
	// creatable holds the names of groups that only the migration table contains.
	creatable map[objectID]string
	// applications holds the ids of applications that stay in the texts. Microsoft's
	// ids are the same in every tenant.
	applications map[string]bool
	// byName holds the names of imported objects and of groups that the import
	// creates.
	byName map[objectID]bool
	// rules holds the membership rules of groups that the export only names.
	rules map[string]string
	// foreignIDs holds all ids of the exporting tenant's objects.
	foreignIDs map[string]bool
	recognizer *recognizer
	options    Options
	report     *Report
}

// object is one exported object on its way into the repository.
type object struct {
	kind tenant.Kind
	key  string
	id   string // in the exporting tenant, lower case; may be empty
	file string
	body map[string]any
	// byName is true if the object's references hold names instead of ids.
	byName bool
	out    bool // left out
}

// objectID identifies an object of the exporting tenant.
type objectID struct{ kind, id string }

func newImporter(options Options) *importer {
	if options.Catalogue == nil {
		options.Catalogue = catalogue.Default()
	}
	im := &importer{
		kinds:        make(map[string]tenant.Kind),
		names:        make(map[objectID]string),
		lost:         make(map[objectID]error),
		creatable:    make(map[objectID]string),
		applications: make(map[string]bool),
		rules:        make(map[string]string),
		recognizer:   newRecognizer(options.Catalogue),
		options:      options,
		report:       newReport(),
	}
	for _, k := range options.Kinds {
		im.kinds[k.Name] = k
	}
	return im
}

// leaveOut removes an object from the import. Other objects can no longer
// refer to it.
func (im *importer) leaveOut(o *object, why error) {
	if o.out {
		return
	}
	o.out = true
	if e, ok := why.(*referenceError); ok {
		e.why = e.cause()
	}
	im.report.leftOutObject(Line{Thing: o.file, Kind: o.kind.Name, Key: o.key, ID: o.id, Err: why})
	id := objectID{o.kind.Name, o.id}
	if name, decided := im.names[id]; o.id != "" && (!decided || name == o.key) {
		delete(im.names, id)
		im.lost[id] = why
	}
}

// in yields the objects that are still part of the import.
func (im *importer) in(yield func(*object) bool) {
	for _, o := range im.objects {
		if !o.out && !yield(o) {
			return
		}
	}
}

// result encodes the remaining objects, in order.
func (im *importer) result() (*Imported, error) {
	res := &Imported{Report: im.report}
	for o := range im.in {
		body, err := bodies.Encode(o.body)
		if err != nil {
			return nil, fmt.Errorf("import %s: %w", o.file, err)
		}
		res.Resources = append(res.Resources, tenant.Resource{Kind: o.kind.Name, Key: o.key, Body: body, Source: o.file})
		res.Origins = append(res.Origins, Origin{Kind: o.kind.Name, Key: o.key, ID: o.id, File: o.file})
		im.report.count(o.kind.Name)
	}
	slices.SortFunc(res.Origins, func(a, b Origin) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
	})
	res.Applications = sortedKeys(im.applications)
	slices.SortFunc(res.Resources, func(a, b tenant.Resource) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
	})
	return res, nil
}

// sortedKeys returns m's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
