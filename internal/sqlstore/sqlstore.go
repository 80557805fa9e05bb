// Package sqlstore keeps what an organisation's desks keep, in SQLite or in
// PostgreSQL, by one set of queries. The schema in migrations says how each thing
// is written down.
//
// A write that returned survives a crash of the process and of the machine: both
// engines flush their log before a commit returns. What must happen once is one
// statement that changes a row only from the state it must be in.
//
// Errors are the desks' refusals (supply.ErrUnknown, supply.ErrExists and so on)
// or an Error, whose text says what was done and the engine's code, and nothing
// that is the engine's: it can go into an answer to a stranger.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"theriac/canon"
	"theriac/internal/sqlstore/query"
	"theriac/internal/supply"
)

// A Store is an organisation's. Its methods may be called at once.
type Store struct {
	read  *sql.DB
	write *sql.DB // SQLite has one writer, who need not wait for readers; else the same
}

// Close ends all that runs and closes the store.
func (s *Store) Close() error {
	if s.read == s.write {
		return s.write.Close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// An Error is something that went wrong in the engine. Unwrap gives what it said.
type Error struct {
	doing string
	cause error
}

// Error implements error.
func (e *Error) Error() string {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case errors.As(e.cause, &pg):
		return fmt.Sprintf("store: %s: PostgreSQL error %s", e.doing, pg.Code)
	case errors.As(e.cause, &lite):
		return fmt.Sprintf("store: %s: SQLite error %d", e.doing, lite.Code())
	case errors.Is(e.cause, context.Canceled):
		return fmt.Sprintf("store: %s: %v", e.doing, context.Canceled)
	case errors.Is(e.cause, context.DeadlineExceeded):
		return fmt.Sprintf("store: %s: %v", e.doing, context.DeadlineExceeded)
	}
	return fmt.Sprintf("store: %s: no answer from the database", e.doing)
}

// Unwrap returns the engine's error, for the operator.
func (e *Error) Unwrap() error { return e.cause }

// Result codes of a row that is there already: PostgreSQL's unique_violation,
// SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY.
const (
	pgUnique         = "23505"
	sqliteUnique     = 2067
	sqlitePrimaryKey = 1555
)

// fail makes an engine's error one of ours.
func fail(doing string, err error) error {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg) && pg.Code == pgUnique,
		errors.As(err, &lite) && (lite.Code() == sqliteUnique || lite.Code() == sqlitePrimaryKey):
		return fmt.Errorf("%s: %w", doing, supply.ErrExists)
	}
	return &Error{doing, err}
}

// failOne is fail for a query of one row, which is unknown where it is missing.
func failOne(doing string, err, unknown error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return unknown
	}
	return fail(doing, err)
}

func (s *Store) reader() *query.Queries { return query.New(s.read) }
func (s *Store) writer() *query.Queries { return query.New(s.write) }

// change runs do in a transaction; an error undoes it.
func (s *Store) change(ctx context.Context, doing string, do func(*query.Queries) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fail(doing, err)
	}
	// After a commit this does nothing.
	defer func() { _ = tx.Rollback() }()
	if err := do(query.New(tx)); err != nil {
		return err
	}
	return fail(doing, tx.Commit())
}

// look runs do on one state of the store.
func (s *Store) look(ctx context.Context, doing string, do func(*query.Queries) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fail(doing, err)
	}
	defer func() { _ = tx.Rollback() }()
	return do(query.New(tx))
}

func digest(t query.Text) (canon.Digest, error) { return canon.ParseDigest(string(t)) }

func id(t query.Text) (canon.ID, error) {
	var id canon.ID
	return id, id.UnmarshalText([]byte(t))
}

func moment(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
