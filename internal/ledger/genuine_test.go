package ledger_test

import (
	"slices"
	"testing"

	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
)

// A lab is a town whose manufacturer and supplier have product lines. Packs [50, 100)
// are the manufacturer's, of which [50, 60) are registered for the distributor.
type lab struct {
	*town
	line, drug *ledgertest.Line // of material, of the medicine
	makers     *ledgertest.Device
	carriers   *ledgertest.Device
	shipment   *ledgertest.Shipment
	id         canon.Digest // of its registration
}

func packs(from, to uint64) func(*chain.Terms) {
	return func(t *chain.Terms) { t.Ranges = []chain.Range{{From: from, To: to}} }
}

func newLab(w *town) *lab {
	l := &lab{town: w, makers: ledgertest.NewDevice(w.DM), carriers: ledgertest.NewDevice(w.DD)}
	l.drug = w.NewLine(w.DM, w.Product, l.makers, l.carriers)
	w.Admit(l.drug.Tx())
	l.line = w.NewLine(w.MS, w.Lot.GTIN, l.makers)
	w.Admit(l.line.Tx())
	l.shipment = l.drug.Ship(w.DM, w.DD, packs(50, 60))
	l.id = l.shipment.Admit(l.makers)
	return l
}

// identified is the transaction of the distributor for a pack of the shipment.
func (l *lab) identified(index uint64, change func(*genuine.Challenge)) []byte {
	return l.DD.Tx(l.Now, chain.KindIdentify, l.shipment.Identify(l.id, l.DD, l.carriers, index, change))
}

// next ships the packs again, with the counter that follows.
func (l *lab) next(from, to *ledgertest.Org, counter, first, last uint64) *ledgertest.Shipment {
	return l.drug.Ship(from, to, func(t *chain.Terms) {
		t.Counter = counter
		packs(first, last)(t)
	})
}

// Paper 001, 3.4: a mark is verified once; the second time the maker is alerted, also
// of a use by another consignee or at another place (001-06, 001-14).
func TestMarkIsVerifiedOnce(t *testing.T) {
	l := newLab(newTown(t))
	l.Admit(l.identified(3, nil))
	for name, tt := range map[string]struct {
		tx   []byte
		want string
	}{
		"again": {l.identified(3, nil), "alert already_verified"},
		"another consignee": {
			l.DD2.Tx(l.Now, chain.KindIdentify, l.shipment.Identify(l.id, l.DD2, l.carriers, 4, nil)), "alert wrong_consignee",
		},
		"another place": {l.identified(4, func(c *genuine.Challenge) { c.Place = l.Pharmacy.GLN }), "alert wrong_place"},
	} {
		r := l.Block(tt.tx)[0]
		if got := outcome(r); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
			continue
		}
		var a chain.Alert
		l.Read(chain.AlertKey(r.Alert), &a)
		if a.Registration != l.id || a.Batch != l.Batch || len(a.Units) != 1 || !slices.Contains(r.Tags, "alert-of/"+l.DM.GLN) {
			t.Errorf("%s: %+v, %v", name, a, r.Tags)
		}
	}
	var m chain.Mark
	l.Read(chain.MarkKey(l.id, 3), &m)
	if l.State.Records[string(chain.MarkKey(l.id, 4))] != nil {
		t.Error("an alert has verified a mark")
	}
}

// Attack 001-08: who sees a transaction on its way sends its proof first.
func TestCopiedProofIsNothing(t *testing.T) {
	l := newLab(newTown(t))
	arg := l.shipment.Identify(l.id, l.DD, l.carriers, 0, nil)
	for _, thief := range []*ledgertest.Org{l.DD2, l.DM, l.Pharmacy} {
		l.Refuse("bad_proof", thief.Tx(l.Now, chain.KindIdentify, arg))
	}
	l.Admit(l.DD.Tx(l.Now, chain.KindIdentify, arg))
}

