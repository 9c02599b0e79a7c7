package simulation

import (
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// describe describes a commit in words.
func describe(before, after state.Record, entries []syncer.EntryData) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d", after.Version)
	if after.Status != before.Status {
		fmt.Fprintf(&b, ", %s -> %s", before.Status, after.Status)
	}
	for _, e := range entries {
		switch {
		case e.Event != "":
			fmt.Fprintf(&b, "; %s", e.Event)
			if e.Outcome != "" {
				fmt.Fprintf(&b, " (%s: %s)", e.Outcome, e.Message)
			}
			if e.Error != nil {
				fmt.Fprintf(&b, " error %s: %s", e.Error.Class, e.Error.Message)
			}
		case e.Intent != nil:
			fmt.Fprintf(&b, "; intends %s %s, attempt %d", e.Intent.Verb, e.Intent.Item, e.Intent.Attempt)
		case e.Result != nil:
			fmt.Fprintf(&b, "; %s is %s %s", e.Result.Item, e.Result.Status, e.Result.Message)
		case e.Phase != "":
			fmt.Fprintf(&b, "; phase %s", e.Phase)
		case e.Actor != "" || e.Message != "":
			fmt.Fprintf(&b, "; %s %s", e.Actor, e.Message)
		}
	}
	return b.String()
}

// countsOf returns the keys under which an entry of the history is counted.
func countsOf(e syncer.Entry) (keys []string) {
	if e.Result != nil {
		keys = append(keys, "item: "+string(e.Result.Status))
	}
	switch e.Event {
	case "":
		return keys
	case state.Start:
		keys = append(keys, "world: syncs")
	case state.Approve:
		keys = append(keys, "people: decided "+string(syncer.Approve))
	case state.Reject:
		keys = append(keys, "people: decided "+string(syncer.Reject))
	case state.Revert:
		keys = append(keys, "people: decided "+string(syncer.RejectAndRevert))
	}
	keys = append(keys, "move: "+string(e.Event), "status: "+string(e.To))
	if e.From.Resting() || e.To.Active() {
		return keys
	}
	keys = append(keys, "run: "+string(e.Outcome))
	if e.Error != nil {
		keys = append(keys, "run: "+string(e.Outcome)+", class "+string(e.Error.Class))
	}
	return keys
}
