package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/gs1"
	"theriac/internal/ledger"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// parcel is a distribution of the packs [from, to) of the town's batch.
func (w *town) parcel(from, to uint64) *pedigree.Distribution {
	return &pedigree.Distribution{Certificate: ledgertest.Number, Cost: "1 EUR", Parcels: []pedigree.Parcel{w.Parcel(from, to)}, SalesMethod: "prescription"}
}

// distributing is a case in which a distribution by the manufacturer has a fault.
func distributing(name, code string, change func(w *town, d *pedigree.Distribution)) refused {
	return refused{name, code, func(w *town) []byte {
		d := w.parcel(50, 60)
		change(w, d)
		return w.send(w.DM, w.DD, d, w.Decision)
	}}
}

// ranging is a case in which the parcel's ranges have a fault.
func ranging(name, code string, ranges ...chain.Range) refused {
	return distributing(name, code, func(_ *town, d *pedigree.Distribution) { d.Parcels[0].Ranges = ranges })
}

var distributionRefusals = []refused{
	// Attack 000-08: without a certificate, with that of another drug, with another's.
	distributing("no certificate", "bad_field", func(_ *town, d *pedigree.Distribution) { d.Certificate = "" }),
	distributing("certificate that nobody issued", "not_approved", func(_ *town, d *pedigree.Distribution) { d.Certificate = "EU/9" }),
	{"certificate of another manufacturer", "not_approved", func(w *town) []byte {
		second := w.approveSecond(w.DM2, gtin("40000031", "0001"))
		return w.send(w.DM2, w.DD, w.parcel(50, 60), second)
	}},
	{"certificate of another drug", "gtin_not_in_certificate", func(w *town) []byte {
		second := w.approveSecond(w.DM, gtin("40000030", "0002"))
		d := w.parcel(50, 60)
		d.Certificate = "EU/1/26/002"
		return w.send(w.DM, w.DD, d, second)
	}},
	{"a later certificate of the same drug", "gtin_not_in_certificate", func(w *town) []byte {
		second := w.approveSecond(w.DM, w.Product)
		d := w.parcel(50, 60)
		d.Certificate = "EU/1/26/002"
		return w.send(w.DM, w.DD, d, second)
	}},
	// Attack 000-20: after the decision on another drug.
	{"after another decision", "unknown_prev", func(w *town) []byte {
		return w.send(w.DM, w.DD, w.parcel(50, 60), w.approveSecond(w.DM, gtin("40000030", "0002")))
	}},
	{"after a refusal", "unknown_prev", func(w *town) []byte {
		no := w.tell(w.DA, w.DM, &pedigree.Decision{Decision: pedigree.Refused}, w.Dossier)
		return w.send(w.DM, w.DD, w.parcel(50, 60), no)
	}},
	distributing("no sales method", "bad_field", func(_ *town, d *pedigree.Distribution) { d.SalesMethod = "" }),
	distributing("nothing", "bad_field", func(_ *town, d *pedigree.Distribution) { d.Parcels = nil }),
	distributing("65 parcels", "bad_field", func(_ *town, d *pedigree.Distribution) {
		for i := range byte(64) {
			p := d.Parcels[0]
			p.Batch[0] ^= i + 1
			d.Parcels = append(d.Parcels, p)
		}
	}),
	distributing("a batch twice", "bad_field", func(_ *town, d *pedigree.Distribution) { d.Parcels = append(d.Parcels, d.Parcels[0]) }),
	distributing("no such day", "bad_field", func(_ *town, d *pedigree.Distribution) { d.Parcels[0].Expiry = "2029-02-29" }),
	distributing("unknown batch", "unknown_batch", func(_ *town, d *pedigree.Distribution) { d.Parcels[0].Batch[0] ^= 1 }),
	// Attack 000-24: the code on the packs is not the one that the certificate lists.
	distributing("other code than the batch's", "unknown_batch", func(_ *town, d *pedigree.Distribution) { d.Parcels[0].GTIN = gtin("40000030", "0002") }),
	distributing("other lot", "unknown_batch", func(_ *town, d *pedigree.Distribution) { d.Parcels[0].Lot = "L43" }),
	distributing("later expiry", "expiry_mismatch", func(_ *town, d *pedigree.Distribution) { d.Parcels[0].Expiry = "2030-03-31" }),
	ranging("no range", "bad_field"),
	ranging("empty range", "bad_field", chain.Range{From: 50, To: 50}),
	ranging("backwards", "bad_field", chain.Range{From: 60, To: 50}),
	ranging("touching", "bad_field", chain.Range{From: 50, To: 55}, chain.Range{From: 55, To: 60}),
	ranging("overlapping", "bad_field", chain.Range{From: 50, To: 55}, chain.Range{From: 54, To: 60}),
	ranging("falling", "bad_field", chain.Range{From: 70, To: 75}, chain.Range{From: 50, To: 60}),
	ranging("beyond the batch", "bad_field", chain.Range{From: 50, To: 101}),
	ranging("beyond all batches", "bad_field", chain.Range{From: 50, To: 1<<40 + 1}),
	ranging("not his any more", "not_in_custody", chain.Range{From: 49, To: 60}),
	ranging("partly not his", "not_in_custody", chain.Range{From: 0, To: 1}, chain.Range{From: 50, To: 60}),
	{"recalled", "stopped", func(w *town) []byte {
		w.Admit(w.stop(w.DM, chain.Recalled))
		return w.send(w.DM, w.DD, w.parcel(50, 60), w.Decision)
	}},
	{"expired", "expired", func(w *town) []byte {
		w.Now = time.Date(2029, 4, 1, 0, 0, 0, 0, time.UTC)
		return w.send(w.DM, w.DD, w.parcel(50, 60), w.Decision)
	}},
	{"a million packs and one", "bad_units", func(w *town) []byte {
		w.Pack("LARGE", 1)
		w.Release.Size = 2 * ledger.MaxPacks
		w.Admit(w.DM.Tx(w.Now, chain.KindBatch, w.Release))
		return w.send(w.DM, w.DD, w.parcel(0, ledger.MaxPacks+1), w.Decision)
	}},
}

