package catalogue

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

//go:embed *.json
var files embed.FS

// Catalogue has the kinds of Microsoft Graph that a client knows, and the limits of
// requests. [Default] returns the one that comes with the package; a host adds
// kinds, or puts others in the place of known ones, with [Catalogue.With].
type Catalogue struct {
	// Entries have unique names, in the order in which they are read.
	Entries []Entry `json:"kinds"`
	// Throttles are the limits of the groups that [tenant.Kind.Throttle] names.
	Throttles []Throttle `json:"throttles,omitempty"`
}

// Throttle is a limit of requests that kinds share. It paces the
// client's requests. An answer of the service (429, Retry-After) takes precedence.
type Throttle struct {
	// Name of the group, as kinds name it.
	Name string `json:"name"`
	// Requests in Per are sent at most. 0 means no limit of our own.
	Requests int `json:"requests,omitempty"`
	// Per is in whole seconds. Defaults to 1.
	PerSeconds int `json:"perSeconds,omitempty"`
	// AtOnce is the most requests under way. Defaults to 8.
	AtOnce int `json:"atOnce,omitempty"`
	// Pause is how long to wait after a refusal without Retry-After, in
	// seconds, doubled each time. Defaults to 2.
	PauseSeconds int `json:"pauseSeconds,omitempty"`
	// Source says where the numbers are from.
	Source string `json:"source,omitempty"`
}

// Per returns the length of the window of Requests.
func (t Throttle) Per() time.Duration { return time.Duration(cmp.Or(t.PerSeconds, 1)) * time.Second }

// Pause returns the first pause after a refusal without Retry-After.
func (t Throttle) Pause() time.Duration {
	return time.Duration(cmp.Or(t.PauseSeconds, 2)) * time.Second
}

// Default returns the package's catalogue. It belongs to the caller.
func Default() *Catalogue { return deepCopy(builtIn()) }

// builtIn reads the package's catalogue once. Callers must not change it.
var builtIn = sync.OnceValue(func() *Catalogue {
	c, err := Load(files, ".")
	if err != nil {
		panic(err) // a test reads it
	}
	return c
})

// Load reads a catalogue from the JSON files of a folder, in the order of their
// names, each as Catalogue has it. Unknown members are errors, so that no
// misspelt one is overlooked.
func Load(fsys fs.FS, dir string) (*Catalogue, error) {
	names, err := fs.Glob(fsys, strings.TrimSuffix(dir, "/")+"/*.json")
	if err != nil {
		return nil, fmt.Errorf("graph: catalogue: %w", err)
	}
	all := new(Catalogue)
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("graph: catalogue: %w", err)
		}
		c, err := Parse(data)
		if err != nil {
			return nil, fmt.Errorf("%w (%s)", err, name)
		}
		all.Entries = append(all.Entries, c.Entries...)
		all.Throttles = append(all.Throttles, c.Throttles...)
	}
	return all, all.Validate()
}

