package cometbft

import (
	"bytes"
	"errors"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/chainstore"
	"theriac/internal/ledger"
)

// An execution is a block that is applied and not yet written, so that it can be
// given up without a trace.
type execution struct {
	hash []byte     // of the block
	base chain.Root // of the state that it was applied to
	done chan struct{}

	// After done:
	pending  *chainstore.Pending
	results  map[canon.Digest]ledger.Result
	response *abci.ResponseFinalizeBlock
	err      error
}

// begin applies a proposed block while the validators vote on it, which is mostly
// waiting for disk and network. If another block is decided, it is applied then;
// what was begun changes nothing.
func (a *app) begin(req *abci.RequestProcessProposal) error {
	if err := a.dropBegun(); err != nil {
		return err
	}
	x := a.newExecution(req.Hash)
	a.begun = x
	go func() {
		defer close(x.done)
		a.execute(x, req.Height, req.Time, req.Txs)
	}()
	return nil
}

func (a *app) newExecution(hash []byte) *execution {
	_, root := a.store.Position()
	return &execution{hash: hash, base: root, done: make(chan struct{})}
}

// decided returns the execution of the block that consensus decided for.
func (a *app) decided(req *abci.RequestFinalizeBlock) (*execution, error) {
	if x := a.begun; x != nil && len(x.hash) > 0 && bytes.Equal(x.hash, req.Hash) {
		<-x.done
		if _, root := a.store.Position(); x.err == nil && x.base == root {
			a.begun = nil
			return x, nil
		}
	}
	if err := a.dropBegun(); err != nil {
		return nil, err
	}
	x := a.newExecution(req.Hash)
	a.execute(x, req.Height, req.Time, req.Txs)
	return x, x.err
}

// dropBegun gives up what was begun.
func (a *app) dropBegun() error {
	x := a.begun
	if a.begun = nil; x == nil {
		return nil
	}
	<-x.done
	if x.pending == nil {
		return nil
	}
	return x.pending.Drop()
}

// dropPending gives up what was not committed.
func (a *app) dropPending() error {
	err := a.dropBegun()
	if a.pending != nil {
		err = errors.Join(err, a.pending.Drop())
		a.pending = nil
	}
	return err
}

func (a *app) execute(x *execution, height int64, at time.Time, batches [][]byte) {
	b, err := a.ledger.Begin(a.store, height, at, x.base.LogSize)
	if err != nil {
		x.err = err
		return
	}
	entries, err := x.apply(b, batches)
	if err != nil {
		x.err = err
		return
	}
	changes, err := b.End()
	if err != nil {
		x.err = err
		return
	}
	x.pending, x.err = a.store.Prepare(chainstore.Block{Height: height, Changes: changes, Entries: entries})
	if x.err != nil {
		return
	}
	for _, v := range changes.Validators {
		x.response.ValidatorUpdates = append(x.response.ValidatorUpdates, abci.Ed25519ValidatorUpdate(v.Key, v.Power))
	}
	after := x.pending.Root()
	hash := after.AppHash()
	x.response.AppHash = hash[:]
}

// apply applies the transactions in batches and returns what the store keeps of them.
func (x *execution) apply(b *ledger.Block, batches [][]byte) ([]chainstore.Entry, error) {
	x.response = &abci.ResponseFinalizeBlock{TxResults: make([]*abci.ExecTxResult, len(batches))}
	x.results = make(map[canon.Digest]ledger.Result, len(batches))
	var entries []chainstore.Entry
	for i, batch := range batches {
		x.response.TxResults[i] = &abci.ExecTxResult{}
		txs, err := decodeBatch(batch)
		if err != nil {
			x.response.TxResults[i].Code = codeRefused
			continue
		}
		for _, tx := range txs {
			r, err := b.Apply(tx)
			if err != nil {
				return nil, err
			}
			// Of a transaction that the block repeats, the result that is a leaf stands:
			// before it the transaction may be refused, after it it is a duplicate.
			if digest := canon.Sum(tx); x.results[digest].Outcome == 0 {
				x.results[digest] = r
			}
			if r.Outcome != 0 {
				entries = append(entries, chainstore.Entry{Tx: tx, Tags: r.Tags, Signatures: r.Signatures})
			}
		}
	}
	return entries, nil
}
