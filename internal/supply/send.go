package supply

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/pedigree"
	"theriac/refusal"
)

// A Draft is a message that is to be sent.
type Draft struct {
	To   string // GLN
	Case string // empty: that of the first predecessor
	Prev []canon.Digest
}

// Send puts a message into the outbox after checking what its receiver and the
// ledger will check. id names it; the same id queues it once (ErrExists).
func (d *Desk) Send(ctx context.Context, id canon.ID, draft Draft, content pedigree.Content) (*Message, error) {
	m, err := d.compose(id, draft, content)
	if err == nil {
		err = d.Messages.Queue(ctx, m)
	}
	d.record(ctx, "operator", "send "+content.Type(), id.String(), err)
	if err != nil {
		return nil, err
	}
	d.Wake()
	return m, nil
}

func (d *Desk) compose(id canon.ID, draft Draft, content pedigree.Content) (*Message, error) {
	if err := content.Check(); err != nil {
		return nil, err
	}
	x, err := pedigree.Find(content.Type())
	if err != nil {
		return nil, err
	}
	from, err := d.Member(d.GLN)
	if err != nil {
		return nil, fmt.Errorf("this organisation: %w", err)
	}
	to, err := d.Member(draft.To)
	if err != nil {
		return nil, fmt.Errorf("receiver %q: %w", draft.To, err)
	}
	if err := x.CheckParties(from, to); err != nil {
		return nil, err
	}
	c := &envelope.Claims{Audience: to.GLN, Case: draft.Case, Issuer: d.GLN, ID: id, Prev: draft.Prev, Type: x.Type}
	prev, err := d.anchors(draft.Prev)
	if err != nil {
		return nil, err
	}
	if c.Case == "" && len(prev) > 0 {
		c.Case = prev[0].Case
	}
	if err := x.CheckPrev(c, prev); err != nil {
		return nil, err
	}
	body, err := envelope.BodyOf(content, d.NewID)
	if err != nil {
		return nil, err
	}
	c.Expires, c.BodyDigest = c.IssuedAt+1, body.Digest()
	if err := c.Check(); err != nil {
		return nil, err
	}
	now := d.Now()
	return &Message{
		ID: id, Issuer: d.GLN, Audience: to.GLN, Type: x.Type, Case: c.Case, Prev: draft.Prev,
		Body: body, Status: Queued, Created: now, Next: now,
	}, nil
}

// anchors returns what the ledger has of messages.
func (d *Desk) anchors(prev []canon.Digest) ([]chain.Anchor, error) {
	out := make([]chain.Anchor, len(prev))
	for i, bc := range prev {
		a, err := state[chain.Anchor](d, chain.ExchangeKey(bc))
		if errors.Is(err, ErrUnknown) {
			return nil, fmt.Errorf("%w: %s is not anchored", envelope.ErrPrev, bc)
		}
		if err != nil {
			return nil, err
		}
		out[i] = *a
	}
	return out, nil
}

// Wake makes the sender look at once.
func (d *Desk) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

const (
	looking  = time.Second     // how often the sender looks by itself
	atOnce   = 16              // messages sent at the same time
	longest  = 5 * time.Minute // between two sendings
	lifetime = 5 * time.Minute // of a signature
)

// Deliver sends what is due until ctx ends. A receiver that is down gets its
// messages when it is back, each once.
func (d *Desk) Deliver(ctx context.Context) {
	tick := time.NewTicker(looking)
	defer tick.Stop()
	for {
		if n, err := d.deliverDue(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("outbox", "err", err)
		} else if n == atOnce {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		case <-tick.C:
		}
	}
}

func (d *Desk) deliverDue(ctx context.Context) (int, error) {
	due, err := d.Messages.Due(ctx, d.Now(), atOnce)
	if err != nil {
		return 0, err
	}
	var group sync.WaitGroup
	for i := range due {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := d.deliver(ctx, &due[i]); err != nil && ctx.Err() == nil {
				d.Log.Error("outbox", "message", due[i].ID, "err", err)
			}
		}()
	}
	group.Wait()
	return len(due), ctx.Err()
}

// deliver sends one message. What the receiver refuses for good is settled;
// what may go better later is tried again.
func (d *Desk) deliver(ctx context.Context, m *Message) error {
	receipt, err := d.post(ctx, m)
	if err == nil {
		m.Status, m.Code, m.Receipt = Sent, "", *receipt
		d.record(ctx, m.Audience, "delivered "+m.Type, m.ID.String(), nil)
		return d.Messages.Settle(ctx, m)
	}
	code := refusal.Code(err)
	if final(code) {
		m.Status, m.Code = Refused, code
		d.record(ctx, m.Audience, "refused "+m.Type, m.ID.String(), err)
		return d.Messages.Settle(ctx, m)
	}
	if code == "" {
		code = "unreachable"
	}
	wait := longest
	if m.Attempts < 8 {
		wait = min(longest, time.Second<<m.Attempts)
	}
	return d.Messages.Defer(ctx, m.ID, d.Now().Add(wait), code)
}

// final reports whether a refusal stands however often the message is sent. A
// clock can be set right, a key registered, a ledger come back.
func final(code string) bool {
	switch code {
	case "", ErrBusy.Code(), envelope.ErrStale.Code(), envelope.ErrFuture.Code(), envelope.ErrExpired.Code(),
		envelope.ErrUnknownKey.Code(), envelope.ErrKeyInvalid.Code(), envelope.ErrPrev.Code(), "unreachable", "too_many_requests":
		return false
	}
	return true
}

// post signs the message as it is now and hands it to its receiver, whose receipt
// counts when the own node has the anchor.
func (d *Desk) post(ctx context.Context, m *Message) (*api.Receipt, error) {
	to, err := d.Member(m.Audience)
	if err != nil {
		return nil, err
	}
	if to.Endpoint == "" {
		return nil, fmt.Errorf("member %s has no inbox", to.GLN)
	}
	signer, err := d.Keys.Signer()
	if err != nil {
		return nil, err
	}
	now := d.Now()
	signed, err := envelope.Sign(signer, envelope.Claims{
		Audience: m.Audience, Case: m.Case, Expires: now.Add(lifetime).Unix(), IssuedAt: now.Unix(),
		Issuer: m.Issuer, ID: m.ID, Prev: m.Prev, Type: m.Type,
	}, m.Body)
	if err != nil {
		return nil, err
	}
	raw, err := signed.Encode()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	r, err := d.Post.Deliver(ctx, to.Endpoint, raw)
	if err != nil {
		return nil, err
	}
	return r, d.checkReceipt(ctx, m, r)
}

// checkReceipt holds a receipt against the message and the ledger: a receiver
// who says that it anchored a message and did not has not received it.
func (d *Desk) checkReceipt(ctx context.Context, m *Message, r *api.Receipt) error {
	e, err := envelope.ParseJWS([]byte(r.Envelope))
	if err != nil {
		return fmt.Errorf("receipt of %s: %w", m.ID, err)
	}
	c := &e.Claims
	if e.Digest() != r.BC || c.Issuer != d.GLN || c.ID != m.ID || c.BodyDigest != m.Body.Digest() || c.Type != m.Type {
		return fmt.Errorf("receipt of %s is for another message", m.ID)
	}
	for {
		a, err := state[chain.Anchor](d, chain.ExchangeKey(r.BC))
		if err == nil {
			r.Index, r.Time = a.Index, a.At
			return nil
		}
		if !errors.Is(err, ErrUnknown) {
			return err
		}
		// The own node may be a block behind.
		select {
		case <-ctx.Done():
			return fmt.Errorf("receipt of %s: the ledger does not have it", m.ID)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
