package sqlstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"theriac/canon"
	"theriac/internal/audit"
	"theriac/internal/idempotency"
	"theriac/internal/registry"
	"theriac/internal/sqlstore/pgtest"
	"theriac/internal/supply"
)

// keepsEverything writes one of each, and reads it from the store opened again.
func keepsEverything(t *testing.T, e engine) {
	ctx, dsn := t.Context(), e.empty(t)
	m := sent(letter("kept"))
	digest := canon.Sum([]byte("kept"))
	batch := supply.Batch{ID: digest, GTIN: "04012345000009", Transformation: []byte("event"), Created: noon()}
	job := supply.Job{ID: m.ID, State: supply.Running, Spec: []byte("{}"), Created: noon(), Updated: noon()}
	document := supply.Document{Digest: digest, Bytes: []byte{0}, Created: noon(), Index: 7}
	entry := audit.Entry{Time: noon(), Actor: "actor\x00", Action: "act"}
	application := registry.Application{ID: m.ID, GLN: "own", Message: []byte("m"), Created: noon()}
	answer := idempotency.Response{Status: 200, Type: "text/plain", Body: []byte("done")}

	s := open(t, dsn)
	for what, err := range map[string]error{
		"Queue":          s.Queue(ctx, letter("kept")),
		"Settle":         s.Settle(ctx, m),
		"PutBatch":       s.PutBatch(ctx, &batch),
		"PutJob":         s.PutJob(ctx, &job),
		"PutDocument":    s.PutDocument(ctx, &document, []supply.Mention{{Identifier: "pack"}}),
		"Record":         s.Record(ctx, entry),
		"PutApplication": s.PutApplication(ctx, &application),
	} {
		must(t, what, err)
	}
	_, err := s.Begin(ctx, "key", digest, noon())
	must(t, "Begin", err)
	must(t, "Finish", s.Finish(ctx, "key", noon(), answer, noon()))
	must(t, "Close", s.Close())

	s = open(t, dsn)
	same := func(what string, got any, err error, want any) {
		t.Helper()
		must(t, what, err)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	gotMessage, err := s.Message(ctx, "own", m.ID)
	same("Message", gotMessage, err, m)
	gotBatch, err := s.Batch(ctx, digest)
	same("Batch", gotBatch, err, &batch)
	gotJobs, err := s.Unfinished(ctx)
	same("Unfinished", gotJobs, err, []supply.Job{job})
	gotDocument, err := s.Document(ctx, digest)
	same("Document", gotDocument, err, &document)
	about, err := s.Mentioning(ctx, "pack")
	same("Mentioning", about, err, []canon.Digest{digest})
	gotEntries, _, err := s.Entries(ctx, "", 9)
	same("Entries", gotEntries, err, []audit.Entry{entry})
	gotApplication, err := s.Application(ctx, m.ID)
	same("Application", gotApplication, err, &application)
	gotAnswer, err := s.Begin(ctx, "key", digest, noon())
	same("Begin", gotAnswer, err, &answer)
}

// A later version's store is refused, and left as it is.
func refusesNewer(t *testing.T, e engine) {
	dsn := e.empty(t)
	s := open(t, dsn)
	must(t, "Queue", s.Queue(t.Context(), letter("old")))
	do(t, s.write, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)")
	for range 2 {
		_, err := Open(t.Context(), dsn)
		wantErr(t, "Open of a newer store", err, ErrNewer)
	}
	do(t, s.write, "DELETE FROM goose_db_version WHERE version_id = 99")
	if n := len(list(t, open(t, dsn), supply.Filter{})); n != 1 {
		t.Errorf("after the refusal the store has %d messages, want 1", n)
	}
}

// Whoever comes first makes the schema, and the others find it.
func opensAtOnce(t *testing.T, e engine) {
	for range with(e, 2, 1) { // PostgreSQL is not asked for its lock before a second is over
		openAtOnce(t, e.empty(t))
	}
}

func openAtOnce(t *testing.T, dsn string) {
	var group sync.WaitGroup
	begin := make(chan struct{})
	for range 6 {
		group.Go(func() {
			<-begin
			s, err := Open(t.Context(), dsn)
			if err != nil {
				t.Errorf("Open = %v (%v)", err, errors.Unwrap(err))
				return
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
		})
	}
	close(begin)
	group.Wait()
}

// Both engines know the same versions of the schema.
func TestMigrationsGoTogether(t *testing.T) {
	var names [2][]string
	for i, folder := range []string{"sqlite", "postgres"} {
		files, err := fs.ReadDir(migrations, "migrations/"+folder)
		must(t, "ReadDir", err)
		for _, f := range files {
			names[i] = append(names[i], f.Name())
		}
	}
	if len(names[0]) == 0 || !slices.Equal(names[0], names[1]) {
		t.Errorf("SQLite has %v, PostgreSQL %v", names[0], names[1])
	}
}

func TestOpenRefusesNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dsn := range []string{
		"", "sqlite:", ":memory:", "sqlite::memory:", "file::memory:?cache=shared", "mysql://own:secret@host/db", "sqlite://store.db",
		"postgres://own:secret@host:port/db", "postgres:host=127.0.0.1 password=secret", "postgresql:/secret", "POSTGRES://own:secret@127.0.0.1/db",
		"host=127.0.0.1 user=own password=secret",
	} {
		s, err := Open(t.Context(), dsn)
		if err == nil {
			must(t, "Close", s.Close())
		}
		if !errors.Is(err, ErrDSN) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q) = %v, want %v", dsn, err, ErrDSN)
		}
	}
	left, err := os.ReadDir(".")
	if err != nil || len(left) > 0 {
		t.Errorf("a refused name left %v, %v", left, err)
	}
}

