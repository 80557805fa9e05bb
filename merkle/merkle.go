// Package merkle holds the two authenticated trees of the ledger.
//
// The log tree is the append-only Merkle tree of RFC 9162 section 2.1 over
// SHA-256, with inclusion and consistency proofs, and multiproofs for several
// leaves at once. Batches of packs use the same tree over leaves sorted by hash.
//
// The state tree (state.go) holds what is true now, with proofs that a key has
// a value and proofs that a key is absent.
//
// The package does no I/O: a tree reads its stored hashes through a function
// or a small interface that the caller gives.
package merkle

import (
	"crypto/sha256"
	"errors"
	"math/bits"
)

// A Hash is a SHA-256 tree hash.
type Hash = [32]byte

// ErrProof is returned for a proof that does not lead to the root, or is not of
// the shape that the tree asks for.
var ErrProof = errors.New("merkle: proof does not lead to the root")

// LeafHash returns the hash of a leaf: SHA-256(0x00 ‖ data), RFC 9162 section 2.1.1.
func LeafHash(data []byte) Hash {
	// One buffer on the stack for the short leaves that make up nearly all.
	var small [256]byte
	buf := append(append(small[:0], 0), data...)
	return sha256.Sum256(buf)
}

// NodeHash returns the hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
func NodeHash(left, right Hash) Hash {
	var buf [65]byte
	buf[0] = 1
	copy(buf[1:], left[:])
	copy(buf[33:], right[:])
	return sha256.Sum256(buf[:])
}

// EmptyRoot returns the root of the tree without leaves, SHA-256 of nothing.
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// Root returns the root over leaf hashes in their order.
func Root(leaves []Hash) Hash {
	var b Builder
	for _, l := range leaves {
		b.Append(l)
	}
	return b.Root()
}

// A Builder computes the root of a growing tree in memory of one hash a level.
// The zero Builder is an empty tree.
type Builder struct {
	// Stored, if set, is given every hash that the tree will ever need to make
	// proofs, in the order that tlog.StoredHashIndex numbers them.
	Stored func(Hash)

	size  uint64
	stack []Hash // roots of the perfect subtrees, largest first: one for each bit of size
}

// Append adds a leaf hash.
func (b *Builder) Append(leaf Hash) {
	b.store(leaf)
	h := leaf
	for n := b.size; n&1 == 1; n >>= 1 {
		h = NodeHash(b.stack[len(b.stack)-1], h)
		b.stack = b.stack[:len(b.stack)-1]
		b.store(h)
	}
	b.stack = append(b.stack, h)
	b.size++
}

func (b *Builder) store(h Hash) {
	if b.Stored != nil {
		b.Stored(h)
	}
}

// Size returns the number of leaves.
func (b *Builder) Size() uint64 { return b.size }

// Root returns the root over the leaves so far.
func (b *Builder) Root() Hash {
	if b.size == 0 {
		return EmptyRoot()
	}
	h := b.stack[len(b.stack)-1]
	for i := len(b.stack) - 2; i >= 0; i-- {
		h = NodeHash(b.stack[i], h)
	}
	return h
}

// VerifyInclusion returns ErrProof unless path shows leaf at index in the tree
// of size leaves with this root (RFC 9162 section 2.1.3.2).
func VerifyInclusion(leaf Hash, index, size uint64, path []Hash, root Hash) error {
	if index >= size {
		return ErrProof
	}
	fn, sn, r := index, size-1, leaf
	for _, p := range path {
		if sn == 0 {
			return ErrProof
		}
		if fn&1 == 1 || fn == sn {
			r = NodeHash(p, r)
			for fn&1 == 0 && fn != 0 {
				fn >>= 1
				sn >>= 1
			}
		} else {
			r = NodeHash(r, p)
		}
		fn >>= 1
		sn >>= 1
	}
	if sn != 0 || r != root {
		return ErrProof
	}
	return nil
}

// VerifyConsistency returns ErrProof unless proof shows that the tree of size
// newer starts with the leaves of the tree of size older (RFC 9162 section 2.1.4.2).
func VerifyConsistency(older, newer uint64, proof []Hash, oldRoot, newRoot Hash) error {
	switch {
	case older > newer:
		return ErrProof
	case older == newer || older == 0:
		if len(proof) != 0 || older == newer && oldRoot != newRoot || older == 0 && oldRoot != EmptyRoot() {
			return ErrProof
		}
		return nil
	}
	// A perfect old tree is its own first node; the proof leaves it out.
	if older&(older-1) == 0 {
		proof = append([]Hash{oldRoot}, proof...)
	}
	if len(proof) == 0 {
		return ErrProof
	}
	fn, sn := older-1, newer-1
	skip := bits.TrailingZeros64(^fn)
	fn >>= skip
	sn >>= skip
	fr, sr := proof[0], proof[0]
	for _, c := range proof[1:] {
		if sn == 0 {
			return ErrProof
		}
		if fn&1 == 1 || fn == sn {
			fr, sr = NodeHash(c, fr), NodeHash(c, sr)
			for fn&1 == 0 && fn != 0 {
				fn >>= 1
				sn >>= 1
			}
		} else {
			sr = NodeHash(sr, c)
		}
		fn >>= 1
		sn >>= 1
	}
	if sn != 0 || fr != oldRoot || sr != newRoot {
		return ErrProof
	}
	return nil
}
