package supply

import (
	"context"
	"errors"
	"fmt"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/epcis"
	"theriac/internal/audit"
	"theriac/internal/ledger"
)

// Capture takes an EPCIS document: it is read whole, its digest is anchored, its
// exact bytes are kept, and the lots that it commissions become batches without a
// certificate. A document that was captured before is found, not taken twice; one
// that a crash interrupted is taken up where it was.
func (d *Desk) Capture(ctx context.Context, raw []byte) (*api.Capture, error) {
	c, err := d.capture(ctx, raw)
	if !errors.Is(err, ErrBusy) {
		d.record(ctx, audit.Operator, "capture", canon.Sum(raw).String(), err)
	}
	return c, err
}

func (d *Desk) capture(ctx context.Context, raw []byte) (*api.Capture, error) {
	end, err := d.read(ctx, len(raw))
	if err != nil {
		return nil, err
	}
	defer end()
	doc, err := epcis.Parse(raw)
	if err != nil {
		return nil, err
	}
	lots, err := epcis.Commissioned(doc)
	if err != nil {
		return nil, err
	}
	if err := d.mayCapture(lots); err != nil {
		return nil, err
	}
	done, err := d.anchorDocument(ctx, doc)
	if err != nil {
		return nil, err
	}
	// Before its batches, of which none may be without its document.
	err = d.Documents.PutDocument(ctx, &Document{
		Digest: doc.Digest, Media: doc.Media, Bytes: raw, Created: d.Now(),
		Index: done.Index, Height: done.Height, Time: done.Time,
	}, mentions(doc))
	if err != nil && !errors.Is(err, ErrExists) {
		return nil, err
	}
	out := &api.Capture{
		Batches: []canon.Digest{}, Digest: doc.Digest, Events: len(doc.Events),
		Height: done.Height, Index: done.Index, Time: done.Time,
	}
	for i := range lots {
		id, err := d.captureLot(ctx, doc.Digest, &lots[i])
		// The lot may stand in an earlier document; then that one shows it.
		if errors.Is(err, ledger.ErrBatchExists) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("lot %s: %w", lots[i].Lot, err)
		}
		out.Batches = append(out.Batches, id)
	}
	return out, nil
}

// read takes the memory that reading a document costs, many times its size, and
// gives it back by end. Together, the documents that are read at one time are no
// more than the largest that is taken.
func (d *Desk) read(ctx context.Context, size int) (end func(), err error) {
	if size > epcis.MaxSize {
		return nil, fmt.Errorf("document of %d bytes: %w", size, epcis.ErrTooLarge)
	}
	n := max(int64(size), epcis.MaxSize/256)
	if err := d.reading.Acquire(ctx, n); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return func() { d.reading.Release(n) }, nil
}

// mayCapture returns the refusal of a document of which the ledger would refuse a
// lot, before any of it is anchored.
func (d *Desk) mayCapture(lots []epcis.Lot) error {
	for i := range lots {
		l := &lots[i]
		_, err := state[chain.Batch](d, chain.BatchKey(chain.BatchID(d.GLN, l.GTIN, l.Lot)))
		if err == nil {
			continue // captured before, from this document or another
		}
		if !errors.Is(err, ErrUnknown) {
			return err
		}
		p, err := state[chain.Product](d, chain.ProductKey(l.GTIN))
		if err == nil && p.Holder != d.GLN {
			return fmt.Errorf("lot %s: %w: %s", l.Lot, ledger.ErrProductTaken, l.GTIN)
		}
		if err != nil && !errors.Is(err, ErrUnknown) {
			return err
		}
	}
	return nil
}

// named returns the id of an operation that follows from what it is about, so
// that it is the same one after a crash.
func named(what string, parts ...[]byte) canon.ID {
	h := canon.Hash("theriac/operation-of/1", append([][]byte{[]byte(what)}, parts...)...)
	return canon.ID(h[:16])
}

func (d *Desk) anchorDocument(ctx context.Context, doc *epcis.Document) (*api.Done, error) {
	return d.Submit(ctx, chain.KindEvidence, named("capture", doc.Digest[:]), chain.Evidence{Digest: doc.Digest, Media: doc.Media})
}

// captureLot makes a batch of a lot that a document commissions.
func (d *Desk) captureLot(ctx context.Context, doc canon.Digest, l *epcis.Lot) (canon.Digest, error) {
	id := chain.BatchID(d.GLN, l.GTIN, l.Lot)
	spec := BatchSpec{ID: id, GTIN: l.GTIN, Lot: l.Lot, Expiry: string(l.Expiry), Size: uint64(len(l.Packs))}
	for _, p := range l.Packs {
		spec.Serials = append(spec.Serials, p.Serial)
	}
	if !d.running.claim(id) {
		return id, fmt.Errorf("%w: lot %s is being released", ErrBusy, l.Lot)
	}
	defer d.running.unclaim(id)
	if b, err := state[chain.Batch](d, chain.BatchKey(id)); err == nil && b.Release.Evidence != doc {
		return id, ledger.ErrBatchExists
	}
	packs, err := d.makePacks(ctx, spec, nil)
	if err != nil {
		return id, err
	}
	_, err = d.Submit(ctx, chain.KindBatch, named("captured batch", doc[:], id[:]), chain.BatchRelease{
		GTIN: l.GTIN, Lot: l.Lot, Expiry: spec.Expiry, Size: packs.Size(), Root: packs.Root(),
		Initial: chain.UnitActive, Evidence: doc,
	})
	if err != nil && !errors.Is(err, ErrBusy) {
		err = errors.Join(err, d.discard(id))
	}
	if err != nil {
		return id, err
	}
	return id, d.Works.PutBatch(ctx, &Batch{
		ID: id, GTIN: l.GTIN, Lot: l.Lot, Expiry: spec.Expiry, Size: packs.Size(), Document: doc, Created: d.Now(),
	})
}

func mentions(doc *epcis.Document) []Mention {
	var out []Mention
	seen := map[Mention]bool{}
	for i := range doc.Events {
		for id := range doc.Events[i].Identifiers() {
			m := Mention{Identifier: id.ID, Event: doc.Events[i].Number, Role: string(id.Role)}
			if !seen[m] {
				seen[m] = true
				out = append(out, m)
			}
		}
	}
	return out
}
