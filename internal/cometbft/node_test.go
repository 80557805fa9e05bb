package cometbft

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/lightclient"
)

// A testnet is validators on loopback with one governor.
type testnet struct {
	t        *testing.T
	governor *ledgertest.Org
	homes    []string
	configs  []Config
	nodes    []*Node
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// newTestnet makes the homes of n validators and starts them.
func newTestnet(t *testing.T, n int) *testnet {
	t.Helper()
	net := &testnet{t: t, governor: ledgertest.NewOrg(t, "Consortium office", "400000000000", nil, chain.Governor)}
	var ids, addresses []string
	for i := range n {
		home := filepath.Join(t.TempDir(), fmt.Sprint(i))
		id, err := InitHome(home)
		if err != nil {
			t.Fatal(err)
		}
		net.homes = append(net.homes, home)
		ids, addresses = append(ids, id), append(addresses, freePort(t))
	}
	application, err := net.governor.Apply(time.Now()).Encode()
	if err != nil {
		t.Fatal(err)
	}
	g := ledger.NewGenesis(application)
	state, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := NewGenesis(ledgertest.ChainID, state, time.Now(), net.homes...)
	if err != nil {
		t.Fatal(err)
	}
	for i, home := range net.homes {
		if err := PutGenesis(home, doc); err != nil {
			t.Fatal(err)
		}
		cfg := Config{Home: home, Listen: addresses[i], Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 4}))}
		for j := range n {
			if j != i {
				cfg.Peers = append(cfg.Peers, ids[j]+"@"+addresses[j])
			}
		}
		net.configs = append(net.configs, cfg)
	}
	for i := range n {
		net.start(i)
	}
	t.Cleanup(net.stop)
	return net
}

func (n *testnet) start(i int) {
	n.t.Helper()
	node, err := Start(n.t.Context(), n.configs[i])
	if err != nil {
		n.t.Fatal(err)
	}
	for len(n.nodes) <= i {
		n.nodes = append(n.nodes, nil)
	}
	n.nodes[i] = node
}

func (n *testnet) stop() {
	for i, node := range n.nodes {
		if node != nil {
			if err := node.Stop(); err != nil {
				n.t.Errorf("stop: %v", err)
			}
			n.nodes[i] = nil
		}
	}
}

// submit hands a transaction to a node until it takes it.
func (n *testnet) submit(i int, raw []byte) ledger.Result {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), time.Minute)
	defer cancel()
	for {
		r, err := n.nodes[i].Submit(ctx, raw)
		if err == nil {
			return r
		}
		if !errors.Is(err, ErrBusy) || ctx.Err() != nil {
			n.t.Fatalf("submit: %v", err)
		}
	}
}

func (n *testnet) evidence(digest string) []byte {
	return n.governor.Tx(time.Now(), chain.KindEvidence, chain.Evidence{Digest: canon.Sum([]byte(digest)), Media: "text/plain"})
}

// One validator: a transaction is committed, its header verifies from the
// genesis, its leaf and record are proven under the header's app hash.
func TestSubmitAndProve(t *testing.T) {
	n := newTestnet(t, 1)
	r := n.submit(0, n.evidence("a document"))
	if r.Outcome != chain.Applied {
		t.Fatalf("refused: %s %s", r.Code, r.Text)
	}
	node := n.nodes[0]
	view := node.Store().Latest()
	leaf, _, err := view.Leaf(r.Index)
	view.Close()
	if err != nil {
		t.Fatal(err)
	}
	n.prove(node, leaf, r.Index)
	if dup := n.submit(0, n.governor.Sign(chain.Tx{Chain: "other"})); dup.Code != "wrong_chain" && dup.Code != "non_canonical" {
		t.Errorf("another chain's: %+v", dup)
	}
}

