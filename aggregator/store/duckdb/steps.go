package duckdb

import (
	"context"
	"database/sql"
)

// steps is a transaction in which the statements of a closing run.
type steps interface {
	ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row
}

// told tells what it is asked to do once that is done.
type told struct {
	*sql.Tx
	tell func(statement string)
}

func (t told) ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	defer t.tell(statement)
	return t.Tx.ExecContext(ctx, statement, args...)
}

func (t told) QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	defer t.tell(statement)
	return t.Tx.QueryContext(ctx, statement, args...)
}

func (t told) QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row {
	defer t.tell(statement)
	return t.Tx.QueryRowContext(ctx, statement, args...)
}
