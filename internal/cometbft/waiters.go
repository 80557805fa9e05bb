package cometbft

import (
	"sync"

	"theriac/canon"
	"theriac/internal/ledger"
)

// waiters are who waits for the result of a transaction, by its digest.
type waiters struct {
	mu   sync.Mutex
	wait map[canon.Digest][]chan answer
}

// An answer is the result of a transaction, or why there will be none.
type answer struct {
	result ledger.Result
	err    error
}

func newWaiters() *waiters { return &waiters{wait: map[canon.Digest][]chan answer{}} }

// add returns a channel that gets the answer.
func (w *waiters) add(tx canon.Digest) chan answer {
	ch := make(chan answer, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wait[tx] = append(w.wait[tx], ch)
	return ch
}

// remove gives a wait up.
func (w *waiters) remove(tx canon.Digest, ch chan answer) {
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

// release answers those who wait for these results, and returns how many did.
func (w *waiters) release(results map[canon.Digest]ledger.Result) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// Whichever is smaller: followers wait for little of a large block.
	if len(w.wait) < len(results) {
		for tx := range w.wait {
			if r, ok := results[tx]; ok {
				n += w.answer(tx, answer{result: r})
			}
		}
		return n
	}
	for tx, r := range results {
		n += w.answer(tx, answer{result: r})
	}
	return n
}

// fail tells those who wait for a transaction that it was not taken.
func (w *waiters) fail(tx canon.Digest, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer(tx, answer{err: err})
}

func (w *waiters) answer(tx canon.Digest, a answer) int {
	n := len(w.wait[tx])
	for _, ch := range w.wait[tx] {
		ch <- a
	}
	delete(w.wait, tx)
	return n
}
