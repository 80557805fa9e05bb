package redteam

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/chainstore"
	"theriac/internal/organisation"
	"theriac/refusal"
)

// One of four validators is killed under load and comes back: to the same app
// hash, and with all that any of them ever acknowledged.
func TestKillValidator(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "net")
	first := freePorts(t, 8)
	out, err := exec.CommandContext(t.Context(), command(t), "network", "init", "--validators", "4", "--out", dir,
		"--api", fmt.Sprint(first), "--peer-port", fmt.Sprint(first+4)).CombinedOutput()
	if err != nil {
		t.Fatalf("network init: %v: %s", err, out)
	}
	var nodes []*process
	for i := range 4 {
		nodes = append(nodes, newProcess(t, filepath.Join(dir, fmt.Sprint(i+1)), nil))
		nodes[i].start()
	}
	for _, n := range nodes {
		n.ready()
	}
	l := &load{at: make([][]api.Capture, 4)}
	l.start(t, nodes)
	l.reach(t, 40)
	pause(t, time.Duration(rand.IntN(200))*time.Millisecond)
	nodes[3].kill()
	killed := l.count()
	l.reach(t, killed+40) // three of four go on
	nodes[3].start()
	nodes[3].ready() // the load makes the blocks by which it catches up
	l.reach(t, l.count()+40)
	l.end()
	root := l.sameRoot(t, nodes)
	for _, n := range nodes {
		n.end()
	}
	for i, n := range nodes {
		l.check(t, n, root)
		if len(l.at[i]) == 0 {
			t.Errorf("%s acknowledged nothing", n.Name)
		}
	}
}

// freePorts returns the first of n ports in a row that nobody listens on, below
// those that the system gives to connections.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 100 {
		first, free := 20_000+rand.IntN(10_000), true
		for i := range n {
			var c net.ListenConfig
			l, err := c.Listen(t.Context(), "tcp", fmt.Sprint("127.0.0.1:", first+i))
			if err != nil {
				free = false
				break
			}
			l.Close()
		}
		if free {
			return first
		}
	}
	t.Fatal("no ports are free")
	return 0
}

// A load is documents that are captured at all nodes, again and again.
type load struct {
	mu    sync.Mutex
	at    [][]api.Capture // acknowledged, by node
	group sync.WaitGroup
	done  chan struct{}
}

func (l *load) start(t *testing.T, nodes []*process) {
	l.done = make(chan struct{})
	for i, p := range nodes {
		l.group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-l.done:
					return
				case <-t.Context().Done():
					return
				default:
				}
				c, err := p.API.Capture(t.Context(), "application/json", document(i, n))
				if err != nil {
					if refusal.Code(err) != "" && refusal.Code(err) != "busy" {
						t.Errorf("%s: %v", p.Name, err)
						return
					}
					pause(t, 20*time.Millisecond) // it is down
					continue
				}
				l.mu.Lock()
				l.at[i] = append(l.at[i], *c)
				l.mu.Unlock()
			}
		})
	}
}

// document is an EPCIS document that no other is like.
func document(node, n int) []byte {
	return fmt.Appendf(nil, `{"@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld"],"type":"EPCISDocument",`+
		`"schemaVersion":"2.0","creationDate":"2026-10-01T00:00:00.000Z","epcisBody":{"eventList":[{"type":"ObjectEvent",`+
		`"eventTime":"2026-10-01T00:00:00.000Z","eventTimeZoneOffset":"+00:00","action":"OBSERVE",`+
		`"epcList":["https://id.gs1.org/01/%s/21/N%dX%d"]}]}}`, item("95240000", "0001"), node, n)
}

func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, a := range l.at {
		n += len(a)
	}
	return n
}

func (l *load) reach(t *testing.T, n int) {
	t.Helper()
	until(t, fmt.Sprintf("%d documents are acknowledged", n), func() bool { return l.count() >= n })
}

func (l *load) end() {
	close(l.done)
	l.group.Wait()
}

// sameRoot waits until all nodes have one height and returns what its app hash
// commits to, which must be the same.
func (l *load) sameRoot(t *testing.T, nodes []*process) chain.Root {
	t.Helper()
	var root chain.Root
	until(t, "all validators have one log", func() bool {
		s, ok := nodes[0].status()
		root = s.Root
		for _, n := range nodes[1:] {
			other, up := n.status()
			ok = ok && up && other.Root == root
		}
		return ok
	})
	return root
}

// check looks in a node's store for everything that any node acknowledged.
func (l *load) check(t *testing.T, p *process, root chain.Root) {
	t.Helper()
	s, err := chainstore.Open(filepath.Join(p.dir, "node", "data", "chain"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, got := s.Position(); got.AppHash() != root.AppHash() {
		t.Errorf("%s has app hash %s, want %s", p.Name, got.AppHash(), root.AppHash())
	}
	view := s.Latest()
	defer view.Close()
	leaves := map[uint64]bool{}
	for i, captures := range l.at {
		for _, c := range captures {
			var anchor chain.EvidenceAnchor
			raw, err := s.Get(chain.EvidenceKey(c.Digest, organisation.ExampleGLN(i+1)))
			if err == nil {
				err = canon.DecodeCBOR(raw, &anchor)
			}
			if err != nil || anchor.Index != c.Index {
				t.Fatalf("%s: document %s of node %d: %v, leaf %d, acknowledged as leaf %d", p.Name, c.Digest, i+1, err, anchor.Index, c.Index)
			}
			if leaf, _, err := view.Leaf(c.Index); err != nil || leaf.Outcome != chain.Applied || leaves[c.Index] {
				t.Errorf("%s: leaf %d: %+v, %v, there already %v", p.Name, c.Index, leaf, err, leaves[c.Index])
			}
			leaves[c.Index] = true
		}
	}
}
