package supply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/refusal"
)

// patience is how long the ledger may take for a transaction.
const patience = 30 * time.Second

// Submit signs an operation and submits it. The same id names the same operation:
// submitted again it is found, not done twice.
func (d *Desk) Submit(ctx context.Context, kind chain.Kind, id canon.ID, body any) (*api.Done, error) {
	signer, err := d.Keys.Signer()
	if err != nil {
		return nil, err
	}
	tx, err := ledger.Sign(signer, chain.Tx{
		Chain: d.Chain, Kind: kind, Sender: d.GLN, ID: id, Time: chain.Millis(d.Now()),
	}, body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := d.Ledger.Submit(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return d.done(r)
}

// done turns a result into what callers want to know, or into its refusal. An
// operation that was applied before is as good as applied.
func (d *Desk) done(r ledger.Result) (*api.Done, error) {
	if err := r.Err(); err != nil && r.Outcome == 0 {
		if errors.Is(err, ledger.ErrFull) {
			err = fmt.Errorf("%w: %w", ErrBusy, err)
		}
		return nil, err
	}
	leaf, _, err := d.Ledger.Leaf(r.Index)
	if err != nil {
		return nil, err
	}
	out := &api.Done{Operation: leaf.Operation, Index: r.Index, Height: leaf.Height, Time: leaf.Time}
	if leaf.Outcome == chain.Alerted {
		id := chain.AlertID(leaf.Operation)
		a, err := state[chain.Alert](d, chain.AlertKey(id))
		if err != nil {
			return nil, fmt.Errorf("alert %s: %w", id, err)
		}
		out.Alert = id.String()
		return out, fmt.Errorf("%w: alert %s", raised(a.Code), id)
	}
	return out, nil
}

// raised returns the refusal for which an alert was raised.
func raised(code string) error {
	for _, err := range []error{ledger.ErrDispensed, ledger.ErrRedeemed, ledger.ErrVerified} {
		if refusal.Code(err) == code {
			return err
		}
	}
	return refusal.New(code, "the ledger raised an alert")
}
