package packstore

import (
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"theriac/merkle"
	"theriac/pedigree"
)

// tileHeight is the number of levels of the tree, from the leaves up, that are
// computed and not stored. Each level less doubles the bytes of nodes, two a
// pack here, each more the time of a proof.
const tileHeight = 5

const tileSize = 1 << tileHeight

// A tile is a run of packs with the hashes over them. A batch's last tile may be
// short.
type tile struct {
	packs []pedigree.Pack
	levels
}

func newTile(packs []pedigree.Pack) *tile {
	leaves := make([]merkle.Hash, len(packs))
	for i := range packs {
		leaves[i] = packs[i].Leaf()
	}
	return &tile{packs, newLevels(leaves)}
}

// levels are the leaves of a tile and the hashes of the subtrees that are whole
// over them; level 0 are the leaves.
type levels struct {
	level [tileHeight + 1][]merkle.Hash
}

func newLevels(leaves []merkle.Hash) (l levels) {
	l.level[0] = leaves
	for n := range tileHeight {
		below := l.level[n]
		l.level[n+1] = make([]merkle.Hash, len(below)/2)
		for i := range l.level[n+1] {
			l.level[n+1][i] = merkle.NodeHash(below[2*i], below[2*i+1])
		}
	}
	return l
}

// stored is a tree of which a file has the levels from tileHeight up, and tile
// makes the others anew.
type stored struct {
	nodes io.ReaderAt
	name  string
	tile  func(k uint64) (*levels, error)
}

// hashes is a merkle.Reader.
func (s stored) hashes(indexes []int64) ([]merkle.Hash, error) {
	out := make([]merkle.Hash, len(indexes))
	for i, x := range indexes {
		level, n := tlog.SplitStoredHashIndex(x)
		if level >= tileHeight {
			at := tlog.StoredHashIndex(level-tileHeight, n)
			if err := readAt(s.nodes, s.name, out[i][:], at*int64(leafSize)); err != nil {
				return nil, err
			}
			continue
		}
		first := uint64(n) << level
		t, err := s.tile(first / tileSize)
		if err != nil {
			return nil, err
		}
		out[i] = t.level[level][first%tileSize>>level]
	}
	return out, nil
}

// tileRoot returns the root over the leaves of a whole tile.
func tileRoot(leaves []merkle.Hash) merkle.Hash {
	var up [tileSize / 2]merkle.Hash
	for i := range up {
		up[i] = merkle.NodeHash(leaves[2*i], leaves[2*i+1])
	}
	for n := len(up) / 2; n > 0; n /= 2 {
		for i := range n {
			up[i] = merkle.NodeHash(up[2*i], up[2*i+1])
		}
	}
	return up[0]
}

// storedNodes returns how many hashes the nodes file of a batch has.
func storedNodes(size uint64) int64 { return tlog.StoredHashCount(int64(size / tileSize)) }

// A span is a run of leaves as far as it goes into tiles by itself.
type span struct {
	head  []merkle.Hash // leaves of a tile that an earlier span begins
	roots []merkle.Hash // of whole tiles
	tail  []merkle.Hash // leaves of a tile that a later span ends
}

// newSpan copies what it needs of leaves, which start at this index.
func newSpan(start uint64, leaves []merkle.Hash) span {
	var s span
	if before := start % tileSize; before > 0 {
		n := min(tileSize-before, uint64(len(leaves)))
		s.head = append(s.head, leaves[:n]...)
		leaves = leaves[n:]
	}
	s.roots = make([]merkle.Hash, 0, len(leaves)/tileSize)
	for len(leaves) >= tileSize {
		s.roots = append(s.roots, tileRoot(leaves[:tileSize]))
		leaves = leaves[tileSize:]
	}
	s.tail = append(s.tail, leaves...)
	return s
}

// A joiner makes the tree over the tiles of spans, given in their order.
type joiner struct {
	tree merkle.Builder // over the roots of tiles
	open []merkle.Hash  // leaves of the tile that is not whole yet
}

func (j *joiner) add(s span) {
	j.open = append(j.open, s.head...)
	if len(j.open) == tileSize {
		j.tree.Append(tileRoot(j.open))
		j.open = j.open[:0]
	}
	for _, r := range s.roots {
		j.tree.Append(r)
	}
	j.open = append(j.open, s.tail...)
}
