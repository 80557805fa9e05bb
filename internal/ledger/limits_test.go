package ledger_test

import (
	"testing"
	"time"

	"theriac/chain"
	"theriac/internal/ledger"
)

// A works is a batch of a million packs, which its manufacturer moves, and the
// block in which it does.
type works struct {
	*town
	shown    chain.Units // a pack of the town's batch
	dispatch []byte      // three packs of it
	block    *ledger.Block
}

func newWorks(t *testing.T) *works {
	t.Helper()
	w := &works{town: newTown(t)}
	w.shown = w.Show(chain.UnitActive, chain.UnitLocked, 60)
	w.dispatch = w.send(w.DD, w.Pharmacy2, w.sending(25, 28), w.Distribution)
	w.Pack("LARGE", 1)
	w.Release.Size = ledger.MaxPacks
	w.Admit(w.DM.Tx(w.Now, chain.KindBatch, w.Release))
	w.begin()
	return w
}

func (w *works) begin() {
	w.T.Helper()
	var err error
	if w.block, err = w.Ledger.Begin(w.State, w.Height+1, w.Now.Add(time.Second), uint64(len(w.State.Leaves))); err != nil {
		w.T.Fatal(err)
	}
}

func (w *works) apply(want string, tx []byte) {
	w.T.Helper()
	r, err := w.block.Apply(tx)
	if err != nil {
		w.T.Fatal(err)
	}
	if got := outcome(r); got != want {
		w.T.Fatalf("%s (%s), want %s", got, r.Text, want)
	}
}

// move returns a transition of the packs [0, upTo) of the large batch.
func (w *works) move(from, to chain.UnitState, upTo uint64) []byte {
	return w.DM.Tx(w.Now, chain.KindUnits, chain.Units{Batch: w.Batch, From: from, To: to, Ranges: []chain.Range{{To: upTo}}})
}

// A block moves as many packs as it may and not one more, in whatever way they are
// named. What waits passes in the next.
func TestBlockIsFull(t *testing.T) {
	w := newWorks(t)
	undo := w.undoable(w.Pharmacy, chain.Units{
		Batch: w.shown.Batch, From: chain.UnitActive, To: chain.UnitDispensed, Ranges: []chain.Range{{From: 3, To: 4}},
	})
	w.begin()
	from, to := chain.UnitActive, chain.UnitLocked
	for left := uint64(ledger.MaxBlockPacks - 2); left > 0; from, to = to, from {
		n := min(left, ledger.MaxPacks)
		w.apply("applied", w.move(from, to, n))
		left -= n
	}
	w.apply("block_full", w.move(from, to, 3))
	w.apply("block_full", w.dispatch)
	w.apply("applied", w.DM.Tx(w.Now, chain.KindUnits, w.shown))
	w.apply("applied", w.Pharmacy.Tx(w.Now, chain.KindUndo, undo))
	again := w.shown
	again.From, again.To = chain.UnitLocked, chain.UnitActive
	w.apply("block_full", w.DM.Tx(w.Now, chain.KindUnits, again))
	w.apply("block_full", w.move(from, to, 1))
	w.apply("block_full", w.dispatch)
	w.apply("applied", w.note())
	w.begin()
	w.apply("applied", w.dispatch)
}

// Packs that were looked at count though the transaction was refused: else a block
// could be filled with work that nobody counts. Who has not got what he names
// fills nothing.
func TestRefusedWorkCounts(t *testing.T) {
	w := newWorks(t)
	locked := ledger.MaxPacks - uint64(1)
	w.Admit(w.DM.Tx(w.Now, chain.KindUnits, chain.Units{
		Batch: w.Batch, From: chain.UnitActive, To: chain.UnitLocked, Ranges: []chain.Range{{From: locked, To: locked + 1}},
	}))
	w.begin()
	others := chain.Units{Batch: w.Batch, From: chain.UnitActive, To: chain.UnitDestroyed, Ranges: []chain.Range{{To: ledger.MaxPacks}}}
	for range 20 {
		w.apply("not_in_custody", w.DD.Tx(w.Now, chain.KindUnits, others))
	}
	for range ledger.MaxBlockPacks/ledger.MaxPacks - 1 {
		w.apply("wrong_state", w.move(chain.UnitActive, chain.UnitSampled, ledger.MaxPacks))
	}
	w.apply("block_full", w.move(chain.UnitActive, chain.UnitSampled, ledger.MaxPacks))
	w.apply("applied", w.move(chain.UnitActive, chain.UnitSampled, ledger.MaxPacks-20*chain.PageUnits))
	w.apply("block_full", w.move(chain.UnitActive, chain.UnitSampled, 1))
}
