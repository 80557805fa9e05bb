package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// releasing is a case in which the manufacturer's release of lot L43 has a fault.
func releasing(name, code string, change func(w *town, r *chain.BatchRelease)) refused {
	return refused{name, code, func(w *town) []byte {
		w.Pack("L43", 10)
		change(w, &w.Release)
		return w.DM.Tx(w.Now, chain.KindBatch, w.Release)
	}}
}

// capturing is a case in which a distributor enters a batch from a document.
func capturing(name, code string, change func(w *town, r *chain.BatchRelease)) refused {
	return refused{name, code, func(w *town) []byte {
		r := w.document(w.DD)
		change(w, &r)
		return w.DD.Tx(w.Now, chain.KindBatch, r)
	}}
}

// document anchors a document and returns the record of a batch found in it.
func (w *town) document(by *ledgertest.Org) chain.BatchRelease {
	w.T.Helper()
	e := chain.Evidence{Digest: canon.Sum([]byte(by.Name)), Media: "application/xml"}
	w.Admit(by.Tx(w.Now, chain.KindEvidence, e))
	w.Pack("CAPTURED", 10)
	w.Release = chain.BatchRelease{
		GTIN: gtin("50000000", "0001"), Lot: "CAPTURED", Expiry: "2029-03-31", Size: 10, Root: w.Release.Root,
		Initial: chain.UnitActive, Evidence: e.Digest,
	}
	w.Batch = chain.BatchID(by.GLN, w.Release.GTIN, w.Release.Lot)
	return w.Release
}

// captured enters a batch from a document.
func (w *town) captured(by *ledgertest.Org) {
	w.T.Helper()
	w.Admit(by.Tx(w.Now, chain.KindBatch, w.document(by)))
}

var batchRefusals = []refused{
	releasing("lot twice", "batch_exists", func(_ *town, r *chain.BatchRelease) { r.Lot = "L42" }),
	releasing("no lot", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Lot = "" }),
	releasing("wrong check digit", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.GTIN = "00000000000001" }),
	releasing("no such day", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Expiry = "2029-02-29" }),
	releasing("day zero", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Expiry = "2029-02-00" }),
	releasing("no packs", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Size = 0 }),
	releasing("too many packs", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Size = ledger.MaxBatch + 1 }),
	releasing("no root", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Root = canon.Digest{} }),
	releasing("dispensed from the start", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Initial = chain.UnitDispensed }),
	releasing("no material", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Materials = nil }),
	releasing("no transformation", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Transformation = canon.Digest{} }),
	releasing("a document too", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Evidence = canon.Digest{1} }),
	releasing("65 materials", "bad_batch", func(_ *town, r *chain.BatchRelease) {
		for i := range byte(64) {
			r.Materials = append(r.Materials, canon.Digest{i})
		}
	}),
	releasing("a supply twice", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Materials = append(r.Materials, r.Materials[0]) }),
	releasing("material from nowhere", "unknown_material", func(_ *town, r *chain.BatchRelease) { r.Materials[0] = canon.Digest{1} }),
	releasing("a request for material", "unknown_material", func(w *town, r *chain.BatchRelease) { r.Materials[0] = w.Request.Envelope.Digest() }),
	releasing("a decision for material", "unknown_material", func(w *town, r *chain.BatchRelease) { r.Materials[0] = w.Decision.Envelope.Digest() }),
	{"material of another", "unknown_material", func(w *town) []byte {
		w.approveSecond(w.DM2, gtin("40000031", "0001"))
		w.Pack("L43", 10)
		w.Release.GTIN, w.Release.Certificate = gtin("40000031", "0001"), "EU/1/26/002"
		return w.DM2.Tx(w.Now, chain.KindBatch, w.Release)
	}},
	releasing("expired", "expired", func(_ *town, r *chain.BatchRelease) { r.Expiry = "2026-11-20" }),
	// Attack 000-08: a certificate that is not there, or is another's.
	releasing("certificate that nobody issued", "not_approved", func(_ *town, r *chain.BatchRelease) { r.Certificate = "EU/9" }),
	{"certificate of another", "not_approved", func(w *town) []byte {
		w.Pack("L43", 10)
		return w.DM2.Tx(w.Now, chain.KindBatch, w.Release)
	}},
	{"by a distributor", "wrong_role", func(w *town) []byte {
		w.Pack("L43", 10)
		return w.DD.Tx(w.Now, chain.KindBatch, w.Release)
	}},
	// Attack 000-24: a product code that the certificate does not list.
	releasing("code that the certificate does not list", "gtin_not_in_certificate", func(_ *town, r *chain.BatchRelease) { r.GTIN = gtin("40000030", "0002") }),
	{"code whose prefix is gone", "prefix_not_licensed", func(w *town) []byte {
		w.Admit(w.standing(w.DM, func(s *chain.Standing) { s.Prefixes = []string{} }))
		w.Pack("L43", 10)
		return w.DM.Tx(w.Now, chain.KindBatch, w.Release)
	}},
	capturing("no document", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Evidence = canon.Digest{} }),
	capturing("document of another", "unknown_evidence", func(w *town, r *chain.BatchRelease) {
		r.Evidence = canon.Sum([]byte("manufacturer's"))
		w.Admit(w.DM.Tx(w.Now, chain.KindEvidence, chain.Evidence{Digest: r.Evidence}))
	}),
	capturing("with material", "bad_batch", func(w *town, r *chain.BatchRelease) { r.Materials = []canon.Digest{w.Supply.Envelope.Digest()} }),
	// A second record of somebody's packs would let each of them go out twice.
	capturing("another's product", "gtin_taken", func(w *town, r *chain.BatchRelease) { r.GTIN = w.Product }),
	capturing("with a transformation", "bad_batch", func(_ *town, r *chain.BatchRelease) { r.Transformation = canon.Digest{1} }),
}

