package statetest

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

var storeCallerCases = []kitCase{
	{
		"caller/owns what it passed",
		"An implementation keeps no reference to an argument.",
		func(k *kit) {
			r := fullRecord("contoso")
			entries := []state.Entry{{Type: "t", Data: json.RawMessage(`{"a":1}`)}}
			want := k.put(r, entries...)
			overwrite(r)
			copy(entries[0].Data, `{"b":2}`)
			entries[0].Type = "changed"
			want.Labels, want.Refs, want.Data = fullRecord("contoso").Labels, fullRecord("contoso").Refs, fullRecord("contoso").Data
			k.wantRecord("after the caller changed its arguments", k.load("contoso"), want)
			for _, e := range k.history(state.HistoryRequest{Tenant: "contoso"}) {
				if e.Type != "t" || !sameJSON(e.Data, json.RawMessage(`{"a":1}`)) {
					k.errorf("after the caller changed its arguments: entry %+v", e)
				}
			}
		},
	},
	{
		"caller/owns what was returned",
		"Results belong to the caller, who may change them.",
		func(k *kit) {
			overwrite(k.put(fullRecord("contoso"), state.Entry{Type: "t", Data: json.RawMessage(`{"a":1}`)}))
			want := fullRecord("contoso")
			overwrite(k.load("contoso"))
			for _, r := range k.list(state.ListRequest{}) {
				overwrite(r)
			}
			for range 2 {
				for _, e := range k.history(state.HistoryRequest{Tenant: "contoso"}) {
					if !sameJSON(e.Data, json.RawMessage(`{"a":1}`)) {
						k.errorf("after the caller changed the results: entry %s", e.Data)
					}
					copy(e.Data, `{"b":2}`)
				}
			}
			got := k.load("contoso")
			want.Version, want.UpdatedAt = 1, got.UpdatedAt
			k.wantRecord("after the caller changed the results", got, want)
		},
	},
	{
		"caller/cancelled",
		"Methods honor the context's cancellation: they return its error, and nothing is written.",
		func(k *kit) {
			r := k.put(newRecord("contoso"))
			k.wantCancelled(
				call{"Load", func(ctx context.Context) error {
					_, err := k.Store.Load(ctx, state.LoadRequest{Tenant: "contoso"})
					return err
				}},
				call{"Commit", func(ctx context.Context) error {
					_, err := k.Store.Commit(ctx, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
					return err
				}},
				call{"List", func(ctx context.Context) error {
					_, err := k.Store.List(ctx, state.ListRequest{})
					return err
				}},
				call{"History", func(ctx context.Context) error {
					_, err := k.Store.History(ctx, state.HistoryRequest{Tenant: "contoso"})
					return err
				}},
			)
			k.wantUnchanged("after the cancelled calls", r, 0)
		},
	},
	{
		"caller/invalid tenant",
		"A name that no tenant can have is ErrInvalid.",
		func(k *kit) {
			k.wantNameChecked("Load", true, func(ctx context.Context, name string) error {
				_, err := k.Store.Load(ctx, state.LoadRequest{Tenant: name})
				return err
			})
			k.wantNameChecked("History", true, func(ctx context.Context, name string) error {
				_, err := k.Store.History(ctx, state.HistoryRequest{Tenant: name})
				return err
			})
			k.wantNameChecked("Runs", false, func(ctx context.Context, name string) error {
				_, err := k.Store.Runs(ctx, state.RunsRequest{Tenant: name})
				return err
			})
			k.wantNameChecked("Commit", true, func(ctx context.Context, name string) error {
				_, err := k.Store.Commit(ctx, state.CommitRequest{Record: newRecord(name)})
				return err
			})
			k.wantNameChecked("Commit of a removal", true, func(ctx context.Context, name string) error {
				req := removal(newRecord(name))
				req.Record.Version = 1
				_, err := k.Store.Commit(ctx, req)
				return err
			})
		},
	},
	{
		"caller/invalid commit",
		"A commit that can never succeed is ErrInvalid, and nothing is written.",
		func(k *kit) {
			entry := func(e state.Entry) func(*state.CommitRequest) {
				return func(req *state.CommitRequest) { req.Entries = append(req.Entries, e) }
			}
			ref := func(change func(*state.BlobRef)) func(*state.CommitRequest) {
				return func(req *state.CommitRequest) {
					req.Record.Refs = fullRecord(req.Record.Tenant).Refs
					change(&req.Record.Refs[1])
				}
			}
			k.wantInvalid(
				k.invalidCommit("with an unknown event", func(req *state.CommitRequest) { req.Events = []state.Event{"Start"} }),
				k.invalidCommit("with an unknown second event", func(req *state.CommitRequest) { req.Events = []state.Event{state.Start, ""} }),
				k.invalidCommit("at a negative version", func(req *state.CommitRequest) { req.Record.Version = -1 }),
				k.invalidCommit("with a negative fence", func(req *state.CommitRequest) { req.Fence = -1 }),
				k.invalidCommit("without data", func(req *state.CommitRequest) { req.Record.Data = nil }),
				k.invalidCommit("with data that is not JSON", func(req *state.CommitRequest) { req.Record.Data = json.RawMessage("{") }),
				k.invalidCommit("with two JSON values", func(req *state.CommitRequest) { req.Record.Data = json.RawMessage("{}{}") }),
				k.invalidCommit("with data that is not UTF-8", func(req *state.CommitRequest) { req.Record.Data = json.RawMessage("\"\xff\"") }),
				k.invalidCommit("with a run that has a NUL", func(req *state.CommitRequest) { req.Record.Run = "a\x00" }),
				k.invalidCommit("with a label without a key", func(req *state.CommitRequest) { req.Record.Labels = map[string]string{"": "v"} }),
				k.invalidCommit("with a label value that is not UTF-8", func(req *state.CommitRequest) { req.Record.Labels = map[string]string{"k": "\xff"} }),
				k.invalidCommit("with a wake-up that cannot be written", func(req *state.CommitRequest) { req.Record.WakeAt = time.Unix(math.MaxInt32*1000, 0) }),
				k.invalidCommit("with an entry without a type", entry(state.Entry{})),
				k.invalidCommit("with an entry whose data is not JSON", entry(state.Entry{Type: "t", Data: json.RawMessage("x")})),
				k.invalidCommit("with a reference to another tenant's blob", ref(func(r *state.BlobRef) { r.Tenant = "other" })),
				k.invalidCommit("with a reference without a hash", ref(func(r *state.BlobRef) { r.SHA256 = "" })),
				k.invalidCommit("with a reference without a kind", ref(func(r *state.BlobRef) { r.Kind = "" })),
			)
			_, err := k.Store.Load(k.Context(), state.LoadRequest{Tenant: "contoso"})
			k.wantError("Load after the invalid commits", err, state.ErrNotFound)
			if got := k.history(state.HistoryRequest{Tenant: "contoso"}); len(got) != 0 {
				k.errorf("the invalid commits left %d entries", len(got))
			}
		},
	},
	{
		"caller/invalid list",
		"A list or history that can never succeed is ErrInvalid: an unknown order or status, a negative limit, a cursor that this store did not make.",
		func(k *kit) {
			k.create("contoso")
			list := func(what string, req state.ListRequest) call {
				return call{"List with " + what, func(ctx context.Context) error {
					_, err := k.Store.List(ctx, req)
					return err
				}}
			}
			history := func(what string, req state.HistoryRequest) call {
				req.Tenant = "contoso"
				return call{"History with " + what, func(ctx context.Context) error {
					_, err := k.Store.History(ctx, req)
					return err
				}}
			}
			k.wantInvalid(
				list("an unknown order", state.ListRequest{Order: "random"}),
				list("an unknown status", state.ListRequest{Statuses: []state.Status{state.Idle, "x"}}),
				list("a negative limit", state.ListRequest{Limit: -1}),
				list("a foreign cursor", state.ListRequest{Cursor: "not a cursor"}),
				list("a foreign cursor by wake", state.ListRequest{Cursor: "42", Order: state.ByWake}),
				list("a prefix that is not UTF-8", state.ListRequest{Prefix: "\xff"}),
				history("a negative limit", state.HistoryRequest{Limit: -1}),
				history("a foreign cursor", state.HistoryRequest{Cursor: "not a cursor"}),
				history("a foreign cursor, newest first", state.HistoryRequest{Cursor: "42", Newest: true}),
				history("a type with a NUL", state.HistoryRequest{Types: []string{"a\x00"}}),
			)
		},
	},
}

// invalidCommit is a commit of a new record, with one change that makes it
// invalid.
func (k *kit) invalidCommit(what string, change func(*state.CommitRequest)) call {
	return call{"Commit " + what, func(ctx context.Context) error {
		req := state.CommitRequest{Record: newRecord("contoso"), Entries: []state.Entry{{Type: "t"}}}
		change(&req)
		_, err := k.Store.Commit(ctx, req)
		return err
	}}
}

// overwrite overwrites all memory that a record refers to.
func overwrite(r state.Record) {
	for i := range r.Data {
		r.Data[i] = '0'
	}
	for key := range r.Labels {
		r.Labels[key] = "changed"
	}
	if r.Labels != nil {
		r.Labels["changed"] = ""
	}
	for i := range r.Refs {
		r.Refs[i].Kind = "changed"
	}
}