func every(n uint64) (out []chain.Range) {
	for i := range n {
		out = append(out, chain.Range{From: 2 * i, To: 2*i + 1})
	}
	return out
}

// approveSecond has a manufacturer get a certificate EU/1/26/002 for a product.
func (w *town) approveSecond(dm *ledgertest.Org, g gs1.GTIN) *envelope.Message {
	w.T.Helper()
	request := w.tell(dm, w.MS, content(w.Request))
	supply := w.tell(w.MS, dm, content(w.Supply), request)
	d := w.second()
	d.GTINs = []gs1.GTIN{g}
	dossier := w.tell(dm, w.DA, d, supply)
	cert := w.DA.Credential(dm, d.Documents, "EU/1/26/002", w.Now, g)
	return w.tell(w.DA, dm, &pedigree.Decision{Certificate: cert, Decision: pedigree.Approved}, dossier)
}

// dispatching is a case in which the distributor's dispatch has a fault.
func dispatching(name, code string, change func(w *town, d *pedigree.Dispatch)) refused {
	return refused{name, code, func(w *town) []byte {
		d := &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(25, 30)}}
		change(w, d)
		return w.send(w.DD, w.Pharmacy, d, w.Distribution)
	}}
}

var dispatchRefusals = []refused{
	dispatching("nothing", "bad_field", func(_ *town, d *pedigree.Dispatch) { d.Parcels, d.Note = nil, "empty" }),
	dispatching("not his any more", "not_in_custody", func(w *town, d *pedigree.Dispatch) { d.Parcels[0] = w.Parcel(24, 26) }),
	dispatching("not his yet", "not_in_custody", func(w *town, d *pedigree.Dispatch) { d.Parcels[0] = w.Parcel(49, 51) }),
	dispatching("later expiry", "expiry_mismatch", func(_ *town, d *pedigree.Dispatch) { d.Parcels[0].Expiry = "2030-03-31" }),
	dispatching("another batch than it follows", "unknown_prev", func(w *town, d *pedigree.Dispatch) {
		w.Make("L43", 10)
		w.tell(w.DM, w.DD, w.parcel(0, 10), w.Decision)
		d.Parcels[0] = w.Parcel(0, 5)
	}),
	// A batch without certificate, from a document that the distributor captured
	// himself, gets no place in an approved chain.
	dispatching("a captured batch", "unknown_prev", func(w *town, d *pedigree.Dispatch) {
		w.captured(w.DD)
		d.Parcels[0] = w.Parcel(0, 5)
	}),
	{"back by who does not have it", "not_in_custody", func(w *town) []byte {
		return w.send(w.Pharmacy, w.DD, &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(20, 30)}}, w.Dispatch)
	}},
	{"onward by the manufacturer who took it back", "wrong_role", func(w *town) []byte {
		back := w.tell(w.DD, w.DM, &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(25, 30)}}, w.Distribution)
		return w.send(w.DM, w.DD, &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(25, 30)}}, back)
	}},
	{"to a supplier", "wrong_role", func(w *town) []byte {
		return w.send(w.DD, w.MS, &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(25, 30)}}, w.Distribution)
	}},
	{"back with a later expiry", "expiry_mismatch", func(w *town) []byte {
		d := &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(0, 5)}}
		d.Parcels[0].Expiry = "2030-03-31"
		return w.send(w.Pharmacy, w.DD, d, w.Dispatch)
	}},
	{"onward on another's dispatch", "unknown_prev", func(w *town) []byte {
		return w.send(w.DD2, w.Pharmacy2, &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(25, 30)}}, w.Distribution)
	}},
}

