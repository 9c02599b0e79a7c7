package pgstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// query is a statement that is built from conditions. The server plans it for
// the values of each call.
type query struct {
	schema string
	text   strings.Builder
	args   []any // after the mode
}

// arg returns the placeholder of a value.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

// add appends to the text; {schema} in it stands for the schema.
func (q *query) add(format string, args ...any) {
	q.text.WriteString(qualified(fmt.Sprintf(format, args...), q.schema))
}

// pageOf runs a query. If it returns no row, and so no time, pageOf asks for
// the time.
func (db *database) pageOf(ctx context.Context, q *query, now *time.Time, scan func(pgx.Rows) error) error {
	err := db.run(ctx, func(conn *pgxpool.Conn) error {
		*now = time.Time{}
		rows, err := conn.Query(ctx, q.text.String(), with(db.planned, q.args...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		if err := scan(rows); err != nil {
			return err
		}
		if !now.IsZero() {
			return nil
		}
		return conn.QueryRow(ctx, "select clock_timestamp()", db.planned).Scan(now)
	})
	*now = now.UTC()
	return err
}
