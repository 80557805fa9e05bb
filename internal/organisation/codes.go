package organisation

import (
	"context"
	"errors"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/packstore"
	"theriac/internal/supply"
	"theriac/pedigree"
)

// CodePath implements supply.Post.
func (p post) CodePath(ctx context.Context, endpoint string, batch canon.Digest, index uint64) (*api.CodePath, error) {
	c, err := p.client(endpoint)
	if err != nil {
		return nil, err
	}
	return c.CodePath(ctx, batch, index)
}

// MakeCodes implements supply.Packs.
func (p *packs) MakeCodes(ctx context.Context, id canon.Digest, secret pedigree.BatchSecret, progress func(done, total uint64)) (supply.PackCodes, error) {
	return p.withCodes(id, secret, func(b *packstore.Batch) (*packstore.Codes, error) { return p.store.MakeCodes(ctx, b, progress) })
}

// Codes implements supply.Packs.
func (p *packs) Codes(id canon.Digest, secret pedigree.BatchSecret) (supply.PackCodes, error) {
	return p.withCodes(id, secret, p.store.Codes)
}

// withCodes returns the codes of a batch, which stay open as batches do.
func (p *packs) withCodes(id canon.Digest, secret pedigree.BatchSecret, open func(*packstore.Batch) (*packstore.Codes, error)) (supply.PackCodes, error) {
	if c, ok := p.codes.Get(id); ok {
		return packCodes{c}, nil
	}
	b, err := p.opened(id, secret)
	if err != nil {
		return nil, err
	}
	c, err := open(b)
	if err != nil {
		return nil, unknown(err)
	}
	p.codes.Add(id, c)
	return packCodes{c}, nil
}

// closeCodes closes what is open.
func (p *packs) closeCodes() error {
	var errs []error
	for _, c := range p.codes.Values() {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// packCodes are the codes of the pack store as desks see them.
type packCodes struct{ *packstore.Codes }

// Root implements supply.PackCodes.
func (c packCodes) Root() canon.Digest { return canon.Digest(c.Codes.Root()) }

// Prove implements supply.PackCodes.
func (c packCodes) Prove(index uint64) (canon.Digest, chain.Hashes, error) {
	mark, path, err := c.Codes.Prove(index)
	return canon.Digest(mark), path, unknown(err)
}
