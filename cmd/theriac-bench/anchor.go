package main

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"

	"theriac/canon"
	"theriac/envelope"
	"theriac/internal/cometbft"
)

// An anchorApp is CometBFT's kvstore with waiters for commits. If it has a key,
// every node verifies a P-256 signature of every transaction once, as ours does:
// at ingress on the client's goroutine, and the others on all cores before it
// votes. It has no members, no proofs and nothing on disk of its own; what it
// leaves out is what ours costs.
type anchorApp struct {
	abci.Application
	key *envelope.Key

	mu      sync.Mutex
	known   map[canon.Digest]bool
	waiting map[canon.Digest]chan struct{}
	block   [][]byte
}

// sigText is the length of a signature as base64url.
const sigText = 86

func (a *anchorApp) verify(tx []byte) error {
	digest := canon.Sum(tx)
	a.mu.Lock()
	known := a.key == nil || a.known[digest]
	a.mu.Unlock()
	if known {
		return nil
	}
	name, rest, _ := bytes.Cut(tx, []byte("="))
	if len(rest) < sigText {
		return errors.New("no signature")
	}
	sig, err := canon.ParseText(string(rest[:sigText]))
	if err != nil {
		return err
	}
	if err := a.key.VerifyDigest(canon.Sum(slices.Concat(name, rest[sigText:])), sig); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known[digest] = true
	return nil
}

func (a *anchorApp) submit(ctx context.Context, e *cometbft.Engine, tx []byte) error {
	if err := a.verify(tx); err != nil {
		return err
	}
	digest, done := canon.Sum(tx), make(chan struct{})
	a.mu.Lock()
	a.waiting[digest] = done
	a.mu.Unlock()
	if err := e.Add(tx); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ProcessProposal implements abci.Application.
func (a *anchorApp) ProcessProposal(ctx context.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	if a.key != nil {
		var group sync.WaitGroup
		errs := make([]error, runtime.GOMAXPROCS(0))
		for w := range errs {
			group.Add(1)
			go func() {
				defer group.Done()
				for i := w; i < len(req.Txs) && errs[w] == nil; i += len(errs) {
					errs[w] = a.verify(req.Txs[i])
				}
			}()
		}
		group.Wait()
		if errors.Join(errs...) != nil {
			return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
		}
	}
	return a.Application.ProcessProposal(ctx, req)
}

// FinalizeBlock implements abci.Application.
func (a *anchorApp) FinalizeBlock(ctx context.Context, req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	a.block = req.Txs
	return a.Application.FinalizeBlock(ctx, req)
}

// Commit implements abci.Application.
func (a *anchorApp) Commit(ctx context.Context, req *abci.RequestCommit) (*abci.ResponseCommit, error) {
	res, err := a.Application.Commit(ctx, req)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, tx := range a.block {
		d := canon.Sum(tx)
		if done, ok := a.waiting[d]; ok {
			close(done)
			delete(a.waiting, d)
		}
	}
	return res, err
}
