package pgstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
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
	err := s.run(ctx, func(conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, s.sql.load, s.mode(), req.Tenant).Scan(row.dest(&now)...)
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
	if err != nil {
		return state.Committed{}, fail("commit", err)
	}
	var committed state.Committed
	var verdict error
	do := func(q querier) (err error) {
		committed, verdict, err = c.do(ctx, q, s.mode())
		return err
	}
	if s.onCommit == nil {
		err = s.write(ctx, do)
	} else {
		err = s.run(ctx, func(conn *pgxpool.Conn) error {
			return s.transact(ctx, conn, func(tx pgx.Tx) error {
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

// errVerdict rolls back a transaction in which there is nothing to commit.
var errVerdict = errors.New("pgstore: nothing to commit")

// commit is a request as a statement.
type commit struct {
	req  state.CommitRequest
	sql  string
	args []any // behind the mode
}

func newCommit(req state.CommitRequest, sql statements) (*commit, error) {
	rec := req.Record
	labels, err := encodeLabels(rec.Labels)
	if err != nil {
		return nil, err
	}
	refs, err := encodeRefs(rec.Refs)
	if err != nil {
		return nil, err
	}
	types, runs, data := make([]string, len(req.Entries)), make([]string, len(req.Entries)), make([]*string, len(req.Entries))
	for i, e := range req.Entries {
		types[i], runs[i] = e.Type, e.Run
		if e.Data != nil {
			text := string(e.Data)
			data[i] = &text
		}
	}
	c := &commit{req: req, sql: sql.create, args: with(0, rec.Tenant, string(rec.Status), rec.Run,
		nullable(rec.WakeAt), microseconds(req.WakeIn), nullable(rec.Deadline), microseconds(req.DeadlineIn),
		labels, string(rec.Data), refs, types, runs, data, req.Fence)}
	if rec.Version > 0 {
		c.sql = sql.commit
		c.args = append(c.args, rec.Version, req.BeforeDeadline)
	}
	return c, nil
}

// do carries the statement out. The verdict is why nothing was written.
func (c *commit) do(ctx context.Context, q querier, mode pgx.QueryExecMode) (committed state.Committed, verdict, err error) {
	var now time.Time
	var current bool
	var version, fence *int64
	var wakeAt, deadline, leaseUntil, updatedAt *time.Time
	var owner *string
	args := slices.Clone(c.args)
	args[0] = mode
	err = q.QueryRow(ctx, c.sql, args...).
		Scan(&now, &current, &version, &wakeAt, &deadline, &fence, &owner, &leaseUntil, &updatedAt)
	if err != nil {
		return state.Committed{}, nil, err
	}
	now = now.UTC()
	switch {
	case version == nil && current:
		return state.Committed{Now: now}, state.ErrExpired, nil
	case version == nil:
		return state.Committed{Now: now}, state.ErrConflict, nil
	}
	rec := c.req.Record
	rec.Labels = maps.Clone(rec.Labels)
	if len(rec.Labels) == 0 {
		rec.Labels = nil
	}
	rec.Refs = append([]state.BlobRef(nil), rec.Refs...)
	rec.Data = bytes.Clone(rec.Data)
	rec.Version, rec.WakeAt, rec.Deadline = *version, timeOf(wakeAt), timeOf(deadline)
	rec.Fence, rec.LeaseOwner, rec.LeaseUntil = *fence, *owner, timeOf(leaseUntil)
	rec.UpdatedAt = timeOf(updatedAt)
	return state.Committed{Record: rec, Now: now}, nil, nil
}

// hookTx is a transaction as the host's hook sees it: it ends with the hook,
// not by it.
type hookTx struct{ pgx.Tx }

var errHookEnds = errors.New("pgstore: the store commits or rolls back; return an error to roll back")

// Commit returns an error.
func (hookTx) Commit(context.Context) error { return errHookEnds }

// Rollback returns an error.
func (hookTx) Rollback(context.Context) error { return errHookEnds }
