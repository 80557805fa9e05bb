package cometbft

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
)

// follower prepares a node that is no validator, with the genesis of the first.
func (n *testnet) follower() int {
	n.t.Helper()
	home := filepath.Join(n.t.TempDir(), "follower")
	if _, err := InitHome(home); err != nil {
		n.t.Fatal(err)
	}
	doc, err := os.ReadFile(engineConfig(n.configs[0]).GenesisFile())
	if err != nil {
		n.t.Fatal(err)
	}
	if err := PutGenesis(home, doc); err != nil {
		n.t.Fatal(err)
	}
	status := n.nodes[0].Status()
	n.homes = append(n.homes, home)
	cfg := n.configs[0]
	cfg.Home, cfg.Listen, cfg.Peers = home, freePort(n.t), []string{status.Node}
	n.configs = append(n.configs, cfg)
	return len(n.configs) - 1
}

// reach waits until a node has the height of the first, whose root it must have.
func (n *testnet) reach(i int) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), time.Minute)
	defer cancel()
	height, root := n.nodes[0].Store().Position()
	if err := n.nodes[i].app.waitFor(ctx, height); err != nil {
		n.t.Fatalf("at height %d of %d: %v", n.nodes[i].Status().Height, height, err)
	}
	view, err := n.nodes[i].Store().View(height)
	if err != nil {
		n.t.Fatal(err)
	}
	defer view.Close()
	if got := view.Root(); got != root {
		n.t.Errorf("root %+v, want %+v", got, root)
	}
}

// A follower fetches every block, and a transaction handed to it is committed.
func TestFollower(t *testing.T) {
	n := newTestnet(t, 1)
	n.submit(0, n.evidence("before"))
	i := n.follower()
	n.start(i)
	n.reach(i)
	if r := n.submit(i, n.evidence("through the follower")); r.Outcome != chain.Applied {
		t.Errorf("through the follower: %+v", r)
	}
	if s := n.nodes[i].Status(); s.Validates || s.Peers != 1 {
		t.Errorf("status %+v", s)
	}
}

// A node joins from a snapshot: it has log and state without the blocks before.
func TestJoinBySnapshot(t *testing.T) {
	n := newTestnet(t, 1)
	n.stop()
	n.configs[0].SnapshotEvery = 5
	n.start(0)
	for i := range 12 {
		n.submit(0, n.evidence(fmt.Sprint(i)))
	}
	n.nodes[0].app.snaps.group.Wait()
	i := n.follower()
	first := n.nodes[0]
	n.configs[i].Sync = func(_ context.Context, height int64) ([]byte, error) { return first.RawLightBlock(height) }
	n.start(i)
	n.reach(i)
	if _, err := n.nodes[i].LightBlock(1); err == nil {
		t.Error("the node has the first block: it did not join by a snapshot")
	}
	view := n.nodes[i].Store().Latest()
	defer view.Close()
	leaf, tx, err := view.Leaf(0)
	if err != nil || canon.Sum(tx) != leaf.Tx {
		t.Errorf("first leaf: %v", err)
	}
}

// Governors add a validator; the path from the genesis to a header of the new
// set verifies, and evidence can be made of it.
func TestValidatorsChange(t *testing.T) {
	n := newTestnet(t, 1)
	i := n.follower()
	n.start(i)
	n.reach(i)
	key, err := ValidatorKey(n.homes[i])
	if err != nil {
		t.Fatal(err)
	}
	r := n.submit(0, n.governor.Tx(time.Now(), chain.KindPropose, chain.Propose{
		Action: chain.Action{Validators: []chain.Validator{{Key: key, Power: 100}}},
	}))
	if r.Outcome != chain.Applied {
		t.Fatalf("%+v", r)
	}
	// The old validator has 10 of 110 now: no third of it, so the path needs the
	// header that announced the change.
	var index uint64
	for j := range 4 {
		r = n.submit(j%2*i, n.evidence(fmt.Sprint("with two ", j)))
		if r.Outcome != chain.Applied {
			t.Fatalf("%+v", r)
		}
		index = r.Index
	}
	view := n.nodes[i].Store().Latest()
	last, _, err := view.Leaf(index)
	view.Close()
	if err != nil {
		t.Fatal(err)
	}
	n.prove(n.nodes[i], last, index)
	if s := n.nodes[i].Status(); !s.Validates {
		t.Errorf("status %+v", s)
	}
}
