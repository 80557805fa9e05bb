package lightclient

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/types"
	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
	"pgregory.net/rapid"
)

// pointKey returns the key with this encoding, in hexadecimal.
func pointKey(t testing.TB, s string) ed25519.PubKey {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// withKey returns the set with the last validator's key in place of its own.
// It is put together by hand, as a block from a stranger would be.
func withKey(set *types.ValidatorSet, key ed25519.PubKey) *types.ValidatorSet {
	vals := slices.Clone(set.Validators)
	vals[len(vals)-1] = types.NewValidator(key, vals[len(vals)-1].VotingPower)
	return &types.ValidatorSet{Validators: vals, Proposer: vals[0]}
}

// emptySignature is what verifies under a key of order 1 for every message: R
// the neutral point, s zero.
func emptySignature() []byte {
	sig := make([]byte, 64)
	sig[0] = 1
	return sig
}

// twisted signs such that R has a part of order 2: ZIP 215 multiplies the
// equation by the cofactor and does not see it, RFC 8032's own check does.
func twisted(t testing.TB, key ed25519.PrivKey, msg []byte) []byte {
	t.Helper()
	expanded := sha512.Sum512(key[:32])
	var clamped [32]byte
	copy(clamped[:], expanded[:32])
	clamped[0] &= 248
	clamped[31] = clamped[31]&127 | 64
	wide := func(parts ...[]byte) *scalar.Scalar {
		sum := sha512.Sum512(bytes.Join(parts, nil))
		s, err := scalar.NewFromBytesModOrderWide(sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	a, err := scalar.NewFromBytesModOrder(clamped[:])
	if err != nil {
		t.Fatal(err)
	}
	var y curve.CompressedEdwardsY
	if _, err := y.SetBytes(pointKey(t, smallOrder[1])); err != nil {
		t.Fatal(err)
	}
	order2, err := curve.NewEdwardsPoint().SetCompressedY(&y)
	if err != nil {
		t.Fatal(err)
	}
	r := wide(expanded[32:], msg)
	point := curve.NewEdwardsPoint().MulBasepoint(curve.ED25519_BASEPOINT_TABLE, r)
	y.SetEdwardsPoint(point.Add(point, order2))
	s := scalar.New().Mul(wide(y[:], key[32:], msg), a)
	s.Add(s, r)
	sig := make([]byte, 64)
	copy(sig, y[:])
	if err := s.ToBytes(sig[32:]); err != nil {
		t.Fatal(err)
	}
	return sig
}

// Blocks that CometBFT's light client takes and this one refuses.
func TestStricterThanCometBFT(t *testing.T) {
	k := keyring{}
	set := k.newSet(0, 40, 30, 20, 10, 5)
	for _, tt := range []struct {
		name string
		make func(*testing.T) *types.LightBlock
		want error
	}{
		{"bad signature beyond two thirds", func(t *testing.T) *types.LightBlock {
			b := k.sign(t, newHeader(7, set, set), set)
			flip(b.Commit.Signatures[4].Signature)
			return b
		}, ErrSignature},
		{"bad signature for nil", func(t *testing.T) *types.LightBlock {
			b := k.sign(t, newHeader(7, set, set), set, commit, commit, commit, none)
			flip(b.Commit.Signatures[3].Signature)
			return b
		}, ErrSignature},
		{"vote for nil by a stranger", func(t *testing.T) *types.LightBlock {
			b := k.sign(t, newHeader(7, set, set), set, commit, commit, commit, none)
			b.Commit.Signatures[3].ValidatorAddress = hashOf("stranger")[:20]
			return b
		}, ErrMalformed},
		{"vote without a time", func(t *testing.T) *types.LightBlock {
			b := k.sign(t, newHeader(7, set, set), set)
			b.Commit.Signatures[0].Timestamp = time.Time{}
			k.resign(t, b, 0)
			return b
		}, ErrMalformed},
		{"signature with a part of order 2", func(t *testing.T) *types.LightBlock {
			b := k.sign(t, newHeader(7, set, set), set)
			key := k[string(set.Validators[0].Address)]
			b.Commit.Signatures[0].Signature = twisted(t, key, b.Commit.VoteSignBytes(chainID, 0))
			return b
		}, ErrSignature},
		{"set out of order", func(t *testing.T) *types.LightBlock {
			vals := slices.Clone(set.Validators)
			slices.Reverse(vals)
			upside := &types.ValidatorSet{Validators: vals, Proposer: vals[0]}
			return k.sign(t, newHeader(7, upside, set), upside)
		}, ErrMalformed},
		{"key twice", func(t *testing.T) *types.LightBlock {
			vals := append(slices.Clone(set.Validators), types.NewValidator(set.Validators[0].PubKey, 1))
			double := &types.ValidatorSet{Validators: vals, Proposer: vals[0]}
			return k.sign(t, newHeader(7, double, set), double)
		}, ErrMalformed},
		{"validator without power", func(t *testing.T) *types.LightBlock {
			vals := append(slices.Clone(set.Validators), types.NewValidator(secret(9).PubKey(), 0))
			idle := &types.ValidatorSet{Validators: vals, Proposer: vals[0]}
			return k.sign(t, newHeader(7, idle, set), idle, commit, commit, commit, commit, commit, absent)
		}, ErrMalformed},
		{"power that JSON cannot hold", func(t *testing.T) *types.LightBlock {
			heavy := k.newSet(0, maxInt+1)
			return k.sign(t, newHeader(7, heavy, set), heavy)
		}, ErrMalformed},
		{"key of order 1", func(t *testing.T) *types.LightBlock {
			weak := withKey(set, pointKey(t, smallOrder[0]))
			b := k.sign(t, newHeader(7, weak, set), weak, commit, commit, commit, commit, absent)
			b.Commit.Signatures[4] = types.CommitSig{
				BlockIDFlag: commit, ValidatorAddress: weak.Validators[4].Address, Timestamp: b.Time, Signature: emptySignature(),
			}
			if err := weak.VerifyCommit(chainID, b.Commit.BlockID, 7, b.Commit); err != nil {
				t.Fatalf("CometBFT would not take a vote that nobody signed: %v", err)
			}
			return b
		}, ErrMalformed},
		{"key with an unreduced coordinate", func(t *testing.T) *types.LightBlock {
			weak := withKey(set, pointKey(t, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"))
			return k.sign(t, newHeader(7, weak, set), weak, commit, commit, commit, commit, absent)
		}, ErrMalformed},
		{"block id without parts", func(t *testing.T) *types.LightBlock {
			b := k.sign(t, newHeader(7, set, set), set)
			b.Commit.BlockID.PartSetHeader = types.PartSetHeader{}
			for i := range b.Commit.Signatures {
				k.resign(t, b, i)
			}
			return b
		}, ErrMalformed},
		{"header without a time", func(t *testing.T) *types.LightBlock {
			h := newHeader(7, set, set)
			h.Time = time.Time{}
			return k.sign(t, h, set)
		}, ErrMalformed},
		{"application version that JSON cannot hold", func(t *testing.T) *types.LightBlock {
			h := newHeader(7, set, set)
			h.Version.App = maxInt + 1
			return k.sign(t, h, set)
		}, ErrMalformed},
		{"hash of zero bytes", func(t *testing.T) *types.LightBlock {
			h := newHeader(7, set, set)
			h.AppHash = make([]byte, 32)
			return k.sign(t, h, set)
		}, ErrMismatch},
		{"short application hash", func(t *testing.T) *types.LightBlock {
			h := newHeader(7, set, set)
			h.AppHash = h.AppHash[:20]
			return k.sign(t, h, set)
		}, ErrMismatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.make(t)
			if err := b.ValidateBasic(chainID); err != nil {
				t.Fatalf("CometBFT refuses too: %v", err)
			}
			if err := b.ValidatorSet.VerifyCommitLight(chainID, b.Commit.BlockID, b.Height, b.Commit); err != nil {
				t.Fatalf("CometBFT refuses too: %v", err)
			}
			trust := Trust{ChainID: chainID, Validators: setFromComet(set)}
			if _, err := Verify(trust, []LightBlock{fromComet(b)}); !errors.Is(err, tt.want) {
				t.Errorf("Verify = %v, want %v", err, tt.want)
			}
		})
	}
}

// An adapter mends what a hostile validator could do with a vote that only ZIP
// 215 accepts: it hands the vote on as absent.
func TestVoteLeftOut(t *testing.T) {
	k := keyring{}
	set := k.newSet(0, 10, 10, 10, 10)
	b := k.sign(t, newHeader(7, set, set), set)
	b.Commit.Signatures[2].Signature = twisted(t, k[string(set.Validators[2].Address)], b.Commit.VoteSignBytes(chainID, 2))
	if err := set.VerifyCommit(chainID, b.Commit.BlockID, 7, b.Commit); err != nil {
		t.Fatalf("CometBFT refuses too: %v", err)
	}
	trust, ours := Trust{ChainID: chainID, Validators: setFromComet(set)}, fromComet(b)
	if _, err := Verify(trust, []LightBlock{ours}); !errors.Is(err, ErrSignature) {
		t.Fatalf("Verify = %v, want %v", err, ErrSignature)
	}
	ours.Commit.Signatures[2] = Vote{Flag: FlagAbsent}
	if _, err := Verify(trust, []LightBlock{ours}); err != nil {
		t.Errorf("Verify without the vote = %v", err)
	}
}

// CheckKey refuses exactly the points of small order and the encodings that
// RFC 8032 section 5.1.3 does not decode for their y, as curve25519-voi finds them.
func TestCheckKeyAgainstCurve(t *testing.T) {
	check := func(t rapid.TB, raw []byte) (refused bool) {
		t.Helper()
		var y curve.CompressedEdwardsY
		if _, err := y.SetBytes(raw); err != nil {
			t.Fatal(err)
		}
		weak := !y.IsCanonicalVartime()
		if p, err := curve.NewEdwardsPoint().SetCompressedY(&y); err == nil && p.IsSmallOrder() {
			weak = true
		}
		err := CheckKey(raw)
		if (err != nil) != weak || err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatalf("CheckKey(%x) = %v, weak by the curve: %t", raw, err, weak)
		}
		return weak
	}
	signs := func(t *testing.T, y []byte) (refused int) {
		for _, sign := range []byte{0, 0x80} {
			raw := bytes.Clone(y)
			raw[31] |= sign
			if check(t, raw) {
				refused++
			}
		}
		return refused
	}
	for _, s := range smallOrder {
		if n := signs(t, pointKey(t, s)); n != 2 {
			t.Errorf("y = %s: %d refused of two signs", s, n)
		}
	}
	// All y from p to 2^255 - 1, and p - 2, p - 1 below them.
	top := bytes.Repeat([]byte{0xff}, 32)
	top[31] = 0x7f
	for low := 0xeb; low <= 0xff; low++ {
		top[0] = byte(low)
		if n := signs(t, top); n != 2 && low >= 0xec {
			t.Errorf("y = %x: %d refused of two signs", top, n)
		}
	}
	top[31] = 0x7e // reduced again
	signs(t, top)
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")) })
}