// prove verifies what the node says with the light client, from the genesis.
func (n *testnet) prove(node *Node, leaf chain.Leaf, index uint64) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), 30*time.Second)
	defer cancel()
	path, view, err := node.Evidence(ctx, node.Trust())
	if err != nil {
		n.t.Fatal(err)
	}
	defer view.Close()
	header, err := lightclient.Verify(node.Trust(), path)
	if err != nil {
		n.t.Fatal(err)
	}
	root := view.Root()
	if header.AppHash != root.AppHash() {
		n.t.Fatalf("app hash %s of height %d, the view of %d has %s", header.AppHash, header.Height, view.Height(), root.AppHash())
	}
	proof, err := view.ProveLeaves([]uint64{index})
	if err != nil {
		n.t.Fatal(err)
	}
	if err := verifyLeaf(leaf, index, root, proof); err != nil {
		n.t.Error(err)
	}
	key := chain.MemberKey(n.governor.GLN)
	value, err := view.Get(key)
	if err != nil || value == nil {
		n.t.Fatalf("member: %v, %v", value, err)
	}
	p, err := view.Prove(key)
	if err != nil {
		n.t.Fatal(err)
	}
	if err := p.VerifyMember(root.StateRoot, key, value); err != nil {
		n.t.Error(err)
	}
}

// The operation is applied once, however often and wherever it is handed in.
func TestSubmitOnceInParallel(t *testing.T) {
	n := newTestnet(t, 1)
	tx := n.governor.Plain(time.Now(), chain.KindEvidence, chain.Evidence{Digest: canon.Sum([]byte("x"))})
	var group sync.WaitGroup
	var mu sync.Mutex
	applied := 0
	for range 20 {
		group.Add(1)
		go func() {
			defer group.Done()
			r := n.submit(0, n.governor.Sign(tx)) // each another signature
			mu.Lock()
			defer mu.Unlock()
			if r.Outcome == chain.Applied {
				applied++
			} else if r.Code != "duplicate" {
				t.Errorf("result %+v", r)
			}
		}()
	}
	group.Wait()
	if applied != 1 {
		t.Errorf("applied %d times", applied)
	}
}

// What was committed is there after the node starts again, with the same app hash.
func TestRestart(t *testing.T) {
	n := newTestnet(t, 1)
	for i := range 5 {
		n.submit(0, n.evidence(fmt.Sprint(i)))
	}
	_, root := n.nodes[0].Store().Position()
	n.stop()
	n.start(0)
	if _, got := n.nodes[0].Store().Position(); got != root {
		t.Errorf("after the restart %+v, before %+v", got, root)
	}
	if r := n.submit(0, n.evidence("after")); r.Outcome != chain.Applied {
		t.Errorf("after the restart: %+v", r)
	}
}

// A store that lost everything is filled again from the engine's blocks.
func TestReplayGivesTheSameHash(t *testing.T) {
	n := newTestnet(t, 1)
	for i := range 5 {
		n.submit(0, n.evidence(fmt.Sprint(i)))
	}
	_, root := n.nodes[0].Store().Position()
	n.stop()
	if err := os.RemoveAll(filepath.Join(n.homes[0], "data", "chain")); err != nil {
		t.Fatal(err)
	}
	n.start(0)
	if _, got := n.nodes[0].Store().Position(); got != root {
		t.Errorf("replayed %+v, was %+v", got, root)
	}
}

// Four validators agree, go on with one of them down, and it catches up.
func TestFourValidators(t *testing.T) {
	n := newTestnet(t, 4)
	var group sync.WaitGroup
	for i := range 40 {
		group.Add(1)
		go func() {
			defer group.Done()
			if r := n.submit(i%4, n.evidence(fmt.Sprint("four ", i))); r.Outcome != chain.Applied {
				t.Errorf("%d: %+v", i, r)
			}
		}()
	}
	group.Wait()
	if err := n.nodes[3].Stop(); err != nil {
		t.Fatal(err)
	}
	n.nodes[3] = nil
	var last ledger.Result
	for i := range 5 {
		if last = n.submit(i%3, n.evidence(fmt.Sprint("three ", i))); last.Outcome != chain.Applied {
			t.Fatalf("with one down: %+v", last)
		}
	}
	n.start(3)
	if r := n.submit(3, n.evidence("back")); r.Outcome != chain.Applied {
		t.Fatalf("after it came back: %+v", r)
	}
	view := n.nodes[3].Store().Latest()
	leaf, _, err := view.Leaf(last.Index)
	view.Close()
	if err != nil {
		t.Fatal(err)
	}
	n.prove(n.nodes[3], leaf, last.Index)
}