// A product that is approved once more stays recalled.
func TestSecondApprovalLiftsNoRecall(t *testing.T) {
	w := newTown(t)
	w.Admit(w.stopProduct(w.DA, chain.Recalled))
	d := w.Dossiers()
	dossier := w.tell(w.DM, w.DA, d, w.Supply)
	cert := w.DA.Credential(w.DM, d.Documents, "EU/1/26/002", w.Now, w.Product)
	w.tell(w.DA, w.DM, &pedigree.Decision{Certificate: cert, Decision: pedigree.Approved}, dossier)
	w.Refuse("stopped", w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)))
}

// The packs of a captured batch have states and custody like others.
func TestCapturedBatch(t *testing.T) {
	w := newTown(t)
	w.captured(w.DD)
	w.Admit(w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)))
	if got := outcome(w.Block(w.Hospital.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)))[0]); got != "alert already_dispensed" {
		t.Errorf("again: %s", got)
	}
	w.Admit(w.DD.Tx(w.Now, chain.KindUnits, chain.Units{Batch: w.Batch, From: chain.UnitActive, To: chain.UnitExported, Ranges: []chain.Range{{From: 5, To: 7}}}))
	w.Admit(w.stop(w.DD, chain.Recalled))
	w.Refuse("stopped", w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 4)))
}

// What is as large as it may be is taken.
func TestLargestThatPass(t *testing.T) {
	w := newTown(t)
	long := strings.Repeat("x", 200)
	var supplies [][]byte
	materials := []canon.Digest{}
	for range 64 {
		m := w.say(w.MS, w.DM, content(w.Supply), w.Request)
		supplies = append(supplies, w.DM.Anchor(w.Now, m))
		materials = append(materials, m.Envelope.Digest())
	}
	w.Block(supplies...)
	r := w.Release
	r.Lot, r.Size, r.Materials = "LARGE", ledger.MaxBatch, materials
	w.Admit(w.DM.Tx(w.Now, chain.KindBatch, r))
	id := chain.BatchID(w.DM.GLN, r.GTIN, r.Lot)
	move := func(from, to chain.UnitState, ranges ...chain.Range) []byte {
		return w.DM.Tx(w.Now, chain.KindUnits, chain.Units{Batch: id, From: from, To: to, Ranges: ranges})
	}
	for _, tx := range [][]byte{
		w.DD.Tx(w.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Digest{1}, Media: strings.Repeat("x", 255)}),
		w.DD.Tx(w.Now, chain.KindProfile, chain.Profile{Name: long, Endpoint: "http://" + long[7:]}),
		w.DM.Tx(w.Now, chain.KindRecall, chain.Recall{Batch: w.Batch, Status: chain.Recalled, Reason: long}),
		w.DA.Tx(w.Now, chain.KindCertificate, chain.CertificateChange{Number: ledgertest.Number, Status: chain.CertificateSuspended, Reason: long}),
		move(chain.UnitActive, chain.UnitLocked, chain.Range{From: 0, To: ledger.MaxPacks}),
		move(chain.UnitActive, chain.UnitLocked, chain.Range{From: ledger.MaxBatch - 1, To: ledger.MaxBatch}),
		move(chain.UnitLocked, chain.UnitActive, every(1024)...),
	} {
		if got := outcome(w.Block(tx)[0]); got != "applied" {
			t.Errorf("%s", got)
		}
	}
	w.Refuse("bad_field", move(chain.UnitActive, chain.UnitLocked, every(1025)...))
}

