package packstore

import (
	"golang.org/x/mod/sumdb/tlog"

	"theriac/merkle"
	"theriac/pedigree"
)

// tileHeight is the number of levels of the tree, from the leaves up, that are
// computed and not stored. Each level less doubles the bytes of nodes, two a
// pack here, each more the time of a proof.
const tileHeight = 5

const tileSize = 1 << tileHeight

// A tile is a run of packs with the hashes of the subtrees that are whole over
// them, level by level; level 0 are the leaves. A batch's last tile may be short.
type tile struct {
	packs []pedigree.Pack
	level [tileHeight + 1][]merkle.Hash
}

func newTile(packs []pedigree.Pack) *tile {
	t := &tile{packs: packs}
	t.level[0] = make([]merkle.Hash, len(packs))
	for i := range packs {
		t.level[0][i] = packs[i].Leaf()
	}
	for n := range tileHeight {
		below := t.level[n]
		t.level[n+1] = make([]merkle.Hash, len(below)/2)
		for i := range t.level[n+1] {
			t.level[n+1][i] = merkle.NodeHash(below[2*i], below[2*i+1])
		}
	}
	return t
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
