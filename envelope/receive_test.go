package envelope

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"theriac/canon"
)

func TestReceiveChecksInOrder(t *testing.T) {
	s := newSigner(t)
	key, _ := KeyOf(s)
	now := time.Unix(1_800_000_010, 0)
	base := func() Policy {
		return Policy{
			Audience: "4012345000009", Now: now, Window: 5 * time.Minute, MaxSize: 1 << 16,
			Expects: func(string) error { return nil },
			Holder:  func(canon.Digest) (Holder, error) { return Holder{Key: key, Member: "4098765000003"}, nil },
			Seen:    func(string, canon.ID, canon.Digest) error { return nil },
			Prev:    func(*Claims) error { return nil },
		}
	}
	otherKey, _ := KeyOf(newSigner(t))
	for _, tt := range []struct {
		name   string
		policy func(*Policy)
		claims func(*Claims)
		raw    func([]byte) []byte
		want   error
	}{
		{name: "good"},
		{name: "oversized", policy: func(p *Policy) { p.MaxSize = 100 }, want: ErrOversized},
		{name: "white space", raw: func(b []byte) []byte { return append(b, '\n') }, want: ErrNonCanonical},
		{name: "doubled member", raw: func(b []byte) []byte {
			return bytes.Replace(b, []byte(`{"body":`), []byte(`{"body":[],"body":`), 1)
		}, want: ErrNonCanonical},
		{name: "unicode variant", raw: func(b []byte) []byte {
			return bytes.Replace(b, []byte("acetyl"), []byte(`\u0061cetyl`), 1)
		}, want: ErrNonCanonical},
		{name: "overflowing number", raw: func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"value":12`), []byte(`"value":1e400`), 1)
		}, want: ErrNonCanonical},
		{name: "unexpected type", policy: func(p *Policy) { p.Expects = func(string) error { return ErrType } }, want: ErrType},
		{name: "misdirected", claims: func(c *Claims) { c.Audience = "4000000000006" }, want: ErrAudience},
		{name: "unknown key", policy: func(p *Policy) {
			p.Holder = func(canon.Digest) (Holder, error) { return Holder{}, ErrUnknownKey }
		}, want: ErrUnknownKey},
		{name: "key of another member", policy: func(p *Policy) {
			p.Holder = func(canon.Digest) (Holder, error) { return Holder{Key: key, Member: "4000000000006"}, nil }
		}, want: ErrKeyID},
		{name: "another key under the kid", policy: func(p *Policy) {
			p.Holder = func(canon.Digest) (Holder, error) { return Holder{Key: otherKey, Member: "4098765000003"}, nil }
		}, want: ErrKeyID},
		{name: "revoked key", policy: func(p *Policy) {
			p.Holder = func(canon.Digest) (Holder, error) {
				return Holder{Key: key, Member: "4098765000003", Revoked: now}, nil
			}
		}, want: ErrKeyInvalid},
		{name: "bent signature", raw: func(b []byte) []byte {
			bend(b)
			return b
		}, want: ErrSignature},
		{name: "at the edge of the window", policy: func(p *Policy) { p.Now = time.Unix(1_800_000_300, 999) }},
		{name: "stale", policy: func(p *Policy) { p.Now = time.Unix(1_800_000_301, 0) }, want: ErrStale},
		{name: "a year ahead", policy: func(p *Policy) { p.Now = now.AddDate(-1, 0, 0) }, want: ErrFuture},
		{name: "expired", claims: func(c *Claims) { c.Expires = c.IssuedAt + 5 }, want: ErrExpired},
		{name: "replayed", policy: func(p *Policy) {
			p.Seen = func(string, canon.ID, canon.Digest) error { return ErrReplayed }
		}, want: ErrReplayed},
		{name: "unknown predecessor", policy: func(p *Policy) { p.Prev = func(*Claims) error { return ErrPrev } }, want: ErrPrev},
		{name: "another body", raw: func(b []byte) []byte {
			return bytes.Replace(b, []byte("25 kg"), []byte("26 kg"), 1)
		}, want: ErrBody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, body := base(), someBody(t)
			c := someClaims(t, body)
			if tt.policy != nil {
				tt.policy(&p)
			}
			if tt.claims != nil {
				tt.claims(&c)
			}
			jws, err := SignJWS(s, c)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := (&Message{body, &Envelope{raw: jws}}).Encode()
			if err != nil {
				t.Fatal(err)
			}
			if tt.raw != nil {
				raw = tt.raw(raw)
			}
			if _, err := Receive(raw, p); !errors.Is(err, tt.want) {
				t.Errorf("Receive = %v, want %v", err, tt.want)
			}
		})
	}
}

// The window is closed on both sides, whole seconds are compared, and no time that
// can be signed comes round to the present.
func TestFresh(t *testing.T) {
	const now, window, year = int64(1_800_000_000), 5 * time.Minute, int64(366 * 24 * 3600)
	const ages = math.MaxInt64/int64(time.Second) + 1 // more than a time.Duration measures
	for _, tt := range []struct {
		name         string
		issued, ends int64
		after        time.Duration // the whole second, on the receiver's clock
		want         error
	}{
		{"just now", now, now + 10, 0, nil},
		{"as old as may be", now - 300, now, 0, nil},
		{"as old as may be, in its second", now - 300, now, time.Second - 1, nil},
		{"a second older", now - 301, now + 10, 0, ErrStale},
		{"a second older, at the end of a second", now - 301, now + 10, time.Second - 1, ErrStale},
		{"a year old", now - year, now + 10, 0, ErrStale},
		{"from the beginning", 0, now + 10, 0, ErrStale},
		{"as far ahead as may be", now + 300, now + 300, 0, nil},
		{"a second further", now + 301, now + 400, 0, ErrFuture},
		{"a second further, at the end of a second", now + 301, now + 400, time.Second - 1, ErrFuture},
		{"a year ahead", now + year, now + year, 0, ErrFuture},
		{"further than a duration", now + ages, now + ages, 0, ErrFuture},
		{"twice as far", now + 2*ages, now + 2*ages, 0, ErrFuture},
		{"the last time that can be signed", 1<<53 - 1, 1<<53 - 1, 0, ErrFuture},
		{"in its last second", now - 10, now, time.Second - 1, nil},
		{"expired", now - 10, now - 1, 0, ErrExpired},
		{"expired and stale", now - 400, now - 350, 0, ErrStale},
	} {
		c := Claims{IssuedAt: tt.issued, Expires: tt.ends}
		if err := c.Fresh(time.Unix(now, 0).Add(tt.after), window); !errors.Is(err, tt.want) {
			t.Errorf("%s: Fresh = %v, want %v", tt.name, err, tt.want)
		}
	}
	old := Claims{IssuedAt: 0, Expires: 1<<53 - 1}
	if err := old.Fresh(time.Unix(now, 0), math.MaxInt64); err != nil {
		t.Errorf("in a window without end: Fresh = %v", err)
	}
	// The longest window holds what a duration measures, and not what it cannot:
	// −(−2⁶³) is negative.
	ahead := Claims{IssuedAt: 1<<53 - 1, Expires: 1<<53 - 1}
	if err := ahead.Fresh(time.Unix(now, 0), math.MaxInt64); !errors.Is(err, ErrFuture) {
		t.Errorf("at the end of time: Fresh = %v, want %v", err, ErrFuture)
	}
}

// Evidence is verified at the time of its block, however long that is from when it
// was signed; the key must have counted then.
func TestVerifyAsksNoWindow(t *testing.T) {
	s := newSigner(t)
	key, _ := KeyOf(s)
	c := someClaims(t, someBody(t))
	raw, err := SignJWS(s, c)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ParseJWS(raw)
	if err != nil {
		t.Fatal(err)
	}
	issued := c.Issued()
	h := Holder{Key: key, Member: c.Issuer, From: issued.AddDate(-1, 0, 0), Until: issued.AddDate(5, 0, 0), Revoked: issued.AddDate(3, 0, 0)}
	other, _ := KeyOf(newSigner(t))
	for _, tt := range []struct {
		name   string
		change func(*Holder)
		at     time.Time
		want   error
	}{
		{"when it was signed", nil, issued, nil},
		{"a year before", nil, h.From, nil},
		{"before the key", nil, h.From.Add(-1), ErrKeyInvalid},
		{"years after it has expired", nil, h.Revoked.Add(-1), nil},
		{"when the key was revoked", nil, h.Revoked, ErrKeyInvalid},
		{"after the key", func(h *Holder) { h.Revoked = time.Time{} }, h.Until, ErrKeyInvalid},
		{"key of another member", func(h *Holder) { h.Member = "4000000000006" }, issued, ErrKeyID},
		{"another key", func(h *Holder) { h.Key = other }, issued, ErrKeyID},
	} {
		holder := h
		if tt.change != nil {
			tt.change(&holder)
		}
		if err := e.Verify(holder, tt.at); !errors.Is(err, tt.want) {
			t.Errorf("%s: Verify = %v, want %v", tt.name, err, tt.want)
		}
	}
}

// Of two faults the one is named that is looked at first: the key, then the
// signature, then the time. So nobody learns from an unsigned message how the
// receiver's clock stands, and no replay entry is made for one.
func TestFaultsInOrder(t *testing.T) {
	s := newSigner(t)
	key, _ := KeyOf(s)
	body := someBody(t)
	c := someClaims(t, body)
	jws, err := SignJWS(s, c)
	if err != nil {
		t.Fatal(err)
	}
	good, err := (&Message{body, &Envelope{raw: jws}}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	bent := bytes.Clone(good)
	bend(bent)
	holder := Holder{Key: key, Member: c.Issuer}
	revoked := holder
	revoked.Revoked = c.Issued()
	for _, tt := range []struct {
		name   string
		raw    []byte
		holder Holder
		at     int64 // after it was signed, in seconds
		want   error
	}{
		{"revoked key, bent, stale", bent, revoked, 1000, ErrKeyInvalid},
		{"revoked key, stale", good, revoked, 1000, ErrKeyInvalid},
		{"bent, stale", bent, holder, 1000, ErrSignature},
		{"bent, ahead", bent, holder, -1000, ErrSignature},
		{"stale, expired, replayed", good, holder, 1000, ErrStale},
		{"ahead, replayed", good, holder, -1000, ErrFuture},
		{"replayed", good, holder, 0, ErrReplayed},
	} {
		seen := false
		_, err := Receive(tt.raw, Policy{
			Audience: c.Audience, Now: time.Unix(c.IssuedAt+tt.at, 0), Window: 5 * time.Minute, MaxSize: 1 << 16,
			Expects: func(string) error { return nil },
			Holder:  func(canon.Digest) (Holder, error) { return tt.holder, nil },
			Seen: func(string, canon.ID, canon.Digest) error {
				seen = true
				return ErrReplayed
			},
			Prev: func(*Claims) error { return nil },
		})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: Receive = %v, want %v", tt.name, err, tt.want)
		}
		if seen != (tt.want == ErrReplayed) {
			t.Errorf("%s: the replay set was asked: %t", tt.name, seen)
		}
	}
}

// bend changes a character of the signature into another of the alphabet.
func bend(raw []byte) {
	at := &raw[bytes.LastIndexByte(raw, '.')+5]
	if *at == 'A' {
		*at = 'B'
	} else {
		*at = 'A'
	}
}
