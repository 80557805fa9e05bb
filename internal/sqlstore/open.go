package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:generate go tool -modfile=../../tools/go.mod sqlc generate

var (
	// ErrDSN is returned for the name of a store that cannot be one.
	ErrDSN = errors.New("store: the name must be sqlite:PATH, a path, or postgres://…")
	// ErrNewer is returned for a store that a later version has written to.
	ErrNewer = errors.New("store: a later version has written to it")
	// ErrUnsafe is returned for a PostgreSQL that would lose or garble what it said it has.
	ErrUnsafe = errors.New("store: the PostgreSQL server must run with fsync, synchronous_commit and encoding UTF8")
)

//go:embed migrations
var migrations embed.FS

// Limits of the pools. A writer of SQLite waits in Go's queue, which is fair, and
// not in the engine's, which polls.
const (
	sqliteReaders = 8
	pgConnections = 16
)

// Open opens the store that dsn names, and makes or migrates it: sqlite:PATH or a
// path, or postgres://… as pgx reads it.
func Open(ctx context.Context, dsn string) (*Store, error) {
	scheme, rest, ok := strings.Cut(dsn, ":")
	postgres, url := scheme == "postgres" || scheme == "postgresql", strings.HasPrefix(rest, "//")
	switch {
	case ok && postgres && url:
		return openPostgres(ctx, dsn)
	case ok && (postgres || url):
		return nil, fmt.Errorf("%w: not %s", ErrDSN, scheme)
	case ok && scheme == "sqlite":
		return openSQLite(ctx, rest)
	// PostgreSQL's other form, host=… password=…, must not become a file's name.
	case strings.Contains(dsn, "="):
		return nil, fmt.Errorf("%w: write sqlite:PATH for a path with an equals sign", ErrDSN)
	}
	return openSQLite(ctx, dsn)
}

func openSQLite(ctx context.Context, path string) (*Store, error) {
	// What is in memory does not survive a crash, and each connection has its own.
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, ErrDSN
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// The engine gives its other files the permissions of this one.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	s := &Store{}
	if s.write, err = sqliteDB(path, 1); err != nil {
		return nil, err
	}
	if s.read, err = sqliteDB(path, sqliteReaders, "query_only(1)"); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	if err := s.migrate(ctx, goose.DialectSQLite3, "sqlite"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func sqliteDB(path string, connections int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{
		"_txlock": {"immediate"}, // else a transaction that reads first could not be sure to write
		"_dqs":    {"0"},
		"_pragma": append(pragmas, "busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)",
			"foreign_keys(1)", "trusted_schema(0)"),
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func openPostgres(ctx context.Context, dsn string) (*Store, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The error may quote the password.
		return nil, fmt.Errorf("%w: it does not parse", ErrDSN)
	}
	// What happens once is one statement, which under this level waits for the
	// other and looks again.
	config.RuntimeParams["default_transaction_isolation"] = "read committed"
	// A role or a database may be set to another, which garbles text or refuses it.
	config.RuntimeParams["client_encoding"] = "UTF8"
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(pgConnections)
	db.SetMaxIdleConns(pgConnections)
	s := &Store{read: db, write: db}
	if err := s.checkPostgres(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // looks every second, for five minutes
	if err == nil {
		err = s.migrate(ctx, goose.DialectPostgres, "postgres", goose.WithSessionLocker(locker))
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) checkPostgres(ctx context.Context) error {
	for setting, ok := range map[string]func(string) bool{
		"fsync":              func(v string) bool { return v == "on" },
		"synchronous_commit": func(v string) bool { return v != "off" },
		"server_encoding":    func(v string) bool { return v == "UTF8" },
	} {
		var v string
		if err := s.read.QueryRowContext(ctx, "SELECT current_setting($1)", setting).Scan(&v); err != nil {
			return fail("open", err)
		}
		if !ok(v) {
			return fmt.Errorf("%w: %s is %s", ErrUnsafe, setting, v)
		}
	}
	return nil
}

// migrate brings the schema up to this version. Where another process does so too,
// who is second at a step fails at it, and finds it done when he looks again.
func (s *Store) migrate(ctx context.Context, dialect goose.Dialect, folder string, options ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, s.write, files, append(options, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	// goose's own table is a step, too.
	for range len(p.ListSources()) + 1 {
		if err = up(ctx, p); err == nil || errors.Is(err, ErrNewer) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func up(ctx context.Context, p *goose.Provider) error {
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return &Error{"read the version", err}
	}
	if has > knows {
		return fmt.Errorf("%w: it has schema %d, this version knows %d", ErrNewer, has, knows)
	}
	if _, err = p.Up(ctx); err != nil {
		return &Error{"migrate", err}
	}
	return nil
}
