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
	store, err := chainstore.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(ledgertest.ChainID, store, Config{Home: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		a.close()
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
