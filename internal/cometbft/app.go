package cometbft

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/chainstore"
	"theriac/internal/ledger"
)

// app is the ABCI application: the ledger between CometBFT and the chain store.
// CometBFT calls the consensus methods one after another; CheckTx runs beside them.
type app struct {
	abci.BaseApplication
	ledger  *ledger.Ledger
	store   *chainstore.Store
	verify  *verifier
	waiters *waiters
	snaps   *snapshots
	log     *slog.Logger
	now     func() time.Time

	// committed is told how many of this node's clients a block answered.
	committed func(n int)

	// What is being applied while validators vote on it.
	begun *execution
	// What FinalizeBlock computed and Commit writes.
	pending *chainstore.Pending
	results map[canon.Digest]ledger.Result

	stopping atomic.Bool

	mu     sync.Mutex
	height int64 // committed
	moved  chan struct{}
}

// codeRefused is the result of a batch that is none. What became of the
// transactions in a batch is in the log.
const codeRefused uint32 = 1

// Info implements abci.Application.
func (a *app) Info(context.Context, *abci.RequestInfo) (*abci.ResponseInfo, error) {
	height, root := a.store.Position()
	res := &abci.ResponseInfo{Data: "theriac", AppVersion: chain.Version, LastBlockHeight: height}
	if height > 0 {
		hash := root.AppHash()
		res.LastBlockAppHash = hash[:]
	}
	return res, nil
}

// Query implements abci.Application. The engine asks whether to take a peer
// (FilterPeers). One that stops must take none: the engine would forget the
// connection open, and the peer would believe itself connected until it times out.
func (a *app) Query(context.Context, *abci.RequestQuery) (*abci.ResponseQuery, error) {
	if a.stopping.Load() {
		return &abci.ResponseQuery{Code: codeRefused}, nil
	}
	return &abci.ResponseQuery{}, nil
}

// InitChain implements abci.Application: it writes the genesis state. A node that
// was killed before its first block is asked again and finds it written.
func (a *app) InitChain(_ context.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	if _, root := a.store.Position(); root.StateRoot.IsZero() {
		var validators []chain.Validator
		for _, v := range req.Validators {
			validators = append(validators, chain.Validator{Key: v.PubKey.GetEd25519(), Power: v.Power})
		}
		writes, err := a.ledger.Genesis(req.AppStateBytes, validators, req.Time)
		if err != nil {
			return nil, err
		}
		p, err := a.store.Prepare(chainstore.Block{Changes: ledger.Changes{State: writes}})
		if err != nil {
			return nil, err
		}
		if err := a.store.Commit(p); err != nil {
			return nil, err
		}
	}
	_, root := a.store.Position()
	hash := root.AppHash()
	return &abci.ResponseInitChain{AppHash: hash[:]}, nil
}

// CheckTx implements abci.Application: it takes a batch. What came through Submit is verified
// already; what a peer sent is verified in the background, because CometBFT
// calls this for one transaction at a time. No block is made of unverified ones.
func (a *app) CheckTx(_ context.Context, req *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	txs, err := decodeBatch(req.Tx)
	if err != nil {
		return &abci.ResponseCheckTx{Code: codeRefused}, nil
	}
	a.verify.soon(txs)
	return &abci.ResponseCheckTx{}, nil
}

// maxLag is how far a block's time may be behind the proposer's clock before
// transactions are put into it. CometBFT takes the time of a block from the
// votes for the one before, so that after a pause the first block carries an old
// time; an empty one is made then, and the next has the present.
const maxLag = 3 * time.Second

// PrepareProposal implements abci.Application: it leaves out what does not verify.
func (a *app) PrepareProposal(_ context.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	if a.now().Sub(req.Time) > maxLag {
		return &abci.ResponsePrepareProposal{}, nil
	}
	bad := a.verify.all(req.Txs)
	txs := make([][]byte, 0, len(req.Txs))
	var size int64
	for i, tx := range req.Txs {
		if bad[i] != nil {
			continue
		}
		if size += int64(len(tx)); size > req.MaxTxBytes {
			break
		}
		txs = append(txs, tx)
	}
	return &abci.ResponsePrepareProposal{Txs: txs}, nil
}

// ProcessProposal implements abci.Application: it votes against a block with a
// transaction that an honest proposer would have left out.
func (a *app) ProcessProposal(_ context.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	for i, err := range a.verify.all(req.Txs) {
		if err != nil {
			a.log.Warn("block refused", "height", req.Height, "tx", i, "why", err)
			return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
		}
	}
	if err := a.begin(req); err != nil {
		return nil, err
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// FinalizeBlock implements abci.Application. An error is the store's and stops
// the node: a validator that cannot read its state must not vote.
func (a *app) FinalizeBlock(_ context.Context, req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	if a.pending != nil {
		if err := a.pending.Drop(); err != nil {
			return nil, err
		}
		a.pending = nil
	}
	x, err := a.decided(req)
	if err != nil {
		return nil, err
	}
	a.pending, a.results = x.pending, x.results
	return x.response, nil
}

// Commit implements abci.Application: it writes the block and answers who waits.
func (a *app) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	if a.pending == nil {
		return nil, fmt.Errorf("cometbft: commit without a block")
	}
	for _, kid := range a.pending.Reused {
		a.log.Error("a key signed two things with one nonce: revoke it", "kid", kid)
	}
	if err := a.store.Commit(a.pending); err != nil {
		return nil, err
	}
	a.pending = nil
	n := a.waiters.release(a.results)
	if a.committed != nil && len(a.results) > 0 {
		a.committed(n)
	}
	height, _ := a.store.Position()
	a.mu.Lock()
	a.height = height
	close(a.moved)
	a.moved = make(chan struct{})
	a.mu.Unlock()
	a.snaps.maybe(height)
	return &abci.ResponseCommit{}, nil
}

// waitFor returns when the block of this height is committed.
func (a *app) waitFor(ctx context.Context, height int64) error {
	for {
		a.mu.Lock()
		at, moved := a.height, a.moved
		a.mu.Unlock()
		if at >= height {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
