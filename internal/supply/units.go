package supply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/audit"
	"theriac/internal/ledger"
	"theriac/merkle"
	"theriac/refusal"
)

// ErrMaker is returned while who made a pack does not say what opens it.
var ErrMaker = refusal.New("maker_unreachable", "who made the pack does not answer now; try again")

// A Move takes packs of one batch from one state to another: packs that were
// scanned, or ranges in the organisation's custody.
type Move struct {
	Packs  []gs1.Identifier // scanned; all of one batch
	Batch  canon.Digest     // of the ranges
	Ranges []chain.Range
	From   chain.UnitState
	To     chain.UnitState
}

// Move makes a transition on the ledger, of all packs or of none. A second
// dispense is ledger.ErrDispensed with the id of the alert in Done.
func (d *Desk) Move(ctx context.Context, id canon.ID, m Move) (*api.Done, error) {
	arg, err := d.units(ctx, &m)
	var done *api.Done
	if err == nil {
		done, err = d.Submit(ctx, chain.KindUnits, id, *arg)
	}
	if !errors.Is(err, ErrBusy) {
		d.record(ctx, audit.Operator, fmt.Sprintf("%s to %s", m.From, m.To), id.String(), err)
	}
	return done, err
}

func (d *Desk) units(ctx context.Context, m *Move) (*chain.Units, error) {
	arg := &chain.Units{Batch: m.Batch, From: m.From, To: m.To, Ranges: m.Ranges}
	switch {
	case len(m.Packs) > 0 && len(m.Ranges) > 0, len(m.Packs) == 0 && len(m.Ranges) == 0:
		return nil, fmt.Errorf("%w: name packs or ranges", ErrRequest)
	case len(m.Ranges) > 0:
		return arg, nil
	}
	var shown []*api.Opening
	for _, id := range m.Packs {
		o, err := d.Opening(ctx, id)
		if err != nil {
			return nil, err
		}
		shown = append(shown, o)
	}
	slices.SortFunc(shown, func(a, b *api.Opening) int { return cmp.Compare(a.Pack.Index, b.Pack.Index) })
	arg.Batch = shown[0].Batch
	batch, err := state[chain.Batch](d, chain.BatchKey(arg.Batch))
	if err != nil {
		return nil, err
	}
	paths := make([][]merkle.Hash, len(shown))
	var leaves []merkle.Hash
	for i, o := range shown {
		if o.Batch != arg.Batch {
			return nil, fmt.Errorf("%w: the packs are of more than one batch", ErrRequest)
		}
		if i > 0 && o.Pack.Index == shown[i-1].Pack.Index {
			return nil, fmt.Errorf("%w: a pack is named twice", ErrRequest)
		}
		arg.Indexes = append(arg.Indexes, o.Pack.Index)
		arg.Packs = append(arg.Packs, o.Pack.Pack.Digest())
		leaves = append(leaves, o.Pack.Pack.Leaf())
		paths[i] = o.Pack.Path
	}
	arg.Proof, err = merkle.Join(batch.Release.Size, arg.Indexes, leaves, paths)
	return arg, err
}

// Undo takes a transition of the organisation's back.
func (d *Desk) Undo(ctx context.Context, id canon.ID, op canon.Digest, at int64, packs []chain.Range) (*api.Done, error) {
	done, err := d.Submit(ctx, chain.KindUndo, id, chain.Undo{Operation: op, At: at, Units: packs})
	if !errors.Is(err, ErrBusy) {
		d.record(ctx, audit.Operator, "undo", op.String(), err)
	}
	return done, err
}

// Recall sets the status of a batch, or of a product if gtin is set.
func (d *Desk) Recall(ctx context.Context, id canon.ID, r chain.Recall) (*api.Done, error) {
	done, err := d.Submit(ctx, chain.KindRecall, id, r)
	if !errors.Is(err, ErrBusy) {
		d.record(ctx, audit.Operator, r.Status.String(), r.Batch.String()+" "+string(r.GTIN), err)
	}
	return done, err
}

// CertificateStatus suspends, revokes or reinstates a certificate of ours.
func (d *Desk) CertificateStatus(ctx context.Context, id canon.ID, c chain.CertificateChange) (*api.Done, error) {
	done, err := d.Submit(ctx, chain.KindCertificate, id, c)
	if !errors.Is(err, ErrBusy) {
		d.record(ctx, audit.Operator, "certificate status", c.Number, err)
	}
	return done, err
}

// Opening returns what opens a pack: from its maker, or from the own batches. It
// returns ledger.ErrLeaf for a pack that its maker does not have, ErrUnknown if
// nobody on the ledger makes the product, and pedigree.ErrLabel for a label that
// says otherwise than the batch: who scanned it holds a pack that was tampered with.
func (d *Desk) Opening(ctx context.Context, id gs1.Identifier) (*api.Opening, error) {
	o, err := d.anyOpening(ctx, id)
	if err != nil {
		return nil, err
	}
	return o, o.Pack.Pack.Labelled(id)
}

