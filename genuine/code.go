package genuine

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/refusal"
)

// ErrCode is returned for a concealed code that is not the pack's.
var ErrCode = refusal.New("bad_code", "the concealed code is not the pack's")

// A Code is the concealed code of a pack, 128 bits under a coating. It plays the part
// of the judgment value for patients, who have no instrument.
type Code [16]byte

// Format hides the code from every verb of fmt.
func (Code) Format(f fmt.State, _ rune) { redact(f) }

// MarshalText hides the code from JSON and logs.
func (Code) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// NewCode returns the code of a pack of a batch, from the batch's secret. It need not
// be stored, and nobody without the secret can tell it from a random one.
func NewCode(secret []byte, serial gs1.Serial) Code {
	d := canon.Hash("theriac/concealed/1", secret, []byte(serial))
	return Code(d[:16])
}

// printed is Crockford's base 32: no letters that people mix up.
var printed = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Printed returns the code as it is printed: 26 characters in groups.
func (c Code) Printed() string {
	s := printed.EncodeToString(c[:])
	return strings.Join([]string{s[:6], s[6:12], s[12:18], s[18:]}, "-")
}

// ParseCode reads a code that a person typed: with or without hyphens and spaces, in
// any case, with O for 0 and I or L for 1. It returns ErrCode for anything else.
func ParseCode(s string) (Code, error) {
	// Only what is ASCII: unicode has small letters whose capital is an I or an S.
	s = strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		switch c {
		case '-', ' ':
			return -1
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return c
	}, s)
	raw, err := printed.DecodeString(s)
	// Base 32 of 16 bytes leaves two bits over, which must be none.
	if err != nil || len(raw) != len(Code{}) || printed.EncodeToString(raw) != s {
		return Code{}, fmt.Errorf("%w: it has 26 characters", ErrCode)
	}
	return Code(raw), nil
}

// key returns the key pair that the code of a pack stands for:
// HKDF-SHA256(ikm code, no salt, info Encode("theriac/concealed-key/1", GTIN, serial)).
func (c Code) key(pack gs1.SGTIN) (ed25519.PrivateKey, error) {
	info := canon.Encode("theriac/concealed-key/1", []byte(pack.GTIN), []byte(pack.Serial))
	seed, err := hkdf.Key(sha256.New, c[:], nil, string(info), ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Verification returns the verification information of a pack's code.
func (c Code) Verification(pack gs1.SGTIN) (canon.Digest, error) {
	key, err := c.key(pack)
	if err != nil {
		return canon.Digest{}, err
	}
	return chain.Verification(key.Public().(ed25519.PublicKey)), nil
}

// Redeem fills key and proof of a redemption, of which batch, index and browser are
// given.
func (c Code) Redeem(chainID string, pack gs1.SGTIN, r *chain.Redeem) error {
	key, err := c.key(pack)
	if err != nil {
		return err
	}
	r.Key = key.Public().(ed25519.PublicKey)
	r.Proof = ed25519.Sign(key, r.Redeemed(chainID))
	return nil
}

// CheckRedeem returns ErrCode unless the redemption was signed with the key of the
// pack's code, under the batch's root.
func CheckRedeem(chainID string, r *chain.Redeem, batch *chain.BatchRelease) error {
	if batch.Codes.IsZero() {
		return fmt.Errorf("%w: the packs have none", ErrCode)
	}
	if _, err := envelope.ParseKey(r.Browser); err != nil {
		return fmt.Errorf("%w: browser: %w", ErrCode, err)
	}
	at := marks{r.Key, r.Index, batch.Size, r.Path, batch.Codes}
	if err := at.check(r.Proof, r.Redeemed(chainID)); err != nil {
		return fmt.Errorf("%w: %w", ErrCode, err)
	}
	return nil
}
