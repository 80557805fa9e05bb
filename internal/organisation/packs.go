package organisation

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/bits"

	"github.com/hashicorp/golang-lru/v2"

	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/packstore"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// openBatches is how many batches stay open.
const openBatches = 64

// packs is the pack store as desks see it.
type packs struct {
	store *packstore.Store
	// open are the batches last asked for. One that drops out may be in use
	// still: its files close when nobody holds it (os.File).
	open  *lru.Cache[canon.Digest, *packstore.Batch]
	codes *lru.Cache[canon.Digest, *packstore.Codes]
}

func openPacks(dir string) (*packs, error) {
	open, err := lru.New[canon.Digest, *packstore.Batch](openBatches)
	if err != nil {
		return nil, err
	}
	codes, err := lru.New[canon.Digest, *packstore.Codes](openBatches)
	if err != nil {
		return nil, err
	}
	store, err := packstore.Open(dir)
	if err != nil {
		return nil, err
	}
	return &packs{store, open, codes}, nil
}

func (p *packs) close() error {
	errs := []error{p.store.Close(), p.closeCodes()}
	for _, b := range p.open.Values() {
		errs = append(errs, b.Close())
	}
	return errors.Join(errs...)
}

// Build implements supply.Packs.
func (p *packs) Build(ctx context.Context, s supply.BatchSpec, progress func(done, total uint64)) (supply.PackBatch, error) {
	spec := packstore.Spec{ID: s.ID, GTIN: s.GTIN, Lot: s.Lot, Expiry: s.Expiry, Secret: s.Secret, Size: s.Size}
	if len(s.Serials) > 0 {
		spec.Serials, spec.Size = each(s.Serials), uint64(len(s.Serials))
	}
	size := spec.Size
	b, err := p.store.Build(ctx, spec, func(done, total uint64) {
		if progress != nil {
			progress(scale(done, total, size), size)
		}
	})
	if err != nil {
		return nil, err
	}
	p.open.Add(s.ID, b)
	return packBatch{b}, nil
}

// scale turns steps of the store's work, of which a pack takes several, into packs.
// The product of the two would not fit where a batch is large.
func scale(done, total, size uint64) uint64 {
	total = max(total, 1)
	high, low := bits.Mul64(min(done, total), size)
	packs, _ := bits.Div64(high, low, total)
	return packs
}

func each(serials []gs1.Serial) iter.Seq2[gs1.Serial, error] {
	return func(yield func(gs1.Serial, error) bool) {
		for _, s := range serials {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// Open implements supply.Packs.
func (p *packs) Open(id canon.Digest, secret pedigree.BatchSecret) (supply.PackBatch, error) {
	b, err := p.opened(id, secret)
	if err != nil {
		return nil, err
	}
	return packBatch{b}, nil
}

func (p *packs) opened(id canon.Digest, secret pedigree.BatchSecret) (*packstore.Batch, error) {
	if b, ok := p.open.Get(id); ok {
		return b, nil
	}
	b, err := p.store.Batch(id, secret)
	if err != nil {
		return nil, unknown(err)
	}
	p.open.Add(id, b)
	return b, nil
}

// Remove implements supply.Packs.
func (p *packs) Remove(id canon.Digest) error {
	p.open.Remove(id)
	p.codes.Remove(id)
	return p.store.Remove(id)
}

// packBatch is a batch of the pack store as desks see it.
type packBatch struct{ *packstore.Batch }

// Root implements supply.PackBatch.
func (b packBatch) Root() canon.Digest { return canon.Digest(b.Facts().Root) }

// Size implements supply.PackBatch.
func (b packBatch) Size() uint64 { return b.Facts().Size }

// Find implements supply.PackBatch.
func (b packBatch) Find(serial gs1.Serial) (uint64, pedigree.Pack, error) {
	index, pack, err := b.Batch.Find(serial)
	return index, pack, unknown(err)
}

// Pack implements supply.PackBatch.
func (b packBatch) Pack(index uint64) (pedigree.Pack, error) {
	pack, err := b.Batch.Pack(index)
	return pack, unknown(err)
}

// Prove implements supply.PackBatch.
func (b packBatch) Prove(index uint64) (chain.Hashes, error) {
	proof, err := b.Batch.Prove(index)
	return proof, unknown(err)
}

// unknown gives an error of the store the name by which desks know it.
func unknown(err error) error {
	if errors.Is(err, packstore.ErrNotFound) {
		return fmt.Errorf("%w: %w", supply.ErrUnknown, err)
	}
	return err
}
