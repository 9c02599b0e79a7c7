package diff

import (
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// An id that cannot be named does not take a reference's place in a file.
func TestCompareStrays(t *testing.T) {
	const group = `groups/G=g1 {"displayName":"G"}` + "\n"
	const file = `groups/G {"displayName":"G"}` + "\n"
	const owner = `policies/P {"displayName":"P","owner":"${groups/G}"}`
	const ownerBase = `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`
	const set = `policies/P {"displayName":"P","conditions":{"groups":["${groups/G}"]}}`
	const setBase = `policies/P=1 {"conditions":{"groups":["${groups/G}"]},"displayName":"P"}`
	runComparisons(t, []comparisonCase{
		{
			name:        "deleted and made again",
			explanation: "the policy still has the id of the group that is gone; the file's reference, which means the new one, is kept",
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
			name:        "deleted and made again, in a set",
			explanation: "neither is the reference removed from the file, nor the dead id added",
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
			name:        "deleted and made again, enforce",
			explanation: "where drift is undone, the policy is to refer to the new one",
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
			name:        "perhaps made again",
			explanation: "while nobody knows which group the new one is, its key is not written into a file",
			base:        group + ownerBase,
			desired:     file + owner,
			current:     `groups g2 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","owner":"g2"}`,
			want: `note not_read groups/G
				note dangling_reference policies/P /owner
				note dangling_reference policies/P /owner
				base ` + group + `base ` + ownerBase,
		},
		{
			name:        "of a kind that was not read",
			explanation: "it is taken over once it can be named",
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
			name:        "known nowhere",
			explanation: "where it takes nothing's place, an id that leads nowhere is taken over as it is, with a note: some are well known to the service",
			base:        group + setBase,
			desired:     file + set,
			current:     `groups g1 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","conditions":{"groups":["g1","x"]}}`,
			want: `adopt policies/P {"displayName":"P","conditions":{"groups":["${groups/G}","x"]}}
				note dangling_reference policies/P /conditions/groups/*
				base ` + group + `base ` + setBase,
		},
		{
			name:        "another reference",
			explanation: "what can be named is taken over as ever, and so is what is removed",
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
			name:        "where no references are declared",
			explanation: "any other text takes a reference's place; an array that lost it and gained nothing does not",
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
