// Package pgtest runs a PostgreSQL server for a test: a real one, from the
// system's packages, with its own data in a temporary folder, on a loopback port
// of its own. It flushes to the disk like one in production, because that is what
// stores are tested for.
//
// The server ends with the test. If the test process dies instead, so does the
// server: it is the child of a shell that waits for the test to close a pipe.
package pgtest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// A Server is a running PostgreSQL server.
type Server struct {
	port     int
	password string
	made     atomic.Int64 // databases
}

// installed is where Debian and its like put the servers of all versions.
const installed = "/usr/lib/postgresql/*/bin/postgres"

// attempts bounds how many ports are tried: another process may take the one that
// was free a moment ago.
const attempts = 5

// Start starts a server that ends with the test. Where PostgreSQL is missing the
// test is skipped, and fails with CI=true.
func Start(t testing.TB) *Server {
	t.Helper()
	c := cluster{bin: newest(t, installed), password: rand.Text()}
	if err := c.create(t); err != nil {
		t.Fatal(err)
	}
	for range attempts {
		port, err := freePort()
		if err == nil {
			err = c.run(t, port)
		}
		if err == nil {
			return &Server{port: port, password: c.password}
		}
		t.Logf("PostgreSQL does not start: %v", err)
	}
	t.Fatal("PostgreSQL does not start")
	return nil
}

// newest returns the folder of the newest server that there is.
func newest(t testing.TB, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case len(found) > 0:
		return filepath.Dir(found[len(found)-1])
	case os.Getenv("CI") == "true":
		t.Fatalf("PostgreSQL is not installed: there is no %s", pattern)
	}
	t.Skipf("SKIPPED: everything on PostgreSQL, because there is no %s; `make services` installs it", pattern)
	return ""
}

// Database makes an empty database and returns its URL. Options are those of
// CREATE DATABASE.
func (s *Server) Database(t testing.TB, options ...string) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.made.Add(1))
	s.Exec(t, s.url("postgres"), "CREATE DATABASE "+name+" "+strings.Join(options, " "))
	return s.url(name)
}

// Exec runs statements on a database, each by itself.
func (s *Server) Exec(t testing.TB, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if err := db.Close(); err != nil || t.Failed() {
		t.Fatal("PostgreSQL could not be prepared: ", err)
	}
}

func (s *Server) url(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword("theriac", s.password), Path: database,
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), RawQuery: "sslmode=disable",
	}).String()
}

// A cluster is a server's files.
type cluster struct {
	bin, dir, password string
}

// create makes an empty cluster in a folder whose name is short enough for a
// socket, and that its user can reach wherever the test's own folder is.
func (c *cluster) create(t testing.TB) error {
	var err error
	if c.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return err
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(c.dir); err != nil {
			t.Error(err)
		}
	})
	secret := filepath.Join(c.dir, "password")
	if err := os.WriteFile(secret, []byte(c.password), 0o600); err != nil {
		return err
	}
	if err := give(c.dir, secret); err != nil {
		return err
	}
	// A password even here: who else is on the machine could run programs as the
	// server's user.
	init, err := asServer(exec.Command(filepath.Join(c.bin, "initdb"), "--pgdata", filepath.Join(c.dir, "data"), "--username", "theriac",
		"--auth", "scram-sha-256", "--pwfile", secret, "--encoding", "UTF8", "--locale", "C", "--no-sync"))
	if err != nil {
		return err
	}
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// run starts the server, and returns when it accepts connections.
func (c *cluster) run(t testing.TB, port int) error {
	// The shell waits for the end of its input. SIGINT ends the server's sessions and
	// then the server.
	const guard = `"$@" & server=$!
cat >/dev/null
kill -INT $server
wait $server`
	cmd, err := asServer(exec.Command("/bin/sh", "-c", guard, "guard", filepath.Join(c.bin, "postgres"),
		"-D", filepath.Join(c.dir, "data"), "-p", strconv.Itoa(port), "-k", c.dir, "-c", "listen_addresses=127.0.0.1"))
	if err != nil {
		return err
	}
	alive, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	read, write := io.Pipe()
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- cmd.Wait()
		_ = write.Close() // never fails
	}()
	stop := func() error { return errors.Join(alive.Close(), <-ended) }
	said, err := await(read, "database system is ready to accept connections")
	// What it says later is of no interest, but it must not block.
	go func() { _, _ = io.Copy(io.Discard, read) }()
	if err != nil {
		return errors.Join(fmt.Errorf("%w\n%s", err, said), stop())
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("PostgreSQL ended with %v", err)
		}
	})
	return nil
}

// await reads the log until a line has the words, or says that it is over.
func await(log io.Reader, words string) (string, error) {
	var said bytes.Buffer
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		fmt.Fprintln(&said, lines.Text())
		switch {
		case strings.Contains(lines.Text(), words):
			return said.String(), nil
		case strings.Contains(lines.Text(), "FATAL"):
			return said.String(), errors.New("the server gave up")
		}
	}
	return said.String(), errors.Join(lines.Err(), errors.New("the server ended"))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
