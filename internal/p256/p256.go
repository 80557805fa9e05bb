// Package p256 verifies ECDSA signatures of keys that sign often, in less than
// half the time of crypto/ecdsa: a Table holds multiples of one public key, so
// that u₂·Q is a sum of 43 points of it, as the library's own table makes u₁·G.
//
// Points are filippo.io/nistec's, whose additions are complete. Nothing here is
// secret, so that nothing need take constant time. A signature that a table does
// not take is to be shown to crypto/ecdsa, which decides: a table can then only
// save time, unless it takes what is no signature, and the tests look for that.
package p256

import (
	"crypto/elliptic"
	"errors"
	"fmt"
	"math/big"

	"filippo.io/nistec"
)

const (
	window  = 6                       // bits of a digit of u₂
	windows = (256 + window) / window // 43 digits hold 258 bits
)

// Size is what a table takes, in bytes.
const Size = windows * (1<<window - 1) * 96

var order = elliptic.P256().Params().N

// A Table has, for each digit of a scalar, the multiples of a public key that the
// digit can stand for. Its methods may be called at once.
type Table struct {
	multiples [windows][1<<window - 1]nistec.P256Point // [i][d-1] = d·2^(6i)·Q
}

// NewTable returns the table of an uncompressed point, 65 bytes, in about a
// millisecond; an error unless it lies on the curve.
func NewTable(point []byte) (*Table, error) {
	if len(point) != 65 {
		return nil, errors.New("p256: no uncompressed point")
	}
	q, err := nistec.NewP256Point().SetBytes(point)
	if err != nil {
		return nil, fmt.Errorf("p256: %w", err)
	}
	t := new(Table)
	for i := range t.multiples {
		row := &t.multiples[i]
		row[0].Set(q)
		for d := 1; d < len(row); d++ {
			row[d].Add(&row[d-1], q)
		}
		q.Add(&row[len(row)-1], q)
	}
	return t, nil
}

// Verify reports whether r ‖ s is a signature of a digest of 32 bytes by the
// table's key (FIPS 186-5, section 6.4.2).
func (t *Table) Verify(digest [32]byte, sig [64]byte) bool {
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(order) >= 0 || s.Cmp(order) >= 0 {
		return false
	}
	w := s.ModInverse(s, order)
	u := new(big.Int).SetBytes(digest[:])
	u.Mod(u.Mul(u, w), order)
	var scalar [32]byte
	sum, err := nistec.NewP256Point().ScalarBaseMult(u.FillBytes(scalar[:]))
	if err != nil {
		return false
	}
	u.Mod(u.Mul(r, w), order)
	t.add(sum, u.FillBytes(scalar[:]))
	x, err := sum.BytesX() // fails at infinity
	if err != nil {
		return false
	}
	u.SetBytes(x)
	return u.Mod(u, order).Cmp(r) == 0
}

// add adds a multiple of the key to a point.
func (t *Table) add(sum *nistec.P256Point, scalar []byte) {
	var bits, have uint
	next := len(scalar) - 1
	for i := range t.multiples {
		for have < window && next >= 0 {
			bits |= uint(scalar[next]) << have
			have, next = have+8, next-1
		}
		if digit := bits & (1<<window - 1); digit != 0 {
			sum.Add(sum, &t.multiples[i][digit-1])
		}
		bits >>= window
		have = max(have, window) - window
	}
}
