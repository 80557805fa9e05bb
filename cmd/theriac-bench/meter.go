package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/coverage"
	"strings"
	"sync"

	paper "theriac/internal/paper/pedigree"
)

// A meter counts what the product's code does, with Go's own coverage counters:
// nothing in the product knows that it is counted. Whose work runs is what enter
// said last; one party works at a time.
type meter struct {
	dir string

	mu     sync.Mutex
	at     place
	dumped map[place]bool
	err    error
}

// A place is a phase and who works in it: a role of the paper's, or one beside them.
type place struct {
	phase paper.Phase
	who   string
}

// Parties that the paper's tables do not have.
const (
	atNode     = "ledger node"
	atPharmacy = "pharmacy"
	atNobody   = ""
)

func newMeter(dir string) *meter { return &meter{dir: dir, dumped: map[place]bool{}} }

// enter says who works from now on, and returns what gives the work back.
func (m *meter) enter(p place) (leave func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.at
	m.turn(p)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.turn(before)
	}
}

// phase returns the phase of who works now.
func (m *meter) phase() paper.Phase {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at.phase
}

// turn books what was counted since the last turn, and makes p the one who works.
func (m *meter) turn(p place) {
	if m.at.who != atNobody {
		dir := m.folder(m.at)
		if m.err == nil {
			m.err = os.MkdirAll(dir, 0o700)
		}
		if m.err == nil && !m.dumped[m.at] {
			m.err = coverage.WriteMetaDir(dir)
		}
		if m.err == nil {
			m.err = coverage.WriteCountersDir(dir)
		}
		m.dumped[m.at] = true
	}
	if err := coverage.ClearCounters(); m.err == nil {
		m.err = err
	}
	m.at = p
}

func (m *meter) folder(p place) string {
	return filepath.Join(m.dir, strings.ReplaceAll(fmt.Sprintf("%d-%s", p.phase, p.who), " ", "-"))
}

// counts returns what each place did.
func (m *meter) counts(ctx context.Context) (map[place]operations, error) {
	if m.err != nil {
		return nil, m.err
	}
	sites, err := findSites(ctx)
	if err != nil {
		return nil, err
	}
	out := map[place]operations{}
	for p := range m.dumped {
		if out[p], err = m.count(ctx, p, sites); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// count adds up how often each site ran, as `go tool covdata` prints the counters.
func (m *meter) count(ctx context.Context, p place, sites map[string][]site) (operations, error) {
	var o operations
	text := m.folder(p) + ".txt"
	out, err := exec.CommandContext(ctx, "go", "tool", "covdata", "textfmt", "-i="+m.folder(p), "-o="+text).CombinedOutput()
	if err != nil {
		return o, fmt.Errorf("go tool covdata: %w: %s", err, out)
	}
	f, err := os.Open(text)
	if err != nil {
		return o, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		file, rest, found := strings.Cut(lines.Text(), ":")
		var b block
		if n, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.from.line, &b.from.column, &b.to.line, &b.to.column, new(int), &b.count); !found || n != 6 || err != nil {
			continue // the mode line
		}
		for _, s := range sites[file] {
			if s.in(b) {
				o[s.op] += b.count * s.times
			}
		}
	}
	return o, lines.Err()
}

// A block is a run of code that has one counter.
type block struct {
	from, to point
	count    int
}

// A point is a place in a file.
type point struct{ line, column int }

func (p point) before(q point) bool {
	return p.line < q.line || p.line == q.line && p.column < q.column
}
