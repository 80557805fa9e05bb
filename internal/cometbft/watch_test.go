package cometbft

import (
	"fmt"
	"testing"

	"theriac/chain"
)

// Blocks are what operators see: each leaf of the log is in one of them.
func TestBlocks(t *testing.T) {
	n := newTestnet(t, 1)
	const leaves = 5
	for i := range leaves {
		if r := n.submit(0, n.evidence(fmt.Sprint("document ", i))); r.Outcome != chain.Applied {
			t.Fatalf("refused: %s", r.Text)
		}
	}
	node := n.nodes[0]
	height := node.Status().Height
	blocks, err := node.Blocks(0, 1000)
	if err != nil || len(blocks) < leaves {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	sum := uint64(0)
	for i, b := range blocks {
		sum += b.Leaves
		if b.Proposer != node.Status().Validator || b.Bytes == 0 || b.Time.IsZero() || i > 0 && b.Height != blocks[i-1].Height-1 {
			t.Errorf("block %d: %+v", i, b)
		}
	}
	if blocks[0].Height < height || blocks[len(blocks)-1].Height != 1 || sum < leaves {
		t.Errorf("heights %d to %d, %d leaves", blocks[0].Height, blocks[len(blocks)-1].Height, sum)
	}
	second, err := node.Blocks(blocks[1].Height, 2)
	if err != nil || len(second) != 2 || second[0] != blocks[2] || second[1] != blocks[3] {
		t.Errorf("the next two are %+v, %v, want %+v", second, err, blocks[2:4])
	}
	if peers := node.Peers(); len(peers) != 0 {
		t.Errorf("peers %v", peers)
	}
}

// Every validator of four sees the other three.
func TestPeers(t *testing.T) {
	n := newTestnet(t, 4)
	if r := n.submit(0, n.evidence("a document")); r.Outcome != chain.Applied {
		t.Fatalf("refused: %s", r.Text)
	}
	seen := map[string]bool{}
	for _, p := range n.nodes[0].Peers() {
		seen[p.ID] = true
		if p.Address == "" || p.Lasts < 0 {
			t.Errorf("peer %+v", p)
		}
	}
	// Two others and itself make the block.
	if len(seen) < 2 {
		t.Errorf("peers %v", seen)
	}
}
