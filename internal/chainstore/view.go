package chainstore

import (
	"encoding/binary"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"theriac/chain"
	"theriac/merkle"
)

// A View is the store after one block. It must be closed.
type View struct {
	at    position
	db    *pebble.DB
	state *pebble.Snapshot
	refs  *atomic.Int64
}

func (s *Store) newView(at position) *View {
	refs := &atomic.Int64{}
	refs.Store(1)
	return &View{at, s.db, s.db.NewSnapshot(), refs}
}

func (v *View) hold() *View {
	v.refs.Add(1)
	return v
}

// drop gives up a hold; the last one frees the snapshot.
func (v *View) drop() {
	if v.refs.Add(-1) == 0 {
		// The error tells of iterators left open, of which there are none.
		_ = v.state.Close()
	}
}

// Close gives the view up.
func (v *View) Close() { v.drop() }

// Height returns the height of the block.
func (v *View) Height() int64 { return v.at.Height }

// Root returns what the block's app hash commits to.
func (v *View) Root() chain.Root { return v.at.Root }

// Get returns a record of the state, or nil.
func (v *View) Get(key []byte) ([]byte, error) { return get(v.state, join("s", key)) }

// Records yields the records whose keys start with prefix, in order. The slices
// are good until the next step.
func (v *View) Records(prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		it, err := v.state.NewIter(&pebble.IterOptions{LowerBound: join("s", prefix), UpperBound: after(join("s", prefix))})
		if err != nil {
			return
		}
		defer it.Close()
		for ok := it.First(); ok; ok = it.Next() {
			if !yield(it.Key()[1:], it.Value()) {
				return
			}
		}
	}
}

// Prove returns the proof of what the state has at key, present or absent.
func (v *View) Prove(key []byte) (merkle.StateProof, error) {
	tree := merkle.State{Nodes: frozen{v.state}, Root: v.at.Root.StateRoot, Count: v.at.Count}
	return tree.Prove(key)
}

// frozen reads a snapshot's nodes; nobody writes them.
type frozen struct{ from source }

func (f frozen) Get(node []byte) ([]byte, error) { return get(f.from, join("n", node)) }
func (f frozen) Set(_, _ []byte) error           { return pebble.ErrReadOnly }
func (f frozen) Delete(_ []byte) error           { return pebble.ErrReadOnly }

// ProveLeaves returns the multiproof of leaves, by strictly rising index, in the
// log of this view.
func (v *View) ProveLeaves(indexes []uint64) ([]merkle.Hash, error) {
	return merkle.ProveMulti(v.at.Root.LogSize, indexes, reader(v.db))
}

// ProveConsistency returns the proof that this log starts with the older one of
// that many leaves.
func (v *View) ProveConsistency(older uint64) ([]merkle.Hash, error) {
	return merkle.ProveConsistency(older, v.at.Root.LogSize, reader(v.db))
}

// LogRoot returns the root of the log when it had size leaves.
func (v *View) LogRoot(size uint64) (merkle.Hash, error) {
	if size > v.at.Root.LogSize {
		return merkle.Hash{}, fmt.Errorf("%w: log of %d leaves", ErrNotFound, size)
	}
	return merkle.RootAt(size, reader(v.db))
}

// Leaf returns a leaf of the log and its transaction.
func (v *View) Leaf(index uint64) (chain.Leaf, []byte, error) {
	if index >= v.at.Root.LogSize {
		return chain.Leaf{}, nil, fmt.Errorf("%w: leaf %d", ErrNotFound, index)
	}
	raw, err := get(v.db, join("l", u64(index)))
	if err != nil {
		return chain.Leaf{}, nil, err
	}
	if len(raw) < chain.LeafSize {
		return chain.Leaf{}, nil, fmt.Errorf("%w: leaf %d", ErrNotFound, index)
	}
	leaf, err := chain.UnpackLeaf(raw[:chain.LeafSize])
	if err != nil {
		return chain.Leaf{}, nil, err
	}
	tx, err := get(v.db, join("t", u64(index)))
	return leaf, tx, err
}

// Tagged returns up to limit indexes of leaves with this tag, rising, from the
// index from on.
func (v *View) Tagged(tag string, from uint64, limit int) ([]uint64, error) {
	prefix := join("g", []byte(tag), []byte{0})
	it, err := v.db.NewIter(&pebble.IterOptions{
		LowerBound: join(string(prefix), u64(from)), UpperBound: join(string(prefix), u64(v.at.Root.LogSize)),
	})
	if err != nil {
		return nil, fmt.Errorf("chain store: %w", err)
	}
	var out []uint64
	for ok := it.First(); ok && len(out) < limit; ok = it.Next() {
		out = append(out, binary.BigEndian.Uint64(it.Key()[len(prefix):]))
	}
	return out, it.Close()
}

// TaggedBefore returns up to limit indexes of leaves with this tag, falling, from
// below the index before on.
func (v *View) TaggedBefore(tag string, before uint64, limit int) ([]uint64, error) {
	prefix := join("g", []byte(tag), []byte{0})
	it, err := v.db.NewIter(&pebble.IterOptions{
		LowerBound: prefix, UpperBound: join(string(prefix), u64(min(before, v.at.Root.LogSize))),
	})
	if err != nil {
		return nil, fmt.Errorf("chain store: %w", err)
	}
	var out []uint64
	for ok := it.Last(); ok && len(out) < limit; ok = it.Prev() {
		out = append(out, binary.BigEndian.Uint64(it.Key()[len(prefix):]))
	}
	return out, it.Close()
}

// FirstAt returns the index of the first leaf of a block of this height or a later
// one; the size of the log if there is none. Heights never fall along the log.
func (v *View) FirstAt(height int64) (uint64, error) {
	low, high := uint64(0), v.at.Root.LogSize
	for low < high {
		middle := low + (high-low)/2
		raw, err := get(v.db, join("l", u64(middle)))
		if err != nil {
			return 0, err
		}
		if len(raw) < chain.LeafSize {
			return 0, fmt.Errorf("%w: leaf %d", ErrNotFound, middle)
		}
		leaf, err := chain.UnpackLeaf(raw[:chain.LeafSize])
		if err != nil {
			return 0, err
		}
		if leaf.Height < height {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}
