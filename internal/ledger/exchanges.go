package ledger

import (
	"fmt"
	"slices"
	"time"

	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/pedigree"
)

// exchange anchors a message for its receiver. It is insert and check of paper
// 000's contracts in one: everything is checked, and only then is it inserted
// (the print's check returns after its first field).
func (t *tx) exchange() error {
	var arg chain.Exchange
	if err := t.body(&arg); err != nil {
		return err
	}
	m, err := t.message(arg)
	if err != nil {
		return err
	}
	c := &m.Envelope.Claims
	t.bc = m.Envelope.Digest()
	x, err := pedigree.Find(c.Type)
	if err != nil {
		return err
	}
	if err := x.CheckDisclosed(m.Body); err != nil {
		return err
	}
	if err := t.delivered(m, x); err != nil {
		return err
	}
	if arg.Paper != m.Envelope.PaperDigest() {
		return pedigree.ErrPaperBC
	}
	prev, err := t.predecessors(c, x)
	if err != nil {
		return err
	}
	content, err := pedigree.Read(c.Type, m.Body)
	if err != nil {
		return err
	}
	anchor := &chain.Anchor{
		Type: c.Type, Case: c.Case, Issuer: c.Issuer, Audience: c.Audience,
		At: t.now, Index: t.index, Paper: arg.Paper, Prev: c.Prev,
	}
	if err := t.contract(content, c, anchor, prev); err != nil {
		return err
	}
	if err := t.put(chain.MessageKey(c.Issuer, c.ID), t.bc); err != nil {
		return err
	}
	t.tag("exchange", t.bc)
	t.tag("case", c.Case)
	for _, p := range c.Prev {
		t.tag("prev", p)
	}
	for _, b := range anchor.Batches {
		t.tag("batch", b)
	}
	return t.put(chain.ExchangeKey(t.bc), anchor)
}

// message parses the message and holds the body against its digest.
func (t *tx) message(arg chain.Exchange) (*envelope.Message, error) {
	e, err := envelope.ParseJWS(arg.Message)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", envelope.ErrNonCanonical, err)
	}
	body, err := envelope.DecodeBody(arg.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", envelope.ErrNonCanonical, err)
	}
	if body.Digest() != e.Claims.BodyDigest {
		return nil, envelope.ErrBody
	}
	return &envelope.Message{Body: body, Envelope: e}, nil
}

// delivered verifies that the message came from a member to the sender of the
// transaction, lately, and was not anchored before in any form.
func (t *tx) delivered(m *envelope.Message, x *pedigree.Exchange) error {
	c := &m.Envelope.Claims
	if c.Audience != t.Sender {
		return fmt.Errorf("%w: %s, anchored by %s", envelope.ErrAudience, c.Audience, t.Sender)
	}
	t.sigs = append(t.sigs, m.Envelope.Signature())
	holder, from, err := t.holder(m.Envelope.Signature().KeyID)
	if err != nil {
		return err
	}
	if err := m.Envelope.Verify(holder, chain.Time(t.now)); err != nil {
		return err
	}
	if err := c.Fresh(chain.Time(t.now), t.window()); err != nil {
		return err
	}
	if from.Status != chain.Active {
		return ErrStanding
	}
	if err := x.CheckParties(from, t.sender); err != nil {
		return err
	}
	before, err := t.Get(chain.MessageKey(c.Issuer, c.ID))
	if err != nil {
		return err
	}
	if before != nil {
		return ErrAnchored
	}
	return nil
}

func (t *tx) window() time.Duration { return time.Duration(t.params.Window) * time.Millisecond }

// predecessors returns the anchors of what the message follows.
func (t *tx) predecessors(c *envelope.Claims, x *pedigree.Exchange) ([]chain.Anchor, error) {
	prev := make([]chain.Anchor, len(c.Prev))
	for i, bc := range c.Prev {
		ok, err := read(t, chain.ExchangeKey(bc), &prev[i])
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%w: %s is not anchored", envelope.ErrPrev, bc)
		}
	}
	return prev, x.CheckPrev(c, prev)
}

// contract makes the checks of the content and what the exchange changes.
func (t *tx) contract(content pedigree.Content, c *envelope.Claims, a *chain.Anchor, prev []chain.Anchor) error {
	switch v := content.(type) {
	case *pedigree.MaterialSupply:
		for i := range v.Lots {
			a.Lots = append(a.Lots, v.Lots[i].ID())
		}
		return t.registeredFor(v, c)
	case *pedigree.Dossier:
		return t.dossier(v, a, prev)
	case *pedigree.Decision:
		a.Decision = v.Decision
		if v.Decision == pedigree.Approved {
			return t.approve(v.Certificate, c, a, &prev[0])
		}
	case *pedigree.Distribution:
		return t.distribution(v, c, a, prev)
	case *pedigree.SalesStatus:
		return t.salesStatus(v, a, &prev[0])
	case *pedigree.Dispatch:
		return t.dispatch(v, c, a, prev)
	}
	return nil
}

