package cometbft

import (
	"errors"
	"runtime"
	"sync"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/chainstore"
	"theriac/internal/ledger"
)

// A verifier verifies signatures beside consensus and remembers those that are
// good, so that the ledger, which applies one transaction after another, need
// not. What it forgets is verified again.
type verifier struct {
	store *chainstore.Store
	known memory[envelope.Signature]
	txs   memory[canon.Digest] // all of whose signatures are known
	keys  sync.Map             // canon.Digest → envelope.Key; a kid is one key for ever
	queue chan []byte
	done  chan struct{}
	group sync.WaitGroup

	tables tables
}

// remembered bounds each generation of the memories.
const remembered = 1 << 16

func newVerifier(store *chainstore.Store) *verifier {
	v := &verifier{store: store, queue: make(chan []byte, 4096), done: make(chan struct{})}
	for range runtime.GOMAXPROCS(0) {
		v.group.Add(1)
		go v.work()
	}
	return v
}

func (v *verifier) work() {
	defer v.group.Done()
	for {
		select {
		case tx := <-v.queue:
			// What does not verify is left out of blocks; there is no one to tell.
			_ = v.tx(tx)
		case <-v.done:
			return
		}
	}
}

func (v *verifier) close() {
	close(v.done)
	v.group.Wait()
}

// soon verifies in the background, if there is room.
func (v *verifier) soon(txs [][]byte) {
	for _, tx := range txs {
		if v.txs.has(canon.Sum(tx)) {
			continue
		}
		select {
		case v.queue <- tx:
		default:
			return
		}
	}
}

// tx returns nil if every signature of the transaction verifies whose key is
// registered. A key that is not may be by the time of the block; the ledger
// decides that.
func (v *verifier) tx(raw []byte) error {
	digest := canon.Sum(raw)
	if v.txs.has(digest) {
		return nil
	}
	var tx chain.Tx
	m, err := ledger.Open(raw, &tx)
	if err != nil {
		return err
	}
	return v.opened(digest, m, &tx)
}

// opened is tx for a transaction that its caller has parsed.
func (v *verifier) opened(digest canon.Digest, m *envelope.Sign1, tx *chain.Tx) error {
	all := true
	for _, sig := range ledger.SignaturesOf(m, tx) {
		key, err := v.key(sig.KeyID)
		if errors.Is(err, envelope.ErrUnknownKey) {
			all = false
			continue
		}
		if err != nil {
			return err
		}
		known := func(s envelope.Signature) bool { return v.known.has(s) || v.tables.verify(key, s) }
		if err := key.Trusting(known).Verify(sig); err != nil {
			return err
		}
		v.known.add(sig)
	}
	if all {
		v.txs.add(digest)
	}
	return nil
}

func (v *verifier) key(kid canon.Digest) (envelope.Key, error) {
	if k, ok := v.keys.Load(kid); ok {
		return k.(envelope.Key), nil
	}
	h, _, err := ledger.Holder(v.store, kid)
	if err != nil {
		return envelope.Key{}, err
	}
	v.keys.Store(kid, h.Key)
	return h.Key, nil
}

// all verifies batches on all cores and returns what is wrong with each.
func (v *verifier) all(batches [][]byte) []error {
	errs := make([]error, len(batches))
	var open [][]byte
	var of []int // the batch of each
	for i, b := range batches {
		txs, err := decodeBatch(b)
		errs[i] = err
		for _, tx := range txs {
			if !v.txs.has(canon.Sum(tx)) {
				open, of = append(open, tx), append(of, i)
			}
		}
	}
	found := make([]error, len(open))
	workers := min(runtime.GOMAXPROCS(0), len(open))
	var group sync.WaitGroup
	for w := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := w; j < len(open); j += workers {
				found[j] = v.tx(open[j])
			}
		}()
	}
	group.Wait()
	for j, err := range found {
		if err != nil {
			errs[of[j]] = err
		}
	}
	return errs
}

// A memory is a set that forgets: it keeps two generations and drops the older
// when the younger is full.
type memory[K comparable] struct {
	mu         sync.RWMutex
	young, old map[K]struct{}
}

func (m *memory[K]) has(k K) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if _, ok := m.young[k]; ok {
		return true
	}
	_, ok := m.old[k]
	return ok
}

func (m *memory[K]) add(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || len(m.young) >= remembered {
		m.old, m.young = m.young, make(map[K]struct{})
	}
	m.young[k] = struct{}{}
}