// Paper 001, 4.1.1: A→B→C are transactions of their own, each with its key, and the
// maker sees every hop.
func TestHops(t *testing.T) {
	l := newLab(newTown(t))
	l.tell(l.DM, l.DD, l.parcel(50, 60), l.Decision)
	hop := l.next(l.DD, l.Pharmacy, 2, 50, 52)
	l.Refuse("not_verified", l.DD.Tx(l.Now, chain.KindRegister, hop.Register(l.carriers)))
	l.Admit(l.identified(0, nil))
	l.Refuse("not_verified", l.DD.Tx(l.Now, chain.KindRegister, hop.Register(l.carriers)))
	l.Admit(l.identified(1, nil))
	r := l.Admit(l.DD.Tx(l.Now, chain.KindRegister, hop.Register(l.carriers)))
	if !slices.Contains(r.Tags, "hop-of/"+l.DM.GLN) {
		t.Errorf("tags %v", r.Tags)
	}
	id := chain.RegistrationID(r.Operation)
	var record chain.Registration
	if l.Read(chain.RegistrationKey(id), &record); !slices.Equal(record.Before, []canon.Digest{l.id}) {
		t.Errorf("it replaced %v", record.Before)
	}
	// A key of the first hop is not one of the second (001-05).
	old := l.shipment.Identify(l.id, l.Pharmacy, l.carriers, 0, nil)
	old.Registration = id
	l.Refuse("bad_proof", l.Pharmacy.Tx(l.Now, chain.KindIdentify, old))
	l.Admit(l.Pharmacy.Tx(l.Now, chain.KindIdentify, hop.Identify(id, l.Pharmacy, l.carriers, 0, nil)))
	// The old counter is dead, and both ends of the first hop hear of its use.
	if got := outcome(l.Try(l.identified(0, nil))); got != "alert already_verified" {
		t.Errorf("the first hop again: %s", got)
	}
}

// Paper 001, 4.1.1: by a further registration of the supplier a new verification can be
// performed; what was not verified before is not any more.
func TestSupplierRegistersAnew(t *testing.T) {
	l := newLab(newTown(t))
	again := l.next(l.DM, l.DD, 2, 50, 55)
	id := again.Admit(l.makers)
	if got := outcome(l.Try(l.identified(0, nil))); got != "alert superseded" {
		t.Errorf("the old counter: %s", got)
	}
	l.Admit(l.identified(7, nil))
	l.Admit(l.DD.Tx(l.Now, chain.KindIdentify, again.Identify(id, l.DD, l.carriers, 0, nil)))
	// Where the packs are now, the maker may have them verified once more.
	l.tell(l.DM, l.DD, l.parcel(50, 60), l.Decision)
	l.next(l.DM, l.DD, 3, 50, 55).Admit(l.makers)
}

// A lot or case has one mark for all of its packs, a lot of material one of its own.
func TestWholeAndMaterial(t *testing.T) {
	l := newLab(newTown(t))
	whole := l.drug.Ship(l.DM, l.DD, func(t *chain.Terms) { packs(60, 100)(t); t.Whole = true })
	id := whole.Admit(l.makers)
	l.Admit(l.DD.Tx(l.Now, chain.KindIdentify, whole.Identify(id, l.DD, l.carriers, 0, nil)))
	lot := l.line.Ship(l.MS, l.DM, func(t *chain.Terms) { t.Batch, t.Material = canon.Digest{}, &l.Lot })
	id = lot.Admit(l.makers)
	tx := func() []byte { return l.DM.Tx(l.Now, chain.KindIdentify, lot.Identify(id, l.DM, l.makers, 0, nil)) }
	l.Admit(tx())
	if got := outcome(l.Block(tx())[0]); got != "alert already_verified" {
		t.Errorf("material again: %s", got)
	}
	// The manufacturer sends it on, which has to be of the next counter.
	hop := l.line.Ship(l.DM, l.DM2, func(t *chain.Terms) { t.Batch, t.Material, t.Counter = canon.Digest{}, &l.Lot, 2 })
	hop.Admit(l.makers)
}

// Shipments carry registrations, which must be theirs.
func TestShipmentCarriesRegistrations(t *testing.T) {
	l := newLab(newTown(t))
	d := l.parcel(50, 70)
	d.Registrations = []canon.Digest{l.id}
	d.Consignments = []canon.Bytes{[]byte("sealed")}
	l.Admit(l.send(l.DM, l.DD, d, l.Decision))
}