// dispatch checks that every batch came with what the dispatch follows; then
// custody moves.
func (t *tx) dispatch(v *pedigree.Dispatch, c *envelope.Claims, a *chain.Anchor, prev []chain.Anchor) error {
	if err := t.registeredFor(v, c); err != nil {
		return err
	}
	for i := range v.Parcels {
		p := &v.Parcels[i]
		if !slices.ContainsFunc(prev, func(q chain.Anchor) bool { return slices.Contains(q.Batches, p.Batch) }) {
			return fmt.Errorf("%w: lot %s did not come with what the dispatch follows", envelope.ErrPrev, p.Lot)
		}
		if _, err := t.handOver(p, c, a); err != nil {
			return err
		}
	}
	return nil
}

// dossier checks that every lot of material came from a supply to this
// manufacturer that the dossier follows, directly or by an earlier dossier to
// which the administration had a question.
func (t *tx) dossier(v *pedigree.Dossier, a *chain.Anchor, prev []chain.Anchor) error {
	var supplied []gs1.LGTIN
	for i := range prev {
		supplied = append(supplied, prev[i].Lots...)
		if prev[i].Type != pedigree.TypeDecision {
			continue
		}
		if prev[i].Decision != pedigree.Question {
			return fmt.Errorf("%w: the decision asks nothing", envelope.ErrPrev)
		}
		var earlier chain.Anchor
		if _, err := read(t, chain.ExchangeKey(prev[i].Prev[0]), &earlier); err != nil {
			return err
		}
		supplied = append(supplied, earlier.Lots...)
	}
	for _, l := range v.Materials {
		if !slices.Contains(supplied, l) {
			return fmt.Errorf("%w: %s", ErrMaterial, l)
		}
	}
	a.Lots, a.GTINs, a.Documents = v.Materials, v.GTINs, v.Documents
	return nil
}

// distribution checks Cert_D, that the product codes are those it lists, and
// that the packs are the manufacturer's to give; then custody moves.
func (t *tx) distribution(v *pedigree.Distribution, c *envelope.Claims, a *chain.Anchor, prev []chain.Anchor) error {
	cert, err := t.validCertificate(v.Certificate, c.Issuer)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(prev, func(p chain.Anchor) bool { return p.Certificate == v.Certificate }) {
		return fmt.Errorf("%w: it does not follow the decision that carried certificate %s", envelope.ErrPrev, v.Certificate)
	}
	if err := t.registeredFor(v, c); err != nil {
		return err
	}
	a.Certificate = v.Certificate
	for i := range v.Parcels {
		batch, err := t.handOver(&v.Parcels[i], c, a)
		if err != nil {
			return err
		}
		if batch.Release.Certificate != v.Certificate || !slices.Contains(cert.GTINs, batch.Release.GTIN) {
			return fmt.Errorf("%w: %s lot %s", pedigree.ErrNotCertified, batch.Release.GTIN, batch.Release.Lot)
		}
	}
	return nil
}

// handOver moves the packs of a parcel from the issuer of the message to its
// receiver, who has verified it and so takes them.
func (t *tx) handOver(p *pedigree.Parcel, c *envelope.Claims, a *chain.Anchor) (*chain.Batch, error) {
	batch, err := t.batch(p.Batch)
	if err != nil {
		return nil, err
	}
	r := &batch.Release
	if p.GTIN != r.GTIN || p.Lot != r.Lot {
		return nil, fmt.Errorf("%w: %s lot %s", ErrUnknownBatch, p.GTIN, p.Lot)
	}
	if p.Expiry != r.Expiry {
		return nil, fmt.Errorf("%w: %s, the batch has %s", ErrExpiry, p.Expiry, r.Expiry)
	}
	// What is stopped or expired goes nowhere but back.
	if back := c.Type == pedigree.TypeDispatch && !t.sender.Is(chain.Pharmacy) && !t.sender.Is(chain.Hospital); !back {
		if err := t.marketable(batch); err != nil {
			return nil, err
		}
	}
	if err := t.countPacks(p.Ranges, r.Size); err != nil {
		return nil, err
	}
	a.Batches = append(a.Batches, p.Batch)
	// Apart from "batch", under which every dispensed pack has a leaf: who follows
	// one pack must not look at the others.
	t.tag("handover", p.Batch)
	pages := t.pages(p.Batch, batch)
	for _, span := range p.Ranges {
		if err := pages.custody(span, c.Issuer); err != nil {
			return nil, err
		}
		if err := pages.hand(span, c.Audience); err != nil {
			return nil, err
		}
	}
	return batch, pages.save()
}

// salesStatus checks that the distributor confirms the expiry date of every
// batch that it was given.
func (t *tx) salesStatus(v *pedigree.SalesStatus, a *chain.Anchor, distribution *chain.Anchor) error {
	for _, e := range v.Expiries {
		if !slices.Contains(distribution.Batches, e.Batch) || slices.Contains(a.Batches, e.Batch) {
			return fmt.Errorf("%w: %s was not distributed, or stands twice", ErrUnknownBatch, e.Batch)
		}
		batch, err := t.batch(e.Batch)
		if err != nil {
			return err
		}
		if e.Expiry != batch.Release.Expiry {
			return fmt.Errorf("%w: %s, the batch has %s", ErrExpiry, e.Expiry, batch.Release.Expiry)
		}
		a.Batches = append(a.Batches, e.Batch)
	}
	if len(a.Batches) != len(distribution.Batches) {
		return fmt.Errorf("%w: the status covers %d of %d batches", ErrExpiry, len(a.Batches), len(distribution.Batches))
	}
	return nil
}
