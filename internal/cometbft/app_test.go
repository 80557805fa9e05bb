package cometbft

import (
	"crypto/ed25519"
	"log/slog"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/chainstore"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
)

// Attack: whoever makes the block puts somebody's transaction into it twice, so that
// its sender is told of the wrong one. What he is told is what the log holds: before
// it the transaction may be refused, after it it is a duplicate.
func TestRepeatedTransaction(t *testing.T) {
	a, governor, now := newTestApp(t)
	tx := governor.Tx(now, chain.KindEvidence, chain.Evidence{Digest: canon.Sum([]byte("document")), Media: "text/plain"})
	block, err := encodeBatch([][]byte{tx, tx})
	if err != nil {
		t.Fatal(err)
	}
	again, err := encodeBatch([][]byte{tx})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.FinalizeBlock(t.Context(), &abci.RequestFinalizeBlock{Height: 1, Time: now, Txs: [][]byte{block, again}}); err != nil {
		t.Fatal(err)
	}
	r, known := a.results[canon.Sum(tx)]
	if !known || r.Outcome != chain.Applied || r.Index != 0 {
		t.Errorf("its sender is told %+v", r)
	}
	if got := a.pending.Root().LogSize; got != 1 {
		t.Errorf("the log has %d leaves", got)
	}
}

// newTestApp returns an application at its genesis, whose only member is the governor.
func newTestApp(t *testing.T) (*app, *ledgertest.Org, time.Time) {
	t.Helper()
	store, err := chainstore.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(ledgertest.ChainID, store, Config{Home: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		a.close()
		if err := a.dropPending(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	governor := ledgertest.NewOrg(t, "Consortium office", "400000000000", nil, chain.Governor)
	application, err := governor.Apply(now).Encode()
	if err != nil {
		t.Fatal(err)
	}
	g := ledger.NewGenesis(application)
	doc, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	validator := abci.Ed25519ValidatorUpdate(key, 10)
	if _, err := a.InitChain(t.Context(), &abci.RequestInitChain{AppStateBytes: doc, Time: now, Validators: []abci.ValidatorUpdate{validator}}); err != nil {
		t.Fatal(err)
	}
	return a, governor, now
}

// A block that was begun when it was proposed ends as if it were applied when it is
// decided, and one that is not decided leaves nothing behind.
func TestBegunBlock(t *testing.T) {
	a, governor, now := newTestApp(t)
	batchOf := func(name string) [][]byte {
		raw, err := encodeBatch([][]byte{governor.Tx(now, chain.KindEvidence, chain.Evidence{Digest: canon.Sum([]byte(name)), Media: "text/plain"})})
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{raw}
	}
	lost, decided := batchOf("lost"), batchOf("decided")
	direct, err := a.FinalizeBlock(t.Context(), &abci.RequestFinalizeBlock{Height: 1, Time: now, Hash: []byte("direct"), Txs: decided})
	if err != nil {
		t.Fatal(err)
	}
	for _, proposed := range []struct {
		hash string
		txs  [][]byte
	}{{"lost", lost}, {"decided", decided}, {"lost", lost}, {"decided", decided}} {
		res, err := a.ProcessProposal(t.Context(), &abci.RequestProcessProposal{Height: 1, Time: now, Hash: []byte(proposed.hash), Txs: proposed.txs})
		if err != nil || res.Status != abci.ResponseProcessProposal_ACCEPT {
			t.Fatalf("ProcessProposal = %v, %v", res, err)
		}
	}
	for _, begun := range []bool{true, false} {
		if got := a.begun != nil; got != begun {
			t.Fatalf("begun: %t, want %t", got, begun)
		}
		got, err := a.FinalizeBlock(t.Context(), &abci.RequestFinalizeBlock{Height: 1, Time: now, Hash: []byte("decided"), Txs: decided})
		if err != nil {
			t.Fatal(err)
		}
		if string(got.AppHash) != string(direct.AppHash) {
			t.Errorf("begun %t: another app hash than when applied directly", begun)
		}
	}
	if _, err := a.Commit(t.Context(), &abci.RequestCommit{}); err != nil {
		t.Fatal(err)
	}
	if height, root := a.store.Position(); height != 1 || root.LogSize != 1 {
		t.Errorf("height %d, %d leaves, want 1 and 1", height, root.LogSize)
	}
	// What was begun on the state before is not taken for a block on this one.
	if err := a.begin(&abci.RequestProcessProposal{Height: 2, Time: now, Hash: []byte("next"), Txs: lost}); err != nil {
		t.Fatal(err)
	}
	<-a.begun.done
	a.begun.base.LogSize++
	if _, err := a.FinalizeBlock(t.Context(), &abci.RequestFinalizeBlock{Height: 2, Time: now, Hash: []byte("next"), Txs: lost}); err != nil {
		t.Fatal(err)
	}
	if got := a.pending.Root().LogSize; got != 2 {
		t.Errorf("the log has %d leaves, want 2", got)
	}
}
