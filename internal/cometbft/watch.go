package cometbft

import (
	"time"

	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/types"

	"theriac/canon"
)

// A Block is what an operator wants to know of a block.
type Block struct {
	Height   int64
	Time     time.Time
	Leaves   uint64 // that it added to the log
	Bytes    int
	Proposer string // base64url of its Ed25519 key
}

// Blocks returns up to limit blocks, falling, from below a height on; 0: from the
// latest that is applied. Blocks that the node never had or has dropped are left out.
func (n *Node) Blocks(before int64, limit int) ([]Block, error) {
	v := n.store.Latest()
	defer v.Close()
	top := v.Height()
	if before > 0 {
		top = min(top, before-1)
	}
	end, err := v.FirstAt(top + 1)
	if err != nil {
		return nil, err
	}
	var out []Block
	names := map[string]map[string]string{} // proposers by set and address
	for height := top; height > 0 && len(out) < limit; height-- {
		meta := n.comet.BlockStore().LoadBlockMeta(height)
		if meta == nil {
			break
		}
		first, err := v.FirstAt(height)
		if err != nil {
			return nil, err
		}
		out = append(out, Block{
			Height: height, Time: meta.Header.Time, Leaves: end - first, Bytes: meta.BlockSize, Proposer: n.proposer(&meta.Header, names),
		})
		end = first
	}
	return out, nil
}

// proposer returns the key of who proposed a block, or nothing if the set of its
// height is not at hand.
func (n *Node) proposer(h *types.Header, names map[string]map[string]string) string {
	set := string(h.ValidatorsHash)
	if names[set] == nil {
		names[set] = map[string]string{}
		if vals, err := n.states.LoadValidators(h.Height); err == nil {
			for _, v := range vals.Validators {
				names[set][string(v.Address)] = canon.Text(v.PubKey.Bytes())
			}
		}
	}
	return names[set][string(h.ProposerAddress)]
}

// A Peer is a node that this one is connected with.
type Peer struct {
	ID       string
	Address  string
	Outbound bool // this node dialled
	Lasts    time.Duration
}

// Peers returns who the node is connected with.
func (n *Node) Peers() []Peer {
	var out []Peer
	n.comet.Switch().Peers().ForEach(func(p p2p.Peer) {
		out = append(out, Peer{ID: string(p.ID()), Address: p.SocketAddr().DialString(), Outbound: p.IsOutbound(), Lasts: p.Status().Duration})
	})
	return out
}
