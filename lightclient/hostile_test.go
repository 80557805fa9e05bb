package lightclient

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"theriac/canon"
)

// clone returns a block that shares nothing with b.
func clone(t testing.TB, b LightBlock) (out LightBlock) {
	t.Helper()
	raw, err := canon.JSON(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := canon.DecodeJSON(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Attack: a field of a genuine block is altered.
func TestAlteredBlockIsRefused(t *testing.T) {
	trust, good := newBlock(t, 4)
	good.Commit.Signatures = slices.Clone(good.Commit.Signatures)
	if _, err := Verify(trust, []LightBlock{good}); err != nil {
		t.Fatalf("the block itself: %v", err)
	}
	other := canon.Sum([]byte("other"))
	zero := canon.Digest{}
	for _, tt := range []struct {
		name  string
		alter func(b *LightBlock)
		want  error
	}{
		{"app hash", func(b *LightBlock) { b.Header.AppHash = other }, ErrMismatch},
		{"app hash gone", func(b *LightBlock) { b.Header.AppHash = zero }, ErrMismatch},
		{"chain id", func(b *LightBlock) { b.Header.ChainID = "theriac-tesT" }, ErrWrongChain},
		{"consensus hash", func(b *LightBlock) { b.Header.ConsensusHash = other }, ErrMismatch},
		{"data hash", func(b *LightBlock) { b.Header.DataHash = other }, ErrMismatch},
		{"evidence hash", func(b *LightBlock) { b.Header.EvidenceHash = other }, ErrMismatch},
		{"height", func(b *LightBlock) { b.Header.Height++ }, ErrMismatch},
		{"height in both", func(b *LightBlock) { b.Header.Height++; b.Commit.Height++ }, ErrMismatch},
		{"height zero", func(b *LightBlock) { b.Header.Height, b.Commit.Height = 0, 0 }, ErrMalformed},
		{"height beyond 2^53", func(b *LightBlock) { b.Header.Height = maxInt + 1 }, ErrMalformed},
		{"height below zero", func(b *LightBlock) { b.Header.Height = -7 }, ErrMalformed},
		{"last block hash", func(b *LightBlock) { b.Header.LastBlockID.Hash = other }, ErrMismatch},
		{"last parts hash", func(b *LightBlock) { b.Header.LastBlockID.PartsHash = other }, ErrMismatch},
		{"last parts total", func(b *LightBlock) { b.Header.LastBlockID.PartsTotal++ }, ErrMismatch},
		{"last block gone", func(b *LightBlock) { b.Header.LastBlockID = BlockID{} }, ErrMismatch},
		{"last commit hash", func(b *LightBlock) { b.Header.LastCommitHash = other }, ErrMismatch},
		{"last results hash", func(b *LightBlock) { b.Header.LastResultsHash = other }, ErrMismatch},
		{"next validators hash", func(b *LightBlock) { b.Header.NextValidatorsHash = other }, ErrMismatch},
		{"proposer", func(b *LightBlock) { b.Header.ProposerAddress = b.Validators[1].address() }, ErrMismatch},
		{"proposer gone", func(b *LightBlock) { b.Header.ProposerAddress = nil }, ErrMalformed},
		{"proposer too long", func(b *LightBlock) { b.Header.ProposerAddress = make([]byte, 21) }, ErrMalformed},
		{"time", func(b *LightBlock) { b.Header.Time = Time(time.Time(b.Header.Time).Add(1)) }, ErrMismatch},
		{"time gone", func(b *LightBlock) { b.Header.Time = Time{} }, ErrMalformed},
		{"time of year 10000", func(b *LightBlock) { b.Header.Time = Time(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) }, ErrMalformed},
		{"time of year 0", func(b *LightBlock) { b.Header.Time = Time(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)) }, ErrMalformed},
		{"validators hash", func(b *LightBlock) { b.Header.ValidatorsHash = other }, ErrMismatch},
		{"app version", func(b *LightBlock) { b.Header.Version.App++ }, ErrMismatch},
		{"app version below zero", func(b *LightBlock) { b.Header.Version.App = -1 }, ErrMalformed},
		{"block version", func(b *LightBlock) { b.Header.Version.Block++ }, ErrMalformed},

		{"block id hash", func(b *LightBlock) { b.Commit.BlockID.Hash = other }, ErrMismatch},
		{"block id hash gone", func(b *LightBlock) { b.Commit.BlockID.Hash = zero }, ErrMalformed},
		{"parts hash", func(b *LightBlock) { b.Commit.BlockID.PartsHash = other }, ErrSignature},
		{"parts hash gone", func(b *LightBlock) { b.Commit.BlockID.PartsHash = zero }, ErrMalformed},
		{"parts total", func(b *LightBlock) { b.Commit.BlockID.PartsTotal++ }, ErrSignature},
		{"parts total gone", func(b *LightBlock) { b.Commit.BlockID.PartsTotal = 0 }, ErrMalformed},
		{"commit height", func(b *LightBlock) { b.Commit.Height-- }, ErrMismatch},
		{"round", func(b *LightBlock) { b.Commit.Round++ }, ErrSignature},
		{"round below zero", func(b *LightBlock) { b.Commit.Round = -1 }, ErrMalformed},
		{"no votes", func(b *LightBlock) { b.Commit.Signatures = nil }, ErrMalformed},
		{"vote too few", func(b *LightBlock) { b.Commit.Signatures = b.Commit.Signatures[:3] }, ErrMalformed},
		{"vote too many", func(b *LightBlock) { b.Commit.Signatures = append(b.Commit.Signatures, Vote{Flag: FlagAbsent}) }, ErrMalformed},
		{"two votes swapped", func(b *LightBlock) { s := b.Commit.Signatures; s[0], s[1] = s[1], s[0] }, ErrMalformed},
		{"address", func(b *LightBlock) { b.Commit.Signatures[3].Address[0] ^= 1 }, ErrMalformed},
		{"address gone", func(b *LightBlock) { b.Commit.Signatures[3].Address = nil }, ErrMalformed},
		{"flag zero", func(b *LightBlock) { b.Commit.Signatures[3].Flag = 0 }, ErrMalformed},
		{"flag four", func(b *LightBlock) { b.Commit.Signatures[3].Flag = 4 }, ErrMalformed},
		{"absent with a signature", func(b *LightBlock) { b.Commit.Signatures[3].Flag = FlagAbsent }, ErrMalformed},
		{"absent with nothing but a signature", func(b *LightBlock) {
			b.Commit.Signatures[3] = Vote{Flag: FlagAbsent, Signature: b.Commit.Signatures[3].Signature}
		}, ErrMalformed},
		{"absent with an address", func(b *LightBlock) {
			b.Commit.Signatures[3] = Vote{Flag: FlagAbsent, Address: b.Validators[3].address()}
		}, ErrMalformed},
		{"absent with a time", func(b *LightBlock) { b.Commit.Signatures[3] = Vote{Flag: FlagAbsent, Timestamp: b.Header.Time} }, ErrMalformed},
		{"vote turned to nil", func(b *LightBlock) { b.Commit.Signatures[3].Flag = FlagNil }, ErrSignature},
		{"signature R", func(b *LightBlock) { b.Commit.Signatures[3].Signature[0] ^= 1 }, ErrSignature},
		{"signature s", func(b *LightBlock) { b.Commit.Signatures[3].Signature[40] ^= 1 }, ErrSignature},
		{"signature s + L", func(b *LightBlock) { addOrder(b.Commit.Signatures[3].Signature[32:]) }, ErrSignature},
		{"signature of another", func(b *LightBlock) { s := b.Commit.Signatures; s[3].Signature = s[2].Signature }, ErrSignature},
		{"signature gone", func(b *LightBlock) { b.Commit.Signatures[3].Signature = nil }, ErrMalformed},
		{"signature too long", func(b *LightBlock) {
			b.Commit.Signatures[3].Signature = append(b.Commit.Signatures[3].Signature, 0)
		}, ErrMalformed},
		{"vote time", func(b *LightBlock) { b.Commit.Signatures[3].Timestamp = b.Header.Time }, ErrSignature},
		{"vote time gone", func(b *LightBlock) { b.Commit.Signatures[3].Timestamp = Time{} }, ErrMalformed},
		{"two of four absent", func(b *LightBlock) { withdraw(b, 2, 3) }, ErrPower},
		{"all absent", func(b *LightBlock) { withdraw(b, 0, 1, 2, 3) }, ErrUntrusted},

		{"no validators", func(b *LightBlock) { b.Validators, b.Commit.Signatures = nil, nil }, ErrMalformed},
		{"validator too few", func(b *LightBlock) { b.Validators, b.Commit.Signatures = b.Validators[:3], b.Commit.Signatures[:3] }, ErrMismatch},
		{"validator twice", func(b *LightBlock) {
			b.Validators = append(b.Validators, Validator{Key: b.Validators[0].Key, Power: 1})
			b.Commit.Signatures = append(b.Commit.Signatures, b.Commit.Signatures[0])
		}, ErrMalformed},
		{"key of another", func(b *LightBlock) { b.Validators[3].Key = Bytes(secret(77).PubKey().Bytes()) }, ErrMalformed},
		{"key too short", func(b *LightBlock) { b.Validators[3].Key = b.Validators[3].Key[:31] }, ErrMalformed},
		{"key gone", func(b *LightBlock) { b.Validators[3].Key = nil }, ErrMalformed},
		{"power", func(b *LightBlock) { b.Validators[0].Power++ }, ErrMismatch},
		{"power zero", func(b *LightBlock) { b.Validators[3].Power = 0 }, ErrMalformed},
		{"power below zero", func(b *LightBlock) { b.Validators[3].Power = -10 }, ErrMalformed},
		{"power beyond 2^53", func(b *LightBlock) { b.Validators[0].Power = maxInt + 1 }, ErrMalformed},
		{"powers swapped out of order", func(b *LightBlock) { b.Validators[3].Power = 11 }, ErrMalformed},
		{"equal powers out of order", func(b *LightBlock) { v := b.Validators; v[0], v[1] = v[1], v[0] }, ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := clone(t, good)
			tt.alter(&b)
			if h, err := Verify(trust, []LightBlock{b}); !errors.Is(err, tt.want) || h.Height != 0 {
				t.Errorf("Verify = header of height %d, %v, want none, %v", h.Height, err, tt.want)
			}
		})
	}
}

func withdraw(b *LightBlock, votes ...int) {
	for _, i := range votes {
		b.Commit.Signatures[i] = Vote{Flag: FlagAbsent}
	}
}

// addOrder adds the group order L to s: the same scalar in another spelling
// (RFC 8032 section 5.1.7 refuses it).
func addOrder(s []byte) {
	order := [32]byte{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 31: 0x10}
	carry := 0
	for i := range s {
		carry += int(s[i]) + int(order[i])
		s[i] = byte(carry)
		carry >>= 8
	}
}

func TestTrustRootIsChecked(t *testing.T) {
	trust, b := newBlock(t, 4)
	heavy := make([]Validator, 0, 200)
	for i := range 200 { // 200 times 2^53 - 1 exceeds CometBFT's limit, each alone does not
		heavy = append(heavy, Validator{Key: Bytes(secret(i).PubKey().Bytes()), Power: maxInt})
	}
	slices.SortFunc(heavy, func(a, b Validator) int { return slices.Compare(a.address(), b.address()) })
	crowd := []Validator{{Key: trust.Validators[0].Key, Power: maxInt}} // a trusted key that votes, and more than fit
	for i := range maxValidators {
		crowd = append(crowd, Validator{Key: hashOf(fmt.Sprint(i)), Power: Int(maxValidators - i)})
	}
	for _, tt := range []struct {
		name  string
		trust Trust
		want  error
	}{
		{"good", trust, nil},
		{"no chain", Trust{Validators: trust.Validators}, ErrMalformed},
		{"chain id of 51 bytes", Trust{ChainID: string(make([]byte, 51)), Validators: trust.Validators}, ErrMalformed},
		{"no validators", Trust{ChainID: chainID}, ErrMalformed},
		{"other chain", Trust{ChainID: "other", Validators: trust.Validators}, ErrWrongChain},
		{"height below zero", Trust{ChainID: chainID, Height: -1, Validators: trust.Validators}, ErrMalformed},
		{"too much power", Trust{ChainID: chainID, Validators: heavy}, ErrMalformed},
		{"too many", Trust{ChainID: chainID, Validators: crowd}, ErrMalformed},
		{"as many as fit", Trust{ChainID: chainID, Validators: crowd[:maxValidators]}, nil},
		{"root above the block", Trust{ChainID: chainID, Height: 8, Validators: trust.Validators}, ErrOrder},
		{"root of the block", Trust{ChainID: chainID, Height: 7, Validators: trust.Validators}, nil},
		{"root just below the block", Trust{ChainID: chainID, Height: 6, Validators: trust.Validators}, nil},
		{"part of the set at its height", Trust{ChainID: chainID, Height: 7, Validators: trust.Validators[:3]}, ErrUntrusted},
		{"part of the set below it", Trust{ChainID: chainID, Height: 6, Validators: trust.Validators[:3]}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Verify(tt.trust, []LightBlock{b}); !errors.Is(err, tt.want) {
				t.Errorf("Verify = %v, want %v", err, tt.want)
			}
		})
	}
}

