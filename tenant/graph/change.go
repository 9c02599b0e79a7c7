package graph

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// change is one operation on an object of a kind: its requests are made of it, and of
// nothing else.
type change struct {
	entry *catalogue.Entry
	op    tenant.Operation
	at    addresses
	// object is the object's path below the collection; empty for a singleton
	// and for an object that is not created yet.
	object string
	// pinned: the host keeps the kind at v1.0.
	pinned bool
	// reportOnly: a new policy that is to be enabled becomes report-only.
	reportOnly bool
}

// invalid is the error of a request that this client can never carry out.
func invalid(op tenant.Operation, format string, args ...any) error {
	return &tenant.Error{Class: tenant.Invalid, Op: string(op.Verb), Kind: op.Kind, ID: op.ID, Message: fmt.Sprintf(format, args...)}
}

// invalid is the error of a change that cannot be written.
func (c *change) invalid(format string, args ...any) error { return invalid(c.op, format, args...) }

// about is the subject of the change's errors.
func (c *change) about() wire.Subject {
	return wire.Subject{Op: string(c.op.Verb), Kind: c.entry.Name, ID: c.op.ID}
}

// url returns the address of a path below the object.
func (c *change) url(below string) string { return c.at.of(c.entry, c.object+below) }

// version returns the address of the kind's version.
func (c *change) version() string { return c.at.version(c.entry) }

// partPath is the path of the operation's part.
func (c *change) partPath() string {
	for _, p := range c.entry.Parts {
		if p.Name == c.op.Part {
			return p.Path
		}
	}
	return ""
}

// withinObject returns a value of the operation's part at its place in an object.
func (c *change) withinObject(value json.RawMessage) json.RawMessage {
	for _, name := range slices.Backward(odatajson.Segments(c.partPath())) {
		value = odatajson.Object{name: value}.JSON()
	}
	return value
}

// partDrops are paths within the part that are not sent: those that the kind
// has as read-only below it, and the request's own.
func (c *change) partDrops(p catalogue.PartRequest) [][]string {
	part := odatajson.Segments(c.partPath())
	var out [][]string
	for _, path := range c.entry.ReadOnly {
		if segs := odatajson.Segments(path); len(segs) > len(part) && slices.Equal(segs[:len(part)], part) {
			out = append(out, segs[len(part):])
		}
	}
	for _, name := range p.Drop {
		out = append(out, []string{"*", name}, []string{name})
	}
	return out
}
