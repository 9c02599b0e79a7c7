package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/state"
)

// Load implements [state.Records].
func (s *Store) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	if err := begin(ctx, req); err != nil {
		return state.Loaded{}, err
	}
	var now time.Time
	var row recordRow
	err := s.db.run(ctx, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, s.sql.load, s.db.mode(), req.Tenant).Scan(row.dest(&now)...)
	})
	if err != nil {
		return state.Loaded{}, fail("load "+strconv.Quote(req.Tenant), err)
	}
	rec, ok, err := row.record()
	switch {
	case err != nil:
		return state.Loaded{}, fail("load", err)
	case !ok:
		return state.Loaded{Now: now.UTC()}, state.ErrNotFound
	}
	return state.Loaded{Record: rec, Now: now.UTC()}, nil
}

// Commit implements [state.Records]. Without [Config.OnCommit] it is one
// statement and one round trip.
func (s *Store) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	if err := begin(ctx, req); err != nil {
		return state.Committed{}, err
	}
	c, err := newCommit(req, s.sql)
	switch {
	case err != nil:
		return state.Committed{}, fail("commit", err)
	case c == nil:
		return s.illegalCreate(ctx, req)
	}
	var committed state.Committed
	var verdict error
	do := func(q querier) (err error) {
		committed, verdict, err = c.do(ctx, q, s.db.mode())
		return err
	}
	if s.onCommit == nil {
		err = s.db.write(ctx, do)
	} else {
		err = s.db.run(ctx, func(conn *pgxpool.Conn) error {
			return s.db.transact(ctx, conn, func(tx pgx.Tx) error {
				if err := do(tx); err != nil {
					return err
				}
				if verdict != nil {
					return errVerdict
				}
				if err := s.onCommit(ctx, hookTx{tx}, committed); err != nil {
					return fmt.Errorf("OnCommit: %w", err)
				}
				return nil
			})
		})
	}
	if err != nil && !errors.Is(err, errVerdict) {
		return state.Committed{}, failWrite("commit of "+strconv.Quote(req.Record.Tenant), err)
	}
	return committed, verdict
}

// errVerdict rolls back a transaction that has nothing to commit.
var errVerdict = errors.New("pgstore: nothing to commit")

// illegalCreate returns the error for a new record whose events are illegal.
// Such a commit writes nothing, so illegalCreate only reads.
func (s *Store) illegalCreate(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	loaded, err := s.Load(ctx, state.LoadRequest{Tenant: req.Record.Tenant})
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return state.Committed{}, err
	}
	_, err = req.Apply(loaded.Record, loaded.Now)
	return state.Committed{Now: loaded.Now}, err
}

// commit is a request as a statement.
type commit struct {
	req  state.CommitRequest
	sql  string
	args []any // after the mode
}

// newCommit returns the statement of a request. It returns nil if the request
// creates a record and its events are illegal in one.
func newCommit(req state.CommitRequest, sql statements) (*commit, error) {
	rec := req.Record
	types, runs, data := entryColumns(req.Entries)
	if req.Remove {
		return &commit{req: req, sql: sql.remove, args: with(0, rec.Tenant, rec.Version, req.Fence, req.BeforeDeadline, types, runs, data)}, nil
	}
	labels, err := encodeLabels(rec.Labels)
	if err != nil {
		return nil, err
	}
	refs, err := encodeRefs(rec.Refs)
	if err != nil {
		return nil, err
	}
	args := with(0, rec.Tenant, nil, rec.Run,
		nullable(rec.WakeAt), microseconds(req.WakeIn), nullable(rec.Deadline), microseconds(req.DeadlineIn),
		labels, string(rec.Data), refs, req.Fence)
	texts := sql.create
	from, to := moves(req)
	switch {
	case rec.Version != 0:
		texts, args[2] = sql.commit, from
		args = append(args, rec.Version, req.BeforeDeadline, to)
	case from == nil:
		args[2] = string(state.NotRun)
	default:
		i := slices.Index(from, string(state.NotRun))
		if i < 0 {
			return nil, nil
		}
		args[2] = to[i]
	}
	if len(req.Entries) > 0 {
		args = append(args, types, runs, data)
	}
	if len(req.Runs) > 0 {
		stored, err := encodeRuns(req.Runs)
		if err != nil {
			return nil, err
		}
		args = append(args, stored)
	}
	return &commit{req: req, sql: texts[parts{len(req.Entries) > 0, len(req.Runs) > 0}], args: args}, nil
}