// Attack: strangers sign a block of their own and bring their own set.
func TestStrangersAreRefused(t *testing.T) {
	k := keyring{}
	home, away := k.newSet(0, 10, 10, 10), k.newSet(50, 10, 10, 10)
	trust := Trust{ChainID: chainID, Validators: setFromComet(home)}
	forged := fromComet(k.sign(t, newHeader(9, away, away), away))
	if _, err := Verify(trust, []LightBlock{forged}); !errors.Is(err, ErrUntrusted) {
		t.Errorf("Verify = %v, want %v", err, ErrUntrusted)
	}
	// Nor when they name trusted keys whose votes they cannot sign.
	thieves := keyring{}
	mixed := thieves.newSet(0, 1, 1, 1, 1000, 1000, 1000) // keys 0 to 2 are the home set's
	b := thieves.sign(t, newHeader(9, mixed, mixed), mixed)
	for i := 3; i < 6; i++ {
		b.Commit.Signatures[i].Signature = b.Commit.Signatures[0].Signature
	}
	if _, err := Verify(trust, []LightBlock{fromComet(b)}); !errors.Is(err, ErrSignature) {
		t.Errorf("Verify = %v, want %v", err, ErrSignature)
	}
}

func TestPath(t *testing.T) {
	k := keyring{}
	a, b, c := k.newSet(0, 10, 10, 10), k.newSet(1, 10, 10, 10), k.newSet(2, 10, 10, 10) // neighbours share two of three, a and c one
	trust := Trust{ChainID: chainID, Validators: setFromComet(a)}
	early, again := newHeader(12, b, b), newHeader(10, a, a)
	early.Time, again.Time = again.Time, early.Time
	first := fromComet(k.sign(t, newHeader(10, a, a), a))
	for _, tt := range []struct {
		name string
		path []LightBlock
		want error
	}{
		{"nothing", nil, ErrMalformed},
		{"too long", make([]LightBlock, maxPath+1), ErrMalformed},
		{"one third exactly", []LightBlock{fromComet(k.sign(t, newHeader(20, c, c), c))}, ErrUntrusted},
		{"by way of two thirds", []LightBlock{fromComet(k.sign(t, newHeader(15, b, b), b)), fromComet(k.sign(t, newHeader(20, c, c), c))}, nil},
		{"height again", []LightBlock{first, first}, ErrOrder},
		{"height again at a later time", []LightBlock{first, fromComet(k.sign(t, again, a))}, ErrOrder},
		{"height back", []LightBlock{first, fromComet(k.sign(t, newHeader(9, a, a), a))}, ErrOrder},
		{"time again", []LightBlock{first, fromComet(k.sign(t, early, b))}, ErrOrder},
		{"announced set", []LightBlock{fromComet(k.sign(t, newHeader(10, a, c), a)), fromComet(k.sign(t, newHeader(11, c, c), c))}, nil},
		{"set not announced", []LightBlock{first, fromComet(k.sign(t, newHeader(11, b, b), b))}, ErrUntrusted},
		{"old set against the announcement", []LightBlock{fromComet(k.sign(t, newHeader(10, a, b), a)), fromComet(k.sign(t, newHeader(11, a, a), a))}, ErrUntrusted},
		{"bad first block", []LightBlock{fromComet(k.sign(t, newHeader(10, a, a), a, absent)), first}, ErrPower},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, err := Verify(trust, tt.path)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Verify = %v, want %v", err, tt.want)
			}
			if err == nil && h.Height != tt.path[len(tt.path)-1].Header.Height {
				t.Errorf("Verify returns height %d, not the last", h.Height)
			}
		})
	}
}
