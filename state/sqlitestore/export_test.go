package sqlitestore

import "context"

// WriterPragma returns a pragma's value on the connection that writes.
func (s *Store) WriterPragma(ctx context.Context, name string) (value string, err error) {
	err = s.transact(ctx, func(t *tx) error {
		_, err := t.row([]any{&value}, "PRAGMA "+name)
		return err
	})
	return value, err
}
