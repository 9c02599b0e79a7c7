package diff

import (
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// An id that cannot be resolved does not replace a reference in a file.
func TestCompareDanglingIDs(t *testing.T) {
	const group = `groups/G=g1 {"displayName":"G"}` + "\n"
	const file = `groups/G {"displayName":"G"}` + "\n"
	const owner = `policies/P {"displayName":"P","owner":"${groups/G}"}`
	const ownerBase = `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`
	const set = `policies/P {"displayName":"P","conditions":{"groups":["${groups/G}"]}}`
	const setBase = `policies/P=1 {"conditions":{"groups":["${groups/G}"]},"displayName":"P"}`
	runComparisons(t, []comparisonCase{
		{
			name:        "deleted and created again",
			explanation: "the policy still has the id of the deleted group; the file keeps its reference, which means the new group",
			base:        group + ownerBase,
			desired:     file + owner,
			current:     `groups g2 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","owner":"g1"}`,
			gone:        `groups g1`,
			want: `note dangling_reference policies/P /owner
				note dangling_reference policies/P /owner
				base groups/G=g2 {"displayName":"G"}
				base ` + ownerBase,
		},
		{
			name:        "deleted and created again, in a set",
			explanation: "the reference stays in the file, and the dangling id is not added",
			base:        group + setBase,
			desired:     file + set,
			current:     `groups g2 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","conditions":{"groups":["g1","All"]}}`,
			gone:        `groups g1`,
			want: `adopt policies/P {"displayName":"P","conditions":{"groups":["${groups/G}","All"]}}
				note dangling_reference policies/P /conditions/groups/*
				note dangling_reference policies/P /conditions/groups/-
				base groups/G=g2 {"displayName":"G"}
				base ` + setBase,
		},
		{
			name:        "deleted and created again, enforce",
			explanation: "Enforce makes the policy refer to the new group",
			base:        group + ownerBase,
			desired:     file + owner,
			current:     `groups g2 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","owner":"g1"}`,
			gone:        `groups g1`,
			adjust:      enforce,
			want: `update policies/P enforce /owner: "${groups/G}" | "g1" -> "${groups/G}"
				note dangling_reference policies/P /owner
				base groups/G=g2 {"displayName":"G"}
				base ` + ownerBase,
		},
		{
			name:        "perhaps created again",
			explanation: "while it is unknown which file the new group belongs to, its key is not written into a file",
			base:        group + ownerBase,
			desired:     file + owner,
			current:     `groups g2 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","owner":"g2"}`,
			want: `note not_read groups/G
				note dangling_reference policies/P /owner
				note dangling_reference policies/P /owner
				base ` + group + `base ` + ownerBase,
		},
		{
			name:        "an id of a kind that was not read",
			explanation: "it is adopted when it can be resolved",
			base:        group + ownerBase + "\n" + `policies/Q=2 {"conditions":{"groups":["All"]},"displayName":"Q"}`,
			desired:     file + owner + "\n" + `policies/Q {"displayName":"Q","conditions":{"groups":["All"]}}`,
			current:     `policies 1 {"displayName":"P","owner":"new"}` + "\n" + `policies 2 {"displayName":"Q","conditions":{"groups":["All","new"]}}`,
			adjust:      func(in *Input) { withState(in, "groups", tenant.Partial) },
			want: `note not_read groups/
				note dangling_reference policies/P /owner
				note dangling_reference policies/P /owner
				note dangling_reference policies/Q /conditions/groups/*
				note dangling_reference policies/Q /conditions/groups/-
				base ` + group + `base ` + ownerBase + `
				base policies/Q=2 {"conditions":{"groups":["All"]},"displayName":"Q"}`,
		},
		{
			name:        "an id of no known object",
			explanation: "an id that replaces no reference is adopted unchanged, with a note: some ids are well known to the service",
			base:        group + setBase,
			desired:     file + set,
			current:     `groups g1 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","conditions":{"groups":["g1","x"]}}`,
			want: `adopt policies/P {"displayName":"P","conditions":{"groups":["${groups/G}","x"]}}
				note dangling_reference policies/P /conditions/groups/*
				base ` + group + `base ` + setBase,
		},
		{
			name:        "an id in place of a literal",
			explanation: "an id is adopted if the file has no reference that it replaces",
			base:        `policies/P=1 {"conditions":{"groups":["All"]},"displayName":"P"}`,
			desired:     `policies/P {"displayName":"P","conditions":{"groups":["All"]}}`,
			current:     `policies 1 {"displayName":"P","conditions":{"groups":["x"]}}`,
			want: `adopt policies/P {"displayName":"P","conditions":{"groups":["x"]}}
				note dangling_reference policies/P /conditions/groups/*
				base policies/P=1 {"conditions":{"groups":["All"]},"displayName":"P"}`,
		},
		{
			name:        "another reference",
			explanation: "ids that can be resolved and removals are adopted",
			base:        group + ownerBase + "\n" + `policies/Q=2 {"conditions":{"groups":["${groups/G}"]},"displayName":"Q"}`,
			desired:     file + owner + "\n" + `policies/Q {"displayName":"Q","conditions":{"groups":["${groups/G}"]}}`,
			current:     `groups g1 {"displayName":"G"}` + "\n" + `groups g3 {"displayName":"H"}` + "\n" + `policies 1 {"displayName":"P","owner":"g3"}` + "\n" + `policies 2 {"displayName":"Q","conditions":{"groups":[]}}`,
			want: `adopt groups/H {"displayName":"H"}
				adopt policies/P {"displayName":"P","owner":"${groups/H}"}
				adopt policies/Q {"displayName":"Q","conditions":{"groups":[]}}
				base ` + group + `base groups/H=g3
				base ` + ownerBase + `
				base policies/Q=2 {"conditions":{"groups":["${groups/G}"]},"displayName":"Q"}`,
		},
		{
			name:        "a place without declared references",
			explanation: "any other text replaces a reference; an array that lost a reference and gained nothing has no replacement",
			base:        group + `policies/P=1 {"displayName":"P","x":"${groups/G}","y":["${groups/G}","a"],"z":["${groups/G}","a"]}`,
			desired:     file + `policies/P {"displayName":"P","x":"${groups/G}","y":["${groups/G}","a"],"z":["${groups/G}","a"]}`,
			current:     `groups g1 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","x":"g9","y":["g9","a"],"z":["a"]}`,
			want: `adopt policies/P {"displayName":"P","x":"${groups/G}","y":["${groups/G}","a"],"z":["a"]}
				note dangling_reference policies/P /x
				note dangling_reference policies/P /y
				base ` + group + `base policies/P=1 {"displayName":"P","x":"${groups/G}","y":["${groups/G}","a"],"z":["${groups/G}","a"]}`,
		},
	})
}
