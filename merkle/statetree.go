package merkle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Nodes keeps the nodes of a state tree. Get returns nil for a node it does not
// hold. Writes must be seen by the reads that follow; durability and atomicity
// are the caller's, who knows where a block ends.
type Nodes interface {
	Get(node []byte) ([]byte, error)
	Set(node, value []byte) error
	Delete(node []byte) error
}

// A State is a state tree over Nodes. The zero State with Nodes set is empty;
// Root and Count must be kept with the nodes to open it again.
type State struct {
	Nodes Nodes
	Root  Hash
	Count uint64
}

// A Change sets the value hash at a path, or removes the path if Value is zero.
type Change struct{ Path, Value Hash }

// Update applies changes, which must rise strictly by path, and moves Root and
// Count. After an error the state must be opened again.
func (s *State) Update(changes []Change) error {
	for i := range changes {
		if i > 0 && bytes.Compare(changes[i-1].Path[:], changes[i].Path[:]) >= 0 {
			return errors.New("merkle: changes do not rise by path")
		}
	}
	if len(changes) == 0 {
		return nil
	}
	top, err := s.apply(Hash{}, 0, child{s.Root, s.Count}, changes)
	if err != nil {
		return err
	}
	s.Root, s.Count = top.hash, top.count
	return nil
}

// A child is what a branch knows of a subtree. Its count is not hashed: it says
// whether the subtree is a bucket, which the shape of a proof shows as well.
type child struct {
	hash  Hash
	count uint64
}

func (c child) bucket() bool { return c.count <= BucketSize }

type branch [fanOut]child

// hash returns the Merkle root over the children's hashes.
func (b *branch) hash() Hash {
	var level [fanOut]Hash
	for i := range b {
		level[i] = b[i].hash
	}
	for n := fanOut; n > 1; n /= 2 {
		for i := range n / 2 {
			level[i] = NodeHash(level[2*i], level[2*i+1])
		}
	}
	return level[0]
}

func (b *branch) count() (n uint64) {
	for i := range b {
		n += b[i].count
	}
	return n
}

const childSize = 32 + 8

func (b *branch) encode() []byte {
	out := make([]byte, 0, fanOut*childSize)
	for _, c := range b {
		out = binary.BigEndian.AppendUint64(append(out, c.hash[:]...), c.count)
	}
	return out
}

// nodeKey names the subtree at depth that path runs through.
func nodeKey(path Hash, depth int) []byte {
	key := make([]byte, 1, 1+(depth+1)/2)
	key[0] = byte(depth)
	key = append(key, path[:(depth+1)/2]...)
	if depth%2 == 1 {
		key[len(key)-1] &= 0xf0
	}
	return key
}

func (s *State) loadBranch(path Hash, depth int) (*branch, error) {
	raw, err := s.Nodes.Get(nodeKey(path, depth))
	if err != nil {
		return nil, err
	}
	if len(raw) != fanOut*childSize {
		return nil, fmt.Errorf("merkle: branch %x has %d bytes", nodeKey(path, depth), len(raw))
	}
	var b branch
	for i := range b {
		b[i].hash = Hash(raw[i*childSize:])
		b[i].count = binary.BigEndian.Uint64(raw[i*childSize+32:])
	}
	return &b, nil
}

func (s *State) loadBucket(path Hash, depth int, c child) ([]Entry, error) {
	if c.count == 0 {
		return nil, nil
	}
	raw, err := s.Nodes.Get(nodeKey(path, depth))
	if err != nil {
		return nil, err
	}
	if uint64(len(raw)) != 64*c.count {
		return nil, fmt.Errorf("merkle: bucket %x has %d bytes for %d keys", nodeKey(path, depth), len(raw), c.count)
	}
	entries := make([]Entry, c.count)
	for i := range entries {
		entries[i] = Entry{Hash(raw[64*i:]), Hash(raw[64*i+32:])}
	}
	return entries, nil
}

func (s *State) saveBucket(path Hash, depth int, entries []Entry) (child, error) {
	raw := make([]byte, 0, 64*len(entries))
	for _, e := range entries {
		raw = append(append(raw, e.Path[:]...), e.Value[:]...)
	}
	return child{bucketHash(entries), uint64(len(entries))}, s.Nodes.Set(nodeKey(path, depth), raw)
}

