package packstore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"theriac/merkle"
)

// stretch is how many packs are checked at once: whole tiles.
const stretch = 128 * tileSize

// Check computes the whole batch again and returns ErrCorrupt unless every pack,
// the order of the leaves and every stored hash are as the root says. Unless
// nil, progress is called by one goroutine with the number of packs checked.
func (b *Batch) Check(ctx context.Context, progress func(done, total uint64)) error {
	f := &b.meta.Facts
	nodes := &comparer{stored: bufio.NewReaderSize(io.NewSectionReader(b.nodes, 0, storedNodes(f.Size)*int64(leafSize)), 1<<16)}
	var join joiner
	join.tree.Stored = nodes.next
	var last merkle.Hash
	worker := func() func(uint64) (checked, error) { return b.checkStretch }
	take := func(c checked) error {
		if c.from > 0 && bytes.Compare(last[:], c.first[:]) >= 0 {
			return b.unordered(c.from)
		}
		last = c.last
		join.add(c.span)
		if nodes.err != nil {
			return fmt.Errorf("in the tree over the packs %d to %d: %w", c.from, c.to, nodes.err)
		}
		if progress != nil {
			progress(c.to, f.Size)
		}
		return nil
	}
	if err := inOrder(ctx, b.stretches(), worker, take); err != nil {
		return fmt.Errorf("check batch %s: %w", f.ID, err)
	}
	root, err := merkle.RootAt(f.Size, b.newReader().hashes)
	if err == nil && root != f.Root {
		err = fmt.Errorf("%w: the root is another", ErrCorrupt)
	}
	if err != nil {
		return fmt.Errorf("check batch %s: %w", f.ID, err)
	}
	return nil
}

func (b *Batch) stretches() iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		for from := uint64(0); from < b.meta.Facts.Size; from += stretch {
			if !yield(from, nil) {
				return
			}
		}
	}
}

// checked is what is left of a stretch, which rises in itself.
type checked struct {
	span
	from, to    uint64
	first, last merkle.Hash
}

func (b *Batch) checkStretch(from uint64) (checked, error) {
	packs, err := b.read(from, min(stretch, b.meta.Facts.Size-from))
	if err != nil {
		return checked{}, err
	}
	leaves := make([]merkle.Hash, len(packs))
	for i := range packs {
		leaves[i] = packs[i].Leaf()
		if i > 0 && bytes.Compare(leaves[i-1][:], leaves[i][:]) >= 0 {
			return checked{}, b.unordered(from + uint64(i))
		}
	}
	return checked{
		span: newSpan(from, leaves), from: from, to: from + uint64(len(packs)),
		first: leaves[0], last: leaves[len(leaves)-1],
	}, nil
}

// A comparer compares the hashes that a tree stores with those of a file.
type comparer struct {
	stored io.Reader
	err    error
}

func (c *comparer) next(h merkle.Hash) {
	var at merkle.Hash
	if c.err != nil {
		return
	}
	_, err := io.ReadFull(c.stored, at[:])
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		c.err = fmt.Errorf("%w: %s ends early", ErrCorrupt, nodesFile)
	case err != nil:
		c.err = err
	case at != h:
		c.err = fmt.Errorf("%w: %s", ErrCorrupt, nodesFile)
	}
}