// A path is a path, whatever it would mean in a URL.
func TestOpenAnyPath(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a b.db", "a?mode=memory", "a#b", "%41", "ü💊", "a&_pragma=synchronous(OFF)", "file:a"} {
		path := filepath.Join(dir, name)
		must(t, "Queue", open(t, "sqlite:"+path).Queue(t.Context(), letter("path")))
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		must(t, "Glob", err)
		if !slices.Contains(found, path) {
			t.Errorf("Open(%q) made %v", path, found)
		}
	}
}

// The store is nobody's to read but its owner's, with the files beside it.
func TestFilesAreTheOwners(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store.db"))
	must(t, "Queue", s.Queue(t.Context(), letter("private")))
	for _, name := range []string{"store.db", "store.db-wal", "store.db-shm"} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, "Stat", err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, want 0600", name, info.Mode())
		}
	}
}

// What is no store is not made one.
func TestOpenLeavesOtherFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letter.txt")
	content := strings.Repeat("Dear Sir or Madam\n", 100)
	must(t, "WriteFile", os.WriteFile(path, []byte(content), 0o600))
	var e *Error
	if _, err := Open(t.Context(), path); !errors.As(err, &e) {
		t.Errorf("Open of a text = %v, want an Error", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != content {
		t.Errorf("Open changed it: %v", err)
	}
}

// Every connection flushes, and readers cannot write.
func TestSQLiteSettings(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	for pragma, want := range map[string][2]string{ // of the writer, of readers
		"journal_mode": {"wal", "wal"}, "synchronous": {"2", "2"}, "foreign_keys": {"1", "1"}, "trusted_schema": {"0", "0"},
		"query_only": {"0", "1"},
	} {
		var got [2]string
		must(t, pragma, s.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got[0]))
		must(t, pragma, s.read.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got[1]))
		if got != want {
			t.Errorf("%s = %v, want %v", pragma, got, want)
		}
	}
}

// refusesUnsafe holds that a server, a database or a session that does not flush, or
// garbles text, is refused or put right.
func refusesUnsafe(t *testing.T, server *pgtest.Server) {
	dsn := server.Database(t)
	name := dsn[strings.LastIndexByte(dsn, '/')+1 : strings.IndexByte(dsn, '?')]
	unsafe := func(what, dsn string) {
		t.Helper()
		_, err := Open(t.Context(), dsn)
		wantErr(t, what, err, ErrUnsafe)
	}
	unsafe("a Latin database", server.Database(t, "ENCODING 'LATIN1' TEMPLATE template0"))
	unsafe("a session that does not flush", dsn+"&synchronous_commit=off")
	server.Exec(t, dsn, "ALTER DATABASE "+name+" SET synchronous_commit = off")
	unsafe("a database that does not flush", dsn)
	server.Exec(t, dsn, "ALTER DATABASE "+name+" RESET ALL")
	checkCollations(t, open(t, dsn))

	// A role or a database may have an encoding of its own for its clients.
	server.Exec(t, dsn, "ALTER DATABASE "+name+" SET client_encoding = 'WIN1252'")
	for _, dsn := range []string{dsn, dsn + "&client_encoding=LATIN1"} {
		checkEncoding(t, open(t, dsn))
	}

	server.Exec(t, dsn, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
	for { // the server reads its settings when it comes to it
		s, err := Open(t.Context(), dsn)
		if err != nil {
			wantErr(t, "a server that does not flush", err, ErrUnsafe)
			return
		}
		must(t, "Close", s.Close())
	}
}

// An index whose order is the operating system's goes wrong with its updates.
func checkCollations(t *testing.T, s *Store) {
	t.Helper()
	var text, loose int
	must(t, "collations", s.read.QueryRowContext(t.Context(), `SELECT count(*), count(*) FILTER (WHERE c <> '"C"'::regcollation)
		FROM pg_index, unnest(indcollation) AS c WHERE c <> 0 AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)`,
	).Scan(&text, &loose))
	if text < 10 || loose > 0 {
		t.Errorf("of %d text columns in indexes %d are in the order of a language", text, loose)
	}
}

// Text is stored as the UTF-8 that it is.
func checkEncoding(t *testing.T, s *Store) {
	t.Helper()
	const actor = "Á💊"
	must(t, "Record", s.Record(t.Context(), audit.Entry{Actor: actor}))
	found, _, err := s.Entries(t.Context(), "", 1)
	must(t, "Entries", err)
	var length int
	must(t, "length", s.read.QueryRowContext(t.Context(), "SELECT max(octet_length(actor)) FROM audit").Scan(&length))
	if found[0].Actor != actor || length != len(actor) {
		t.Errorf("an actor came back as %q, and is stored in %d bytes", found[0].Actor, length)
	}
}
