package supply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/audit"
	"theriac/internal/ledger"
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
// ledger will check. id names it: sent again it is found, and one of another type,
// case, receiver or predecessor under it is ErrExists. Content is not compared:
// what is sealed or signed in it is another each time.
func (d *Desk) Send(ctx context.Context, id canon.ID, draft Draft, content pedigree.Content) (*Message, error) {
	var m *Message
	whole, err := d.consigned(ctx, draft.To, content)
	if err == nil {
		m, err = d.compose(id, draft, whole)
	}
	if err == nil {
		err = d.Messages.Queue(ctx, m)
	}
	if m != nil && errors.Is(err, ErrExists) {
		// A crash may have come between the queue and the answer: who asks again has
		// the message that he asked for.
		before, lost := d.Messages.Message(ctx, d.GLN, id)
		if lost == nil && before.Type == m.Type && before.Audience == m.Audience && before.Case == m.Case && slices.Equal(before.Prev, m.Prev) {
			return before, nil
		}
	}
	d.record(ctx, audit.Operator, "send "+content.Type(), id.String(), err)
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
		return nil, fmt.Errorf("receiver %q is no member: %w", draft.To, err)
	}
	// Its one copy would be queued and received at once.
	if to.GLN == d.GLN {
		return nil, fmt.Errorf("%w: a message to oneself", ErrRequest)
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
	size := 0
	for i := range body {
		size += len(body[i].Value)
	}
	if limit := maxSize(x.Type); size > limit {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", envelope.ErrOversized, size, limit)
	}
	c.Expires, c.BodyDigest = c.IssuedAt+1, body.Digest()
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
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

// lifetime is how long a signature counts.
const lifetime = 5 * time.Minute

// deliver sends one message. What the receiver refuses for good is settled;
// what may go better later is tried again.
func (d *Desk) deliver(ctx context.Context, m *Message) error {
	receipt, err := d.post(ctx, m)
	code := codeOf(err)
	next := d.outbox.heard(m, err == nil || code != unreachable, d.Now())
	if err != nil && final(code) {
		// The ledger has the last word, not the receiver: it may have anchored the
		// message and lost its answer, or lie.
		if there, ledgerErr := d.onLedger(m); ledgerErr == nil {
			receipt, err = there, nil
		} else if !errors.Is(ledgerErr, ErrUnknown) {
			return errors.Join(ledgerErr, d.Messages.Defer(ctx, m.ID, next, ErrBusy.Code()))
		}
	}
	switch {
	case err == nil:
		m.Status, m.Code, m.Receipt = Sent, "", *receipt
		d.record(ctx, m.Audience, "delivered "+m.Type, m.ID.String(), nil)
		return d.Messages.Settle(ctx, m)
	case final(code):
		m.Status, m.Code = Refused, code
		d.record(ctx, m.Audience, "refused "+m.Type, m.ID.String(), err)
		return d.Messages.Settle(ctx, m)
	}
	if ctx.Err() != nil {
		return nil // nobody is to blame, and it is sent again when the desk opens
	}
	d.Log.Info("outbox: later", "message", m.ID, "to", m.Audience, "code", code, "next", next, "err", err)
	return d.Messages.Defer(ctx, m.ID, next, code)
}

// unreachable is the code of a sending that nobody answered as a receiver answers.
const unreachable = "unreachable"

// codeOf returns the code that a receiver gave. A receiver chooses it, and it is
// kept and shown: what is no code counts as no answer.
func codeOf(err error) string {
	code := refusal.Code(err)
	if code == "" || len(code) > 64 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return unreachable
	}
	return code
}

// final reports whether a refusal stands however often the message is sent. A
// clock can be set right, a key registered, what broke mended, a ledger come
// back; the own one may not yet know the receiver again.
func final(code string) bool {
	switch code {
	case unreachable, "internal", "too_many_requests", ErrBusy.Code(), ErrUnknown.Code(), ledger.ErrUnknownRegistration.Code(),
		envelope.ErrStale.Code(), envelope.ErrFuture.Code(), envelope.ErrExpired.Code(),
		envelope.ErrUnknownKey.Code(), envelope.ErrKeyInvalid.Code(), envelope.ErrPrev.Code():
		return false
	}
	return true
}

// onLedger returns the receipt of a message that the own ledger has, or ErrUnknown.
func (d *Desk) onLedger(m *Message) (*api.Receipt, error) {
	bc, err := state[canon.Digest](d, chain.MessageKey(m.Issuer, m.ID))
	if err != nil {
		return nil, err
	}
	a, err := state[chain.Anchor](d, chain.ExchangeKey(*bc))
	if err != nil {
		return nil, err
	}
	leaf, _, err := d.Ledger.Leaf(a.Index)
	if err != nil {
		return nil, err
	}
	return d.anchored(&api.Done{Index: a.Index, Height: leaf.Height, Time: leaf.Time})
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
			leaf, _, err := d.Ledger.Leaf(a.Index)
			r.Index, r.Height, r.Time = a.Index, leaf.Height, leaf.Time
			return err
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
