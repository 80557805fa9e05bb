package supply

import (
	"context"
	"fmt"
	"iter"

	"theriac/canon"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/audit"
	"theriac/refusal"
)

// MaxLabels is how many labels are printed at a time.
const MaxLabels = 5000

var (
	// ErrLabels is returned for a range of packs that is not printed.
	ErrLabels = refusal.New("label_count", "at a time, 1 to 5000 labels are printed, of packs that the batch has")
	// ErrNotMade is returned for labels of somebody else's packs.
	ErrNotMade = refusal.New("not_the_maker", "only who made a batch prints its labels")
)

// Labels are what is printed on a range of packs.
type Labels struct {
	Product string // name and strength, as the certificate has them
	Server  string // address of the organisation, as the ledger has it
	Packs   iter.Seq2[gs1.Identifier, error]
	// Code returns the concealed code of a pack; nil: none are printed.
	Code func(gs1.Serial) genuine.Code
}

// Labels returns what is printed on count packs of a batch of ours, from a place on. It
// is booked: who has the labels can make packs look genuine.
func (d *Desk) Labels(ctx context.Context, batch canon.Digest, from, count uint64) (*Labels, error) {
	l, err := d.labels(ctx, batch, from, count)
	d.record(ctx, audit.Operator, "print labels", fmt.Sprintf("%s %d+%d", batch, from, count), err)
	return l, err
}

func (d *Desk) labels(ctx context.Context, batch canon.Digest, from, count uint64) (*Labels, error) {
	b, err := d.Works.Batch(ctx, batch)
	if err != nil {
		return nil, err
	}
	if b.Certificate == "" {
		return nil, fmt.Errorf("%w: %s was captured", ErrNotMade, batch)
	}
	packs, err := d.openPacks(batch)
	if err != nil {
		return nil, err
	}
	if size := packs.Size(); count == 0 || count > MaxLabels || from >= size || count > size-from {
		return nil, fmt.Errorf("%w: %d from %d, of %d", ErrLabels, count, from, size)
	}
	product, err := d.productName(b.Certificate)
	if err != nil {
		return nil, err
	}
	server, err := d.Server()
	if err != nil {
		return nil, err
	}
	return &Labels{Product: product, Server: server, Packs: func(yield func(gs1.Identifier, error) bool) {
		for i := from; i < from+count; i++ {
			p, err := packs.Pack(i)
			if err == nil {
				err = ctx.Err()
			}
			id := gs1.Identifier{GTIN: p.GTIN, Serial: p.Serial, Lot: p.Lot, Expiry: gs1.Date(p.Expiry)}
			if !yield(id, err) || err != nil {
				return
			}
		}
	}}, nil
}

// Server returns the address of the organisation, as the ledger has it: where
// Digital Links on its labels lead.
func (d *Desk) Server() (string, error) {
	self, err := d.Member(d.GLN)
	if err != nil {
		return "", err
	}
	return self.Endpoint, nil
}
