package merkle

import (
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// A Reader returns the stored hashes at these indexes, which tlog.StoredHashIndex
// numbers. It must return as many hashes as it was asked for, or an error.
type Reader func(indexes []int64) ([]Hash, error)

// hashes reads at least one hash and counts what came.
func (r Reader) hashes(indexes []int64) ([]Hash, error) {
	hashes, err := r(indexes)
	if err != nil {
		return nil, err
	}
	if len(hashes) != len(indexes) {
		return nil, fmt.Errorf("merkle: asked for %d stored hashes, read %d", len(indexes), len(hashes))
	}
	return hashes, nil
}

// ReadHashes makes a Reader serve as tlog's.
func (r Reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes, err := r.hashes(indexes)
	if err != nil {
		return nil, err
	}
	out := make([]tlog.Hash, len(hashes))
	for i, h := range hashes {
		out[i] = h
	}
	return out, nil
}

func plain(proof []tlog.Hash, err error) ([]Hash, error) {
	if err != nil {
		return nil, err
	}
	out := make([]Hash, len(proof))
	for i, h := range proof {
		out[i] = h
	}
	return out, nil
}

// Prove returns the inclusion proof of the leaf at index in the tree of size leaves.
func Prove(size, index uint64, read Reader) ([]Hash, error) {
	if index >= size {
		return nil, fmt.Errorf("merkle: leaf %d of %d", index, size)
	}
	return plain(tlog.ProveRecord(int64(size), int64(index), read))
}

// ProveConsistency returns the proof that the tree of newer leaves starts with
// the older ones.
func ProveConsistency(older, newer uint64, read Reader) ([]Hash, error) {
	if older > newer {
		return nil, fmt.Errorf("merkle: consistency of %d with %d", older, newer)
	}
	if older == 0 || older == newer {
		return nil, nil
	}
	return plain(tlog.ProveTree(int64(newer), int64(older), read))
}

// RootAt returns the root over the first size leaves.
func RootAt(size uint64, read Reader) (Hash, error) {
	if size == 0 {
		return EmptyRoot(), nil
	}
	h, err := tlog.TreeHash(int64(size), read)
	return h, err
}

// Resume returns a Builder that goes on from the first size leaves.
func Resume(size uint64, read Reader) (*Builder, error) {
	b := &Builder{size: size}
	var indexes []int64
	at := uint64(0)
	for left := size; left > 0; {
		level := bits.Len64(left) - 1
		indexes = append(indexes, tlog.StoredHashIndex(level, int64(at>>level)))
		at += 1 << level
		left -= 1 << level
	}
	if len(indexes) == 0 {
		return b, nil
	}
	var err error
	b.stack, err = read.hashes(indexes)
	return b, err
}

// An IndexedLeaf is a leaf hash with its place in the tree.
type IndexedLeaf struct {
	Index uint64
	Hash  Hash
}

// VerifyMulti returns ErrProof unless proof shows all leaves, which stand in
// strictly rising order of index, in the tree of size leaves with this root.
//
// The proof lists, from left to right, the roots of the largest subtrees that
// hold none of the leaves; the tree is split as in RFC 9162 section 2.1.1.
func VerifyMulti(leaves []IndexedLeaf, size uint64, proof []Hash, root Hash) error {
	if !rising(leaves, size) {
		return ErrProof
	}
	m := multi{leaves: leaves, proof: proof}
	if got, ok := m.root(0, size); !ok || got != root || len(m.proof) != 0 {
		return ErrProof
	}
	return nil
}

func rising(leaves []IndexedLeaf, size uint64) bool {
	if len(leaves) == 0 || leaves[len(leaves)-1].Index >= size {
		return false
	}
	for i := range leaves[1:] {
		if leaves[i].Index >= leaves[i+1].Index {
			return false
		}
	}
	return true
}

// multi consumes leaves and proof hashes from left to right.
type multi struct {
	leaves []IndexedLeaf
	proof  []Hash
}

func (m *multi) root(lo, hi uint64) (Hash, bool) {
	if len(m.leaves) == 0 || m.leaves[0].Index >= hi {
		if len(m.proof) == 0 {
			return Hash{}, false
		}
		h := m.proof[0]
		m.proof = m.proof[1:]
		return h, true
	}
	if hi-lo == 1 {
		h := m.leaves[0].Hash
		m.leaves = m.leaves[1:]
		return h, true
	}
	mid := lo + split(hi-lo)
	left, ok := m.root(lo, mid)
	if !ok {
		return Hash{}, false
	}
	right, ok := m.root(mid, hi)
	return NodeHash(left, right), ok
}

// split returns the largest power of two below n, for n > 1.
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// ProveMulti returns the multiproof for the leaves at indexes, which must rise
// strictly and lie below size.
func ProveMulti(size uint64, indexes []uint64, read Reader) ([]Hash, error) {
	leaves := make([]IndexedLeaf, len(indexes))
	for i, x := range indexes {
		leaves[i].Index = x
	}
	if !rising(leaves, size) {
		return nil, fmt.Errorf("merkle: multiproof of %d leaves in a tree of %d", len(indexes), size)
	}
	var spans [][2]uint64
	gaps(indexes, 0, size, &spans)
	out := make([]Hash, len(spans))
	for i, s := range spans {
		h, err := subtree(s[0], s[1], read)
		if err != nil {
			return nil, err
		}
		out[i] = h
	}
	return out, nil
}

// gaps collects the largest subtrees of [lo, hi) without any of indexes.
func gaps(indexes []uint64, lo, hi uint64, spans *[][2]uint64) {
	if len(indexes) == 0 {
		*spans = append(*spans, [2]uint64{lo, hi})
		return
	}
	if hi-lo == 1 {
		return
	}
	mid := lo + split(hi-lo)
	cut, _ := slices.BinarySearch(indexes, mid)
	gaps(indexes[:cut], lo, mid, spans)
	gaps(indexes[cut:], mid, hi, spans)
}

// subtree returns the root over the leaves [lo, hi), of which lo is a multiple
// of the largest power of two not above hi-lo.
func subtree(lo, hi uint64, read Reader) (Hash, error) {
	var indexes []int64
	for left := hi - lo; left > 0; {
		level := bits.Len64(left) - 1
		indexes = append(indexes, tlog.StoredHashIndex(level, int64(lo>>level)))
		lo += 1 << level
		left -= 1 << level
	}
	hashes, err := read.hashes(indexes)
	if err != nil {
		return Hash{}, err
	}
	h := hashes[len(hashes)-1]
	for i := len(hashes) - 2; i >= 0; i-- {
		h = NodeHash(hashes[i], h)
	}
	return h, nil
}

// Join makes the multiproof of leaves (VerifyMulti) from the inclusion proof of
// each. Indexes must rise strictly; leaves and paths go with them.
func Join(size uint64, indexes []uint64, leaves []Hash, paths [][]Hash) ([]Hash, error) {
	shown := make([]IndexedLeaf, len(indexes))
	for i, x := range indexes {
		shown[i] = IndexedLeaf{Index: x, Hash: leaves[i]}
	}
	if !rising(shown, size) || len(leaves) != len(indexes) || len(paths) != len(indexes) {
		return nil, fmt.Errorf("merkle: join of %d proofs in a tree of %d", len(indexes), size)
	}
	var spans [][2]uint64
	gaps(indexes, 0, size, &spans)
	known := map[[2]uint64]Hash{}
	for i, x := range indexes {
		if err := siblings(x, size, paths[i], known); err != nil {
			return nil, err
		}
	}
	out := make([]Hash, len(spans))
	for i, s := range spans {
		h, ok := known[s]
		if !ok {
			return nil, ErrProof
		}
		out[i] = h
	}
	return out, nil
}

// siblings notes the subtrees whose roots an inclusion proof lists, from the
// leaf up.
func siblings(index, size uint64, path []Hash, known map[[2]uint64]Hash) error {
	var spans [][2]uint64
	for lo, hi := uint64(0), size; hi-lo > 1; {
		mid := lo + split(hi-lo)
		if index < mid {
			spans = append(spans, [2]uint64{mid, hi})
			hi = mid
		} else {
			spans = append(spans, [2]uint64{lo, mid})
			lo = mid
		}
	}
	if len(spans) != len(path) {
		return ErrProof
	}
	for i, h := range path {
		known[spans[len(spans)-1-i]] = h
	}
	return nil
}
