package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/envelope"
	"theriac/internal/idempotency"
	"theriac/internal/sqlstore/pgtest"
	"theriac/internal/storetest"
	"theriac/internal/supply"
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(writerVar); dsn != "" {
		fmt.Fprintln(os.Stderr, writeForEver(dsn))
		os.Exit(1)
	}
	// Every step of the laws flushes a log to the disk: fewer checks than usual,
	// unless the command line asks for more.
	if err := flag.Set("rapid.checks", "15"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// An engine is one of the two that the tests are done on.
type engine struct {
	postgres *pgtest.Server // nil: SQLite
}

// empty names a new store.
func (e engine) empty(t testing.TB) string {
	t.Helper()
	if e.postgres != nil {
		return e.postgres.Database(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "store.db")
}

// with returns one of two values: that for SQLite, or that for PostgreSQL.
func with[T any](e engine, lite, postgres T) T {
	if e.postgres != nil {
		return postgres
	}
	return lite
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	onEngine(t, engine{})
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	onEngine(t, engine{server})
	// Last, because it spoils the server.
	t.Run("unsafe servers", func(t *testing.T) { refusesUnsafe(t, server) })
}

func onEngine(t *testing.T, e engine) {
	for name, test := range map[string]func(*testing.T, engine){
		"laws":                laws,
		"kept":                keepsEverything,
		"newer":               refusesNewer,
		"opened at once":      opensAtOnce,
		"killed":              survivesKill,
		"cursors":             cursorsStayInTheirListing,
		"large outbox":        outboxComesInParts,
		"plans":               growsAlongIndexes,
		"errors":              errorsSayNothing,
		"late commit":         failedCommitIsAnError,
		"settle meets settle": settleOnceAcrossProcesses,
		"leases end":          leasesEndWithTheirProcess,
	} {
		t.Run(name, func(t *testing.T) { test(t, e) })
	}
}

func laws(t *testing.T, e engine) {
	for name, law := range map[string]func(*testing.T, *Store){
		"messages":     func(t *testing.T, s *Store) { storetest.Messages(t, s) },
		"archive":      func(t *testing.T, s *Store) { storetest.Archive(t, s) },
		"works":        func(t *testing.T, s *Store) { storetest.Works(t, s) },
		"jobs":         func(t *testing.T, s *Store) { storetest.Jobs(t, s) },
		"documents":    func(t *testing.T, s *Store) { storetest.Documents(t, s) },
		"audit":        func(t *testing.T, s *Store) { storetest.Audit(t, s) },
		"applications": func(t *testing.T, s *Store) { storetest.Applications(t, s) },
		"responses":    func(t *testing.T, s *Store) { storetest.Responses(t, s) },
		"people":       func(t *testing.T, s *Store) { storetest.People(t, s) },
		"lists":        func(t *testing.T, s *Store) { storetest.Lists(t, s) },
		"reports":      func(t *testing.T, s *Store) { storetest.Reports(t, s) },

		"lines":         func(t *testing.T, s *Store) { storetest.Lines(t, s) },
		"registrations": func(t *testing.T, s *Store) { storetest.Registrations(t, s) },
		"consignments":  func(t *testing.T, s *Store) { storetest.Consignments(t, s) },
	} {
		t.Run(name, func(t *testing.T) { law(t, open(t, e.empty(t))) })
	}
}

// open opens a store until the end of the test.
func open(t testing.TB, dsn string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dsn)
	must(t, "Open", err)
	t.Cleanup(func() { must(t, "Close", s.Close()) })
	return s
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s = %v", what, err)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s = %v, want %v", what, err, want)
	}
}

// do runs a statement behind the store's back.
func do(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// letter returns a queued message, which follows an anchor that only it follows.
func letter(name string) *supply.Message {
	prev := canon.Sum([]byte(name))
	return &supply.Message{
		ID: canon.ID(prev[:16]), Issuer: "own", Audience: "other", Type: "dmms/1", Case: "case", Prev: []canon.Digest{prev},
		Body: envelope.Body{{Hash: prev}}, Status: supply.Queued, Created: noon(), Next: noon(),
	}
}

// sent returns the message with its receipt.
func sent(m *supply.Message) *supply.Message {
	c := *m
	c.Status = supply.Sent
	c.Receipt = api.Receipt{BC: canon.Hash("anchor", m.ID[:]), Envelope: "a.b.c", Height: 1}
	return &c
}

// list returns the whole archive, the newest first.
func list(t testing.TB, s *Store, f supply.Filter) []supply.Message {
	t.Helper()
	var all []supply.Message
	for cursor := ""; ; {
		page, next, err := s.List(context.Background(), f, cursor, 500)
		must(t, "List", err)
		if all = append(all, page...); next == "" {
			return all
		}
		cursor = next
	}
}

// A key that a killed process left unanswered is free at once for the same request,
// and stays taken for another; an answer that was given stays.
func leasesEndWithTheirProcess(t *testing.T, e engine) {
	s, now := open(t, e.empty(t)), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, key := range []string{"cut off", "answered"} {
		if before, err := s.Begin(t.Context(), key, canon.Sum(nil), now); err != nil || before != nil {
			t.Fatalf("%s: %+v, %v", key, before, err)
		}
	}
	must(t, "Finish", s.Finish(t.Context(), "answered", now, idempotency.Response{Status: 200}, now))
	must(t, "Lapse", s.Lapse(t.Context(), now))
	if _, err := s.Begin(t.Context(), "cut off", canon.Sum([]byte("another")), now); !errors.Is(err, idempotency.ErrConflict) {
		t.Errorf("another request under the key: %v", err)
	}
	if before, err := s.Begin(t.Context(), "cut off", canon.Sum(nil), now); err != nil || before != nil {
		t.Errorf("the request again: %+v, %v", before, err)
	}
	if before, err := s.Begin(t.Context(), "answered", canon.Sum(nil), now); err != nil || before == nil {
		t.Errorf("the answered request again: %+v, %v", before, err)
	}
}
