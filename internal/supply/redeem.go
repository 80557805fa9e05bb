package supply

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/merkle"
)

// Who has a concealed code can make as many browser keys as he likes, and each that
// comes too late is an alert for the maker. So many of one pack in so long tell him; all
// others are answered from the record, and no more leaves of the ledger.
const (
	redeemAlerts = 3
	redeemPeriod = 24 * time.Hour
)

// Redeemable returns what it takes to redeem the concealed code of a pack, of our own
// batches or of another's. What the maker says is held against the ledger first, so that
// a wrong path is never taken for a wrong code.
func (d *Desk) Redeemable(ctx context.Context, id gs1.Identifier) (*api.Redeemable, error) {
	o, err := d.Opening(ctx, id)
	if err != nil {
		return nil, err
	}
	batch, err := d.batchWithCodes(o.Batch)
	if err != nil {
		return nil, err
	}
	at, err := d.codePath(ctx, batch.Holder, o.Batch, o.Pack.Index)
	if err != nil {
		return nil, err
	}
	r := &batch.Release
	if err := merkle.VerifyInclusion(merkle.Hash(at.Mark), o.Pack.Index, r.Size, at.Path, merkle.Hash(r.Codes)); err != nil {
		d.Log.Error("code: a path that leads elsewhere", "maker", batch.Holder, "batch", o.Batch, "index", o.Pack.Index)
		return nil, fmt.Errorf("%w: %s", ErrMaker, batch.Holder)
	}
	return &api.Redeemable{Chain: d.Chain, Batch: o.Batch, Index: o.Pack.Index, Mark: at.Mark, Path: at.Path}, nil
}

// codePath asks who released the batch.
func (d *Desk) codePath(ctx context.Context, holder string, batch canon.Digest, index uint64) (*api.CodePath, error) {
	if holder == d.GLN {
		return d.CodePath(ctx, batch, index)
	}
	maker, err := d.Member(holder)
	if err != nil {
		return nil, err
	}
	at, err := d.Post.CodePath(ctx, maker.Endpoint, batch, index)
	if err != nil {
		// Whatever it answers, the ledger says that there is one.
		d.Log.Info("code: no answer", "maker", holder, "err", err)
		return nil, fmt.Errorf("%w: %s", ErrMaker, holder)
	}
	return at, nil
}

// Redeem hands the redemption of a concealed code to the ledger and returns what the
// ledger has of it then: ledger.ErrRedeemed beside it if another was first. Whoever
// relays it can neither redeem it for himself nor tell the code.
func (d *Desk) Redeem(ctx context.Context, r *api.Redeeming) (*api.Redeemed, error) {
	arg := chain.Redeem{Batch: r.Batch, Index: r.Index, Path: r.Path, Key: r.Key, Proof: r.Proof, Browser: r.Browser}
	batch, err := d.batchWithCodes(r.Batch)
	if err != nil {
		return nil, err
	}
	// First here: what the ledger would refuse costs it nothing.
	if err := genuine.CheckRedeem(d.Chain, &arg, &batch.Release); err != nil {
		return nil, err
	}
	claim := canon.Hash("theriac/redeem-claim/1", r.Batch[:], ordinal(r.Index))
	if !d.running.claim(claim) {
		return nil, fmt.Errorf("%w: the code of this pack is being redeemed", ErrBusy)
	}
	defer d.running.unclaim(claim)
	out, err := d.redeem(ctx, &arg, batch.Release.Size)
	if !errors.Is(err, ErrBusy) {
		// No address: who takes which medicine is not the book's to know.
		d.record(ctx, d.GLN, "redeem", fmt.Sprintf("%s %d", r.Batch, r.Index), err)
	}
	return out, err
}

func (d *Desk) redeem(ctx context.Context, arg *chain.Redeem, size uint64) (*api.Redeemed, error) {
	before, err := d.redeemed(arg)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return nil, err
	}
	if before != nil && before.First {
		return before, nil
	}
	if before != nil {
		// The patient is warned in any case, be the alert raised or not.
		if err := d.alarm(ctx, arg, size); err != nil {
			d.Log.Error("redeem: no alert", "batch", arg.Batch, "index", arg.Index, "err", err)
		}
		return before, ledger.ErrRedeemed
	}
	if err := d.submitRedeem(ctx, arg); err != nil && !errors.Is(err, ledger.ErrRedeemed) {
		return nil, err
	}
	// Whatever was answered, the record says who was first.
	after, err := d.redeemed(arg)
	if err == nil && !after.First {
		err = ledger.ErrRedeemed
	}
	return after, err
}

// submitRedeem submits it under the name that this browser's redemption of this code
// has here, however often it is asked for.
func (d *Desk) submitRedeem(ctx context.Context, arg *chain.Redeem) error {
	_, err := d.Submit(ctx, chain.KindRedeem, named("redeem", arg.Batch[:], ordinal(arg.Index), arg.Browser), arg)
	return err
}

// alarm has the ledger raise an alert about a second redemption, unless there are
// enough of late.
func (d *Desk) alarm(ctx context.Context, arg *chain.Redeem, size uint64) error {
	if many, err := d.alertedOften(arg, size); many || err != nil {
		return err
	}
	if err := d.submitRedeem(ctx, arg); !errors.Is(err, ledger.ErrRedeemed) {
		return err
	}
	return nil
}

func ordinal(index uint64) []byte { return binary.BigEndian.AppendUint64(nil, index) }

// redeemed returns what the ledger has of a code, as this browser sees it.
func (d *Desk) redeemed(arg *chain.Redeem) (*api.Redeemed, error) {
	r, err := state[chain.Redemption](d, chain.RedeemedKey(arg.Batch, arg.Index))
	if err != nil {
		return nil, err
	}
	return &api.Redeemed{First: r.Browser == canon.Sum(arg.Browser), At: r.At, By: r.By}, nil
}

// alertedOften reports whether the ledger has alerts enough of late about this pack's
// code, whoever relayed them.
func (d *Desk) alertedOften(arg *chain.Redeem, size uint64) (bool, error) {
	since, n := chain.Millis(d.Now().Add(-redeemPeriod)), 0
	tags := chain.AlertTags(arg.Batch, arg.Index, size)
	// Alerts about this pack alone, the shortest of the spans, are those of codes.
	found, err := d.Records.TaggedBefore(tags[0], math.MaxUint64, maxAlerts)
	for i := 0; err == nil && i < len(found) && n < redeemAlerts; i++ {
		var a *api.Alert
		if a, err = d.alert(found[i]); err == nil && a.Code == ledger.ErrRedeemed.Code() && a.Time > since {
			n++
		}
	}
	return n >= redeemAlerts, err
}
