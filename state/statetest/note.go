package statetest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// note renews a record's lease with a note, and returns the lease's record.
func (k *kit) note(r state.Record, note string) state.Record {
	k.Helper()
	req := state.RenewRequest{Tenant: r.Tenant, Fence: r.Fence, For: time.Hour}
	if note != "" {
		req.Note = json.RawMessage(note)
	}
	lease, err := k.Leaser.Renew(k.Context(), req)
	if err != nil {
		k.fatalf("Renew of %q with the note %s: %v", r.Tenant, note, err)
	}
	return lease.Record
}

// wantNote checks the note of a record, as it is loaded and in a list.
func (k *kit) wantNote(act, tenant, want string) {
	k.Helper()
	if got := k.load(tenant).Note; !sameJSON(got, json.RawMessage(want)) || want == "" && got != nil {
		k.errorf("%s: Load has the note %s, want %s", act, got, want)
	}
	for _, r := range k.list(state.ListRequest{Prefix: tenant}) {
		if !sameJSON(r.Note, json.RawMessage(want)) {
			k.errorf("%s: List has the note %s of %q, want %s", act, r.Note, r.Tenant, want)
		}
	}
}

var noteCases = []kitCase{
	{
		"note/kept",
		"A renewal's Note is the record's until the next; a renewal without one and a release keep it. It changes neither the version nor UpdatedAt.",
		func(k *kit) {
			k.create("contoso", "fabrikam")
			r := k.acquire("contoso", time.Hour)
			k.wantNote("before a note", "contoso", "")
			for _, note := range []string{`{"phase":"plan","done":1}`, `{"phase":"plan","done":2}`, `null`, `"last \u00e9"`} {
				got := k.note(r, note)
				want := r
				want.Note, want.LeaseUntil = json.RawMessage(note), got.LeaseUntil
				k.wantRecord("Renew with a note", got, want)
				k.wantRecord("Load after it", k.load("contoso"), want)
				k.wantNote("after Renew with a note", "contoso", note)
				if got := k.note(r, ""); !sameJSON(got.Note, json.RawMessage(note)) {
					k.errorf("Renew without a note returned %s, want %s", got.Note, note)
				}
				k.wantNote("after Renew without a note", "contoso", note)
			}
			k.release(r)
			k.wantNote("after the release", "contoso", `"last \u00e9"`)
			k.wantNote("of another tenant", "fabrikam", "")
		},
	},
	{
		"note/cleared",
		"A commit clears the Note, whatever the request's record has, and so do Acquire and Claim.",
		func(k *kit) {
			k.create("contoso")
			r := k.note(k.acquire("contoso", time.Hour), `{"step":1}`)
			for _, fence := range []int64{r.Fence, 0} {
				r = k.commit(state.CommitRequest{Record: k.note(r, `{"step":1}`), Fence: fence})
				if r.Note != nil {
					k.errorf("Commit returned the note %s, want none", r.Note)
				}
				k.wantNote("after a commit", "contoso", "")
				r.Note = json.RawMessage(`"the caller's"`)
				r = k.put(r)
				k.wantNote("after a commit with a note", "contoso", "")
			}
			k.note(r, `{"step":2}`)
			k.release(r)
			r = k.acquire("contoso", time.Hour)
			if r.Note != nil {
				k.errorf("Acquire returned the note %s, want none", r.Note)
			}
			k.wantNote("after Acquire", "contoso", "")
			r.WakeAt = due("contoso", 0).WakeAt
			r = k.note(k.put(r), `{"step":3}`)
			k.release(r)
			if got := k.claim(1, time.Hour); len(got) != 1 || got[0].Note != nil {
				k.errorf("Claim returned %+v, want a record without a note", got)
			}
			k.wantNote("after Claim", "contoso", "")
			gone := k.commit(removal(k.note(k.load("contoso"), `{"step":4}`)))
			if gone.Note != nil {
				k.errorf("a removal returned the note %s, want none", gone.Note)
			}
			k.create("contoso")
			k.wantNote("of a tenant that was created again", "contoso", "")
		},
	},
	{
		"note/lost lease",
		"A renewal of a lease that another owner has acquired writes no Note.",
		func(k *kit) {
			k.create("contoso")
			old := k.acquire("contoso", time.Minute)
			k.Pass(time.Minute)
			r := k.note(k.acquire("contoso", time.Hour), `"the holder's"`)
			_, err := k.Leaser.Renew(k.Context(), state.RenewRequest{Tenant: "contoso", Fence: old.Fence, For: time.Hour, Note: json.RawMessage(`"the former one's"`)})
			k.wantError("Renew of a lost lease", err, state.ErrLeaseLost)
			k.wantRecord("after it", k.load("contoso"), r)
		},
	},
	{
		"note/size",
		"A Note is one JSON value of at most 1024 bytes.",
		func(k *kit) {
			k.create("contoso")
			r := k.acquire("contoso", time.Hour)
			note := func(bytes int) json.RawMessage { return json.RawMessage(`"` + strings.Repeat("x", bytes-2) + `"`) }
			for _, size := range []int{state.MaxNote - 1, state.MaxNote} {
				k.note(r, string(note(size)))
				k.wantNote("of the greatest size or less", "contoso", string(note(size)))
			}
			var calls []call
			for what, note := range map[string]json.RawMessage{
				"of 1025 bytes": note(state.MaxNote + 1), "that is empty": {}, "of two values": json.RawMessage(`1 2`), "that is not UTF-8": json.RawMessage("\"\xff\""),
			} {
				calls = append(calls, call{"Renew with a note " + what, func(ctx context.Context) error {
					_, err := k.Leaser.Renew(ctx, state.RenewRequest{Tenant: "contoso", Fence: r.Fence, For: time.Hour, Note: note})
					return err
				}})
			}
			k.wantInvalid(calls...)
			k.wantNote("after the invalid calls", "contoso", string(note(state.MaxNote)))
		},
	},
}
