package theriac_test

import (
	"errors"
	"testing"
	"time"

	"theriac"
	"theriac/chain"
	"theriac/lightclient"
)

// checkpoint is the log as the scene's ledger has it, for somebody who saw its
// first older leaves.
func (s *scene) checkpoint(older uint64) *theriac.Checkpoint {
	s.t.Helper()
	view := s.State.View(s.t)
	c := &theriac.Checkpoint{Headers: s.Path(s.validators, view.Root()), Root: view.Root()}
	if older <= view.Root().LogSize {
		proof, err := view.Consistency(older)
		if err != nil {
			s.t.Fatal(err)
		}
		c.Consistency = proof
	}
	return c
}

// grow adds a leaf to the log.
func (s *scene) grow() {
	s.t.Helper()
	s.Admit(s.DD.Tx(s.Now, chain.KindEvidence, chain.Evidence{Digest: [32]byte{byte(s.Height)}, Media: "text/plain"}))
}

func witness(t *testing.T, s *scene, seen theriac.Seen, c *theriac.Checkpoint) theriac.Seen {
	t.Helper()
	now, err := seen.Witness(s.trust(), c)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// A log that only grows is witnessed from any size to any later one.
func TestWitnessConsistentGrowth(t *testing.T) {
	s := newScene(t)
	var history []theriac.Seen
	for range 20 {
		for _, seen := range append(history, theriac.Seen{}) {
			c := s.checkpoint(seen.Root.LogSize)
			now := witness(t, s, seen, c)
			if now.Root != c.Root || now.Height != c.Headers[0].Header.Height {
				t.Fatalf("Witness = %+v, want %+v", now, c.Root)
			}
		}
		history = append(history, witness(t, s, theriac.Seen{}, s.checkpoint(0)))
		s.grow()
	}
}

// Blocks without transactions change no log; a server that is behind is not news.
func TestWitnessSameAndOlder(t *testing.T) {
	s := newScene(t)
	older := s.checkpoint(0)
	s.grow()
	seen := witness(t, s, theriac.Seen{}, s.checkpoint(0))
	if again := witness(t, s, seen, s.checkpoint(seen.Root.LogSize)); again != seen {
		t.Errorf("the same again: %+v, want %+v", again, seen)
	}
	if behind := witness(t, s, seen, older); behind != seen {
		t.Errorf("an older one: %+v, want %+v", behind, seen)
	}
	s.Block()
	if later := witness(t, s, seen, s.checkpoint(seen.Root.LogSize)); later.Height != seen.Height+1 || later.Root.LogSize != seen.Root.LogSize {
		t.Errorf("an empty block later: %+v, want one after %+v", later, seen)
	}
}

// Attack 000-19: entries dropped, reordered, rewritten; a fork; a split view. The
// validators sign all of it, so the two checkpoints convict them.
func TestWitnessRefusesRewrittenLog(t *testing.T) {
	base := newScene(t)
	base.grow()
	base.grow()
	seen := witness(t, base, theriac.Seen{}, base.checkpoint(0))
	for name, rewrite := range map[string]func(s *scene) *theriac.Checkpoint{
		"dropped": func(s *scene) *theriac.Checkpoint {
			s.State.Leaves = s.State.Leaves[:len(s.State.Leaves)-1]
			s.Height++
			return s.checkpoint(0)
		},
		"dropped and others added": func(s *scene) *theriac.Checkpoint {
			l := s.State.Leaves
			s.State.Leaves = append(l[:len(l)-1], chain.Leaf{Height: s.Height}, chain.Leaf{Height: s.Height})
			s.Height++
			return s.checkpoint(seen.Root.LogSize)
		},
		"reordered": func(s *scene) *theriac.Checkpoint {
			s.grow()
			l := s.State.Leaves
			l[2], l[3] = l[3], l[2]
			return s.checkpoint(seen.Root.LogSize)
		},
		"rewritten": func(s *scene) *theriac.Checkpoint {
			s.grow()
			s.State.Leaves[4].Time++
			return s.checkpoint(seen.Root.LogSize)
		},
		"same size, other leaves, later": func(s *scene) *theriac.Checkpoint {
			s.State.Leaves[4].Time++
			s.Block()
			return s.checkpoint(seen.Root.LogSize)
		},
		"two logs at one height": func(s *scene) *theriac.Checkpoint {
			s.State.Leaves[4].Time++
			return s.checkpoint(seen.Root.LogSize)
		},
		"shorter at the same height": func(s *scene) *theriac.Checkpoint {
			s.State.Leaves = s.State.Leaves[:3]
			return s.checkpoint(0)
		},
		"two states at one height": func(s *scene) *theriac.Checkpoint {
			delete(s.State.Records, string(chain.BatchKey(s.Batch)))
			return s.checkpoint(seen.Root.LogSize)
		},
		"longer at an earlier height": func(s *scene) *theriac.Checkpoint {
			s.grow()
			s.Height -= 2
			return s.checkpoint(seen.Root.LogSize)
		},
		"other leaves at an earlier height": func(s *scene) *theriac.Checkpoint {
			s.State.Leaves[4].Time++
			s.Height--
			return s.checkpoint(seen.Root.LogSize)
		},
		"no proof of consistency": func(s *scene) *theriac.Checkpoint {
			s.grow()
			c := s.checkpoint(seen.Root.LogSize)
			c.Consistency = nil
			return c
		},
		"another proof of consistency": func(s *scene) *theriac.Checkpoint {
			s.grow()
			return s.checkpoint(seen.Root.LogSize - 1)
		},
	} {
		c := rewrite(base.fork(t))
		if now, err := seen.Witness(base.trust(), c); !errors.Is(err, theriac.ErrRewritten) || now != seen {
			t.Errorf("%s: Witness = %+v, %v, want %v", name, now, err, theriac.ErrRewritten)
		}
		// Who has seen nothing cannot know, as long as the checkpoint is the chain's.
		if _, err := (theriac.Seen{}).Witness(base.trust(), c); err != nil {
			t.Errorf("%s, first seen: %v", name, err)
		}
	}
}

// Two checkpoints of one height that differ name who signed both; of two heights
// they name nobody.
func TestFork(t *testing.T) {
	base := newScene(t)
	base.grow()
	one := base.checkpoint(0)
	split := base.fork(t)
	split.State.Leaves[2].Time++
	other := split.checkpoint(0)
	f, err := theriac.Fork(base.trust(), one, other)
	if err != nil || f.Height != one.Headers[0].Header.Height || len(f.Keys)*3 <= len(base.trust().Validators) {
		t.Errorf("Fork = %+v, %v", f, err)
	}
	base.grow()
	for name, later := range map[string]*theriac.Checkpoint{"later": base.checkpoint(0), "the same": one} {
		if f, err := theriac.Fork(base.trust(), one, later); !errors.Is(err, lightclient.ErrNoConflict) {
			t.Errorf("%s: Fork = %+v, %v", name, f, err)
		}
	}
}

// What the validators have not signed is not seen at all.
func TestWitnessRefusesOthersCheckpoints(t *testing.T) {
	s := newScene(t)
	seen := witness(t, s, theriac.Seen{}, s.checkpoint(0))
	s.grow()
	for name, spoil := range map[string]func(c *theriac.Checkpoint){
		"no headers":       func(c *theriac.Checkpoint) { c.Headers = nil },
		"strangers sign":   func(c *theriac.Checkpoint) { c.Headers = s.Path(strangers(s.validators), c.Root) },
		"another root":     func(c *theriac.Checkpoint) { c.Root.LogRoot[0] ^= 1 },
		"another size":     func(c *theriac.Checkpoint) { c.Root.LogSize-- },
		"another version":  func(c *theriac.Checkpoint) { c.Root.Version++; c.Headers = s.Path(s.validators, c.Root) },
		"half of them":     func(c *theriac.Checkpoint) { c.Headers[0] = s.validators.Sign(c.Headers[0].Header, 0, 1) },
		"header dated on":  func(c *theriac.Checkpoint) { c.Headers[0].Header.Time = lightclient.Time(s.Now.Add(time.Hour)) },
		"header of height": func(c *theriac.Checkpoint) { c.Headers[0].Header.Height++ },
	} {
		c := s.checkpoint(seen.Root.LogSize)
		spoil(c)
		if now, err := seen.Witness(s.trust(), c); !errors.Is(err, theriac.ErrLedger) || now != seen {
			t.Errorf("%s: Witness = %+v, %v, want %v", name, now, err, theriac.ErrLedger)
		}
	}
	other := s.trust()
	other.ChainID = "theriac-other"
	if _, err := seen.Witness(other, s.checkpoint(seen.Root.LogSize)); !errors.Is(err, theriac.ErrLedger) {
		t.Errorf("another chain: %v, want %v", err, theriac.ErrLedger)
	}
}