// Members' batches of one product and lot are different batches: nobody takes the
// name of another's.
func TestBatchNamesAreOnesOwn(t *testing.T) {
	w := newTown(t)
	w.captured(w.DD)
	mine := w.Batch
	w.captured(w.DD2)
	if w.Batch == mine {
		t.Error("two members' batches have one name")
	}
	var b chain.Batch
	w.Read(chain.BatchKey(mine), &b)
	if b.Holder != w.DD.GLN || b.Status != chain.Released || b.Index != uint64(len(w.State.Leaves))-3 {
		t.Errorf("batch %+v, %d leaves", b, len(w.State.Leaves))
	}
}

// A batch is in date until the end of its last day, in UTC.
func TestExpiryDay(t *testing.T) {
	w := newTown(t)
	midnight := time.Date(2029, 4, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		block time.Time
		want  string
	}{{midnight.Add(-time.Millisecond), "applied"}, {midnight, "expired"}} {
		w.Now = tt.block.Add(-time.Second)
		for _, tx := range [][]byte{
			w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)),
			w.DM.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitExported, 60)),
			w.send(w.DM, w.DD, w.parcel(60, 61), w.Decision),
		} {
			if got := outcome(w.Try(tx)); got != tt.want {
				t.Errorf("block of %s: %s, want %s", tt.block, got, tt.want)
			}
		}
		// What has expired can still be destroyed.
		if got := outcome(w.Try(w.DM.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDestroyed, 60)))); got != "applied" {
			t.Errorf("destruction: %s", got)
		}
	}
	// A leap year's last day, and the day that a batch is released.
	for day, want := range map[string]string{"2028-02-29": "applied", "2026-11-21": "applied", "2026-11-20": "expired"} {
		w := newTown(t)
		w.Pack("L43", 1)
		w.Release.Expiry = day
		if got := outcome(w.Try(w.DM.Tx(w.Now, chain.KindBatch, w.Release))); got != want {
			t.Errorf("released with expiry %s: %s, want %s", day, got, want)
		}
	}
}

// stop sets the status of the town's batch.
func (w *town) stop(by *ledgertest.Org, s chain.MarketStatus) []byte {
	return by.Tx(w.Now, chain.KindRecall, chain.Recall{Batch: w.Batch, Status: s, Reason: "test"})
}

func (w *town) stopProduct(by *ledgertest.Org, s chain.MarketStatus) []byte {
	return by.Tx(w.Now, chain.KindRecall, chain.Recall{GTIN: w.Product, Status: s, Reason: "test"})
}

