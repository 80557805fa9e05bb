package supply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/merkle"
	"theriac/refusal"
)

// ErrRegistrar is returned while who registered a thing does not show its mark.
var ErrRegistrar = refusal.New("registrar_unreachable", "who registered the thing does not answer now; try again")

// What strangers may have us ask of registrars, who count us as one caller: our own
// identifications must not wait for theirs.
const (
	relaysPerSecond = 5
	relaysAtOnce    = 50
)

// answering is how long a registrar may take for a mark, which it looks up.
const answering = 15 * time.Second

// Mark returns a mark of anybody's registration with its path to the root, and whether
// it was verified, by our own ledger. Anybody may ask.
func (d *Desk) Mark(ctx context.Context, id canon.Digest, index uint64) (*api.Mark, error) {
	r, err := d.registered(id)
	if err != nil {
		return nil, err
	}
	if r.From != d.GLN && !d.relays.AllowN(d.Now(), 1) {
		return nil, ErrMany
	}
	return d.mark(ctx, id, r, index)
}

func (d *Desk) mark(ctx context.Context, id canon.Digest, r *chain.Registration, index uint64) (*api.Mark, error) {
	if size := r.Terms.Size(); index >= size {
		return nil, fmt.Errorf("%w: mark %d of %d", ErrUnknown, index, size)
	}
	out, err := d.proven(ctx, id, r, index)
	if err != nil {
		return nil, err
	}
	out.Verified, out.Device = 0, canon.Digest{}
	switch mark, err := state[chain.Mark](d, chain.MarkKey(id, index)); {
	case err == nil:
		out.Verified, out.Device = mark.At, mark.Device
	case !errors.Is(err, ErrUnknown):
		return nil, err
	}
	return out, nil
}

// proven returns a mark with a path that leads to the root: our own, or as its
// registrar shows it.
func (d *Desk) proven(ctx context.Context, id canon.Digest, r *chain.Registration, index uint64) (*api.Mark, error) {
	if r.From == d.GLN {
		return d.ownMark(ctx, id, index)
	}
	from, err := d.Member(r.From)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	m, err := d.Post.Mark(ctx, from.Endpoint, id, index)
	if err == nil {
		err = merkle.VerifyInclusion(merkle.Hash(m.Leaf), index, r.Terms.Size(), m.Path, merkle.Hash(r.Terms.Root))
	}
	if err != nil {
		// Whatever it answers, a code of its choice too, says nothing of the thing.
		d.Log.Info("mark: no answer", "registrar", r.From, "err", err)
		return nil, fmt.Errorf("%w: %s", ErrRegistrar, r.From)
	}
	return m, nil
}

func (d *Desk) ownMark(ctx context.Context, id canon.Digest, index uint64) (*api.Mark, error) {
	part, at := index/PartMarks, index%PartMarks
	leaves, roots, err := d.Registrations.Marks(ctx, id, part)
	if err != nil {
		return nil, err
	}
	path, err := genuine.MarkPath(leaves, at)
	if err != nil {
		return nil, err
	}
	upper, err := genuine.MarkPath(roots, part)
	if err != nil {
		return nil, err
	}
	return &api.Mark{Leaf: canon.Digest(leaves[at]), Path: append(append(chain.Hashes{}, path...), upper...)}, nil
}
