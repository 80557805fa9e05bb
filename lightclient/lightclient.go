// Package lightclient decides whether a CometBFT block header is the chain's,
// from a pinned trust root and without believing any server.
//
// A LightBlock brings a header, the votes for it and the validator set that
// cast them. Verify walks a path of them, usually of one block. For each it asks:
//
//  1. Is it well formed? Version 11 of the block format, the trust root's chain,
//     a complete block id, one vote for each validator in the set's order, the
//     set in CometBFT's order, each key once, caps kept (check.go).
//  2. Do the parts belong together? The header's hash is the one that the commit
//     names, the set's hash the one that the header names (encode.go).
//  3. Does it come later? Heights and times rise along the path. A block at the
//     trust root's own height may come first.
//  4. Does what is trusted vouch for the set? At the root's height it is the
//     root's set. One above the block before, it is the set that this block
//     announced. Otherwise more than a third of the set trusted before voted for
//     the block (the CometBFT light client's skipping verification, trust level
//     1/3).
//  5. Did more than two thirds of its own set vote for it?
//  6. Does every vote that is there verify, those for nil included?
//
// It refuses more than CometBFT's own light client: every signature must verify,
// not only enough of them, and by RFC 8032 without the cofactor (CometBFT takes
// ZIP 215), so that all browsers agree; keys of small order or in a second
// spelling, sets out of order, keys that stand twice, powers of zero, hashes of
// other sizes than 32, integers beyond 2^53 - 1. A block reaches the verifier
// through somebody's adapter: it hands on as absent a vote that CometBFT counts
// and RFC 8032 does not verify (SignBytes), lest one validator spoil every block.
//
// It asks less in one thing: no trusting period, because nothing here reads a
// clock. Keys that were pinned once are believed until the trust root is
// replaced. Who wants a limit compares the header's time with his own.
//
// The JSON form is that of the types, by canon: members sorted, bytes as
// unpadded base64url, times with nine digits of a second in UTC, and no member
// that neither a hash nor a signature covers (an adapter drops the proposer
// priority). So each value has one spelling, and no byte of a block can change
// while its verdict stays.
package lightclient

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"
)

// Reasons for a refusal.
var (
	// ErrMalformed is returned for values that no CometBFT chain produces or
	// that exceed a cap: empty, too many, out of range, out of order.
	ErrMalformed = errors.New("lightclient: malformed")
	// ErrWrongChain is returned for a header of another chain.
	ErrWrongChain = errors.New("lightclient: header of another chain")
	// ErrOrder is returned where heights or times do not rise along the path.
	ErrOrder = errors.New("lightclient: path does not rise")
	// ErrMismatch is returned where header, commit and set are not of one block.
	ErrMismatch = errors.New("lightclient: header, commit and validators do not belong together")
	// ErrUntrusted is returned where what is trusted does not lead to the block's set.
	ErrUntrusted = errors.New("lightclient: trusted validators do not vouch for the block")
	// ErrPower is returned where at most two thirds of the set voted for the block.
	ErrPower = errors.New("lightclient: two thirds or less signed")
	// ErrSignature is returned for a vote whose signature does not verify.
	ErrSignature = errors.New("lightclient: signature does not verify")
	// ErrNoConflict is returned for two paths that prove no fork.
	ErrNoConflict = errors.New("lightclient: paths do not conflict")
)

// Verify returns the last header of the path, or an error unless the path leads
// to it from the trust root.
func Verify(trust Trust, path []LightBlock) (Header, error) {
	if err := trust.Check(); err != nil {
		return Header{}, err
	}
	if len(path) == 0 || len(path) > maxPath {
		return Header{}, malformed("path of %d blocks", len(path))
	}
	at := anchor{height: trust.Height, validators: trust.Validators}
	for i := range path {
		b := &path[i]
		if err := at.verify(trust.ChainID, b); err != nil {
			return Header{}, fmt.Errorf("block %d of the path: %w", i, err)
		}
		at = anchor{height: b.Header.Height, validators: b.Validators, header: &b.Header}
	}
	return *at.header, nil
}

// An anchor is what is trusted when the next block of a path comes.
type anchor struct {
	height     Int
	validators []Validator
	header     *Header // nil at the trust root
}

// verify goes from the cheap to the dear: a block that nobody trusted could
// vouch for is refused before its signatures are computed.
func (a anchor) verify(chainID string, b *LightBlock) error {
	if err := b.check(chainID); err != nil {
		return err
	}
	if err := a.precedes(b.Header); err != nil {
		return err
	}
	if err := a.vouches(b); err != nil {
		return err
	}
	if signed, total := tally(b.Validators, b); 3*signed <= 2*total {
		return fmt.Errorf("%w: power %d of %d", ErrPower, signed, total)
	}
	for i, v := range b.Commit.Signatures {
		if v.Flag == FlagAbsent {
			continue
		}
		msg := b.Commit.SignBytes(chainID, i)
		if !ed25519.Verify(ed25519.PublicKey(b.Validators[i].Key), msg, v.Signature) {
			return fmt.Errorf("%w: vote %d", ErrSignature, i)
		}
	}
	return nil
}

// precedes returns ErrOrder unless the header may follow. The trust root itself
// has no header: one of its own height may come first.
func (a anchor) precedes(h Header) error {
	switch {
	case a.header == nil && h.Height >= a.height:
		return nil
	case h.Height <= a.height:
		return fmt.Errorf("%w: height %d after %d", ErrOrder, h.Height, a.height)
	case !time.Time(h.Time).After(time.Time(a.header.Time)):
		return fmt.Errorf("%w: time of height %d", ErrOrder, h.Height)
	}
	return nil
}

// vouches returns ErrUntrusted unless the block's set follows from what is
// trusted. It counts votes whose signatures are still to be verified.
func (a anchor) vouches(b *LightBlock) error {
	h := b.Header
	switch {
	case h.Height == a.height:
		if h.ValidatorsHash != setHash(a.validators) {
			return fmt.Errorf("%w: another set at the trusted height %d", ErrUntrusted, h.Height)
		}
		return nil
	case a.header != nil && h.Height == a.height+1:
		if h.ValidatorsHash != a.header.NextValidatorsHash {
			return fmt.Errorf("%w: height %d announced another set", ErrUntrusted, a.height)
		}
		return nil
	}
	// More than a third contains an honest validator while less than a third of
	// the trusted power is faulty. The same set passes by its two thirds.
	if signed, total := tally(a.validators, b); 3*signed <= total {
		return fmt.Errorf("%w: power %d of %d trusted at height %d", ErrUntrusted, signed, total, a.height)
	}
	return nil
}

// tally returns how much power of the set voted for the block, and its total.
// Three times a total fits: maxTotalPower is an eighth of what an int64 holds.
func tally(set []Validator, b *LightBlock) (signed, total Int) {
	voted := votesFor(b)
	for _, v := range set {
		total += v.Power
		if voted[string(v.Key)] {
			signed += v.Power
		}
	}
	return signed, total
}

// votesFor returns the keys of those who voted for the block.
func votesFor(b *LightBlock) map[string]bool {
	voted := make(map[string]bool, len(b.Validators))
	for i, v := range b.Commit.Signatures {
		if v.Flag == FlagCommit {
			voted[string(b.Validators[i].Key)] = true
		}
	}
	return voted
}
