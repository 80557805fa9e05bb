package genuine

import (
	"fmt"

	"theriac/canon"
	"theriac/chain"
	"theriac/merkle"
)

// A MarkTree is the RFC 9162 tree over all marks of a registration, with what their
// paths are made of: two digests a mark.
type MarkTree struct {
	builder merkle.Builder
	stored  chain.Hashes
}

// NewMarkTree returns the tree over marks, which are chain.MarkLeaf of their
// verification information.
func NewMarkTree(all chain.Hashes) *MarkTree {
	t := &MarkTree{stored: make(chain.Hashes, 0, 2*len(all))}
	t.builder.Stored = func(h merkle.Hash) { t.stored = append(t.stored, h) }
	for _, leaf := range all {
		t.builder.Append(leaf)
	}
	return t
}

// Root returns what a registration has of its marks.
func (t *MarkTree) Root() canon.Digest { return t.builder.Root() }

// Path returns the path from a mark to the root.
func (t *MarkTree) Path(index uint64) (chain.Hashes, error) {
	if index >= t.builder.Size() {
		return nil, fmt.Errorf("%w: mark %d of %d", ErrProof, index, t.builder.Size())
	}
	return merkle.Prove(t.builder.Size(), index, func(at []int64) ([]merkle.Hash, error) {
		out := make([]merkle.Hash, len(at))
		for i, x := range at {
			out[i] = t.stored[x]
		}
		return out, nil
	})
}

// MarkPath is Path where one is wanted and no more.
func MarkPath(all chain.Hashes, index uint64) (chain.Hashes, error) {
	return NewMarkTree(all).Path(index)
}
