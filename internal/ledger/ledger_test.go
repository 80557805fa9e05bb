package ledger_test

import (
	"bytes"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
)

// The whole of paper 000 passes the ledger, and every block keeps the invariants.
func TestStory(t *testing.T) {
	w := ledgertest.NewWorld(t)
	w.Story(5000)
	if got, want := len(w.State.Leaves), 6+8+1; got != want {
		t.Errorf("%d leaves, want %d", got, want)
	}
	var page chain.Page
	w.Read(chain.UnitsKey(w.Batch, 0), &page)
	for i, want := range map[uint64]string{0: w.Pharmacy.GLN, 1249: w.Pharmacy.GLN, 1250: w.DD.GLN, 2047: w.DD.GLN} {
		if got := page.Custodian(i, w.DM.GLN); got != want {
			t.Errorf("pack %d is with %s, want %s", i, got, want)
		}
	}
}

// What holds for every transaction, whatever its contract.
func TestOpenRefuses(t *testing.T) {
	w := ledgertest.NewWorld(t)
	good := w.MS.Plain(w.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Sum([]byte("x")), Media: "text/plain"})
	stranger := ledgertest.NewOrg(t, "Stranger", "400000000099", nil, chain.Supplier)
	with := func(change func(*chain.Tx)) []byte {
		tx := good
		change(&tx)
		return w.MS.Sign(tx)
	}
	flipped := w.MS.Sign(good)
	flipped[len(flipped)-5] ^= 1
	for _, tt := range []struct {
		name string
		tx   []byte
		want string
	}{
		{"nothing", nil, "non_canonical"},
		{"noise", []byte("noise"), "non_canonical"},
		{"oversized", make([]byte, ledger.MaxTx+1), "oversized"},
		{"trailing byte", append(w.MS.Sign(good), 0), "non_canonical"},
		{"flipped signature", flipped, "bad_signature"},
		{"other chain", with(func(tx *chain.Tx) { tx.Chain = "other" }), "wrong_chain"},
		{"unknown contract", with(func(tx *chain.Tx) { tx.Kind = "mint" }), "unknown_kind"},
		{"argument of another contract", with(func(tx *chain.Tx) { tx.Kind = chain.KindVote }), "non_canonical"},
		{"as somebody else", with(func(tx *chain.Tx) { tx.Sender = w.DM.GLN }), "key_mismatch"},
		{"unknown key", stranger.Tx(w.Now, chain.KindEvidence, chain.Evidence{}), "unknown_key"},
		{"stale", with(func(tx *chain.Tx) { tx.Time -= 10 * 60 * 1000 }), "stale"},
		{"future", with(func(tx *chain.Tx) { tx.Time += 10 * 60 * 1000 }), "ts_future"},
		{"a year ahead", with(func(tx *chain.Tx) { tx.Time += 365 * 24 * 3600 * 1000 }), "ts_future"},
	} {
		t.Run(tt.name, func(t *testing.T) { w.Refuse(tt.want, tt.tx) })
	}
}

// An operation counts once, in one block or in two, whatever its bytes.
func TestOperationCountsOnce(t *testing.T) {
	w := ledgertest.NewWorld(t)
	tx := w.MS.Plain(w.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Sum([]byte("x"))})
	again := tx
	again.Time++
	results := w.Block(w.MS.Sign(tx), w.MS.Sign(tx), w.MS.Sign(again))
	if results[0].Outcome != chain.Applied || results[1].Code != "duplicate" || results[2].Code != "duplicate" {
		t.Errorf("results %+v", results)
	}
	if results[1].Index != results[0].Index {
		t.Errorf("the duplicate names leaf %d, want %d", results[1].Index, results[0].Index)
	}
	w.Refuse("duplicate", w.MS.Sign(again))
}

// Two instances with the same blocks have the same app hash at every height,
// and a block of refusals leaves it alone.
func TestSameBlocksSameHash(t *testing.T) {
	w := ledgertest.NewWorld(t)
	w.Story(100)
	twin := &ledgertest.State{Records: map[string][]byte{}, Operations: map[canon.Digest]uint64{}}
	if got, want := twin.Root(t), w.State.Root(t); got == want {
		t.Fatal("an empty state has the same root")
	}
	before := w.State.Root(t)
	w.Block([]byte("noise"))
	if after := w.State.Root(t); after != before {
		t.Error("a block of refusals moves the app hash")
	}
}

func TestEvidence(t *testing.T) {
	w := ledgertest.NewWorld(t)
	e := chain.Evidence{Digest: canon.Sum([]byte("document")), Media: "application/xml"}
	w.Admit(w.DD.Tx(w.Now, chain.KindEvidence, e))
	w.Refuse("already_anchored", w.DD.Tx(w.Now, chain.KindEvidence, e))
	w.Admit(w.DM.Tx(w.Now, chain.KindEvidence, e)) // another may have the same document
	w.Refuse("unknown_evidence", w.DM.Tx(w.Now, chain.KindEvidence, chain.Evidence{}))
	var got chain.EvidenceAnchor
	w.Read(chain.EvidenceKey(e.Digest, w.DD.GLN), &got)
	if got.Media != e.Media || got.At == 0 {
		t.Errorf("anchor %+v", got)
	}
}

// The undo index forgets what has passed its time, in blocks that do something.
func TestUndoExpires(t *testing.T) {
	w := ledgertest.NewWorld(t)
	w.Story(100)
	w.Admit(w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)))
	count := func() (n int) {
		for k := range w.State.Records {
			if bytes.HasPrefix([]byte(k), chain.UndoPrefix()) {
				n++
			}
		}
		return n
	}
	if count() != 1 {
		t.Fatalf("%d undo records, want 1", count())
	}
	w.Now = w.Now.Add(11 * 24 * time.Hour)
	w.Block()
	if count() != 1 {
		t.Error("an empty block changes the state")
	}
	w.Admit(w.DD.Tx(w.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Sum([]byte("y"))}))
	if count() != 0 {
		t.Errorf("%d undo records after eleven days, want none", count())
	}
}
