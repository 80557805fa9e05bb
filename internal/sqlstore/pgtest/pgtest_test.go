package pgtest

import (
	"database/sql"
	"net"
	"runtime"
	"testing"
)

// Databases of one server share nothing, and what they have written stays.
func TestDatabase(t *testing.T) {
	s := Start(t)
	one, two := s.Database(t), s.Database(t)
	s.Exec(t, one, "CREATE TABLE t (x BIGINT)")
	s.Exec(t, two, "CREATE TABLE t (x BIGINT)")
	db, err := sql.Open("pgx", one)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for setting, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "server_encoding": "UTF8"} {
		var got string
		if err := db.QueryRowContext(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, %v, want %s", setting, got, err, want)
		}
	}
}

// A port that another process took first is an error, and the next one is tried.
func TestTakenPort(t *testing.T) {
	c := cluster{bin: newest(t, installed), password: "secret"}
	if err := c.create(t); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := taken.Addr().(*net.TCPAddr).Port
	if err := c.run(t, port); err == nil {
		t.Error("a server started on a port that is taken")
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.run(t, port); err != nil {
		t.Errorf("on the same port, now free: %v", err)
	}
}

// With CI=true nothing is skipped.
func TestMissingServer(t *testing.T) {
	for ci, want := range map[string]string{"true": "failed", "": "skipped"} {
		t.Setenv("CI", ci)
		r := &result{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			newest(r, "/nowhere/*/postgres")
		}()
		<-done
		if r.how != want {
			t.Errorf("with CI=%q a missing server %s, want %s", ci, r.how, want)
		}
	}
}

// A result notes how a test ended.
type result struct {
	testing.TB

	how string
}

func (r *result) Helper() {}

func (r *result) Fatalf(string, ...any) { r.end("failed") }
func (r *result) Skipf(string, ...any)  { r.end("skipped") }

func (r *result) end(how string) {
	r.how = how
	runtime.Goexit()
}
