package cometbft

import (
	"theriac/chain"
	"theriac/merkle"
)

func verifyLeaf(leaf chain.Leaf, index uint64, root chain.Root, proof []merkle.Hash) error {
	return merkle.VerifyMulti([]merkle.IndexedLeaf{{Index: index, Hash: leaf.Hash()}}, root.LogSize, proof, root.LogRoot)
}
