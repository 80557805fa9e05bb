// Package chainstore keeps the ledger's log and state in Pebble, with the trees
// over them from which proofs are made.
//
//	s ‖ key              record of the state
//	n ‖ node             node of the state tree (package merkle)
//	l ‖ index            leaf of the log: chain.Leaf packed, then the tree hashes
//	                     that it completes (tlog's stored hashes, level by level)
//	t ‖ index            the leaf's transaction
//	o ‖ operation        index of its leaf
//	g ‖ tag ‖ 0 ‖ index  leaves about something, as the ledger tags them
//	r ‖ kid ‖ r          signature nonces seen: a digest (the monitor of nonce reuse)
//	w ‖ index            warnings of that monitor
//	m                    where the store stands
//
// All that a block changes is one Pebble batch. It is not synced: the consensus
// engine syncs the block before, and gives it again to a store that lost it.
package chainstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/mod/sumdb/tlog"

	"theriac/canon"
	"theriac/chain"
	"theriac/merkle"
)

// ErrNotFound is returned for a leaf that the log does not have.
var ErrNotFound = errors.New("chainstore: not found")

// ErrHeight is returned for a height whose state the store no longer has, or
// does not have yet.
var ErrHeight = errors.New("chainstore: the state of this height is not at hand")

// kept is how many heights stay open for proofs: the header that covers the
// state of a height comes with the next one.
const kept = 4

// A Store is a ledger's log and state. Its readers may run while a block commits.
type Store struct {
	db    *pebble.DB
	cache *nodeCache

	mu    sync.RWMutex
	views []*View // oldest first; the last is the present
}

// position is the record under m.
type position struct {
	Height int64      `cbor:"1,keyasint"`
	Root   chain.Root `cbor:"2,keyasint"`
	Count  uint64     `cbor:"3,keyasint"` // of records in the state
}

// Open opens the store in dir, or makes it. A nil fs means the disk.
func Open(dir string, fs vfs.FS) (*Store, error) {
	if fs == nil {
		fs = vfs.Default
	}
	opts := &pebble.Options{
		FS: fs, Logger: quiet{}, FormatMajorVersion: pebble.FormatNewest,
		MemTableSize: 32 << 20, MemTableStopWritesThreshold: 4,
		Levels: [7]pebble.LevelOptions{0: {FilterPolicy: bloom.FilterPolicy(10)}},
	}
	opts.CacheSize = 64 << 20
	db, err := pebble.Open(dir, opts)
	if err != nil {
		return nil, fmt.Errorf("chain store %s: %w", dir, err)
	}
	s := &Store{db: db, cache: newNodeCache()}
	var at position
	raw, err := get(db, []byte("m"))
	if err == nil && raw != nil {
		err = canon.DecodeCBOR(raw, &at)
	} else if err == nil {
		at.Root = chain.Root{LogRoot: merkle.EmptyRoot(), Version: chain.Version}
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.views = []*View{s.newView(at)}
	return s, nil
}

// quiet drops Pebble's chatter; its errors come back from calls.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// Fatalf is called where Pebble cannot go on without losing data.
func (quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf("pebble: "+format, args...)) }

// Close closes the store. Views must be closed before.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.views {
		v.drop()
	}
	s.views = nil
	return s.db.Close()
}

// Position returns the height of the last block and what its app hash commits to.
func (s *Store) Position() (int64, chain.Root) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at := s.views[len(s.views)-1].at
	return at.Height, at.Root
}

// View returns the store as it was after the block of this height, or ErrHeight.
// The caller must Close it.
func (s *Store) View(height int64) (*View, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := len(s.views) - 1; i >= 0; i-- {
		v := s.views[i]
		// A state stands until the next block changes it.
		if v.at.Height <= height && (i == len(s.views)-1 || s.views[i+1].at.Height > height) {
			return v.hold(), nil
		}
	}
	return nil, fmt.Errorf("%w: %d", ErrHeight, height)
}

// Latest returns the store as it is. The caller must Close it.
func (s *Store) Latest() *View {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.views[len(s.views)-1].hold()
}

// Get implements ledger.Reader.
func (s *Store) Get(key []byte) ([]byte, error) { return get(s.db, join("s", key)) }

// First implements ledger.Reader.
func (s *Store) First(prefix, from []byte) (key, value []byte, err error) {
	return first(s.db, prefix, from)
}

// Operation implements ledger.Reader.
func (s *Store) Operation(op canon.Digest) (uint64, bool, error) {
	raw, err := get(s.db, join("o", op[:]))
	if err != nil || raw == nil {
		return 0, false, err
	}
	return binary.BigEndian.Uint64(raw), true, nil
}

// source is the database or a snapshot of it.
type source interface {
	pebble.Reader
}

func get(from source, key []byte) ([]byte, error) {
	v, closer, err := from.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("chain store: %w", err)
	}
	out := append(make([]byte, 0, len(v)), v...)
	return out, closer.Close()
}

func first(from source, prefix, at []byte) (key, value []byte, err error) {
	lower := join("s", at)
	if string(at) < string(prefix) {
		lower = join("s", prefix)
	}
	it, err := from.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: after(join("s", prefix))})
	if err != nil {
		return nil, nil, fmt.Errorf("chain store: %w", err)
	}
	if it.First() {
		key = append([]byte{}, it.Key()[1:]...)
		value = append([]byte{}, it.Value()...)
	}
	return key, value, it.Close()
}

// after returns the first key after all that start with prefix.
func after(prefix []byte) []byte {
	end := append([]byte{}, prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

func join(space string, parts ...[]byte) []byte {
	n := len(space)
	for _, p := range parts {
		n += len(p)
	}
	out := append(make([]byte, 0, n), space...)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// reader returns the log's stored hashes.
func reader(from source) merkle.Reader {
	return func(indexes []int64) ([]merkle.Hash, error) {
		out := make([]merkle.Hash, len(indexes))
		for i, x := range indexes {
			// The hash of a subtree is kept with the leaf that completes it.
			level, n := tlog.SplitStoredHashIndex(x)
			leaf := uint64(n+1)<<level - 1
			raw, err := get(from, join("l", u64(leaf)))
			if err != nil {
				return nil, err
			}
			at := chain.LeafSize + 32*level
			if len(raw) < at+32 {
				return nil, fmt.Errorf("%w: hash %d of level %d", ErrNotFound, n, level)
			}
			out[i] = merkle.Hash(raw[at:])
		}
		return out, nil
	}
}
