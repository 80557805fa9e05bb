package ledger_test

import (
	"testing"
	"time"

	"theriac/chain"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// sending dispatches the packs [from, to) of the town's batch.
func (w *town) sending(from, to uint64) *pedigree.Dispatch {
	return &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(from, to)}}
}

// What must not be supplied goes back, the way that it came or to another
// distributor, and to nobody who could supply it.
func TestStoppedGoodsGoBack(t *testing.T) {
	for name, tt := range map[string]struct {
		stop func(w *town)
		want string
	}{
		"recalled":          {func(w *town) { w.Admit(w.stop(w.DM, chain.Recalled)) }, "stopped"},
		"withdrawn":         {func(w *town) { w.Admit(w.stop(w.DA, chain.Withdrawn)) }, "stopped"},
		"product recalled":  {func(w *town) { w.Admit(w.stopProduct(w.DA, chain.Recalled)) }, "stopped"},
		"expired":           {func(w *town) { w.Now = time.Date(2029, 4, 1, 0, 0, 0, 0, time.UTC) }, "expired"},
		"not approved now":  {func(w *town) { w.Admit(w.setCertificate(w.DA, chain.CertificateSuspended)) }, "not_approved"},
		"not approved more": {func(w *town) { w.Admit(w.setCertificate(w.DA, chain.CertificateRevoked)) }, "not_approved"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			// Whoever supplies is no way back, whatever else he is.
			w.stand(w.DD2, chain.Active, chain.Distributor, chain.Pharmacy)
			w.stand(w.DM2, chain.Active, chain.Hospital, chain.Manufacturer)
			third := ledgertest.NewOrg(t, "Third distributor", "400000000018", nil, chain.Distributor)
			w.Join(third)
			tt.stop(w)
			for _, to := range []*ledgertest.Org{w.Pharmacy2, w.Hospital, w.DD2, w.DM2} {
				w.Refuse(tt.want, w.send(w.DD, to, w.sending(25, 30), w.Distribution))
			}
			w.Refuse(tt.want, w.send(w.Pharmacy, w.Hospital, w.sending(0, 5), w.Dispatch))
			w.Admit(w.send(w.DD, third, w.sending(25, 30), w.Distribution))
			back := w.tell(w.Pharmacy, w.DD, w.sending(0, 25), w.Dispatch)
			w.tell(w.DD, w.Pharmacy, &pedigree.Receipt{Differences: "none"}, back)
			home := w.tell(w.DD, w.DM, w.sending(0, 25), back)
			w.tell(w.DM, w.DD, &pedigree.Receipt{Differences: "none"}, home)
			if got, want := w.custodians(), "0 Drug manufacturer; 25 ; 30 Drug distributor; 50 Drug manufacturer; "; got != want {
				t.Errorf("custody %s, want %s", got, want)
			}
			w.Admit(w.DM.Tx(w.Now, chain.KindUnits, chain.Units{
				Batch: w.Batch, From: chain.UnitActive, To: chain.UnitDestroyed, Ranges: []chain.Range{{From: 0, To: 25}},
			}))
		})
	}
}

// What went back to its manufacturer can be distributed again, after the decision.
func TestReturnedGoodsGoOutAgain(t *testing.T) {
	w := newTown(t)
	home := w.tell(w.Pharmacy, w.DM, w.sending(0, 5), w.Dispatch)
	w.Refuse("unknown_prev", w.send(w.DM, w.DD2, w.parcel(0, 5), home))
	again := w.tell(w.DM, w.DD2, w.parcel(0, 5), w.Decision)
	w.tell(w.DD2, w.Pharmacy2, w.sending(0, 5), again)
	w.Admit(w.Pharmacy2.Tx(w.Now, chain.KindUnits, chain.Units{
		Batch: w.Batch, From: chain.UnitActive, To: chain.UnitDispensed, Ranges: []chain.Range{{From: 0, To: 5}},
	}))
}

// A receiver that gives everything back leaves no page behind.
func TestPagesVanish(t *testing.T) {
	w := newTown(t)
	w.Make("L43", 10)
	given := w.tell(w.DM, w.DD, w.parcel(3, 7), w.Decision)
	page := chain.UnitsKey(w.Batch, 0)
	if w.State.Records[string(page)] == nil {
		t.Fatal("no page")
	}
	w.tell(w.DD, w.DM, w.sending(3, 7), given)
	if got := w.State.Records[string(page)]; got != nil {
		t.Errorf("page %x", got)
	}
}
