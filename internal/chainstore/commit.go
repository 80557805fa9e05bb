package chainstore

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/ledger"
	"theriac/merkle"
)

// A Block is what the ledger made of a block.
type Block struct {
	Height  int64
	Changes ledger.Changes
	Entries []Entry // one a leaf, in order
}

// An Entry is what the store keeps of an accepted transaction beside its leaf.
type Entry struct {
	Tx         []byte
	Tags       []string
	Signatures []envelope.Signature
}

// A Pending is a block that is computed and not yet written.
type Pending struct {
	at    position
	batch *pebble.Batch
	nodes map[string][]byte
	// Reused are the keys that signed two things with one nonce: whoever sees
	// both can compute the private key.
	Reused []canon.Digest
}

// Root returns what the block's app hash commits to.
func (p *Pending) Root() chain.Root { return p.at.Root }

// Prepare computes the trees after a block. Nothing is written; one block may
// be prepared several times, as consensus rounds go.
func (s *Store) Prepare(b Block) (*Pending, error) {
	s.mu.RLock()
	at := s.views[len(s.views)-1].at
	s.mu.RUnlock()
	at.Height = b.Height
	p := &Pending{at: at, batch: s.db.NewBatch()}
	err := s.prepareState(p, b.Changes.State)
	if err == nil {
		err = s.prepareLog(p, b)
	}
	if err == nil {
		var raw []byte
		if raw, err = canon.CBOR(p.at); err == nil {
			err = p.batch.Set([]byte("m"), raw, nil)
		}
	}
	if err != nil {
		return nil, errors.Join(err, p.batch.Close())
	}
	return p, nil
}

func (s *Store) prepareState(p *Pending, writes []ledger.Write) error {
	changes := make([]merkle.Change, 0, len(writes))
	for _, w := range writes {
		c := merkle.Change{Path: merkle.Path(w.Key)}
		var err error
		if w.Value == nil {
			err = p.batch.Delete(join("s", w.Key), nil)
		} else {
			c.Value = merkle.ValueHash(w.Value)
			err = p.batch.Set(join("s", w.Key), w.Value, nil)
		}
		if err != nil {
			return err
		}
		changes = append(changes, c)
	}
	sortChanges(changes)
	nodes := &overlay{store: s, changed: map[string][]byte{}}
	tree := merkle.State{Nodes: nodes, Root: p.at.Root.StateRoot, Count: p.at.Count}
	if err := tree.Update(changes); err != nil {
		return err
	}
	p.at.Root.StateRoot, p.at.Count = tree.Root, tree.Count
	p.nodes = nodes.changed
	return nodes.write(p.batch)
}

func sortChanges(changes []merkle.Change) {
	slices.SortFunc(changes, func(a, b merkle.Change) int { return bytes.Compare(a.Path[:], b.Path[:]) })
}

func (s *Store) prepareLog(p *Pending, b Block) error {
	if len(b.Entries) != len(b.Changes.Leaves) {
		return fmt.Errorf("chain store: %d transactions for %d leaves", len(b.Entries), len(b.Changes.Leaves))
	}
	tree, err := merkle.Resume(p.at.Root.LogSize, reader(s.db))
	if err != nil {
		return err
	}
	nonces := map[string]canon.Digest{}
	for i := range b.Changes.Leaves {
		index, leaf := tree.Size(), &b.Changes.Leaves[i]
		record := leaf.Pack()
		tree.Stored = func(h merkle.Hash) { record = append(record, h[:]...) }
		tree.Append(leaf.Hash())
		if err := s.putLeaf(p, index, record, leaf.Operation, &b.Entries[i]); err != nil {
			return err
		}
		if err := s.watch(p, index, b.Entries[i].Signatures, nonces); err != nil {
			return err
		}
	}
	p.at.Root.LogRoot, p.at.Root.LogSize = tree.Root(), tree.Size()
	return nil
}

func (s *Store) putLeaf(p *Pending, index uint64, record []byte, op canon.Digest, e *Entry) error {
	at := u64(index)
	err := errors.Join(
		p.batch.Set(join("l", at), record, nil),
		p.batch.Set(join("t", at), e.Tx, nil),
		p.batch.Set(join("o", op[:]), at, nil),
	)
	for _, tag := range e.Tags {
		err = errors.Join(err, p.batch.Set(join("g", []byte(tag), []byte{0}, at), nil, nil))
	}
	return err
}

// watch is the monitor of attack 000-22: two signatures of one key with the same
// r come of one nonce. It warns; the ledger's decision does not depend on it.
func (s *Store) watch(p *Pending, index uint64, sigs []envelope.Signature, seen map[string]canon.Digest) error {
	for _, sig := range sigs {
		key := join("r", sig.KeyID[:], sig.Bytes[:32])
		before, ok := seen[string(key)]
		if !ok {
			raw, err := get(s.db, key)
			if err != nil {
				return err
			}
			if ok = len(raw) == 32; ok {
				before = canon.Digest(raw)
			}
		}
		seen[string(key)] = sig.Digest
		switch {
		case !ok:
			if err := p.batch.Set(key, sig.Digest[:], nil); err != nil {
				return err
			}
		case before != sig.Digest:
			p.Reused = append(p.Reused, sig.KeyID)
			if err := p.batch.Set(join("w", u64(index)), sig.KeyID[:], nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// Commit writes a prepared block. The block must follow what was committed last.
func (s *Store) Commit(p *Pending) error {
	if err := p.batch.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("chain store: %w", err)
	}
	s.cache.take(p.nodes)
	view := s.newView(p.at)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.views = append(s.views, view)
	for len(s.views) > kept {
		s.views[0].drop()
		s.views = s.views[1:]
	}
	return nil
}

// Drop gives a prepared block up.
func (p *Pending) Drop() error { return p.batch.Close() }

// Warnings returns the keys that the monitor found to reuse a nonce, by the leaf
// that showed it.
func (v *View) Warnings() (map[uint64]canon.Digest, error) {
	it, err := v.db.NewIter(&pebble.IterOptions{LowerBound: []byte("w"), UpperBound: []byte("x")})
	if err != nil {
		return nil, fmt.Errorf("chain store: %w", err)
	}
	out := map[uint64]canon.Digest{}
	for ok := it.First(); ok; ok = it.Next() {
		out[be64(it.Key()[1:])] = canon.Digest(it.Value())
	}
	return out, it.Close()
}
