package ledger

import (
	"errors"
	"fmt"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/refusal"
)

// identify is paper 001's identification contract: it sets a mark to verified, once.
// The derived key has signed for this consignee at this place, so whoever copies the
// proof from a transaction on its way has nothing, and only the consignee's own
// transaction carries it (001-08).
func (t *tx) identify() error {
	var arg chain.Identify
	if err := t.body(&arg); err != nil {
		return err
	}
	r, err := t.registration(arg.Registration)
	if err != nil {
		return err
	}
	line, err := t.lineOf(r.Terms.Line)
	if err != nil {
		return err
	}
	if err := checkPlace(arg.Place); err != nil {
		return err
	}
	if err := genuine.CheckIdentify(t.ledger.Chain, t.Sender, &arg, r, line); err != nil {
		return err
	}
	packs := marked(&r.Terms, arg.Index)
	if err := t.identifiable(&arg, r, packs); err != nil {
		return t.unexpected(&arg, r, line, packs, err)
	}
	t.tag("mark", markName(&arg))
	t.tag("verified-of", line.Maker)
	if !r.Terms.Batch.IsZero() {
		t.tag("measured", r.Terms.Batch)
	}
	return t.put(chain.MarkKey(arg.Registration, arg.Index), &chain.Mark{Device: arg.Device, At: t.now, Index: t.index})
}

func markName(arg *chain.Identify) string {
	return fmt.Sprintf("%s/%d", arg.Registration, arg.Index)
}

// marked returns the packs that a mark is of.
func marked(r *chain.Terms, index uint64) []chain.Range {
	if r.Whole {
		return r.Ranges
	}
	for _, span := range r.Ranges {
		if n := span.To - span.From; index >= n {
			index -= n
			continue
		}
		return []chain.Range{{From: span.From + index, To: span.From + index + 1}}
	}
	return nil
}

// identifiable returns why a proven measurement sets no mark.
func (t *tx) identifiable(arg *chain.Identify, r *chain.Registration, packs []chain.Range) error {
	switch {
	case r.Terms.To != t.Sender:
		return fmt.Errorf("%w: it is %s", ErrConsignee, r.Terms.To)
	case r.Terms.Place != arg.Place:
		return fmt.Errorf("%w: %s, expected at %s", ErrPlace, arg.Place, r.Terms.Place)
	}
	before, err := t.Get(chain.MarkKey(arg.Registration, arg.Index))
	if err != nil {
		return err
	}
	if before != nil {
		return fmt.Errorf("%w: mark %d of %s", ErrVerified, arg.Index, arg.Registration)
	}
	return t.current(arg.Registration, &r.Terms, packs)
}

// current returns ErrSuperseded if a later registration has replaced the one of a mark.
func (t *tx) current(id canon.Digest, r *chain.Terms, packs []chain.Range) error {
	superseded := func(now canon.Digest) error {
		if now != id {
			return fmt.Errorf("%w: by %s", ErrSuperseded, now)
		}
		return nil
	}
	if r.Material != nil {
		var now canon.Digest
		if _, err := read(t, chain.MaterialKey(*r.Material), &now); err != nil {
			return err
		}
		return superseded(now)
	}
	batch, err := t.batch(r.Batch)
	if err != nil {
		return err
	}
	n := chain.Count(packs)
	if err := t.work(n); err != nil {
		return err
	}
	t.spend(n)
	pages := t.pages(r.Batch, batch)
	for _, span := range packs {
		err := pages.registrations(span, func(now canon.Digest, _ chain.Range) error { return superseded(now) })
		if err != nil {
			return err
		}
	}
	return nil
}

// unexpected turns the refusal of a proven measurement into an alert to the maker and
// the one who registered: the thing was measured twice, by somebody else, elsewhere.
// Without a proof there is none, or anybody could raise them.
func (t *tx) unexpected(arg *chain.Identify, r *chain.Registration, line *chain.Line, packs []chain.Range, err error) error {
	code := refusal.Code(err)
	if code == "" || errors.Is(err, ErrFull) {
		return err
	}
	t.alert = &chain.Alert{
		Code: code, Batch: r.Terms.Batch, Units: packs[:min(len(packs), 16)], By: t.Sender, At: t.now, Index: t.index, Registration: arg.Registration,
	}
	t.tag("alert-of", line.Maker)
	if r.From != line.Maker {
		t.tag("alert-of", r.From)
	}
	if t.Sender != line.Maker && t.Sender != r.From {
		t.tag("alert-by", t.Sender)
	}
	return fmt.Errorf("%w: alert %s", err, chain.AlertID(t.op))
}
