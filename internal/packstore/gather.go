package packstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"

	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/merkle"
	"theriac/pedigree"
)

// blockSize is how many serial numbers are handed over at once.
const blockSize = 4096

// A block is a run of serial numbers, given or to be made.
type block struct {
	count int
	given []gs1.Serial // nil: to be made
	first uint64       // place of the first among those given, from 1
}

// gather hashes all serial numbers, on all cores, and scatters them.
func (b *builder) gather(ctx context.Context, to *scatter) error {
	worker := func() func(block) (int, error) {
		h := &hasher{spec: b.spec, to: to}
		return func(bl block) (int, error) {
			width, err := h.block(bl)
			if err == nil {
				b.steps.add(uint64(bl.count))
			}
			return width, err
		}
	}
	take := func(width int) error { b.width = max(b.width, width); return nil }
	return inOrder(ctx, b.blocks(), worker, take)
}

// blocks cuts the serial numbers into blocks.
func (b *builder) blocks() iter.Seq2[block, error] {
	if b.spec.Serials != nil {
		return b.givenBlocks
	}
	return func(yield func(block, error) bool) {
		for left := b.spec.Size; left > 0; {
			n := min(left, blockSize)
			left -= n
			if !yield(block{count: int(n)}, nil) {
				return
			}
		}
	}
}

func (b *builder) givenBlocks(yield func(block, error) bool) {
	limit := b.spec.Size
	if limit == 0 {
		limit = ledger.MaxBatch
	}
	bl, n := block{first: 1}, uint64(0)
	for serial, err := range b.spec.Serials {
		if n++; err == nil && n > limit {
			err = fmt.Errorf("%w: over %d serial numbers came", ErrSpec, limit)
		}
		if err != nil {
			yield(block{}, err)
			return
		}
		bl.given = append(bl.given, serial)
		if bl.count++; bl.count == blockSize {
			if !yield(bl, nil) {
				return
			}
			bl = block{first: n + 1, given: make([]gs1.Serial, 0, blockSize)}
		}
	}
	if bl.count > 0 {
		yield(bl, nil)
	}
}

// A hasher makes leaves of blocks. Each goroutine has one, for its memory.
type hasher struct {
	spec *Spec
	to   *scatter

	made   []gs1.Serial
	random []byte
	leaves []merkle.Hash
	deal   deal
}

// block scatters a block and returns the length of its longest serial number.
func (h *hasher) block(bl block) (width int, err error) {
	serials := bl.given
	if serials == nil {
		serials = h.make(bl.count)
	}
	h.leaves = h.leaves[:0]
	facts := Facts{GTIN: h.spec.GTIN, Lot: h.spec.Lot, Expiry: h.spec.Expiry}
	for i, serial := range serials {
		if bl.given != nil {
			if err := serial.Check(); err != nil {
				return 0, fmt.Errorf("serial number %d: %w", bl.first+uint64(i), err)
			}
		}
		width = max(width, len(serial))
		p := facts.pack(serial, &h.spec.Secret)
		h.leaves = append(h.leaves, p.Leaf())
	}
	return width, h.to.add(&h.deal, h.leaves, serials)
}

// make makes serial numbers from random bits that were read together.
func (h *hasher) make(n int) []gs1.Serial {
	if h.random == nil {
		h.random = make([]byte, blockSize*pedigree.SerialEntropy)
	}
	random := h.random[:n*pedigree.SerialEntropy]
	_, _ = rand.Read(random) // it never fails
	h.made = h.made[:0]
	for ; len(random) > 0; random = random[pedigree.SerialEntropy:] {
		h.made = append(h.made, gs1.Serial(pedigree.Serial([pedigree.SerialEntropy]byte(random))))
	}
	return h.made
}
