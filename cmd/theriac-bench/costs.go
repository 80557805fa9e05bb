package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/coverage"
	"strings"
	"time"

	"theriac"
	paper "theriac/internal/paper/pedigree"
)

type costsCmd struct {
	Doc     string `help:"Write the tables into this file, as Markdown." placeholder:"FILE" type:"path"`
	Rebuilt bool   `hidden:"" help:"This program was built for its counters; it builds no other."`
}

// Help implements kong.HelpProvider.
func (costsCmd) Help() string {
	return `The exchanges of paper 000 are run by the product's desks, and Go's coverage counters tell
how often each signs, verifies, hashes and compares. Messages are measured as they are
posted between organisations that listen on sockets. Beside them stand the paper's tables
2 and 3. The counters need a program built with them and the source; a program without
them builds such a one with the go command and runs it.

  theriac-bench costs
  theriac-bench costs --doc docs/papers/000-costs.md`
}

func (c *costsCmd) bench(ctx context.Context, b bench) ([]result, error) {
	if err := coverage.ClearCounters(); err != nil {
		if c.Rebuilt {
			return nil, err
		}
		return c.rebuild(ctx, b)
	}
	dir, err := os.MkdirTemp(b.dir, "theriac-bench-")
	if err != nil {
		return nil, err
	}
	results, err := c.measure(ctx, b, dir)
	return results, errors.Join(err, os.RemoveAll(dir))
}

func (c *costsCmd) measure(ctx context.Context, b bench, dir string) ([]result, error) {
	b.progress("costs: telling the story over sockets")
	wire, trust, raw, err := posted(ctx, dir)
	if err != nil {
		return nil, err
	}
	b.progress("costs: telling the story from desk to desk, counting")
	m := newMeter(filepath.Join(dir, "counters"))
	if err := tell(ctx, filepath.Join(dir, "desks"), m); err != nil {
		return nil, err
	}
	leave := m.enter(place{paper.Verification, paper.TP.String()})
	bundle, err := theriac.ParseBundle(raw)
	if err != nil {
		return nil, err
	}
	verdict := bundle.Verify(trust, time.Now())
	leave()
	if verdict.Verdict != theriac.Genuine {
		return nil, fmt.Errorf("the story's own pack is %s: %s", verdict.Verdict, verdict.Reason)
	}
	t := &costTables{wire: wire, bundle: len(raw)}
	if t.ops, err = m.counts(ctx); err != nil {
		return nil, err
	}
	if c.Doc != "" {
		if err := os.WriteFile(c.Doc, []byte(t.document()), 0o644); err != nil {
			return nil, err
		}
	}
	return t.results(), nil
}

// tell runs the exchanges on desks.
func tell(ctx context.Context, dir string, m *meter) (err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s, err := newCostStory(ctx, dir, m)
	if s != nil {
		defer func() { err = errors.Join(err, s.close()) }()
	}
	if err != nil {
		return err
	}
	return s.run(ctx)
}

// self is this program: the counters work only if it is covered itself.
const self = "theriac/cmd/theriac-bench"

// rebuild runs the same command in a program with counters.
func (c *costsCmd) rebuild(ctx context.Context, b bench) (_ []result, err error) {
	b.progress("costs: building a program with coverage counters")
	args := []string{
		"run", "-cover", "-covermode=atomic", "-coverpkg=" + self + "," + strings.Join(countedPackages, ","),
		self, "--json", "costs", "--rebuilt",
	}
	if b.dir != "" {
		args = append(args, "--dir", b.dir)
	}
	if c.Doc != "" {
		args = append(args, "--doc", c.Doc)
	}
	// Where a program with counters leaves them when it ends. We look at them before.
	left, err := os.MkdirTemp(b.dir, "theriac-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(left)) }()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stderr, cmd.Env = os.Stderr, append(os.Environ(), "GOCOVERDIR="+left)
	raw, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("costs needs the go command in a checkout of theriac: %w", err)
	}
	return parseResults(raw)
}
