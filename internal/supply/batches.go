package supply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/epcis"
	"theriac/gs1"
	"theriac/internal/audit"
	"theriac/internal/ledger"
	"theriac/pedigree"
)

const kindRelease = "release batch"

// Release makes the packs of a batch and enters it on the ledger, in the
// background. id names the job; the same id starts it once.
func (d *Desk) Release(ctx context.Context, id canon.ID, r api.Release) (*Job, error) {
	if before, err := d.Job(ctx, id); !errors.Is(err, ErrUnknown) {
		return before, err
	}
	lot := chain.BatchID(d.GLN, r.GTIN, r.Lot)
	if !d.running.claim(lot) {
		return nil, fmt.Errorf("%w: lot %s is being released", ErrExists, r.Lot)
	}
	j, err := d.queueRelease(ctx, id, &r)
	if err != nil {
		d.running.unclaim(lot)
		return nil, err
	}
	// Who ordered it is known now only: after a crash nobody acts any more.
	d.record(ctx, audit.Operator, "order "+kindRelease, id.String(), nil)
	d.startRelease(*j, r)
	return j, nil
}

// queueRelease writes down the job of a release that is as it should be.
func (d *Desk) queueRelease(ctx context.Context, id canon.ID, r *api.Release) (*Job, error) {
	if err := d.mayRelease(r); err != nil {
		d.record(ctx, audit.Operator, kindRelease, id.String(), err)
		return nil, err
	}
	spec, err := canon.JSON(r)
	if err != nil {
		return nil, err
	}
	now := d.Now()
	j := Job{ID: id, Kind: kindRelease, State: Running, Total: r.Size, Spec: spec, Created: now, Updated: now}
	return &j, d.Jobs.PutJob(ctx, &j)
}

// Resume takes up the jobs and reports that a crash interrupted.
func (d *Desk) Resume(ctx context.Context) error {
	jobs, err := d.Jobs.Unfinished(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		var r api.Release
		if err := canon.DecodeJSON(j.Spec, &r); err != nil {
			return fmt.Errorf("job %s: %w", j.ID, err)
		}
		d.running.claim(chain.BatchID(d.GLN, r.GTIN, r.Lot))
		d.startRelease(j, r)
	}
	return d.resumeReports(ctx)
}

