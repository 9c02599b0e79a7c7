package plan

import (
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// assignmentsProperty is the property with an object's assignments. In Microsoft
// Graph it is a list of objects, each with a target. Other kinds may have a list
// of targets.
const assignmentsProperty = "assignments"

// RemovedAssignments returns the number of assignments that an update removes
// from its object, and whether it removes the last one. It identifies an
// assignment by its target, so an assignment with a changed filter, intent or
// setting is not removed. It does not count exclusions
// ("exclusionGroupAssignmentTarget"). For a create or delete it returns 0.
func (it *Item) RemovedAssignments() (n int, last bool) {
	if it.Verb != tenant.Update {
		return 0, false
	}
	before, after := make(map[string]bool), make(map[string]bool)
	for _, c := range it.Changes {
		segs, err := jsonval.SplitPointer(c.Pointer)
		if err != nil || len(segs) > 0 && segs[0] != assignmentsProperty {
			continue // do not parse values without assignments
		}
		addTargets(before, segs, readValue(c.Before))
		addTargets(after, segs, readValue(c.After))
	}
	for target := range before {
		if !after[target] {
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	left := make(map[string]bool)
	addTargets(left, nil, readValue(it.After))
	return n, len(left) == 0
}

// addTargets adds the targets of the assignments in a value at the path segs.
func addTargets(targets map[string]bool, segs []string, n *jsonval.Node) {
	switch {
	case len(segs) == 0:
		addTargets(targets, []string{assignmentsProperty}, n.Get(assignmentsProperty))
	case segs[0] != assignmentsProperty:
	case len(segs) == 1 && n.IsArray():
		for _, member := range n.Kids {
			addTargets(targets, []string{assignmentsProperty, "-"}, member)
		}
	case len(segs) == 2 && !n.IsNull():
		if target := n.Get("target"); target == nil {
			targets[folded(n)] = true
		} else if !isType(target, exclusionTarget) {
			targets[targetName(target)] = true
		}
	}
}

// targetName returns a text that is equal for equal targets, whatever their
// filters are.
func targetName(target *jsonval.Node) string {
	return folded(target.With([]string{filterID}, nil).With([]string{filterType}, nil))
}

// folded returns the JSON text of a value in lower case. References to objects
// keep their case, because keys are case-sensitive.
func folded(n *jsonval.Node) string {
	var fold func(n *jsonval.Node) *jsonval.Node
	fold = func(n *jsonval.Node) *jsonval.Node {
		if n == nil {
			return nil
		}
		if n.IsString() && !strings.HasPrefix(n.Text, "${") {
			return n.WithText(strings.ToLower(n.Text))
		}
		return n.MapKids(func(i int) *jsonval.Node { return fold(n.Kids[i]) })
	}
	return string(fold(n).JSON())
}

// Texts in Microsoft Graph's assignment targets. Graph compares enumerations,
// types and ids without regard to case.
const (
	exclusionTarget  = "#microsoft.graph.exclusionGroupAssignmentTarget"
	allUsersTarget   = "#microsoft.graph.allLicensedUsersAssignmentTarget"
	allDevicesTarget = "#microsoft.graph.allDevicesAssignmentTarget"

	filterID   = "deviceAndAppManagementAssignmentFilterId"
	filterType = "deviceAndAppManagementAssignmentFilterType"

	// noID is the id in a target that means no object.
	noID = "00000000-0000-0000-0000-000000000000"
)

// isType reports whether the object's "@odata.type" is name.
func isType(n *jsonval.Node, name string) bool {
	return strings.EqualFold(jsonval.TextOf(n.Get("@odata.type")), name)
}