var recallRefusals = []refused{
	{"neither batch nor product", "bad_status", func(w *town) []byte {
		return w.DM.Tx(w.Now, chain.KindRecall, chain.Recall{Status: chain.Recalled})
	}},
	{"both", "bad_status", func(w *town) []byte {
		return w.DM.Tx(w.Now, chain.KindRecall, chain.Recall{Batch: w.Batch, GTIN: w.Product, Status: chain.Recalled})
	}},
	{"unknown batch", "unknown_batch", func(w *town) []byte {
		return w.DM.Tx(w.Now, chain.KindRecall, chain.Recall{Batch: canon.Digest{1}, Status: chain.Recalled})
	}},
	{"unknown product", "unknown_batch", func(w *town) []byte {
		return w.DM.Tx(w.Now, chain.KindRecall, chain.Recall{GTIN: "nothing", Status: chain.Recalled})
	}},
	{"status zero", "bad_status", func(w *town) []byte { return w.stop(w.DM, 0) }},
	{"unknown status", "bad_status", func(w *town) []byte { return w.stop(w.DM, 4) }},
	{"released already", "bad_status", func(w *town) []byte { return w.stop(w.DM, chain.Released) }},
	{"released already, says an administration", "bad_status", func(w *town) []byte { return w.stop(w.DA2, chain.Released) }},
	{"recalled already", "bad_status", func(w *town) []byte {
		w.Admit(w.stop(w.DM, chain.Recalled))
		return w.stop(w.DM, chain.Recalled)
	}},
	{"recalled already by the administration", "bad_status", func(w *town) []byte {
		w.Admit(w.stop(w.DA, chain.Recalled))
		return w.stop(w.DM, chain.Recalled)
	}},
	{"recalled already, says who did", "bad_status", func(w *town) []byte {
		w.Admit(w.stop(w.DA, chain.Recalled))
		return w.stop(w.DA, chain.Recalled)
	}},
	{"long reason", "bad_status", func(w *town) []byte {
		return w.DM.Tx(w.Now, chain.KindRecall, chain.Recall{Batch: w.Batch, Status: chain.Recalled, Reason: fmt.Sprintf("%201d", 0)})
	}},
	{"by a distributor", "not_the_issuer", func(w *town) []byte { return w.stop(w.DD, chain.Recalled) }},
	{"by a governor", "not_the_issuer", func(w *town) []byte { return w.stop(w.BCC, chain.Withdrawn) }},
	{"another's product", "not_the_issuer", func(w *town) []byte { return w.stopProduct(w.DM2, chain.Recalled) }},
	{"holder releases what the administration stopped", "not_the_issuer", func(w *town) []byte {
		w.Admit(w.stop(w.DA, chain.Recalled))
		return w.stop(w.DM, chain.Released)
	}},
	{"holder makes the administration's recall his", "not_the_issuer", func(w *town) []byte {
		w.Admit(w.stop(w.DA, chain.Recalled))
		return w.stop(w.DM, chain.Withdrawn)
	}},
	// Who recalls a moment before the administration must not keep the key to it.
	{"holder releases what both stopped", "not_the_issuer", func(w *town) []byte {
		w.Admit(w.stop(w.DM, chain.Recalled))
		w.Admit(w.stop(w.DA, chain.Recalled))
		return w.stop(w.DM, chain.Released)
	}},
	{"product: holder releases what both stopped", "not_the_issuer", func(w *town) []byte {
		w.Admit(w.stopProduct(w.DM, chain.Withdrawn))
		w.Admit(w.stopProduct(w.DA2, chain.Withdrawn))
		return w.stopProduct(w.DM, chain.Released)
	}},
}

// While a batch or its product is stopped, nothing of it is dispensed, exported or
// handed over; then it goes on.
func TestRecall(t *testing.T) {
	w := newTown(t)
	supply := func(want string) {
		t.Helper()
		for _, tx := range [][]byte{
			w.Pharmacy.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitDispensed, 3)),
			w.DM.Tx(w.Now, chain.KindUnits, w.Show(chain.UnitActive, chain.UnitExported, 60)),
			w.send(w.DM, w.DD, w.parcel(60, 61), w.Decision),
		} {
			if got := outcome(w.Try(tx)); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
	for _, by := range []*ledgertest.Org{w.DM, w.DA, w.DA2} {
		for _, status := range []chain.MarketStatus{chain.Recalled, chain.Withdrawn} {
			w.Admit(w.stop(by, status))
			supply("stopped")
			w.Admit(w.stop(by, chain.Released))
			supply("applied")
			w.Admit(w.stopProduct(by, status))
			supply("stopped")
			w.Admit(w.stop(by, status)) // one does not lift the other
			w.Admit(w.stopProduct(by, chain.Released))
			supply("stopped")
			w.Admit(w.stop(w.DA, chain.Released))
			supply("applied")
		}
	}
	w.Admit(w.stop(w.DM, chain.Recalled))
	w.Admit(w.stop(w.DM, chain.Withdrawn)) // his own, further
	w.Admit(w.stop(w.DA, chain.Recalled))
	w.Admit(w.stop(w.DA2, chain.Released))
	supply("applied")
}

var evidenceRefusals = []refused{
	{"no digest", "unknown_evidence", func(w *town) []byte { return w.DD.Tx(w.Now, chain.KindEvidence, chain.Evidence{}) }},
	{"long media type", "unknown_evidence", func(w *town) []byte {
		return w.DD.Tx(w.Now, chain.KindEvidence, chain.Evidence{Digest: canon.Digest{1}, Media: fmt.Sprintf("%256d", 0)})
	}},
	{"anchored before", "already_anchored", func(w *town) []byte {
		e := chain.Evidence{Digest: canon.Digest{1}}
		w.Admit(w.DD.Tx(w.Now, chain.KindEvidence, e))
		return w.DD.Tx(w.Now, chain.KindEvidence, e)
	}},
}
