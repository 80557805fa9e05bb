package envelope

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"theriac/canon"
)

// SignatureSize is the size of a signature r ‖ s in bytes.
const SignatureSize = 64

// KeySize is the size of a public key in bytes: an uncompressed P-256 point.
const KeySize = 65

// ErrKey is returned for bytes that are no P-256 public key, and for a signer
// that holds none.
var ErrKey = errors.New("envelope: not a P-256 key")

// A Key is a P-256 public key with its identifier.
type Key struct {
	id    canon.Digest
	point [KeySize]byte
	pub   *ecdsa.PublicKey
	known func(Signature) bool
}

// A Signature is a signature r ‖ s (64 bytes) of a SHA-256 digest, by the key of
// this identifier if it verifies.
type Signature struct {
	KeyID  canon.Digest
	Digest canon.Digest
	Bytes  [SignatureSize]byte
}

// ParseKey reads an uncompressed P-256 point (65 bytes) and returns ErrKey
// unless it lies on the curve.
func ParseKey(point []byte) (Key, error) {
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	k := Key{pub: pub, point: [KeySize]byte(point)}
	// RFC 7638: the required members in lexicographic order, without spaces.
	k.id = canon.Sum(fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`,
		canon.Text(point[1:33]), canon.Text(point[33:])))
	return k, nil
}

// KeyOf returns the public key of a signer, or ErrKey if it is not on P-256.
func KeyOf(s crypto.Signer) (Key, error) {
	pub, ok := s.Public().(*ecdsa.PublicKey)
	if !ok || pub.Curve != elliptic.P256() {
		return Key{}, ErrKey
	}
	point, err := pub.Bytes()
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return ParseKey(point)
}

// ID returns the key's identifier (kid), its RFC 7638 thumbprint.
func (k Key) ID() canon.Digest { return k.id }

// Point returns the uncompressed point, 65 bytes.
func (k Key) Point() []byte { return k.point[:] }

// Public returns the key for the standard library.
func (k Key) Public() *ecdsa.PublicKey { return k.pub }

var (
	order     = elliptic.P256().Params().N
	halfOrder = new(big.Int).Rsh(order, 1)
	halfBytes = [32]byte(halfOrder.FillBytes(make([]byte, 32)))
)

// LowS returns ErrHighS for a signature r ‖ s with s above half the group order.
func LowS(sig []byte) error {
	if len(sig) != SignatureSize {
		return fmt.Errorf("%d bytes: %w", len(sig), ErrSignature)
	}
	if string(sig[32:]) > string(halfBytes[:]) {
		return ErrHighS
	}
	return nil
}

// Trusting returns the key with a memory: a signature that known says was
// verified before is not verified again. A ledger node verifies in parallel
// before consensus asks in sequence.
func (k Key) Trusting(known func(Signature) bool) Key {
	k.known = known
	return k
}

// Verify returns nil if the signature is k's; ErrKeyID if it names another key,
// ErrHighS or ErrSignature otherwise.
func (k Key) Verify(s Signature) error {
	if s.KeyID != k.id {
		return ErrKeyID
	}
	if err := LowS(s.Bytes[:]); err != nil {
		return err
	}
	if k.known != nil && k.known(s) {
		return nil
	}
	if !ecdsa.VerifyASN1(k.pub, s.Digest[:], s.der()) {
		return ErrSignature
	}
	return nil
}

// der returns the signature as crypto/ecdsa takes it: a sequence of two integers
// in their shortest form.
func (s *Signature) der() []byte {
	out := make([]byte, 2, 2+2*(2+33))
	for _, half := range [][]byte{s.Bytes[:32], s.Bytes[32:]} {
		for len(half) > 1 && half[0] == 0 {
			half = half[1:]
		}
		if half[0] < 0x80 {
			out = append(out, 2, byte(len(half)))
		} else { // a zero before it, or it would be negative
			out = append(out, 2, byte(len(half)+1), 0)
		}
		out = append(out, half...)
	}
	out[0], out[1] = 0x30, byte(len(out)-2)
	return out
}

// VerifyDigest returns nil if sig (r ‖ s, 64 bytes) is k's signature of a
// SHA-256 digest, ErrHighS or ErrSignature otherwise.
func (k Key) VerifyDigest(digest canon.Digest, sig []byte) error {
	if len(sig) != SignatureSize {
		return fmt.Errorf("%d bytes: %w", len(sig), ErrSignature)
	}
	return k.Verify(Signature{k.id, digest, [SignatureSize]byte(sig)})
}

// pair is the ASN.1 form in which crypto.Signer and crypto/ecdsa speak.
type pair struct{ R, S *big.Int }

// SignDigest signs a SHA-256 digest and returns r ‖ s with a low s.
func SignDigest(s crypto.Signer, digest canon.Digest) ([]byte, error) {
	der, err := s.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var p pair
	if rest, err := asn1.Unmarshal(der, &p); err != nil || len(rest) != 0 {
		return nil, fmt.Errorf("sign: %w", ErrKey)
	}
	// A token may return anything: what does not fit is no signature.
	if p.R.Sign() <= 0 || p.S.Sign() <= 0 || p.R.Cmp(order) >= 0 || p.S.Cmp(order) >= 0 {
		return nil, fmt.Errorf("sign: %w", ErrKey)
	}
	if p.S.Cmp(halfOrder) > 0 {
		p.S.Sub(order, p.S)
	}
	sig := make([]byte, SignatureSize)
	p.R.FillBytes(sig[:32])
	p.S.FillBytes(sig[32:])
	return sig, nil
}
