package cometbft

import (
	"sync"

	"theriac/canon"
	"theriac/internal/ledger"
)

// waiters are who waits for the result of a transaction, by its digest.
type waiters struct {
	mu   sync.Mutex
	wait map[canon.Digest][]chan ledger.Result
}

func newWaiters() *waiters { return &waiters{wait: map[canon.Digest][]chan ledger.Result{}} }

// add returns a channel that gets the result when the block is committed.
func (w *waiters) add(tx canon.Digest) chan ledger.Result {
	ch := make(chan ledger.Result, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wait[tx] = append(w.wait[tx], ch)
	return ch
}

// remove gives a wait up.
func (w *waiters) remove(tx canon.Digest, ch chan ledger.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := w.wait[tx][:0]
	for _, c := range w.wait[tx] {
		if c != ch {
			left = append(left, c)
		}
	}
	if len(left) == 0 {
		delete(w.wait, tx)
		return
	}
	w.wait[tx] = left
}

// release answers those who wait for these results.
func (w *waiters) release(results map[canon.Digest]ledger.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for tx, r := range results {
		for _, ch := range w.wait[tx] {
			ch <- r
		}
		delete(w.wait, tx)
	}
}