// mayRelease checks at once what would fail at the end of a long job.
func (d *Desk) mayRelease(r *api.Release) error {
	if err := (gs1.LGTIN{GTIN: r.GTIN, Lot: r.Lot}).Check(); err != nil {
		return fmt.Errorf("%w: %w", ledger.ErrBatch, err)
	}
	if _, err := pedigree.Day("expiry", r.Expiry); err != nil {
		return err
	}
	if r.Size = max(r.Size, uint64(len(r.Serials))); r.Size == 0 || len(r.Serials) > 0 && r.Size != uint64(len(r.Serials)) {
		return fmt.Errorf("%w: give a size or serial numbers", ErrRequest)
	}
	if r.Size > ledger.MaxBatch {
		return fmt.Errorf("%w: %d packs", ledger.ErrBatch, r.Size)
	}
	cert, err := state[chain.Certificate](d, chain.CertificateKey(r.Certificate))
	switch {
	case errors.Is(err, ErrUnknown):
		return fmt.Errorf("%w: no certificate %q", pedigree.ErrNotApproved, r.Certificate)
	case err != nil:
		return err
	case cert.Holder != d.GLN:
		return fmt.Errorf("%w: certificate %s is held by another", pedigree.ErrNotApproved, r.Certificate)
	case !slices.Contains(cert.GTINs, r.GTIN):
		return fmt.Errorf("%w: %s", pedigree.ErrNotCertified, r.GTIN)
	case len(r.Inputs) == 0 || len(r.Materials) == 0:
		return fmt.Errorf("%w: inputs and materials say what it was made of", ErrRequest)
	}
	if _, err := state[chain.Batch](d, chain.BatchKey(chain.BatchID(d.GLN, r.GTIN, r.Lot))); err == nil {
		return fmt.Errorf("%w: lot %s", ledger.ErrBatchExists, r.Lot)
	}
	if _, err := d.transformation(canon.ID{}, d.Now(), r); err != nil {
		return fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return d.suppliedTo(r)
}

// suppliedTo returns an error unless the supplies named brought every input.
func (d *Desk) suppliedTo(r *api.Release) error {
	anchors, err := d.anchors(r.Materials)
	if err != nil {
		return err
	}
	for _, in := range r.Inputs {
		if !slices.ContainsFunc(anchors, func(a chain.Anchor) bool { return slices.Contains(a.Lots, in) }) {
			return fmt.Errorf("%w: %s", ledger.ErrMaterial, in)
		}
	}
	return nil
}

func (d *Desk) startRelease(j Job, r api.Release) {
	d.running.announce(j.ID, api.Batch{
		ID: chain.BatchID(d.GLN, r.GTIN, r.Lot), GTIN: r.GTIN, Lot: r.Lot, Expiry: r.Expiry, Size: r.Size,
		Certificate: r.Certificate, Status: releasing,
	})
	d.start(j, func(ctx context.Context, progress func(done, total uint64)) (string, error) {
		defer d.running.unclaim(chain.BatchID(d.GLN, r.GTIN, r.Lot))
		return d.release(ctx, j, r, progress)
	})
}

// release makes the packs, keeps the batch, and enters it. Each step finds what
// it did before a crash.
func (d *Desk) release(ctx context.Context, j Job, r api.Release, progress func(done, total uint64)) (string, error) {
	id := chain.BatchID(d.GLN, r.GTIN, r.Lot)
	event, err := d.transformation(j.ID, j.Created, &r)
	if err != nil {
		return "", err
	}
	first, then := progress, progress
	if r.Codes {
		first, then = withCodes(progress)
	}
	packs, err := d.makePacks(ctx, BatchSpec{
		ID: id, GTIN: r.GTIN, Lot: r.Lot, Expiry: r.Expiry, Size: r.Size, Serials: r.Serials,
	}, first)
	if err != nil {
		return "", err
	}
	codes, err := d.makeCodes(ctx, id, &r, then)
	if err != nil {
		return "", err
	}
	if err := d.enter(ctx, j.ID, chain.BatchRelease{
		GTIN: r.GTIN, Lot: r.Lot, Expiry: r.Expiry, Size: packs.Size(), Root: packs.Root(),
		Certificate: r.Certificate, Transformation: canon.Sum(event), Materials: r.Materials, Initial: chain.UnitActive, Codes: codes,
	}); err != nil {
		return "", err
	}
	if err := d.Lists.PutHolding(ctx, id); err != nil {
		return "", err
	}
	return id.String(), d.Works.PutBatch(ctx, &Batch{
		ID: id, GTIN: r.GTIN, Lot: r.Lot, Expiry: r.Expiry, Size: packs.Size(),
		Certificate: r.Certificate, Transformation: event, Created: j.Created,
	})
}

// transformation returns the event that turned material into the batch.
func (d *Desk) transformation(id canon.ID, at time.Time, r *api.Release) ([]byte, error) {
	return epcis.NewTransformation(epcis.Transformation{
		ID: "urn:uuid:" + uuid(id), Time: at, Offset: "+00:00", ReadPoint: r.Site,
		Inputs: r.Inputs, Output: gs1.LGTIN{GTIN: r.GTIN, Lot: r.Lot},
	})
}

// enter enters a batch on the ledger. It does not give up before the ledger has
// answered: of a batch whose fate is unknown the packs could neither be kept nor
// removed. Those of a batch that was refused are removed, so that its lot can be
// released yet.
func (d *Desk) enter(ctx context.Context, job canon.ID, r chain.BatchRelease) error {
	for {
		_, err := d.Submit(ctx, chain.KindBatch, job, r)
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case !errors.Is(err, ErrBusy):
			return errors.Join(err, d.discard(chain.BatchID(d.GLN, r.GTIN, r.Lot)))
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// again is how long after a failed attempt a job tries again.
const again = time.Second

// discard removes the packs of a batch, unless the ledger has it.
func (d *Desk) discard(id canon.Digest) error {
	_, err := state[chain.Batch](d, chain.BatchKey(id))
	if errors.Is(err, ErrUnknown) {
		return d.Packs.Remove(id)
	}
	return err
}

// makePacks makes the packs of a batch, or finds them made. What an earlier
// attempt left that was to be another batch of the same lot is made anew. Who
// calls it has claimed the lot.
func (d *Desk) makePacks(ctx context.Context, s BatchSpec, progress func(done, total uint64)) (PackBatch, error) {
	var err error
	if s.Secret, err = d.secret(s.ID); err != nil {
		return nil, err
	}
	b, err := d.Packs.Open(s.ID, s.Secret)
	switch {
	case err == nil:
		if same, err := s.made(b); same || err != nil {
			return b, err
		}
		if _, err := state[chain.Batch](d, chain.BatchKey(s.ID)); !errors.Is(err, ErrUnknown) {
			return nil, errors.Join(fmt.Errorf("%w: lot %s", ledger.ErrBatchExists, s.Lot), err)
		}
		if err := d.Packs.Remove(s.ID); err != nil {
			return nil, err
		}
	case !errors.Is(err, ErrUnknown):
		return nil, err
	}
	return d.Packs.Build(ctx, s, progress)
}

// made reports whether packs are those that the spec asks for.
func (s *BatchSpec) made(b PackBatch) (bool, error) {
	if b.Size() != s.Size {
		return false, nil
	}
	if first, err := b.Pack(0); err != nil || first.Expiry != s.Expiry {
		return false, err
	}
	for _, serial := range s.Serials {
		if _, _, err := b.Find(serial); errors.Is(err, ErrUnknown) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return true, nil
}

func (d *Desk) openPacks(id canon.Digest) (PackBatch, error) {
	secret, err := d.secret(id)
	if err != nil {
		return nil, err
	}
	return d.Packs.Open(id, secret)
}

func (d *Desk) secret(id canon.Digest) (pedigree.BatchSecret, error) {
	master, err := d.Keys.Secret()
	if err != nil {
		return pedigree.BatchSecret{}, err
	}
	return pedigree.NewBatchSecret(master, id), nil
}

// Printed returns what is printed on packs of a batch of ours. It is booked, as labels
// are: who knows the serial numbers can make packs look genuine.
func (d *Desk) Printed(ctx context.Context, batch canon.Digest, from, limit uint64) ([]api.Printed, error) {
	out, err := d.printed(ctx, batch, from, limit)
	d.record(ctx, audit.Operator, "list packs", fmt.Sprintf("%s %d+%d", batch, from, limit), err)
	return out, err
}

func (d *Desk) printed(ctx context.Context, batch canon.Digest, from, limit uint64) ([]api.Printed, error) {
	if _, err := d.Works.Batch(ctx, batch); err != nil {
		return nil, err
	}
	packs, err := d.openPacks(batch)
	if err != nil {
		return nil, err
	}
	out := []api.Printed{}
	for i := from; i < packs.Size() && i-from < limit; i++ {
		p, err := packs.Pack(i)
		if err != nil {
			return nil, err
		}
		code, err := gs1.Identifier{GTIN: p.GTIN, Serial: p.Serial, Lot: p.Lot, Expiry: gs1.Date(p.Expiry)}.Bracketed()
		if err != nil {
			return nil, err
		}
		out = append(out, api.Printed{Index: i, Code: code})
	}
	return out, nil
}

// uuid writes 128 bits as RFC 9562 does.
func uuid(id canon.ID) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
