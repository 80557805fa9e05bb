package supply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/pedigree"
)

// Size limits of messages. A dossier carries documents; of the others little more
// travels than the ledger takes.
const (
	maxMessage = ledger.MaxTx
	maxDossier = 32 << 20
)

func maxSize(typ string) int {
	if typ == pedigree.TypeDossier {
		return maxDossier
	}
	return maxMessage
}

// MaxMessage is the largest message that any inbox takes, in bytes.
const MaxMessage = maxDossier

// Receive takes a message that was handed in: the envelope's checks in their
// order, the rules of its body, the anchor on the ledger, and then the store. A
// message that was taken before gets the receipt that it got then. from is where
// it came from, for the audit book.
func (d *Desk) Receive(ctx context.Context, from string, raw []byte) (*api.Receipt, error) {
	m, err := envelope.Receive(raw, d.policy(ctx, len(raw)))
	if err != nil {
		d.record(ctx, from, "receive", canon.Sum(raw).String(), err)
		return nil, err
	}
	c := &m.Envelope.Claims
	if before, err := d.Messages.Message(ctx, c.Issuer, c.ID); err == nil {
		return &before.Receipt, nil
	} else if !errors.Is(err, ErrUnknown) {
		return nil, err
	}
	receipt, err := d.anchor(ctx, m)
	// What broke, and may go well the next time, is no refusal to book.
	if !errors.Is(err, ErrBusy) {
		d.record(ctx, c.Issuer, "receive "+c.Type, c.ID.String(), err)
	}
	return receipt, err
}

func (d *Desk) policy(ctx context.Context, size int) envelope.Policy {
	return envelope.Policy{
		Audience: d.GLN, Now: d.Now(), Window: d.window(), MaxSize: maxDossier,
		Expects: func(typ string) error {
			if _, err := pedigree.Find(typ); err != nil {
				return err
			}
			if size > maxSize(typ) {
				return fmt.Errorf("%w: %d bytes", envelope.ErrOversized, size)
			}
			return nil
		},
		Holder: d.holder,
		Seen: func(issuer string, id canon.ID, body canon.Digest) error {
			m, err := d.Messages.Message(ctx, issuer, id)
			switch {
			case errors.Is(err, ErrUnknown):
				return nil
			case err != nil:
				return err
			case m.Body.Digest() != body:
				return envelope.ErrReplayed
			}
			return nil
		},
		Prev: func(c *envelope.Claims) error {
			x, err := pedigree.Find(c.Type)
			if err != nil {
				return err
			}
			prev, err := d.anchors(c.Prev)
			if err != nil {
				return err
			}
			return x.CheckPrev(c, prev)
		},
	}
}

// window returns the papers' ΔT as the ledger has it; before there is one, five
// minutes.
func (d *Desk) window() time.Duration {
	p, err := state[chain.Params](d, chain.ParamsKey())
	if err != nil {
		return 5 * time.Minute
	}
	return time.Duration(p.Window) * time.Millisecond
}

func (d *Desk) holder(kid canon.Digest) (envelope.Holder, error) {
	h, m, err := ledger.Holder(d.Ledger, kid)
	if err == nil && m.Status != chain.Active {
		err = ledger.ErrStanding
	}
	return h, err
}

// anchor checks the body, puts the message on the ledger and keeps it.
func (d *Desk) anchor(ctx context.Context, m *envelope.Message) (*api.Receipt, error) {
	c := &m.Envelope.Claims
	if err := d.accept(m); err != nil {
		return nil, err
	}
	x, err := pedigree.Find(c.Type)
	if err != nil {
		return nil, err
	}
	body, err := canon.CBOR(m.Body.Disclose(x.Discloses...))
	if err != nil {
		return nil, err
	}
	done, err := d.Submit(ctx, chain.KindExchange, anchorID(c), chain.Exchange{
		Message: m.Envelope.Raw(), Body: body, Paper: m.Envelope.PaperDigest(),
	})
	if err != nil {
		return nil, err
	}
	receipt, err := d.anchored(done)
	if err != nil {
		return nil, err
	}
	// Two bodies under one identifier may come at once, or a second after a crash:
	// what the ledger has is kept, or nothing.
	there, err := envelope.ParseJWS([]byte(receipt.Envelope))
	if err != nil {
		return nil, err
	}
	if there.Claims.BodyDigest != c.BodyDigest {
		return nil, envelope.ErrReplayed
	}
	if err := d.hold(ctx, receipt.BC, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	err = d.Messages.Settle(ctx, &Message{
		ID: c.ID, Issuer: c.Issuer, Audience: c.Audience, Type: c.Type, Case: c.Case, Prev: c.Prev,
		Body: m.Body, Status: Received, Created: d.Now(), Receipt: *receipt,
	})
	if err != nil && !errors.Is(err, ErrExists) {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return receipt, nil
}

// anchorID names the operation of anchoring a message: the same for every form
// in which its sender signed it, so that it is anchored once.
func anchorID(c *envelope.Claims) canon.ID {
	d := canon.Hash("theriac/anchor/1", []byte(c.Issuer), c.ID[:])
	return canon.ID(d[:16])
}

// anchored returns the receipt of what the ledger has. If the message was
// anchored before, in a form that was signed earlier, that form counts.
func (d *Desk) anchored(done *api.Done) (*api.Receipt, error) {
	_, raw, err := d.Ledger.Leaf(done.Index)
	if err != nil {
		return nil, err
	}
	var tx chain.Tx
	if _, err := ledger.Open(raw, &tx); err != nil {
		return nil, err
	}
	var x chain.Exchange
	if err := canon.DecodeCBOR(tx.Body, &x); err != nil {
		return nil, err
	}
	return &api.Receipt{
		BC: canon.Sum(x.Message), Envelope: string(x.Message), Height: done.Height, Index: done.Index, Time: done.Time,
	}, nil
}

// accept checks what the receiver alone can: the whole body.
func (d *Desk) accept(m *envelope.Message) error {
	c := &m.Envelope.Claims
	content, err := pedigree.Read(c.Type, m.Body)
	if err != nil {
		return err
	}
	if notice, ok := content.(*pedigree.ReportNotice); ok {
		_, err := notice.Open(d.Chain, c.Case)
		return err
	}
	dossier, ok := content.(*pedigree.Dossier)
	if !ok {
		return d.openConsignments(c, content)
	}
	key, err := d.Keys.SealKey()
	if err != nil {
		return err
	}
	_, err = pedigree.OpenDossier(dossier, c.Issuer, d.GLN, key)
	return err
}
