package pedigree

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// curve is P-256: y² = x³ − 3x + b over GF(p), base point of order n.
var curve = elliptic.P256().Params()

// errInverse is returned for a nonce or a number without an inverse modulo n.
var errInverse = errors.New("pedigree: no inverse modulo n")

// A Point is a point of the curve; the zero Point is the one at infinity.
type Point struct{ X, Y *big.Int }

// base returns G.
func base() Point { return Point{curve.Gx, curve.Gy} }

// A Signature is (r, s).
type Signature struct{ R, S *big.Int }

// size is the length of r and of s in h(r, s) and in Cert_D.
const size = 32

// Bytes returns r‖s, 32 bytes each: the form of JWS and COSE, and what BC
// hashes. A number that is out of the printed range may take more.
func (g Signature) Bytes() []byte {
	var out []byte
	for _, v := range []*big.Int{g.R, g.S} {
		out = append(out, v.FillBytes(make([]byte, max(size, (v.BitLen()+7)/8)))...)
	}
	return out
}

// ParseSignature reads the 64 bytes r‖s.
func ParseSignature(b []byte) (Signature, error) {
	if len(b) != 2*size {
		return Signature{}, fmt.Errorf("signature of %d bytes: %w", len(b), ErrSignature)
	}
	return Signature{new(big.Int).SetBytes(b[:size]), new(big.Int).SetBytes(b[size:])}, nil
}

// BC returns h(r, s): equations 12, 23, 34, 45, 56 and 67.
func BC(g Signature) string { return new(Ops).bc(g) }

// An Ops does the paper's arithmetic and counts it.
type Ops struct {
	PointMul, ModMul  int // Table 2 adds them up as T_Mul
	Hash, Cmp, Sig    int // T_H, T_Cmp, T_Sig
	Inverse, PointAdd int // not in Table 2
}

// hash returns h(parts…), plainly joined: where one part ends and the next
// begins is lost.
func (o *Ops) hash(parts ...string) []byte {
	o.Hash++
	z := sha256.Sum256([]byte(strings.Join(parts, "")))
	return z[:]
}

func (o *Ops) bc(g Signature) string { return string(o.hash(string(g.Bytes()))) }

func (o *Ops) equal(a, b []byte) bool {
	o.Cmp++
	return bytes.Equal(a, b)
}

// mul returns ab mod n.
func (o *Ops) mul(a, b *big.Int) *big.Int {
	o.ModMul++
	return modN(new(big.Int).Mul(a, b))
}

// inverse returns a⁻¹ mod n.
func (o *Ops) inverse(a *big.Int) (*big.Int, error) {
	o.Inverse++
	if inv := new(big.Int).ModInverse(a, curve.N); inv != nil {
		return inv, nil
	}
	return nil, errInverse
}

// add returns p + q.
func (o *Ops) add(p, q Point) Point {
	o.PointAdd++
	return chord(p, q)
}

// times returns kp, by doubling and adding.
func (o *Ops) times(k *big.Int, p Point) Point {
	o.PointMul++
	var sum Point
	for i := k.BitLen() - 1; i >= 0; i-- {
		sum = chord(sum, sum)
		if k.Bit(i) == 1 {
			sum = chord(sum, p)
		}
	}
	return sum
}

// Sign signs z with the private key d and the nonce k: equations 3 to 5.
func (o *Ops) Sign(d, k *big.Int, z []byte) (Signature, error) {
	inv, err := o.inverse(k)
	if err != nil {
		return Signature{}, fmt.Errorf("nonce: %w", err)
	}
	r := modN(o.times(k, base()).X)                           // (3), (4)
	s := o.mul(inv, new(big.Int).Add(number(z), o.mul(r, d))) // (5)
	return Signature{r, s}, nil
}

// Verify checks a signature over z by the public key q: equations 8 to 11. The
// print does not ask for r and s in 1 … n−1.
func (o *Ops) Verify(q Point, z []byte, g Signature) error {
	if g.R == nil || g.S == nil {
		return ErrSignature
	}
	inv, err := o.inverse(g.S)
	if err != nil {
		return ErrSignature
	}
	u1 := o.mul(number(z), inv)                                         // (8)
	u2 := o.mul(g.R, inv)                                               // (9)
	at := o.add(o.times(u1, base()), o.times(u2, q))                    // (10)
	if at.X == nil || !o.equal(modN(at.X).Bytes(), modN(g.R).Bytes()) { // (11)
		return ErrSignature
	}
	return nil
}

// chord returns p + q by the chord or tangent through them.
func chord(p, q Point) Point {
	if p.X == nil {
		return q
	}
	if q.X == nil {
		return p
	}
	rise, run := new(big.Int).Sub(q.Y, p.Y), new(big.Int).Sub(q.X, p.X)
	if run.Sign() == 0 {
		if rise.Sign() != 0 {
			return Point{}
		}
		rise.Mul(p.X, p.X)
		rise.Sub(rise.Mul(rise, big.NewInt(3)), big.NewInt(3)) // a = −3
		run.Lsh(p.Y, 1)                                        // never 0: n is odd
	}
	run.ModInverse(run.Mod(run, curve.P), curve.P)
	slope := rise.Mod(rise.Mul(rise, run), curve.P)
	x := new(big.Int).Mul(slope, slope)
	x.Mod(x.Sub(x.Sub(x, p.X), q.X), curve.P)
	y := new(big.Int).Sub(p.X, x)
	y.Mod(y.Sub(y.Mul(y, slope), p.Y), curve.P)
	return Point{x, y}
}

func number(z []byte) *big.Int { return new(big.Int).SetBytes(z) }

func modN(v *big.Int) *big.Int { return new(big.Int).Mod(v, curve.N) }
