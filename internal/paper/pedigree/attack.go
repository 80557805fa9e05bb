package pedigree

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"math/big"
)

// The constructions of this file work against every ECDSA signature that does
// not bind its message or its key, also against crypto/ecdsa: the tests of other
// packages run them against the product. z is always a SHA-256 digest.

// DuplicateSignatureKey returns a private key and one low-s signature by it
// that verifies both z1 and z2: d = −(z1+z2)/(2r), so that z1+rd = −(z2+rd), and
// the two messages lead to R and −R, whose x is the same (Stern, Pointcheval,
// Malone-Lee, Smart, CRYPTO 2002). Whoever chooses d can do it: a signer, or
// here the centre. The key is a proper one and passes a proof of possession.
func DuplicateSignatureKey(z1, z2 []byte, k *big.Int) (*ecdsa.PrivateKey, Signature, error) {
	o := new(Ops)
	probe, err := o.Sign(new(big.Int), k, z1) // r depends on k alone
	if err != nil {
		return nil, Signature{}, err
	}
	half, err := o.inverse(new(big.Int).Lsh(probe.R, 1))
	if err != nil {
		return nil, Signature{}, err
	}
	d := o.mul(new(big.Int).Neg(new(big.Int).Add(number(z1), number(z2))), half)
	g, err := o.Sign(d, k, z1)
	if err != nil {
		return nil, Signature{}, err
	}
	if g.S.Cmp(new(big.Int).Rsh(curve.N, 1)) > 0 {
		g = Twin(g)
	}
	key, err := privateKey(d)
	return key, g, err
}

// SubstitutionKey returns a public key Q' = r⁻¹(sR − zG) under which somebody
// else's signature verifies z, a message of the attacker's choice. It needs the
// signature alone: either of the two points with x = r serves as R. Nobody knows
// its private key, so that a proof of possession stops it.
func SubstitutionKey(g Signature, z []byte) (*ecdsa.PublicKey, error) {
	big3 := big.NewInt(3)
	y2 := new(big.Int).Exp(g.R, big3, curve.P)
	y2.Sub(y2, new(big.Int).Mul(big3, g.R))
	y := new(big.Int).ModSqrt(y2.Mod(y2.Add(y2, curve.B), curve.P), curve.P)
	if y == nil {
		return nil, fmt.Errorf("no point has x = r: %w", ErrSignature)
	}
	o := new(Ops)
	inv, err := o.inverse(g.R)
	if err != nil {
		return nil, err
	}
	minusZ := new(big.Int).Neg(number(z))
	return publicKey(o.add(o.times(o.mul(g.S, inv), Point{g.R, y}), o.times(o.mul(minusZ, inv), base())))
}

// SubstitutionPrivateKey returns the private key of such a Q', d' = (sk − z)/r,
// for whoever knows the nonce of the signature: its signer, or whoever holds
// the signer's key (see Nonce). It passes a proof of possession.
func SubstitutionPrivateKey(g Signature, k *big.Int, z []byte) (*ecdsa.PrivateKey, error) {
	o := new(Ops)
	inv, err := o.inverse(g.R)
	if err != nil {
		return nil, err
	}
	return privateKey(o.mul(inv, new(big.Int).Sub(o.mul(g.S, k), number(z))))
}

// Nonce returns the k of a signature over z to whoever holds d: k = (z+rd)/s.
func Nonce(d *big.Int, z []byte, g Signature) (*big.Int, error) {
	o := new(Ops)
	inv, err := o.inverse(g.S)
	if err != nil {
		return nil, err
	}
	return o.mul(inv, new(big.Int).Add(number(z), o.mul(g.R, d))), nil
}

// Twin returns (r, n−s), which verifies whatever (r, s) verifies: of a low-s
// signature it is the high-s one.
func Twin(g Signature) Signature {
	return Signature{new(big.Int).Set(g.R), new(big.Int).Sub(curve.N, g.S)}
}

func privateKey(d *big.Int) (*ecdsa.PrivateKey, error) {
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), d.FillBytes(make([]byte, size)))
}

func publicKey(q Point) (*ecdsa.PublicKey, error) {
	if q.X == nil {
		return nil, fmt.Errorf("key at infinity: %w", ErrSignature)
	}
	raw := make([]byte, 1+2*size)
	raw[0] = 4 // uncompressed, SEC 1 section 2.3.3
	q.X.FillBytes(raw[1 : 1+size])
	q.Y.FillBytes(raw[1+size:])
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
}
