package supply

import (
	"context"
	"errors"
	"fmt"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/audit"
	"theriac/refusal"
)

// ErrNoCodes is returned for the concealed code of a pack that has none.
var ErrNoCodes = refusal.New("no_codes", "the packs of this batch have no concealed codes")

// PackCodes are the marks of the concealed codes of one batch, in the order of its
// packs. The codes themselves come from the batch's secret.
type PackCodes interface {
	Root() canon.Digest
	// Prove returns the mark of the pack at an index, and its inclusion proof.
	Prove(index uint64) (mark canon.Digest, path chain.Hashes, err error)
}

// withCodes parts the progress of a release: an eighth for the packs, the rest for the
// codes, since to derive a key takes many times as long as to hash a pack.
func withCodes(progress func(done, total uint64)) (packs, codes func(done, total uint64)) {
	return func(done, total uint64) { progress(done/8, total) },
		func(done, total uint64) { progress(total/8+done-done/8, total) }
}

// makeCodes makes the concealed codes of a batch whose packs are made, or finds them
// made, and returns their root: zero if it is to have none.
func (d *Desk) makeCodes(ctx context.Context, id canon.Digest, r *api.Release, progress func(done, total uint64)) (canon.Digest, error) {
	if !r.Codes {
		return canon.Digest{}, nil
	}
	secret, err := d.secret(id)
	if err != nil {
		return canon.Digest{}, err
	}
	codes, err := d.Packs.MakeCodes(ctx, id, secret, progress)
	if err != nil {
		return canon.Digest{}, err
	}
	return codes.Root(), nil
}

// CodeLabels returns what Labels does, with the concealed codes. It is booked under a
// name of its own: who has them can redeem, before the patient does.
func (d *Desk) CodeLabels(ctx context.Context, batch canon.Digest, from, count uint64) (*Labels, error) {
	l, err := d.codeLabels(ctx, batch, from, count)
	d.record(ctx, audit.Operator, "print codes", fmt.Sprintf("%s %d+%d", batch, from, count), err)
	return l, err
}

func (d *Desk) codeLabels(ctx context.Context, batch canon.Digest, from, count uint64) (*Labels, error) {
	l, err := d.labels(ctx, batch, from, count)
	if err != nil {
		return nil, err
	}
	// Codes that the ledger does not have would warn every patient.
	if _, err := d.batchWithCodes(batch); err != nil {
		return nil, err
	}
	secret, err := d.secret(batch)
	if err != nil {
		return nil, err
	}
	l.Code = func(serial gs1.Serial) genuine.Code { return genuine.NewCode(secret[:], serial) }
	return l, nil
}

// batchWithCodes returns the record of a batch whose packs have concealed codes.
func (d *Desk) batchWithCodes(id canon.Digest) (*chain.Batch, error) {
	batch, err := state[chain.Batch](d, chain.BatchKey(id))
	if err != nil {
		return nil, err
	}
	if batch.Release.Codes.IsZero() {
		return nil, fmt.Errorf("%w: %s", ErrNoCodes, id)
	}
	return batch, nil
}

// CodePath returns the mark of a pack's concealed code and its path, of a batch of
// ours. It says nothing of the code: the mark is a hash over the key that 128 random
// bits stand for.
func (d *Desk) CodePath(ctx context.Context, batch canon.Digest, index uint64) (*api.CodePath, error) {
	if _, err := d.Works.Batch(ctx, batch); err != nil {
		return nil, err
	}
	if _, err := d.batchWithCodes(batch); err != nil {
		return nil, err
	}
	secret, err := d.secret(batch)
	if err != nil {
		return nil, err
	}
	codes, err := d.Packs.Codes(batch, secret)
	if errors.Is(err, ErrUnknown) {
		// The ledger has their root: lost codes must not look like wrong ones.
		return nil, fmt.Errorf("supply: the codes of batch %s are missing from the store", batch)
	}
	if err != nil {
		return nil, err
	}
	mark, path, err := codes.Prove(index)
	if err != nil {
		return nil, err
	}
	if path == nil {
		path = chain.Hashes{}
	}
	return &api.CodePath{Mark: mark, Path: path}, nil
}