// confirming is a case in which the distributor's sales status has a fault.
func confirming(name, code string, change func(w *town, s *pedigree.SalesStatus)) refused {
	return refused{name, code, func(w *town) []byte {
		s := content(w.Status).(*pedigree.SalesStatus)
		change(w, s)
		return w.send(w.DD, w.DM, s, w.Distribution)
	}}
}

var statusRefusals = []refused{
	confirming("nothing", "bad_field", func(_ *town, s *pedigree.SalesStatus) { s.Expiries = nil }),
	confirming("no such day", "bad_field", func(_ *town, s *pedigree.SalesStatus) { s.Expiries[0].Expiry = "2029-3-31" }),
	confirming("65 batches", "bad_field", func(_ *town, s *pedigree.SalesStatus) { s.Expiries = slices.Repeat(s.Expiries, 65) }),
	confirming("later expiry", "expiry_mismatch", func(_ *town, s *pedigree.SalesStatus) { s.Expiries[0].Expiry = "2030-03-31" }),
	confirming("a batch twice", "unknown_batch", func(_ *town, s *pedigree.SalesStatus) { s.Expiries = append(s.Expiries, s.Expiries[0]) }),
	confirming("a batch that was not distributed", "unknown_batch", func(w *town, s *pedigree.SalesStatus) {
		w.Make("L43", 1)
		s.Expiries[0].Batch = w.Batch
	}),
	{"one of two batches", "expiry_mismatch", func(w *town) []byte {
		d := w.parcel(50, 60)
		w.Make("L43", 10)
		d.Parcels = append(d.Parcels, w.Parcel(0, 10))
		m := w.tell(w.DM, w.DD, d, w.Decision)
		return w.send(w.DD, w.DM, content(w.Status), m)
	}},
}

