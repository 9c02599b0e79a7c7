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

// query is a statement that is built from conditions. The server plans it anew
// each time, for the values at hand.
type query struct {
	schema string
	text   strings.Builder
	args   []any // behind the mode
}

// arg adds a value and returns its placeholder.
func (q *query) arg(v any) string {
	q.args = append(q.args, v)
	return "$" + strconv.Itoa(len(q.args))
}

// add appends to the text, in which {schema} stands for the schema's name.
func (q *query) add(format string, args ...any) {
	q.text.WriteString(qualified(fmt.Sprintf(format, args...), q.schema))
}

// pageOf runs a query whose rows begin with the store's time, and sets now. When
// there is no row, pageOf asks for the time.
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
