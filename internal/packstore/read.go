package packstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"math/bits"

	"theriac/gs1"
	"theriac/merkle"
	"theriac/pedigree"
)

// Pack returns the pack at an index, or ErrNotFound beyond the last.
func (b *Batch) Pack(index uint64) (pedigree.Pack, error) {
	t, _, err := b.newReader().verified(index)
	if err != nil {
		return pedigree.Pack{}, err
	}
	return t.packs[index%tileSize], nil
}

// Prove returns the inclusion proof of the leaf at an index, or ErrNotFound
// beyond the last.
func (b *Batch) Prove(index uint64) ([]merkle.Hash, error) {
	_, path, err := b.newReader().verified(index)
	return path, err
}

// ProveMulti returns the packs at indexes, which must rise strictly, and the
// multiproof of their leaves (merkle.VerifyMulti).
func (b *Batch) ProveMulti(indexes []uint64) ([]pedigree.Pack, []merkle.Hash, error) {
	size := b.meta.Facts.Size
	r := b.newReader()
	proof, err := merkle.ProveMulti(size, indexes, r.hashes)
	if err != nil {
		return nil, nil, err
	}
	packs := make([]pedigree.Pack, len(indexes))
	leaves := make([]merkle.IndexedLeaf, len(indexes))
	for i, x := range indexes {
		t, err := r.tile(x / tileSize)
		if err != nil {
			return nil, nil, err
		}
		packs[i] = t.packs[x%tileSize]
		leaves[i] = merkle.IndexedLeaf{Index: x, Hash: t.level[0][x%tileSize]}
	}
	if err := merkle.VerifyMulti(leaves, size, proof, b.meta.Facts.Root); err != nil {
		return nil, nil, fmt.Errorf("%w: %d packs: %w", ErrCorrupt, len(indexes), err)
	}
	return packs, proof, nil
}

// Packs gives the packs of the indexes from and up, below to. It ends with an
// error, if any.
func (b *Batch) Packs(from, to uint64) iter.Seq2[pedigree.Pack, error] {
	return func(yield func(pedigree.Pack, error) bool) {
		r := b.newReader()
		for from < to {
			t, _, err := r.verified(from)
			if err != nil {
				yield(pedigree.Pack{}, err)
				return
			}
			packs := t.packs[from%tileSize:]
			packs = packs[:min(uint64(len(packs)), to-from)]
			for _, p := range packs {
				if !yield(p, nil) {
					return
				}
			}
			from += uint64(len(packs))
		}
	}
}