// custodians says who has the packs, as runs.
func (w *town) custodians() string {
	w.T.Helper()
	names := map[string]string{}
	for _, o := range []*ledgertest.Org{w.DM, w.DD, w.DD2, w.Pharmacy, w.Pharmacy2, w.Hospital} {
		names[o.GLN] = o.Name
	}
	out, last := "", ""
	for i := range w.Release.Size {
		var page chain.Page
		if raw := w.State.Records[string(chain.UnitsKey(w.Batch, uint32(i/chain.PageUnits)))]; raw != nil {
			if err := canon.DecodeCBOR(raw, &page); err != nil {
				w.T.Fatal(err)
			}
		}
		if who := names[page.Custodian(i%chain.PageUnits, w.DM.GLN)]; who != last {
			out, last = out+fmt.Sprintf("%d %s; ", i, who), who
		}
	}
	return out
}

// Custody follows distributions and dispatches by ranges, over the ends of pages,
// onward, back, and to nobody who did not receive it.
func TestCustody(t *testing.T) {
	w := newTown(t)
	w.Make("WIDE", 3*chain.PageUnits)
	move := func(from, to *ledgertest.Org, c pedigree.Content, prev *envelope.Message, want string) *envelope.Message {
		t.Helper()
		m := w.tell(from, to, c, prev)
		if got := w.custodians(); got != want {
			t.Errorf("custody\n got %s\nwant %s", got, want)
		}
		return m
	}
	dispatch := func(from, to uint64) *pedigree.Dispatch {
		return &pedigree.Dispatch{Parcels: []pedigree.Parcel{w.Parcel(from, to)}}
	}
	given := move(w.DM, w.DD, w.parcel(2000, 4200), w.Decision, "0 Drug manufacturer; 2000 Drug distributor; 4200 Drug manufacturer; ")
	onward := move(w.DD, w.DD2, dispatch(2000, 2048), given,
		"0 Drug manufacturer; 2000 Second distributor; 2048 Drug distributor; 4200 Drug manufacturer; ")
	sold := move(w.DD2, w.Pharmacy, dispatch(2010, 2020), onward,
		"0 Drug manufacturer; 2000 Second distributor; 2010 Pharmacy; 2020 Second distributor; 2048 Drug distributor; 4200 Drug manufacturer; ")
	move(w.Pharmacy, w.DD2, dispatch(2010, 2020), sold,
		"0 Drug manufacturer; 2000 Second distributor; 2048 Drug distributor; 4200 Drug manufacturer; ")
	for _, tt := range []struct {
		by       *ledgertest.Org
		from, to uint64
		want     string
	}{
		{w.DD, 2047, 2049, "not_in_custody"},
		{w.DD, 2048, 4201, "not_in_custody"},
		{w.DD, 2048, 4200, "applied"},
		{w.DD2, 2000, 2048, "applied"},
		{w.DM, 0, 2000, "applied"},
		{w.DM, 0, 2001, "not_in_custody"},
		{w.DM, 4200, 6144, "applied"},
		{w.Pharmacy, 2010, 2011, "not_in_custody"},
	} {
		u := chain.Units{Batch: w.Batch, From: chain.UnitActive, To: chain.UnitStolen, Ranges: []chain.Range{{From: tt.from, To: tt.to}}}
		if got := outcome(w.Try(tt.by.Tx(w.Now, chain.KindUnits, u))); got != tt.want {
			t.Errorf("[%d, %d) by %s: %s, want %s", tt.from, tt.to, tt.by.Name, got, tt.want)
		}
	}
}

// A message that moves several batches moves all or none.
func TestParcelsAllOrNone(t *testing.T) {
	w := newTown(t)
	d := w.parcel(50, 60)
	w.Make("L43", 10)
	d.Parcels = append(d.Parcels, w.Parcel(0, 10))
	w.Admit(w.stop(w.DM, chain.Recalled))
	w.Refuse("stopped", w.send(w.DM, w.DD, d, w.Decision))
	w.Admit(w.stop(w.DM, chain.Released))
	m := w.tell(w.DM, w.DD, d, w.Decision)
	s := content(w.Status).(*pedigree.SalesStatus)
	s.Expiries = append(s.Expiries, pedigree.BatchExpiry{Batch: w.Batch, Expiry: w.Release.Expiry})
	slices.Reverse(s.Expiries)
	w.tell(w.DD, w.DM, s, m)
}
