package cometbft

import (
	"sync"
	"sync/atomic"

	"theriac/envelope"
	"theriac/internal/p256"
)

// tables are multiples of keys that sign often: they verify in less than half the
// time. There is room for maxTables, which go to the keys that come first to
// signing often; members are few, and the others' keys are no worse off than
// without tables.
type tables struct {
	keys  sync.Map // canon.Digest → *tabled
	built atomic.Int64
}

const (
	maxTables = 128 // 33 MB
	// often is after how many signatures a table pays: it takes as long to make as
	// twenty verifications.
	often = 64
)

type tabled struct {
	seen  atomic.Int64
	table atomic.Pointer[p256.Table]
}

// verify reports whether a table says that the signature is the key's. If not,
// there may be no table: only crypto/ecdsa refuses.
func (t *tables) verify(key envelope.Key, s envelope.Signature) bool {
	found, ok := t.keys.Load(key.ID())
	if !ok {
		found, _ = t.keys.LoadOrStore(key.ID(), new(tabled))
	}
	k := found.(*tabled)
	if table := k.table.Load(); table != nil {
		return table.Verify([32]byte(s.Digest), s.Bytes)
	}
	if k.seen.Add(1) == often {
		k.table.Store(t.build(key))
	}
	return false
}

// build returns nil where there is no room.
func (t *tables) build(key envelope.Key) *p256.Table {
	if t.built.Add(1) > maxTables {
		return nil
	}
	table, err := p256.NewTable(key.Point())
	if err != nil {
		return nil // cannot be: the key was read from a point of the curve
	}
	return table
}
