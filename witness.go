package theriac

import (
	"fmt"

	"theriac/chain"
	"theriac/lightclient"
	"theriac/merkle"
	"theriac/refusal"
)

// ErrRewritten is returned for a log that is not the one seen before: entries
// were dropped, reordered or rewritten, or somebody is shown another log.
var ErrRewritten = refusal.New("log_rewritten", "the log is not the one that was seen before")

// A Checkpoint is the log as a header covers it, with the proof that it starts
// with an older one.
type Checkpoint struct {
	Consistency chain.Hashes             `json:"consistency"`
	Headers     []lightclient.LightBlock `json:"headers"` // from the trust root
	Root        chain.Root               `json:"root"`
}

// A Seen is what a witness remembers of a log. The zero Seen has seen nothing.
type Seen struct {
	Height lightclient.Int `json:"height"` // of the header
	Root   chain.Root      `json:"root"`
}

// Witness returns what is seen now, or ErrLedger for a checkpoint that is not
// the chain's, or ErrRewritten for one whose log does not begin with the log seen
// before. Then the two checkpoints, each signed by the validators, are the
// evidence against them: nobody can make it up, and nobody can deny it.
func (s Seen) Witness(trust Trust, c *Checkpoint) (Seen, error) {
	h, err := lightclient.Verify(trust.root(), c.Headers)
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrLedger, err)
	}
	if c.Root.Version != chain.Version || c.Root.AppHash() != h.AppHash {
		return s, fmt.Errorf("%w: the header covers another state", ErrLedger)
	}
	switch {
	case c.Root.LogSize < s.Root.LogSize:
		// A server may be behind; one whose later block has a shorter log lies.
		if h.Height > s.Height {
			return s, fmt.Errorf("%w: %d leaves at height %d, %d before", ErrRewritten, c.Root.LogSize, h.Height, s.Root.LogSize)
		}
		return s, nil
	case s.Root.LogSize == 0:
	default:
		err := merkle.VerifyConsistency(s.Root.LogSize, c.Root.LogSize, c.Consistency, s.Root.LogRoot, c.Root.LogRoot)
		if err != nil {
			return s, fmt.Errorf("%w: %d leaves do not begin with the %d seen: %w", ErrRewritten, c.Root.LogSize, s.Root.LogSize, err)
		}
	}
	if h.Height == s.Height && c.Root != s.Root {
		return s, fmt.Errorf("%w: two states at height %d", ErrRewritten, h.Height)
	}
	return Seen{Height: max(h.Height, s.Height), Root: c.Root}, nil
}
