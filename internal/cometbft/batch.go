package cometbft

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"theriac/canon"
	"theriac/internal/ledger"
)

// What the engine carries as one transaction is a batch of the ledger's: the
// canonical CBOR of batch. The engine's work for a transaction (gossip, events,
// hashes, results) is then shared by all that came together.

// maxBatch bounds a batch in bytes. One transaction of the largest size fits.
const maxBatch = ledger.MaxTx + 64

type batch struct {
	_ struct{} `cbor:",toarray"`
	// Nonce makes each batch another, or the engine, which remembers what it has
	// seen, would drop a transaction that was refused and is handed in again.
	Nonce []byte
	Txs   [][]byte
}

// encodeBatch returns the engine's form of transactions.
func encodeBatch(txs [][]byte) ([]byte, error) {
	b := batch{Nonce: make([]byte, 8), Txs: txs}
	// crypto/rand never fails.
	_, _ = rand.Read(b.Nonce)
	return canon.CBOR(b)
}

// decodeBatch reads the engine's form.
func decodeBatch(raw []byte) ([][]byte, error) {
	if len(raw) > maxBatch {
		return nil, fmt.Errorf("batch of %d bytes: %w", len(raw), canon.ErrNotCanonical)
	}
	var b batch
	if err := canon.DecodeCBOR(raw, &b); err != nil {
		return nil, err
	}
	if len(b.Txs) == 0 || len(b.Nonce) != 8 {
		return nil, fmt.Errorf("batch of %d: %w", len(b.Txs), canon.ErrNotCanonical)
	}
	return b.Txs, nil
}

// A batcher gathers transactions that come at about the same time. It sends at
// once what comes alone; after a block that answered many, it waits a moment for
// as many to come again.
type batcher struct {
	send func(batch []byte) error

	mu      sync.Mutex
	queue   []entry
	size    int
	expect  int // how many the last block answered
	timer   *time.Timer
	closing bool
}

type entry struct {
	tx     []byte
	failed func(error)
}

// patience is how long a transaction waits for company.
const patience = 1500 * time.Microsecond

// add queues a transaction; failed is called if its batch cannot be sent.
func (b *batcher) add(tx []byte, failed func(error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		go failed(ErrStopped)
		return
	}
	if b.size+len(tx)+16 > maxBatch {
		b.flush()
	}
	b.queue = append(b.queue, entry{tx, failed})
	b.size += len(tx) + 16
	switch {
	case len(b.queue) >= b.expect:
		b.flush()
	case b.timer == nil:
		b.timer = time.AfterFunc(patience, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.flush()
		})
	}
}

// answered says how many of our transactions a block answered.
func (b *batcher) answered(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expect = n - n/8
}

// flush sends what has gathered.
func (b *batcher) flush() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	if len(b.queue) == 0 {
		return
	}
	queue := b.queue
	b.queue, b.size = nil, 0
	go func() {
		txs := make([][]byte, len(queue))
		for i := range queue {
			txs[i] = queue[i].tx
		}
		raw, err := encodeBatch(txs)
		if err == nil {
			err = b.send(raw)
		}
		if err == nil {
			return
		}
		for _, e := range queue {
			e.failed(err)
		}
	}()
}

func (b *batcher) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closing = true
	b.flush()
}
