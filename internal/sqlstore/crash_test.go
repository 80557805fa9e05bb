package sqlstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/audit"
	"theriac/internal/supply"
	"theriac/merkle"
)

// writerVar makes the test binary a process that writes to the store it names.
const writerVar = "SQLSTORE_WRITER"

const (
	writers  = 4
	mentions = 5
)

// writeForEver writes until the process is killed, and says what has been written.
func writeForEver(dsn string) error {
	ctx := context.Background()
	s, err := Open(ctx, dsn)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for i := range writers {
		go func() {
			for n := 0; ; n++ {
				if err := writeOne(ctx, s, fmt.Sprintf("%d-%d-%d", os.Getpid(), i, n)); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

func writeOne(ctx context.Context, s *Store, name string) error {
	say := func(what string, err error) error {
		if err == nil {
			_, err = fmt.Println(what, name)
		}
		return err
	}
	m := letter(name)
	if err := say("queued", s.Queue(ctx, m)); err != nil {
		return err
	}
	if err := say("settled", s.Settle(ctx, sent(m))); err != nil {
		return err
	}
	var about []supply.Mention
	for i := range mentions {
		about = append(about, supply.Mention{Identifier: name, Event: i})
	}
	d := &supply.Document{Digest: canon.Sum([]byte(name)), Bytes: []byte(name)}
	if err := say("captured", s.PutDocument(ctx, d, about)); err != nil {
		return err
	}
	if err := say("registered", s.PutRegistration(ctx, &supply.Registration{ID: d.Digest, Consignment: []byte(name)}, marked(name))); err != nil {
		return err
	}
	return say("booked", s.Record(ctx, audit.Entry{Subject: name}))
}

// marked returns marks of a registration, in some parts.
func marked(name string) []supply.MarkPart {
	var parts []supply.MarkPart
	for i := range mentions {
		leaf := merkle.LeafHash(fmt.Append(nil, name, i))
		parts = append(parts, supply.MarkPart{Root: leaf, Leaves: chain.Hashes{leaf}})
	}
	return parts
}

// survivesKill kills a process that writes, some times in different places, and
// looks whether everything is there that it said it had written.
func survivesKill(t *testing.T, e engine) {
	dsn := e.empty(t)
	said := map[string]bool{}
	for _, after := range []int{1, 50, 333} {
		for _, line := range killedWriter(t, dsn, after) {
			said[line] = true
		}
		checkSaid(t, open(t, dsn), said)
	}
}

// killedWriter runs a writer, kills it when it has said a number of things, and
// returns everything that it said.
func killedWriter(t *testing.T, dsn string, after int) []string {
	t.Helper()
	self, err := os.Executable()
	must(t, "Executable", err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), writerVar+"="+dsn)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	must(t, "StdoutPipe", err)
	must(t, "Start", cmd.Start())
	stop := sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
	})
	defer stop()
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said = append(said, lines.Text())
		if len(said) == after {
			stop()
		}
	}
	must(t, "what the writer said", lines.Err())
	var ended *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &ended) || ended.Exited() || len(said) < after {
		t.Fatalf("the writer ended with %v after %d lines: %s", err, len(said), &complaint)
	}
	return said
}

func checkSaid(t *testing.T, s *Store, said map[string]bool) {
	t.Helper()
	ctx := t.Context()
	booked := map[string]bool{}
	for cursor, more := "", true; more; more = cursor != "" {
		page, next, err := s.Entries(ctx, cursor, maxPage)
		must(t, "Entries", err)
		for _, e := range page {
			booked[e.Subject] = true
		}
		cursor = next
	}
	for line := range said {
		what, name, _ := strings.Cut(line, " ")
		m := letter(name)
		switch what {
		case "queued", "settled":
			got, err := s.Message(ctx, m.Issuer, m.ID)
			must(t, line, err)
			if what == "settled" && (got.Status != supply.Sent || got.Receipt != sent(m).Receipt) {
				t.Errorf("%s, and is %s", line, got.Status)
			}
		case "captured":
			_, err := s.Document(ctx, canon.Sum([]byte(name)))
			must(t, line, err)
			if found, err := s.Mentioning(ctx, name); err != nil || len(found) != 1 {
				t.Errorf("%s, and is found %d times, %v", line, len(found), err)
			}
		case "registered":
			r, err := s.Registration(ctx, canon.Sum([]byte(name)))
			must(t, line, err)
			leaves, roots, err := s.Marks(ctx, r.ID, mentions-1)
			must(t, line, err)
			if want := marked(name); string(r.Consignment) != name || len(roots) != mentions || leaves[0] != want[mentions-1].Root {
				t.Errorf("%s, and has %d parts", line, len(roots))
			}
		case "booked":
			if !booked[name] {
				t.Errorf("%s, and is not in the book", line)
			}
		default:
			t.Errorf("the writer said %q", line)
		}
	}
	checkWhole(t, s)
}

// checkWhole holds that nothing was written by half.
func checkWhole(t *testing.T, s *Store) {
	t.Helper()
	for _, m := range list(t, s, supply.Filter{}) {
		if found := list(t, s, supply.Filter{Prev: m.Prev[0]}); len(found) != 1 || found[0].ID != m.ID {
			t.Fatalf("message %s is not found by what it follows", m.ID)
		}
	}
	var half int
	must(t, "count", s.read.QueryRowContext(t.Context(),
		"SELECT count(*) FROM documents WHERE (SELECT count(*) FROM mentions WHERE document = seq) <> $1", mentions).Scan(&half))
	if half > 0 {
		t.Errorf("%d documents have lost mentions", half)
	}
	must(t, "count", s.read.QueryRowContext(t.Context(),
		"SELECT count(*) FROM registrations WHERE (SELECT count(*) FROM mark_parts WHERE registration = seq) <> $1", mentions).Scan(&half))
	if half > 0 {
		t.Errorf("%d registrations have lost marks", half)
	}
}