// apply changes the subtree c at depth, through which path runs.
func (s *State) apply(path Hash, depth int, c child, changes []Change) (child, error) {
	if !c.bucket() {
		return s.applyBranch(path, depth, changes)
	}
	entries, err := s.loadBucket(path, depth, c)
	if err != nil {
		return child{}, err
	}
	entries = merge(entries, changes)
	switch {
	case len(entries) > BucketSize:
		return s.split(path, depth, entries)
	case len(entries) > 0:
		return s.saveBucket(path, depth, entries)
	case c.count > 0:
		return child{}, s.Nodes.Delete(nodeKey(path, depth))
	}
	return child{}, nil
}

// merge returns entries with changes applied, both rising by path.
func merge(entries []Entry, changes []Change) []Entry {
	out := make([]Entry, 0, len(entries)+len(changes))
	for _, c := range changes {
		for len(entries) > 0 && bytes.Compare(entries[0].Path[:], c.Path[:]) < 0 {
			out, entries = append(out, entries[0]), entries[1:]
		}
		if len(entries) > 0 && entries[0].Path == c.Path {
			entries = entries[1:]
		}
		if c.Value != (Hash{}) {
			out = append(out, Entry(c))
		}
	}
	return append(out, entries...)
}

// split makes a branch of more entries than a bucket holds.
func (s *State) split(path Hash, depth int, entries []Entry) (child, error) {
	if depth >= maxDepth {
		return child{}, errors.New("merkle: too many keys share one path")
	}
	changes := make([]Change, len(entries))
	for i, e := range entries {
		changes[i] = Change(e)
	}
	return s.applyTo(&branch{}, path, depth, changes)
}

func (s *State) applyBranch(path Hash, depth int, changes []Change) (child, error) {
	b, err := s.loadBranch(path, depth)
	if err != nil {
		return child{}, err
	}
	return s.applyTo(b, path, depth, changes)
}

func (s *State) applyTo(b *branch, path Hash, depth int, changes []Change) (child, error) {
	for len(changes) > 0 {
		n := nibble(changes[0].Path, depth)
		end := 1
		for end < len(changes) && nibble(changes[end].Path, depth) == n {
			end++
		}
		var err error
		if b[n], err = s.apply(changes[0].Path, depth+1, b[n], changes[:end]); err != nil {
			return child{}, err
		}
		path, changes = changes[0].Path, changes[end:]
	}
	if b.count() <= BucketSize {
		return s.collapse(b, path, depth)
	}
	return child{b.hash(), b.count()}, s.Nodes.Set(nodeKey(path, depth), b.encode())
}

// collapse turns a branch whose keys fit into one bucket back into it. All its
// children are buckets then.
func (s *State) collapse(b *branch, path Hash, depth int) (child, error) {
	var entries []Entry
	for n, c := range b {
		at := path
		at[depth/2] = at[depth/2]&^(0xf0>>(4*(depth%2))) | byte(n<<(4*(1-depth%2)))
		some, err := s.loadBucket(at, depth+1, c)
		if err != nil {
			return child{}, err
		}
		if c.count > 0 {
			if err := s.Nodes.Delete(nodeKey(at, depth+1)); err != nil {
				return child{}, err
			}
		}
		entries = append(entries, some...)
	}
	if len(entries) == 0 {
		return child{}, s.Nodes.Delete(nodeKey(path, depth))
	}
	return s.saveBucket(path, depth, entries)
}

// Prove returns the proof of what the tree holds at key, present or absent.
func (s *State) Prove(key []byte) (StateProof, error) {
	path, c := Path(key), child{s.Root, s.Count}
	var branches []*branch
	for !c.bucket() {
		b, err := s.loadBranch(path, len(branches))
		if err != nil {
			return StateProof{}, err
		}
		branches = append(branches, b)
		c = b[nibble(path, len(branches)-1)]
	}
	entries, err := s.loadBucket(path, len(branches), c)
	if err != nil {
		return StateProof{}, err
	}
	p := StateProof{Bucket: entries}
	for depth := len(branches) - 1; depth >= 0; depth-- {
		p.Siblings = append(p.Siblings, branches[depth].siblings(nibble(path, depth))...)
	}
	return p, nil
}

// siblings returns the four hashes beside child n on its way to the branch's hash.
func (b *branch) siblings(n int) []Hash {
	var level [fanOut]Hash
	for i := range b {
		level[i] = b[i].hash
	}
	var out []Hash
	for width := fanOut; width > 1; width /= 2 {
		out = append(out, level[n^1])
		for i := range width / 2 {
			level[i] = NodeHash(level[2*i], level[2*i+1])
		}
		n /= 2
	}
	return out
}
