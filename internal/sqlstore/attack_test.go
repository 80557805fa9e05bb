package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"theriac/canon"
	"theriac/internal/audit"
	"theriac/internal/supply"
)

// Attack: a cursor of one listing in another, where its place means another row.
func cursorsStayInTheirListing(t *testing.T, e engine) {
	ctx, s := t.Context(), open(t, e.empty(t))
	for i := range 3 {
		must(t, "Queue", s.Queue(ctx, letter(fmt.Sprint(i))))
		must(t, "Record", s.Record(ctx, audit.Entry{Time: noon()}))
	}
	_, mail, err := s.List(ctx, supply.Filter{}, "", 1)
	must(t, "List", err)
	_, book, err := s.Entries(ctx, "", 1)
	must(t, "Entries", err)
	_, _, err = s.Entries(ctx, mail, 1)
	wantErr(t, "Entries(a cursor of the mail)", err, supply.ErrRequest)
	_, _, err = s.List(ctx, supply.Filter{}, book, 1)
	wantErr(t, "List(a cursor of the book)", err, supply.ErrRequest)
	// A forged cursor within a listing is a place, and shows no other filter's rows.
	forged := inMail.cursor(1 << 62)
	found, next, err := s.List(ctx, supply.Filter{Case: "nobody's"}, forged, 9)
	if len(found) > 0 || next != "" || err != nil {
		t.Errorf("List(forged cursor) = %d messages, %q, %v", len(found), next, err)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(inMail.cursor(7))
	f.Add(inBook.cursor(1 << 62))
	f.Fuzz(func(t *testing.T, cursor string) {
		for _, l := range []listing{inMail, inBook} {
			seq, err := l.place(cursor)
			if err == nil && cursor != "" && (seq < 0 || l.cursor(seq) != cursor) {
				t.Errorf("accepted %q as %d, which is written %q", cursor, seq, l.cursor(seq))
			}
		}
	})
}

// Attack: queue dossiers until the sender has more to read than memory.
func outboxComesInParts(t *testing.T, e engine) {
	ctx, s := t.Context(), open(t, e.empty(t))
	const each = pageBytes/2 + 1
	value := canon.RawJSON(`"` + strings.Repeat("x", each) + `"`)
	for i := range 3 {
		m := letter(fmt.Sprint("heavy ", i))
		m.Body[0].Name, m.Body[0].Hash, m.Body[0].Value = "n", canon.Digest{}, value
		must(t, "Queue", s.Queue(ctx, m))
	}
	for _, want := range []int{2, 1, 0} {
		due, err := s.Due(ctx, noon(), maxPage*2)
		must(t, "Due", err)
		if len(due) != want {
			t.Fatalf("Due = %d messages of %d bytes, want %d", len(due), each, want)
		}
		for i := range due {
			must(t, "Settle", s.Settle(ctx, sent(&due[i])))
		}
	}
}

// Two processes that share a store settle one message once.
func settleOnceAcrossProcesses(t *testing.T, e engine) {
	dsn := e.empty(t)
	stores := []*Store{open(t, dsn), open(t, dsn)}
	for i := range 20 {
		m := letter(fmt.Sprint("shared ", i))
		must(t, "Queue", stores[0].Queue(t.Context(), m))
		results := make(chan error, len(stores))
		for _, s := range stores {
			go func() { results <- s.Settle(context.Background(), sent(m)) }()
		}
		first, second := <-results, <-results
		if first != nil {
			first, second = second, first
		}
		if first != nil || !errors.Is(second, supply.ErrExists) {
			t.Fatalf("Settle at once = %v and %v, want one %v", first, second, supply.ErrExists)
		}
	}
}

// An INSERT that returns its row commits when the row is read: if that fails, so
// does the call.
func failedCommitIsAnError(t *testing.T, e engine) {
	s := open(t, e.empty(t))
	do(t, s.write, "CREATE TABLE parents (id BIGINT PRIMARY KEY)")
	do(t, s.write, "CREATE TABLE children (parent BIGINT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")
	var parent int64
	if err := s.write.QueryRowContext(t.Context(), "INSERT INTO children VALUES (7) RETURNING parent").Scan(&parent); err == nil {
		t.Error("a commit that failed was reported as done")
	}
	var n int
	must(t, "count", s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM children").Scan(&n))
	if n != 0 {
		t.Errorf("%d rows of a failed commit", n)
	}
}

// What a stranger reads of an error is its code.
func errorsSayNothing(t *testing.T, e engine) {
	ctx, dsn := t.Context(), e.empty(t)
	s := open(t, dsn)
	do(t, s.write, "DROP TABLE jobs")
	_, err := s.Unfinished(ctx)
	want := with(e, "store: list jobs: SQLite error 1", "store: list jobs: PostgreSQL error 42P01")
	if err == nil || err.Error() != want {
		t.Errorf("Unfinished without a table = %v, want %s", err, want)
	}
	if cause := errors.Unwrap(err); cause == nil || !strings.Contains(cause.Error(), "jobs") {
		t.Errorf("the operator hears %v, and not which table", cause)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.Batches(ended, "")
	if want := "store: list batches: context canceled"; err == nil || err.Error() != want {
		t.Errorf("Batches of the gone = %v, want %s", err, want)
	}
	if e.postgres == nil {
		return
	}
	const secret = "swordfish"
	wrong := strings.Replace(dsn, "theriac:", "theriac:"+secret, 1)
	if _, err := Open(ctx, wrong); err == nil || err.Error() != "store: open: PostgreSQL error 28P01" || strings.Contains(fmt.Sprintf("%+v", errors.Unwrap(err)), secret) {
		t.Errorf("Open with a wrong password = %v (%v)", err, errors.Unwrap(err))
	}
	nowhere := strings.Replace(dsn, "127.0.0.1:", "127.0.0.1:1", 1)
	if _, err := Open(ctx, nowhere); err == nil || strings.Contains(err.Error(), "127") {
		t.Errorf("Open of a server that is not there = %v", err)
	}
}