// moves returns the statuses in which a request's events are legal, and the
// statuses to which they lead. Both are nil, which is null, without events: then
// every status stays.
func moves(req state.CommitRequest) (from, to []string) {
	if len(req.Events) == 0 {
		return nil, nil
	}
	from, to = []string{}, []string{}
	for f, t := range req.Moves() {
		from, to = append(from, string(f)), append(to, string(t))
	}
	return from, to
}

// entryColumns returns entries as arrays.
func entryColumns(entries []state.Entry) (types, runs []string, data []*string) {
	types, runs, data = make([]string, len(entries)), make([]string, len(entries)), make([]*string, len(entries))
	for i, e := range entries {
		types[i], runs[i] = e.Type, e.Run
		data[i] = nullableText(e.Data)
	}
	return types, runs, data
}

// do carries out the statement. The verdict says why nothing was written.
func (c *commit) do(ctx context.Context, q querier, mode pgx.QueryExecMode) (committed state.Committed, verdict, err error) {
	if c.req.Remove {
		return c.remove(ctx, q, mode)
	}
	var now time.Time
	var current, late bool
	var from, status *string
	var version, fence *int64
	var wakeAt, deadline, leaseUntil, updatedAt *time.Time
	var owner *string
	err = q.QueryRow(ctx, c.sql, c.in(mode)...).
		Scan(&now, &current, &late, &from, &version, &status, &wakeAt, &deadline, &fence, &owner, &leaseUntil, &updatedAt)
	if err != nil {
		return state.Committed{}, nil, err
	}
	now = now.UTC()
	switch {
	case version != nil:
	case !current:
		return state.Committed{Now: now}, state.ErrConflict, nil
	case late:
		return state.Committed{Now: now}, state.ErrExpired, nil
	default:
		return state.Committed{Now: now}, c.illegal(state.Status(*from), now), nil
	}
	rec := c.req.Record.Clone()
	rec.Version, rec.Status, rec.WakeAt, rec.Deadline = *version, state.Status(*status), timeOf(wakeAt), timeOf(deadline)
	rec.Fence, rec.LeaseOwner, rec.LeaseUntil = *fence, *owner, timeOf(leaseUntil)
	rec.Note, rec.UpdatedAt = nil, timeOf(updatedAt)
	return state.Committed{Record: rec, Now: now}, nil, nil
}

// in returns the arguments after a mode.
func (c *commit) in(mode pgx.QueryExecMode) []any {
	args := slices.Clone(c.args)
	args[0] = mode
	return args
}

// illegal returns the error for events that are illegal in a status.
func (c *commit) illegal(from state.Status, now time.Time) error {
	stored := state.Record{Tenant: c.req.Record.Tenant, Version: c.req.Record.Version, Status: from, Fence: c.req.Fence}
	_, err := c.req.Apply(stored, now)
	return err
}

// remove carries out the statement that removes a tenant.
func (c *commit) remove(ctx context.Context, q querier, mode pgx.QueryExecMode) (committed state.Committed, verdict, err error) {
	var now time.Time
	var current bool
	var last *int64
	if err := q.QueryRow(ctx, c.sql, c.in(mode)...).Scan(&now, &current, &last); err != nil {
		return state.Committed{}, nil, err
	}
	committed.Now = now.UTC()
	switch {
	case last != nil:
		committed.Record = state.Record{Tenant: c.req.Record.Tenant, Fence: *last}
	case current:
		verdict = state.ErrExpired
	default:
		verdict = state.ErrConflict
	}
	return committed, verdict, nil
}

// hookTx is the transaction for the host's hook. The hook cannot end it.
type hookTx struct{ pgx.Tx }

var errHookEnds = errors.New("pgstore: the store commits or rolls back; return an error to roll back")

// Commit returns an error.
func (hookTx) Commit(context.Context) error { return errHookEnds }

// Rollback returns an error.
func (hookTx) Rollback(context.Context) error { return errHookEnds }
