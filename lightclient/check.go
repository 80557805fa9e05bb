package lightclient

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Caps. What exceeds them is refused before anything is computed over it.
const (
	maxPath       = 16
	maxValidators = 10_000          // CometBFT's MaxVotesCount
	maxChainID    = 50              // CometBFT's MaxChainIDLen
	maxTotalPower = (1<<63 - 1) / 8 // CometBFT's MaxTotalVotingPower
	addressSize   = 20
	blockProtocol = 11 // CometBFT's BlockProtocol: the version of the block format
)

// malformed returns ErrMalformed with what is wrong.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Check returns ErrMalformed for a trust root that no chain has.
func (t Trust) Check() error {
	if t.ChainID == "" || len(t.ChainID) > maxChainID {
		return malformed("trust root: chain id of %d bytes", len(t.ChainID))
	}
	if !t.Height.inRange() {
		return malformed("trust root: height %d", t.Height)
	}
	if err := checkSet(t.Validators); err != nil {
		return fmt.Errorf("trust root: %w", err)
	}
	return nil
}

// check returns an error unless the block is well formed and its parts are of
// one block. It looks at no signature and at no trust.
func (b *LightBlock) check(chainID string) error {
	if err := b.Header.check(chainID); err != nil {
		return err
	}
	if err := checkSet(b.Validators); err != nil {
		return err
	}
	if err := b.Commit.check(b.Validators); err != nil {
		return err
	}
	if b.Commit.Height != b.Header.Height {
		return fmt.Errorf("%w: commit of height %d, header of height %d", ErrMismatch, b.Commit.Height, b.Header.Height)
	}
	if hash := b.Header.Hash(); hash != b.Commit.BlockID.Hash {
		return fmt.Errorf("%w: commit to block %s, header of block %s", ErrMismatch, b.Commit.BlockID.Hash, hash)
	}
	if hash := setHash(b.Validators); hash != b.Header.ValidatorsHash {
		return fmt.Errorf("%w: header names validator set %s, not %s", ErrMismatch, b.Header.ValidatorsHash, hash)
	}
	return nil
}

func (h Header) check(chainID string) error {
	switch {
	case h.ChainID != chainID:
		return fmt.Errorf("%w: %.50q, not %q", ErrWrongChain, h.ChainID, chainID)
	case h.Version.Block != blockProtocol || !h.Version.App.inRange():
		return malformed("version %d of the block, %d of the application", h.Version.Block, h.Version.App)
	case h.Height == 0 || !h.Height.inRange():
		return malformed("height %d", h.Height)
	case !h.Time.inRange():
		return malformed("header without a time")
	case len(h.ProposerAddress) != addressSize:
		return malformed("proposer address of %d bytes", len(h.ProposerAddress))
	}
	return nil
}

// checkSet returns an error unless CometBFT could hold the set in this order:
// by falling power, then by rising address.
func checkSet(set []Validator) error {
	if len(set) == 0 || len(set) > maxValidators {
		return malformed("%d validators", len(set))
	}
	seen := make(map[string]bool, len(set))
	var total Int
	for i, v := range set {
		if err := CheckKey(v.Key); err != nil {
			return fmt.Errorf("validator %d: %w", i, err)
		}
		// A key that stands twice would be counted twice.
		if seen[string(v.Key)] {
			return malformed("validator %d: its key stands twice", i)
		}
		seen[string(v.Key)] = true
		if v.Power == 0 || !v.Power.inRange() || v.Power > maxTotalPower-total {
			return malformed("validator %d: power %d", i, v.Power)
		}
		total += v.Power
		if i > 0 && !inOrder(set[i-1], v) {
			return malformed("validator %d stands out of order", i)
		}
	}
	return nil
}

func inOrder(a, b Validator) bool {
	if a.Power != b.Power {
		return a.Power > b.Power
	}
	return bytes.Compare(a.address(), b.address()) < 0
}

func (c Commit) check(set []Validator) error {
	switch id := c.BlockID; {
	case c.Round < 0:
		return malformed("round %d", c.Round)
	case id.Hash.IsZero() || id.PartsHash.IsZero() || id.PartsTotal == 0:
		return malformed("commit to an incomplete block id")
	case len(c.Signatures) != len(set):
		return malformed("%d votes of %d validators", len(c.Signatures), len(set))
	}
	for i, v := range c.Signatures {
		if err := v.check(set[i]); err != nil {
			return fmt.Errorf("vote %d: %w", i, err)
		}
	}
	return nil
}

func (v Vote) check(by Validator) error {
	switch v.Flag {
	case FlagAbsent:
		// Nothing would vouch for what an absent vote carries.
		if len(v.Address) != 0 || len(v.Signature) != 0 || !time.Time(v.Timestamp).IsZero() {
			return malformed("absent and not empty")
		}
		return nil
	case FlagCommit, FlagNil:
	default:
		return malformed("flag %d", v.Flag)
	}
	switch {
	case !bytes.Equal(v.Address, by.address()):
		return malformed("address of another validator")
	case len(v.Signature) != ed25519.SignatureSize:
		return malformed("signature of %d bytes", len(v.Signature))
	case !v.Timestamp.inRange():
		return malformed("vote without a time")
	}
	return nil
}

// smallOrder are the y coordinates of the eight points whose order divides the
// cofactor 8: of order 1, 2, 4, and twice 8 (x and -x share a y). Under such a
// key one signature serves every message: with the key of order 1, R = the
// neutral point and s = 0 verify whatever was "signed".
var smallOrder = [5]string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
}

// CheckKey returns ErrMalformed for a key that no validator may have: of
// another size than 32 bytes, of small order, or with a y coordinate that is
// not reduced (RFC 8032 section 5.1.3), which some verifiers take for a second
// spelling of another key and others refuse.
func CheckKey(key []byte) error {
	if len(key) != ed25519.PublicKeySize {
		return malformed("key of %d bytes", len(key))
	}
	y := bytes.Clone(key)
	y[31] &= 0x7f // the sign of x
	// The prime is 2^255 - 19: its bytes are ed ff … ff 7f.
	if y[0] >= 0xed && y[31] == 0x7f && bytes.Count(y[1:31], []byte{0xff}) == 30 {
		return malformed("key with an unreduced coordinate")
	}
	if slices.Contains(smallOrder[:], hex.EncodeToString(y)) {
		return malformed("key of small order")
	}
	return nil
}
