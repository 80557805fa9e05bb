package merkle

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
)

// The state tree is a trie of sixteen-fold branches over SHA-256 paths whose
// leaves are buckets of up to BucketSize keys. A subtree is a bucket if and
// only if it holds at most BucketSize keys, so that the same set of keys and
// values has the same root in whatever order it came about.
//
//	path   = SHA-256(0x02 ‖ key)
//	entry  = path ‖ SHA-256(0x03 ‖ value)
//	bucket = SHA-256(0x00 ‖ entries in order of path); no entries: 32 zero bytes
//	branch = Merkle root over its 16 children (NodeHash, four levels)
//
// A zero hash stands for an empty subtree; no SHA-256 input is known to give it.

// BucketSize is the largest number of keys in a bucket.
const BucketSize = 16

const (
	fanOut   = 16
	maxDepth = 2 * len(Hash{}) // nibbles of a path
)

// ErrAbsent is returned where a key was to be present and is proven absent, or
// the other way round.
var ErrAbsent = errors.New("merkle: presence of the key is not as claimed")

// An Entry is what a bucket holds of a key.
type Entry struct {
	Path  Hash
	Value Hash
}

// Path returns where key stands in the state tree.
func Path(key []byte) Hash { return tagged(2, key) }

// ValueHash returns the hash of a value in the state tree.
func ValueHash(value []byte) Hash { return tagged(3, value) }

func tagged(tag byte, b []byte) Hash {
	var small [128]byte
	buf := append(append(small[:0], tag), b...)
	return sha256.Sum256(buf)
}

func nibble(path Hash, depth int) int {
	return int(path[depth/2]>>(4*(1-depth%2))) & 15
}

func bucketHash(entries []Entry) Hash {
	if len(entries) == 0 {
		return Hash{}
	}
	buf := make([]byte, 1, 1+64*len(entries))
	for _, e := range entries {
		buf = append(append(buf, e.Path[:]...), e.Value[:]...)
	}
	return sha256.Sum256(buf)
}

// A StateProof shows what the state tree holds at the place of one key: the
// bucket there and, from the bucket up, the four sibling hashes of each branch.
type StateProof struct {
	Bucket   []Entry
	Siblings []Hash
}

// root returns the root that the proof leads to from the place of path.
func (p StateProof) root(path Hash) (Hash, error) {
	depth := len(p.Siblings) / 4
	if len(p.Siblings)%4 != 0 || depth > maxDepth || len(p.Bucket) > BucketSize {
		return Hash{}, ErrProof
	}
	for i := range p.Bucket {
		if i > 0 && bytes.Compare(p.Bucket[i-1].Path[:], p.Bucket[i].Path[:]) >= 0 {
			return Hash{}, ErrProof
		}
	}
	h := bucketHash(p.Bucket)
	for i, s := range p.Siblings {
		if nibble(path, depth-1-i/4)>>(i%4)&1 == 1 {
			h = NodeHash(s, h)
		} else {
			h = NodeHash(h, s)
		}
	}
	return h, nil
}

// VerifyMember returns nil if the tree with this root holds value at key,
// ErrAbsent if it does not, ErrProof if the proof does not lead to the root.
func (p StateProof) VerifyMember(root Hash, key, value []byte) error {
	return p.verify(root, key, func(e *Entry) bool { return e != nil && e.Value == ValueHash(value) })
}

// VerifyAbsent returns nil if the tree with this root holds nothing at key,
// ErrAbsent if it does, ErrProof if the proof does not lead to the root.
func (p StateProof) VerifyAbsent(root Hash, key []byte) error {
	return p.verify(root, key, func(e *Entry) bool { return e == nil })
}

func (p StateProof) verify(root Hash, key []byte, holds func(*Entry) bool) error {
	path := Path(key)
	got, err := p.root(path)
	if err != nil {
		return err
	}
	if got != root {
		return ErrProof
	}
	var found *Entry
	if i, ok := find(p.Bucket, path); ok {
		found = &p.Bucket[i]
	}
	if !holds(found) {
		return ErrAbsent
	}
	return nil
}

func find(entries []Entry, path Hash) (int, bool) {
	return slices.BinarySearchFunc(entries, path, func(e Entry, p Hash) int { return bytes.Compare(e.Path[:], p[:]) })
}
