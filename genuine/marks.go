package genuine

import (
	"fmt"

	"theriac/chain"
	"theriac/merkle"
)

// MarkPath returns the path from a mark to the root over all marks of a registration,
// which are chain.MarkLeaf of its verification information.
func MarkPath(all chain.Hashes, index uint64) (chain.Hashes, error) {
	if index >= uint64(len(all)) {
		return nil, fmt.Errorf("%w: mark %d of %d", ErrProof, index, len(all))
	}
	var stored []merkle.Hash
	tree := merkle.Builder{Stored: func(h merkle.Hash) { stored = append(stored, h) }}
	for _, leaf := range all {
		tree.Append(leaf)
	}
	return merkle.Prove(tree.Size(), index, func(at []int64) ([]merkle.Hash, error) {
		out := make([]merkle.Hash, len(at))
		for i, x := range at {
			out[i] = stored[x]
		}
		return out, nil
	})
}