// Parse reads one file of a catalogue. It does not look whether what kinds name
// is there; [Catalogue.Validate] does.
func Parse(data []byte) (*Catalogue, error) {
	c := new(Catalogue)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(c); err != nil {
		return nil, fmt.Errorf("graph: catalogue: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("graph: catalogue: there is more behind the object")
	}
	return c, nil
}

// With returns a catalogue in which other's kinds and throttles stand in the
// place of those of the same name. Those with a new name come last. Neither catalogue
// is changed.
func (c *Catalogue) With(other *Catalogue) (*Catalogue, error) {
	out := &Catalogue{Entries: slices.Clone(c.Entries), Throttles: slices.Clone(c.Throttles)}
	for _, e := range other.Entries {
		if i := slices.IndexFunc(out.Entries, func(o Entry) bool { return o.Name == e.Name }); i >= 0 {
			out.Entries[i] = e
		} else {
			out.Entries = append(out.Entries, e)
		}
	}
	for _, t := range other.Throttles {
		if i := slices.IndexFunc(out.Throttles, func(o Throttle) bool { return o.Name == t.Name }); i >= 0 {
			out.Throttles[i] = t
		} else {
			out.Throttles = append(out.Throttles, t)
		}
	}
	return out, out.Validate()
}

// Entry returns the kind of that name.
func (c *Catalogue) Entry(kind string) (Entry, bool) {
	i := slices.IndexFunc(c.Entries, func(e Entry) bool { return e.Name == kind })
	if i < 0 {
		return Entry{}, false
	}
	return c.Entries[i], true
}

// Kinds returns every kind as the engine sees it, also those that some clouds lack,
// with their unproven verbs.
// It adds the default secrets; see graph.Config.NotSecret.
// graph.Client.Kinds is what one client reads and writes.
func (c *Catalogue) Kinds() []tenant.Kind {
	kinds := make([]tenant.Kind, len(c.Entries))
	for i, e := range c.Entries {
		kinds[i] = e.withSecrets()
	}
	return kinds
}

// Throttle returns the limit of that name, or the zero Throttle.
func (c *Catalogue) Throttle(name string) Throttle {
	for _, t := range c.Throttles {
		if t.Name == name {
			return t
		}
	}
	return Throttle{Name: name}
}

// Validate reports every entry that cannot be used, each message beginning with
// the kind's name.
func (c *Catalogue) Validate() error {
	var errs []error
	names := map[string]bool{}
	for _, e := range c.Entries {
		for _, problem := range e.problems(c) {
			errs = append(errs, fmt.Errorf("%s: %s", cmp.Or(e.Name, "a kind without a name"), problem))
		}
		if names[e.Name] {
			errs = append(errs, fmt.Errorf("%s: it is there twice", e.Name))
		}
		names[e.Name] = true
	}
	if len(errs) > 0 {
		return fmt.Errorf("graph: catalogue: %w", errors.Join(errs...))
	}
	return nil
}

// problems returns the errors of an entry.
func (e Entry) problems(c *Catalogue) []string {
	var out []string
	need := func(ok bool, format string, args ...any) {
		if !ok {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	need(e.Name != "", "it needs a name")
	need(strings.HasPrefix(e.Endpoint, "/"), "the endpoint %q does not begin with a slash", e.Endpoint)
	need(e.Version == "v1.0" || e.Version == "beta", "the version is %q, not v1.0 or beta", e.Version)
	need(len(e.Read.Delegated)+len(e.Read.Application) > 0, "it says no permission to read it")
	writes := e.Create || e.Update || e.Delete
	need(!writes || len(e.Write.Delegated)+len(e.Write.Application) > 0, "it says no permission to write it")
	for _, r := range e.References {
		for _, kind := range r.Kinds {
			_, known := c.Entry(kind)
			need(known, "%s refers to the kind %q, which is not there", r.Path, kind)
		}
	}
	for _, a := range e.After {
		_, known := c.Entry(a.Kind)
		need(known, "it goes after the kind %q, which is not there", a.Kind)
	}
	for _, l := range e.Limits {
		_, known := c.Entry(l.Kind)
		need(l.Kind == "" || known, "a limit names the kind %q, which is not there", l.Kind)
	}
	need(e.NamesOnly == "" || !e.Requests.Update.Whole, "its update sends the whole object, and %s is not read", e.NamesOnly)
	for _, p := range e.Parts {
		_, known := e.PartRequests[p.Name]
		need(known, "nothing says how the part %q is written", p.Name)
	}
	for name := range e.PartRequests {
		known := slices.ContainsFunc(e.Parts, func(p tenant.Part) bool { return p.Name == name })
		need(known, "the request for the part %q belongs to no part", name)
	}
	return slices.Concat(out, e.shownProblems(), e.pieceProblems())
}

// Proven reports whether Microsoft's documentation or two public tools show the
// verb, or the update of the part: those that are not shown are off by default.
func (e Entry) Proven(v tenant.Verb, part string) bool {
	name := string(v)
	if part != "" {
		name += "#" + part
	}
	return !slices.Contains(e.Unproven, name)
}