// A revoked device is refused at once, and what was registered before can still be
// identified with the others (001-04).
func TestRevokedDevice(t *testing.T) {
	l := newLab(newTown(t))
	l.drug.Put.Devices = slices.DeleteFunc(l.drug.Put.Devices, func(d chain.Device) bool { return slices.Equal(d.Point, l.carriers.Point) })
	l.Refuse("bad_line", l.drug.Tx())
	l.drug.Put.Epoch = 2
	l.Admit(l.drug.Tx())
	l.Refuse("unknown_device", l.identified(0, nil))
	l.Admit(l.DD.Tx(l.Now, chain.KindIdentify, l.shipment.Identify(l.id, l.DD, l.makers, 0, nil)))
	// New registrations need the new judgment value.
	l.Refuse("bad_registration", l.DM.Tx(l.Now, chain.KindRegister, l.drug.Ship(l.DM, l.DD, packs(70, 80)).Register(l.makers)))
}

// The concealed code of a pack is redeemed once; the same browser learns that it was
// itself, another one raises an alert.
func TestRedeem(t *testing.T) {
	w := newTown(t)
	w.Make("L43", 4)
	w.Refuse("bad_code", w.DD.Tx(w.Now, chain.KindRedeem, chain.Redeem{Batch: w.Batch, Browser: key(w.DD2).Point()}))
	codes, marks := w.concealed("L44", 4)
	pack := gs1.SGTIN{GTIN: w.Packs[2].GTIN, Serial: w.Packs[2].Serial}
	redeem := func(by, browser *ledgertest.Org, change func(*chain.Redeem)) []byte {
		path, err := genuine.MarkPath(marks, 2)
		if err != nil {
			t.Fatal(err)
		}
		r := chain.Redeem{Batch: w.Batch, Index: 2, Path: path, Browser: key(browser).Point()}
		if err := codes[2].Redeem(ledgertest.ChainID, pack, &r); err != nil {
			t.Fatal(err)
		}
		change(&r)
		return by.Tx(w.Now, chain.KindRedeem, r)
	}
	same := func(*chain.Redeem) {}
	// The visible code is no code, and a relay cannot put its own browser.
	w.Refuse("bad_code", redeem(w.DD, w.DD, func(r *chain.Redeem) { r.Proof[9] ^= 1 }))
	w.Refuse("bad_code", redeem(w.DD, w.DD, func(r *chain.Redeem) { r.Browser = key(w.DD2).Point() }))
	w.Refuse("bad_code", redeem(w.DD, w.DD, func(r *chain.Redeem) { r.Index = 3 }))
	w.Refuse("bad_code", redeem(w.DD, w.DD, func(r *chain.Redeem) { r.Key = r.Key[1:] }))
	w.Admit(redeem(w.DD, w.DD, same))
	w.Refuse("already_redeemed", redeem(w.Pharmacy, w.DD, same))
	r := w.Block(redeem(w.Pharmacy, w.DD2, same))[0]
	if got := outcome(r); got != "alert already_redeemed" || !slices.Contains(r.Tags, "alert-of/"+w.DM.GLN) {
		t.Errorf("another browser: %s, %v", got, r.Tags)
	}
}

// concealed releases a batch whose packs have concealed codes.
func (w *town) concealed(lot gs1.Lot, size int) ([]genuine.Code, chain.Hashes) {
	w.T.Helper()
	w.Pack(lot, size)
	var codes []genuine.Code
	var marks chain.Hashes
	for i := range w.Packs {
		p := &w.Packs[i]
		codes = append(codes, genuine.NewCode([]byte("secret"), p.Serial))
		v, err := codes[i].Verification(gs1.SGTIN{GTIN: p.GTIN, Serial: p.Serial})
		if err != nil {
			w.T.Fatal(err)
		}
		marks = append(marks, chain.MarkLeaf(v))
	}
	w.Release.Codes = root(marks)
	w.Admit(w.DM.Tx(w.Now, chain.KindBatch, w.Release))
	return codes, marks
}
