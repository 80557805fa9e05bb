package ledger_test

import (
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/refusal"
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
var openRefusals = []refused{
	{"nothing", "non_canonical", func(*town) []byte { return nil }},
	{"noise", "non_canonical", func(*town) []byte { return []byte("noise") }},
	{"as large as may be", "non_canonical", func(*town) []byte { return make([]byte, ledger.MaxTx) }},
	{"oversized", "oversized", func(*town) []byte { return make([]byte, ledger.MaxTx+1) }},
	{"trailing byte", "non_canonical", func(w *town) []byte { return append(w.note(), 0) }},
	{"flipped signature", "bad_signature", func(w *town) []byte {
		raw := w.note()
		raw[len(raw)-1] ^= 1
		return raw
	}},
	{"mirrored signature", "high_s", func(w *town) []byte {
		raw := w.note()
		return append(raw[:len(raw)-64], mirrored(raw[len(raw)-64:])...)
	}},
	{"other chain", "wrong_chain", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Chain = "other" }) }},
	{"unknown contract", "unknown_kind", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Kind = "mint" }) }},
	{"argument of another contract", "non_canonical", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Kind = chain.KindVote }) }},
	{"no argument", "non_canonical", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Body = nil }) }},
	{"as somebody else", "key_mismatch", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Sender = w.DM.GLN }) }},
	{"unknown key", "unknown_key", func(w *town) []byte {
		o := *w.MS
		o.Key = w.stranger().Key
		return o.Tx(w.Now, chain.KindEvidence, chain.Evidence{})
	}},
	{"revoked key", "key_invalid", func(w *town) []byte {
		w.revoke(w.MS, w.MS)
		return w.note()
	}},
	{"suspended member", "member_inactive", func(w *town) []byte {
		w.stand(w.MS, chain.Suspended)
		return w.note()
	}},
	{"removed member", "member_inactive", func(w *town) []byte {
		w.stand(w.MS, chain.Removed)
		return w.note()
	}},
	{"just stale", "stale", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Time -= 300_000 - 999 }) }},
	{"ten minutes old", "stale", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Time -= 600_000 }) }},
	{"just ahead", "ts_future", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Time += 301_001 }) }},
	{"a year ahead", "ts_future", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Time += 365 * 24 * 3600_000 }) }},
	{"end of time", "ts_future", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Time = 1<<63 - 1 }) }},
	{"start of time", "stale", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Time = -1 << 63 }) }},
	// The difference to the block's time, one second on, is −2⁶³, which is its own negative.
	{"wrapped round", "stale", func(w *town) []byte { return w.noteWith(func(tx *chain.Tx) { tx.Time += 1000 - 1<<63 }) }},
	{"again", "duplicate", func(w *town) []byte {
		raw := w.note()
		w.Admit(raw)
		return raw
	}},
}

// Each contract reads its own argument, in its one spelling, and no other's.
func TestArgumentsAreRead(t *testing.T) {
	w := newTown(t)
	for _, kind := range []chain.Kind{
		chain.KindPropose, chain.KindVote, chain.KindProfile, chain.KindRotateKey, chain.KindRevokeKey, chain.KindExchange,
		chain.KindCertificate, chain.KindBatch, chain.KindUnits, chain.KindUndo, chain.KindRecall, chain.KindEvidence,
	} {
		for _, body := range []string{"", "noise", "\xa0", "\xf6", "\x80", "\xa1\x18\x63\x00"} {
			tx := w.BCC.Plain(w.Now, kind, 0)
			tx.Body = []byte(body)
			if got := outcome(w.Try(w.BCC.Sign(tx))); got != "non_canonical" {
				t.Errorf("%s of %q: %s", kind, body, got)
			}
		}
	}
}

// The time window is closed: exactly ΔT to either side is in it.
func TestWindow(t *testing.T) {
	w := newTown(t)
	for _, ms := range []int64{-299_000, 0, 301_000} {
		w.Admit(w.noteWith(func(tx *chain.Tx) { tx.Time += ms }))
	}
}

// note returns a harmless transaction.
func (w *town) note() []byte { return w.noteWith(func(*chain.Tx) {}) }

func (w *town) noteWith(change func(*chain.Tx)) []byte {
	id := ledgertest.NewID()
	tx := w.MS.Plain(w.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Sum(id[:]), Media: "text/plain"})
	change(&tx)
	return w.MS.Sign(tx)
}

func (w *town) stranger() *ledgertest.Org {
	return ledgertest.NewOrg(w.T, "Stranger", "400000000099", nil, chain.Supplier)
}

// A result says as an error what a caller would want to know; an operation that
// was applied before is as good as applied.
func TestResultErr(t *testing.T) {
	for _, tt := range []struct {
		r    ledger.Result
		code string
		ok   bool
	}{
		{ledger.Result{Outcome: chain.Applied}, "", true},
		{ledger.Refused(ledger.ErrDuplicate), "", true},
		{ledger.Refused(ledger.ErrState), "wrong_state", false},
		{ledger.Result{Outcome: chain.Alerted, Code: "already_dispensed"}, "already_dispensed", false},
		{ledger.Refused(errStore), "", false},
	} {
		if err := tt.r.Err(); (err == nil) != tt.ok || err != nil && refusal.Code(err) != tt.code {
			t.Errorf("%+v: %v, want code %q", tt.r, err, tt.code)
		}
	}
}

// What Sign signs is what the ledger reads.
func TestSign(t *testing.T) {
	w := newTown(t)
	e := chain.Evidence{Digest: canon.Digest{7}}
	raw, err := ledger.Sign(w.DD.Key, w.DD.Plain(w.Now, chain.KindEvidence, 0), e)
	if err != nil {
		t.Fatal(err)
	}
	w.Admit(raw)
	w.Refuse("already_anchored", w.DD.Tx(w.Now, chain.KindEvidence, e))
	if _, err := ledger.Sign(w.DD.Key, chain.Tx{}, func() {}); err == nil {
		t.Error("a function was encoded")
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