// Find returns the pack with this serial number and its index, or ErrNotFound.
func (b *Batch) Find(serial gs1.Serial) (uint64, pedigree.Pack, error) {
	if err := serial.Check(); err != nil {
		return 0, pedigree.Pack{}, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	pack := b.meta.Facts.pack(serial, &b.secret)
	leaf := pack.Leaf()
	index, err := b.search(leaf)
	if err != nil {
		return 0, pedigree.Pack{}, err
	}
	r := b.newReader()
	// The search believed what it read. Now the leaves on both sides of the
	// place are led to the root: leaves rise, so they leave room for nothing else.
	if index < b.meta.Facts.Size {
		t, _, err := r.verified(index)
		if err != nil {
			return 0, pedigree.Pack{}, err
		}
		switch at := t.level[0][index%tileSize]; bytes.Compare(leaf[:], at[:]) {
		case 0:
			return index, pack, nil
		case 1:
			return 0, pedigree.Pack{}, b.unordered(index)
		}
	}
	if index > 0 {
		t, _, err := r.verified(index - 1)
		if err != nil {
			return 0, pedigree.Pack{}, err
		}
		if before := t.level[0][(index-1)%tileSize]; bytes.Compare(before[:], leaf[:]) >= 0 {
			return 0, pedigree.Pack{}, b.unordered(index - 1)
		}
	}
	return 0, pedigree.Pack{}, ErrNotFound
}

func (b *Batch) unordered(index uint64) error {
	return fmt.Errorf("%w: pack %d is not where its leaf belongs", ErrCorrupt, index)
}

// search returns the index of the first leaf that is not below target.
func (b *Batch) search(target merkle.Hash) (uint64, error) {
	size := b.meta.Facts.Size
	// Leaves are spread evenly, so the place is known up to a few times the
	// square root of the size, and a disk need not seek across a large file.
	guess, _ := bits.Mul64(binary.BigEndian.Uint64(target[:]), size)
	margin := 2*uint64(math.Sqrt(float64(size))) + tileSize
	lo, hi := uint64(0), size
	probe := func(i uint64) error {
		leaf, err := b.leaf(i)
		if err != nil {
			return err
		}
		if bytes.Compare(leaf[:], target[:]) < 0 {
			lo = max(lo, i+1)
		} else {
			hi = min(hi, i)
		}
		return nil
	}
	for _, i := range []uint64{guess - margin, guess + margin} {
		if i < size { // guess - margin wraps around where it is below 0
			if err := probe(i); err != nil {
				return 0, err
			}
		}
	}
	for lo < hi {
		if err := probe(lo + (hi-lo)/2); err != nil {
			return 0, err
		}
	}
	return lo, nil
}

// leaf returns the leaf at an index, believing what the file says.
func (b *Batch) leaf(index uint64) (merkle.Hash, error) {
	packs, err := b.read(index, 1)
	if err != nil {
		return merkle.Hash{}, err
	}
	return packs[0].Leaf(), nil
}

// read returns n packs as the file has them.
func (b *Batch) read(from, n uint64) ([]pedigree.Pack, error) {
	width := b.meta.Width
	raw := make([]byte, n*width)
	if err := readAt(b.serials, serialsFile, raw, int64(from*width)); err != nil {
		return nil, err
	}
	packs := make([]pedigree.Pack, n)
	for i := range packs {
		serial := bytes.TrimRight(raw[:width], "\x00")
		raw = raw[width:]
		packs[i] = b.meta.Facts.pack(gs1.Serial(serial), &b.secret)
	}
	return packs, nil
}

// readAt returns ErrCorrupt for a file that has become too short.
func readAt(f io.ReaderAt, name string, into []byte, at int64) error {
	_, err := f.ReadAt(into, at)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %s ends early", ErrCorrupt, name)
	}
	return err
}

// tile returns a tile of the batch, computed anew.
func (b *Batch) tile(k uint64) (*tile, error) {
	packs, err := b.read(k*tileSize, min(tileSize, b.meta.Facts.Size-k*tileSize))
	if err != nil {
		return nil, err
	}
	return newTile(packs), nil
}

// A reader reads the batch for one call, and keeps the tile it read last: a
// proof asks for several hashes of one.
type reader struct {
	*Batch
	k    uint64
	held *tile
}

func (b *Batch) newReader() *reader { return &reader{Batch: b} }

func (r *reader) tile(k uint64) (*tile, error) {
	if r.last != nil && k == r.meta.Facts.Size/tileSize {
		return r.last, nil
	}
	if r.held == nil || r.k != k {
		t, err := r.Batch.tile(k)
		if err != nil {
			return nil, err
		}
		r.k, r.held = k, t
	}
	return r.held, nil
}

// verified returns the tile of an index and the inclusion proof of the leaf. The
// proof's siblings are made of all leaves of the tile, so all of them are good.
func (r *reader) verified(index uint64) (*tile, []merkle.Hash, error) {
	f := &r.meta.Facts
	if index >= f.Size {
		return nil, nil, fmt.Errorf("%w: pack %d of %d", ErrNotFound, index, f.Size)
	}
	t, err := r.tile(index / tileSize)
	if err != nil {
		return nil, nil, err
	}
	path, err := merkle.Prove(f.Size, index, r.hashes)
	if err != nil {
		return nil, nil, err
	}
	if err := merkle.VerifyInclusion(t.level[0][index%tileSize], index, f.Size, path, f.Root); err != nil {
		return nil, nil, fmt.Errorf("%w: pack %d: %w", ErrCorrupt, index, err)
	}
	return t, path, nil
}

// hashes is a merkle.Reader.
func (r *reader) hashes(indexes []int64) ([]merkle.Hash, error) {
	return stored{r.nodes, nodesFile, func(k uint64) (*levels, error) {
		t, err := r.tile(k)
		if err != nil {
			return nil, err
		}
		return &t.levels, nil
	}}.hashes(indexes)
}
