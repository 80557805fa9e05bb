package envelope

import (
	"crypto"
	"fmt"
	"time"

	"theriac/canon"
)

// A Message is an envelope with its body, as it travels: RFC 8785 JSON with the
// members body (the fields) and envelope (the compact JWS).
type Message struct {
	Body     Body
	Envelope *Envelope
}

// Sign signs claims over a body and returns the message.
func Sign(s crypto.Signer, c Claims, b Body) (*Message, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	c.BodyDigest = b.Digest()
	raw, err := SignJWS(s, c)
	if err != nil {
		return nil, err
	}
	e, err := ParseJWS(raw)
	return &Message{b, e}, err
}

// wire is the JSON form of a Message.
type wire struct {
	Body     Body   `json:"body"`
	Envelope string `json:"envelope"`
}

// Encode returns the message's JSON form.
func (m *Message) Encode() ([]byte, error) {
	return canon.JSON(wire{m.Body, string(m.Envelope.raw)})
}

// DecodeMessage reads a message and returns ErrNonCanonical for anything that
// Encode would not have written. Nothing is verified yet.
func DecodeMessage(raw []byte) (*Message, error) {
	// The body's values are kept as they came, so the whole is checked at once.
	if err := canon.CheckJSON(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNonCanonical, err)
	}
	var w wire
	if err := canon.DecodeJSON(raw, &w); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNonCanonical, err)
	}
	if err := w.Body.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNonCanonical, err)
	}
	e, err := ParseJWS([]byte(w.Envelope))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNonCanonical, err)
	}
	return &Message{w.Body, e}, nil
}

// A Holder is what a directory says of a key: whose it is, and when it counts.
// A zero Until or Revoked means never.
type Holder struct {
	Key     Key
	Member  string
	From    time.Time
	Until   time.Time
	Revoked time.Time
}

// ValidAt returns ErrKeyInvalid unless the key counts at t. A key counts up to
// the moment before it was revoked: what was anchored earlier stays signed.
func (h *Holder) ValidAt(t time.Time) error {
	switch {
	case t.Before(h.From):
		return fmt.Errorf("%w: it is valid from %s", ErrKeyInvalid, h.From.Format(time.RFC3339))
	case !h.Until.IsZero() && !t.Before(h.Until):
		return fmt.Errorf("%w: it was valid until %s", ErrKeyInvalid, h.Until.Format(time.RFC3339))
	case !h.Revoked.IsZero() && !t.Before(h.Revoked):
		return fmt.Errorf("%w: it was revoked at %s", ErrKeyInvalid, h.Revoked.Format(time.RFC3339))
	}
	return nil
}

// A Policy is what a receiver brings to the checks of Receive. The functions
// return an error that is no refusal only where a store fails.
type Policy struct {
	Audience string        // the receiver's GLN
	Now      time.Time     // the receiver's clock
	Window   time.Duration // the papers' ΔT, on both sides
	MaxSize  int           // bytes

	// Expects returns ErrType for a message type that has no business here.
	Expects func(typ string) error
	// Holder returns whose key this is, or ErrUnknownKey.
	Holder func(kid canon.Digest) (Holder, error)
	// Seen returns ErrReplayed if another body came under this issuer and
	// identifier. A repetition of the same body is the caller's to answer with
	// the stored receipt; it passes.
	Seen func(issuer string, id canon.ID, body canon.Digest) error
	// Prev returns ErrPrev unless the predecessors are anchored and of a kind
	// that the message may answer.
	Prev func(c *Claims) error
}

// Receive makes the checks of an incoming message in their fixed order: size,
// canonical form, type, audience, key and its validity, signature, time window,
// identifier, predecessors, body against digest. The first that fails is
// returned; the rules of the body are the caller's.
//
// Type and audience come before the signature because they cost nothing; the
// replay set comes after it, so that only the sender can put an entry there.
func Receive(raw []byte, p Policy) (*Message, error) {
	if len(raw) > p.MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrOversized, len(raw), p.MaxSize)
	}
	m, err := DecodeMessage(raw)
	if err != nil {
		return nil, err
	}
	c := &m.Envelope.Claims
	if err := p.Expects(c.Type); err != nil {
		return nil, err
	}
	if c.Audience != p.Audience {
		return nil, fmt.Errorf("%w: %s, this is %s", ErrAudience, c.Audience, p.Audience)
	}
	h, err := p.Holder(m.Envelope.sig.KeyID)
	if err != nil {
		return nil, err
	}
	if err := m.Envelope.Verify(h, p.Now); err != nil {
		return nil, err
	}
	if err := c.Fresh(p.Now, p.Window); err != nil {
		return nil, err
	}
	if err := p.Seen(c.Issuer, c.ID, c.BodyDigest); err != nil {
		return nil, err
	}
	if err := p.Prev(c); err != nil {
		return nil, err
	}
	if !m.Body.Complete() || m.Body.Digest() != c.BodyDigest {
		return nil, ErrBody
	}
	return m, nil
}

// Verify returns nil if h's key signed the envelope, belongs to its issuer and
// counted at the time at: for a message that comes in, the receiver's clock; for
// stored evidence, the time of the block that anchored it, which nobody can date
// back.
func (e *Envelope) Verify(h Holder, at time.Time) error {
	if h.Member != e.Claims.Issuer {
		return fmt.Errorf("%w: key of %s, message of %s", ErrKeyID, h.Member, e.Claims.Issuer)
	}
	if err := h.ValidAt(at); err != nil {
		return err
	}
	return h.Key.Verify(e.sig)
}

// Fresh returns nil if the claims were signed within window of now, on both
// sides (the papers' ΔT; the print accepts any future time), and have not expired.
func (c *Claims) Fresh(now time.Time, window time.Duration) error {
	// Whole seconds were signed, so whole seconds are compared.
	age := now.Truncate(time.Second).Sub(c.Issued())
	switch {
	case age > window:
		return fmt.Errorf("%w: %s old, window %s", ErrStale, age, window)
	// Not -age > window: the least duration is its own negative.
	case age < -window:
		return fmt.Errorf("%w: it is dated %s, window %s", ErrFuture, c.Issued().Format(time.RFC3339), window)
	case now.Unix() > c.Expires:
		return fmt.Errorf("%w at %s", ErrExpired, time.Unix(c.Expires, 0).UTC().Format(time.RFC3339))
	}
	return nil
}
