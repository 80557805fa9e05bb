package supply_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/supply"
	"theriac/merkle"
	"theriac/pedigree"
)

// packs keep packs in memory, as package packstore does on disk.
type packs struct {
	mu      sync.Mutex
	batches map[canon.Digest]*made
	builds  int
	// during, if set, is called in the middle of every build.
	during func(ctx context.Context, s *supply.BatchSpec, progress func(done, total uint64)) error
	// coding, if set, is called before codes are made.
	coding func(ctx context.Context) error
}

func newPacks() *packs { return &packs{batches: map[canon.Digest]*made{}} }

func (p *packs) Build(ctx context.Context, s supply.BatchSpec, progress func(done, total uint64)) (supply.PackBatch, error) {
	if p.during != nil {
		if err := p.during(ctx, &s, progress); err != nil {
			return nil, err
		}
	}
	b := &made{}
	for i := range s.Size {
		serial := gs1.Serial(fmt.Sprintf("R%08d", i))
		if len(s.Serials) > 0 {
			serial = s.Serials[i]
		}
		b.packs = append(b.packs, pedigree.Pack{Expiry: s.Expiry, GTIN: s.GTIN, Lot: s.Lot, Salt: s.Secret.Salt(string(serial)), Serial: serial})
	}
	slices.SortFunc(b.packs, func(x, y pedigree.Pack) int {
		l, m := x.Leaf(), y.Leaf()
		return bytes.Compare(l[:], m[:])
	})
	tree := merkle.Builder{Stored: func(h merkle.Hash) { b.stored = append(b.stored, h) }}
	for i := range b.packs {
		tree.Append(b.packs[i].Leaf())
	}
	b.root = tree.Root()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.batches[s.ID] != nil {
		return nil, fmt.Errorf("batch %s is there", s.ID)
	}
	p.batches[s.ID] = b
	p.builds++
	return b, nil
}

func (p *packs) Open(id canon.Digest, _ pedigree.BatchSecret) (supply.PackBatch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := p.batches[id]; b != nil {
		return b, nil
	}
	return nil, supply.ErrUnknown
}

func (p *packs) Remove(id canon.Digest) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.batches, id)
	return nil
}

func (p *packs) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.batches)
}

// made is a batch of packs.
type made struct {
	packs  []pedigree.Pack
	stored []merkle.Hash
	root   merkle.Hash
	codes  codes
}

func (b *made) Root() canon.Digest { return canon.Digest(b.root) }
func (b *made) Size() uint64       { return uint64(len(b.packs)) }

func (b *made) Find(serial gs1.Serial) (uint64, pedigree.Pack, error) {
	i := slices.IndexFunc(b.packs, func(p pedigree.Pack) bool { return p.Serial == serial })
	if i < 0 {
		return 0, pedigree.Pack{}, supply.ErrUnknown
	}
	return uint64(i), b.packs[i], nil
}

func (b *made) Pack(index uint64) (pedigree.Pack, error) {
	if index >= b.Size() {
		return pedigree.Pack{}, supply.ErrUnknown
	}
	return b.packs[index], nil
}

func (b *made) Prove(index uint64) (chain.Hashes, error) {
	return merkle.Prove(b.Size(), index, func(at []int64) ([]merkle.Hash, error) {
		out := make([]merkle.Hash, len(at))
		for i, x := range at {
			out[i] = b.stored[x]
		}
		return out, nil
	})
}

func (p *packs) MakeCodes(ctx context.Context, id canon.Digest, secret pedigree.BatchSecret, progress func(done, total uint64)) (supply.PackCodes, error) {
	if p.coding != nil {
		if err := p.coding(ctx); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.batches[id]
	if b == nil {
		return nil, supply.ErrUnknown
	}
	for i := range b.packs {
		pack := gs1.SGTIN{GTIN: b.packs[i].GTIN, Serial: b.packs[i].Serial}
		v, err := genuine.NewCode(secret[:], pack.Serial).Verification(pack)
		if err != nil {
			return nil, err
		}
		if len(b.codes) < len(b.packs) {
			b.codes = append(b.codes, chain.MarkLeaf(v))
		}
		progress(uint64(i+1), b.Size())
	}
	return b.codes, nil
}

func (p *packs) Codes(id canon.Digest, _ pedigree.BatchSecret) (supply.PackCodes, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := p.batches[id]; b != nil && b.codes != nil {
		return b.codes, nil
	}
	return nil, supply.ErrUnknown
}

// codes are the marks of a batch.
type codes chain.Hashes

func (c codes) Root() canon.Digest { return canon.Digest(merkle.Root(c)) }

func (c codes) Prove(index uint64) (canon.Digest, chain.Hashes, error) {
	if index >= uint64(len(c)) {
		return canon.Digest{}, nil, supply.ErrUnknown
	}
	path, err := genuine.MarkPath(chain.Hashes(c), index)
	return canon.Digest(c[index]), path, err
}
