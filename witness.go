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
	if s.Height > 0 {
		if err := s.follows(h.Height, &c.Root); err != nil {
			return s, err
		}
		// A server may be behind: what it shows is no news.
		if h.Height < s.Height {
			return s, nil
		}
	}
	if s.Root.LogSize > 0 {
		err := merkle.VerifyConsistency(s.Root.LogSize, c.Root.LogSize, c.Consistency, s.Root.LogRoot, c.Root.LogRoot)
		if err != nil {
			return s, fmt.Errorf("%w: %d leaves do not begin with the %d seen: %w", ErrRewritten, c.Root.LogSize, s.Root.LogSize, err)
		}
	}
	return Seen{Height: h.Height, Root: c.Root}, nil
}

// Fork names the validators who signed both of two checkpoints, or returns
// lightclient.ErrNoConflict: then the heights differ, and that the logs do not
// agree is shown by Witness alone.
func Fork(trust Trust, a, b *Checkpoint) (lightclient.Fork, error) {
	return lightclient.Conflict(trust.root(), a.Headers, b.Headers)
}

// follows returns ErrRewritten where the heights alone show two logs: a log has
// one root at a height and at a size, and never shrinks.
func (s Seen) follows(height lightclient.Int, root *chain.Root) error {
	switch {
	case height == s.Height && *root != s.Root:
		return fmt.Errorf("%w: two states at height %d", ErrRewritten, height)
	case height > s.Height && root.LogSize < s.Root.LogSize, height < s.Height && root.LogSize > s.Root.LogSize:
		return fmt.Errorf("%w: %d leaves at height %d, %d at %d", ErrRewritten, root.LogSize, height, s.Root.LogSize, s.Height)
	case root.LogSize == s.Root.LogSize && root.LogRoot != s.Root.LogRoot:
		return fmt.Errorf("%w: two logs of %d leaves", ErrRewritten, root.LogSize)
	}
	return nil
}
