// Package envelope is the signed message between organisations and devices: one
// set of claims, in two encodings.
//
//   - Between organisations: a JWS in compact form (RFC 7515), ES256, over the
//     RFC 8785 form of the claims. Any JOSE library can verify it.
//   - Devices, records and ledger transactions: COSE_Sign1 (RFC 9052), ES256,
//     over deterministic CBOR with the labels of CWT (RFC 8392).
//
// The protected header of either form holds the algorithm, the kind of content
// and the key's identifier (RFC 7638 thumbprint) and nothing else, in one
// spelling; a parser rebuilds it and compares. So there is no algorithm to
// confuse, no key in a header to believe and no second encoding of a message.
//
// The body travels beside the claims. Its digest in them is the root of a
// Merkle tree over salted fields, so that a reader can be shown some fields
// and not the others (body.go). Receive makes the checks of an incoming message
// in their order (receive.go); Verify those of stored evidence.
//
// Source: protocols.md section 0, which replaces the papers' M, TS and BC.
package envelope

import (
	"crypto"
	"fmt"
	"strings"
	"time"

	"theriac/canon"
)

// Claims are what the sender of a message signs. Times are seconds since 1970.
type Claims struct {
	Audience   string         `json:"aud" cbor:"3,keyasint"`              // receiver's GLN
	BodyDigest canon.Digest   `json:"body_digest" cbor:"-65537,keyasint"` // Body.Digest
	Case       string         `json:"case" cbor:"-65538,keyasint"`        // the papers' ID_BC
	Expires    int64          `json:"exp" cbor:"4,keyasint"`
	IssuedAt   int64          `json:"iat" cbor:"6,keyasint"`
	Issuer     string         `json:"iss" cbor:"1,keyasint"`       // sender's GLN
	ID         canon.ID       `json:"jti" cbor:"7,keyasint"`       // the CWT's cti
	Prev       []canon.Digest `json:"prev" cbor:"-65539,keyasint"` // digests of the messages answered
	Type       string         `json:"type" cbor:"-65540,keyasint"` // kind and version, as "dmms/1"
}

// limits of the claims, which bound what a ledger record or a log line can hold.
const (
	maxName = 64
	maxPrev = 64
)

// Check returns canon.ErrNotCanonical for claims that no sender of ours writes.
func (c *Claims) Check() error {
	for _, s := range []string{c.Audience, c.Case, c.Issuer, c.Type} {
		if len(s) == 0 || len(s) > maxName || strings.Trim(s, nameCharacters) != "" {
			return fmt.Errorf("claim %.70q: %w", s, canon.ErrNotCanonical)
		}
	}
	if len(c.Prev) > maxPrev {
		return fmt.Errorf("%d predecessors: %w", len(c.Prev), canon.ErrNotCanonical)
	}
	// Beyond 2^53 a JSON number is not the same number everywhere.
	if c.IssuedAt < 0 || c.Expires < c.IssuedAt || c.Expires >= 1<<53 {
		return fmt.Errorf("times %d to %d: %w", c.IssuedAt, c.Expires, canon.ErrNotCanonical)
	}
	return nil
}

const nameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:/"

// Issued returns the time of signing.
func (c *Claims) Issued() time.Time { return time.Unix(c.IssuedAt, 0).UTC() }

// An Envelope is a parsed signed message. Its signature is not verified until
// Verify says so.
type Envelope struct {
	Claims Claims

	raw []byte
	sig Signature
}

// Raw returns the exact bytes received.
func (e *Envelope) Raw() []byte { return e.raw }

// Digest returns the anchor BC: SHA-256 over the signed claims with their
// signature, as received. Unlike the paper's h(r, s) it opens to one message
// under one key.
func (e *Envelope) Digest() canon.Digest { return canon.Sum(e.raw) }

// PaperDigest returns the paper's BC = h(r, s) (paper 000, equations 12, 23,
// 34, 45, 56, 67), kept beside Digest. It binds neither message nor key.
func (e *Envelope) PaperDigest() canon.Digest { return canon.Sum(e.sig.Bytes[:]) }

// Signature returns the signature that the envelope carries.
func (e *Envelope) Signature() Signature { return e.sig }

// Parse reads an envelope in either form, which its first byte tells.
func Parse(raw []byte) (*Envelope, error) {
	if len(raw) > 0 && raw[0] == 'e' {
		return ParseJWS(raw)
	}
	return ParseCOSE(raw)
}

const jwsType = "theriac+jws"

// jwsHeader returns the one protected header that a JWS under this key may have.
func jwsHeader(typ string, kid canon.Digest) []byte {
	return fmt.Appendf(nil, `{"alg":"ES256","kid":"%s","typ":"%s"}`, kid, typ)
}

// SignJWS signs claims and returns the compact JWS.
func SignJWS(s crypto.Signer, c Claims) ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	payload, err := canon.JSON(c)
	if err != nil {
		return nil, err
	}
	return SignCompact(s, jwsType, payload)
}

// ParseJWS reads a compact JWS and returns canon.ErrNotCanonical unless it is
// spelled as SignJWS spells it.
func ParseJWS(raw []byte) (*Envelope, error) {
	c, err := ParseCompact(raw, jwsType)
	if err != nil {
		return nil, err
	}
	e := &Envelope{raw: raw, sig: c.Signature}
	if err := canon.DecodeJSON(c.Payload, &e.Claims); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	return e, e.Claims.Check()
}

const claimsType = "application/theriac-claims"

// SignCOSE signs claims and returns the COSE_Sign1.
func SignCOSE(s crypto.Signer, c Claims) ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Prev == nil {
		c.Prev = []canon.Digest{}
	}
	payload, err := canon.CBOR(c)
	if err != nil {
		return nil, err
	}
	return SignSign1(s, claimsType, payload)
}

// ParseCOSE reads a COSE_Sign1 and returns canon.ErrNotCanonical unless it is
// spelled as SignCOSE spells it.
func ParseCOSE(raw []byte) (*Envelope, error) {
	m, err := ParseSign1(raw, claimsType)
	if err != nil {
		return nil, err
	}
	e := &Envelope{raw: raw, sig: m.Signature}
	if err := canon.DecodeCBOR(m.Payload, &e.Claims); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	if e.Claims.Prev == nil { // null is not how we write an empty list
		return nil, fmt.Errorf("claims: %w", canon.ErrNotCanonical)
	}
	return e, e.Claims.Check()
}
