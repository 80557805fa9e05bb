package lightclient

import "fmt"

// A Fork says who signed two blocks of one height. The evidence itself is the
// trust root and the two paths: anybody can run Conflict over them again.
type Fork struct {
	Height Int
	// Keys are those whose votes for both blocks verify, in the order of the
	// first path's set. With one set on both sides they hold more than a third
	// of the power; with two sets there may be none, and those who signed on
	// the way are to be asked.
	Keys []Bytes
	// Proven reports whether a vote for both blocks is by itself a breach: the
	// rounds are equal, or the headers build on different pasts, of which an
	// honest validator knows one. Otherwise the fork stands but some of the Keys
	// may have moved their lock by the rules, and only the prevotes of the
	// rounds between tell (CometBFT calls it amnesia).
	Proven bool
}

// Conflict returns nil only if both paths lead from the trust root to one
// height and to different blocks, which cannot happen while less than a third
// of the power is faulty; the Fork names who signed both.
func Conflict(trust Trust, a, b []LightBlock) (Fork, error) {
	one, err := Verify(trust, a)
	if err != nil {
		return Fork{}, fmt.Errorf("first path: %w", err)
	}
	other, err := Verify(trust, b)
	if err != nil {
		return Fork{}, fmt.Errorf("second path: %w", err)
	}
	if one.Height != other.Height {
		return Fork{}, fmt.Errorf("%w: heights %d and %d", ErrNoConflict, one.Height, other.Height)
	}
	if one.Hash() == other.Hash() {
		return Fork{}, fmt.Errorf("%w: one block", ErrNoConflict)
	}
	x, y := &a[len(a)-1], &b[len(b)-1]
	f := Fork{Height: one.Height, Proven: x.Commit.Round == y.Commit.Round || !samePast(one, other)}
	voted := votesFor(y)
	for i, v := range x.Commit.Signatures {
		if key := x.Validators[i].Key; v.Flag == FlagCommit && voted[string(key)] {
			f.Keys = append(f.Keys, key)
		}
	}
	return f, nil
}

// samePast compares the fields that follow from the blocks before and that no
// proposer may choose. LastCommitHash is not among them: proposers may have
// seen different votes for one block.
func samePast(a, b Header) bool {
	return a.Version == b.Version &&
		a.LastBlockID == b.LastBlockID &&
		a.ValidatorsHash == b.ValidatorsHash &&
		a.NextValidatorsHash == b.NextValidatorsHash &&
		a.ConsensusHash == b.ConsensusHash &&
		a.AppHash == b.AppHash &&
		a.LastResultsHash == b.LastResultsHash
}