func (d *Desk) anyOpening(ctx context.Context, id gs1.Identifier) (*api.Opening, error) {
	if id.GTIN == "" || id.Serial == "" {
		return nil, fmt.Errorf("%w: a pack has a GTIN and a serial number", ErrRequest)
	}
	p, err := state[chain.Product](d, chain.ProductKey(id.GTIN))
	if err == nil && p.Holder != d.GLN {
		var o *api.Opening
		if o, err = d.makersOpening(ctx, p.Holder, id); err == nil {
			return o, nil
		}
		// A document that we captured may tell of the pack all the same.
		if own, nothing := d.OwnOpening(ctx, id); nothing == nil {
			return own, nil
		}
		return nil, err
	}
	if err != nil && !errors.Is(err, ErrUnknown) {
		return nil, err
	}
	return d.OwnOpening(ctx, id)
}

func (d *Desk) makersOpening(ctx context.Context, holder string, id gs1.Identifier) (*api.Opening, error) {
	maker, err := d.Member(holder)
	if err != nil {
		return nil, err
	}
	o, err := d.Post.Opening(ctx, maker.Endpoint, id)
	switch {
	case err == nil:
		return o, d.checkOpening(id, o)
	case errors.Is(err, ledger.ErrLeaf), errors.Is(err, ErrUnknown):
		return nil, err
	}
	// Whatever else it answers, a code of its choice too, says nothing of the pack, and
	// must not pass for an answer of ours: that a login has ended, say.
	d.Log.Info("opening: no answer", "maker", holder, "err", err)
	return nil, fmt.Errorf("%w: %s", ErrMaker, holder)
}

// checkOpening holds what another said of a pack against the ledger.
func (d *Desk) checkOpening(id gs1.Identifier, o *api.Opening) error {
	p := &o.Pack.Pack
	if p.GTIN != id.GTIN || p.Serial != id.Serial {
		return fmt.Errorf("%w: the maker opened another pack", ledger.ErrLeaf)
	}
	batch, err := state[chain.Batch](d, chain.BatchKey(o.Batch))
	if err != nil {
		return err
	}
	r := &batch.Release
	if err := merkle.VerifyInclusion(p.Leaf(), o.Pack.Index, r.Size, o.Pack.Path, r.Root); err != nil {
		return fmt.Errorf("%w: %w", ledger.ErrLeaf, err)
	}
	return nil
}

// OwnOpening returns what opens a pack of the organisation's own batches, made
// or captured; ledger.ErrLeaf for a serial number that none of them has, and
// ErrUnknown if it made none of this product: what it captured of others need not
// be all.
func (d *Desk) OwnOpening(ctx context.Context, id gs1.Identifier) (*api.Opening, error) {
	if id.GTIN == "" || id.Serial == "" {
		return nil, fmt.Errorf("%w: a pack has a GTIN and a serial number", ErrRequest)
	}
	batches, err := d.Works.Batches(ctx, id.GTIN)
	if err != nil {
		return nil, err
	}
	if len(batches) == 0 {
		return nil, fmt.Errorf("%w: nobody here makes %s", ErrUnknown, id.GTIN)
	}
	made := false
	for i := range batches {
		b := &batches[i]
		made = made || b.Certificate != ""
		if id.Lot == "" || b.Lot == id.Lot {
			o, err := d.open(ctx, b, id.Serial)
			if err == nil || !errors.Is(err, ErrUnknown) {
				return o, err
			}
		}
	}
	if !made {
		return nil, fmt.Errorf("%w: no captured document has %s %s", ErrUnknown, id.GTIN, id.Serial)
	}
	return nil, fmt.Errorf("%w: %s %s", ledger.ErrLeaf, id.GTIN, id.Serial)
}

func (d *Desk) open(ctx context.Context, b *Batch, serial gs1.Serial) (*api.Opening, error) {
	packs, err := d.openPacks(b.ID)
	if errors.Is(err, ErrUnknown) {
		// Lost packs must not make counterfeits of those that were sold.
		return nil, fmt.Errorf("supply: the packs of batch %s are missing from the store", b.ID)
	}
	if err != nil {
		return nil, err
	}
	index, pack, err := packs.Find(serial)
	if err != nil {
		return nil, err
	}
	path, err := packs.Prove(index)
	if err != nil {
		return nil, err
	}
	if path == nil {
		path = chain.Hashes{}
	}
	o := &api.Opening{Batch: b.ID, Pack: theriac.Pack{Index: index, Pack: pack, Path: path}, Transformation: b.Transformation}
	if !b.Document.IsZero() {
		doc, err := d.Documents.Document(ctx, b.Document)
		if err != nil {
			return nil, err
		}
		o.Document = doc.Bytes
	}
	return o, nil
}
