package ledger_test

import (
	"theriac/canon"
	"theriac/chain"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/merkle"
)

func root(marks chain.Hashes) canon.Digest { return merkle.Root(marks) }

// putting is a case in which the manufacturer's line has a fault.
func putting(name, code string, change func(l *lab, p *chain.PutLine)) refused {
	return refused{name, code, func(w *town) []byte {
		l := newLab(w)
		change(l, &l.drug.Put)
		return l.drug.Tx()
	}}
}

var lineRefusals = []refused{
	putting("no criteria", "bad_line", func(_ *lab, p *chain.PutLine) { p.Criteria = canon.Digest{} }),
	putting("no product", "bad_line", func(_ *lab, p *chain.PutLine) { p.GTIN = "1" }),
	putting("no device", "bad_line", func(_ *lab, p *chain.PutLine) { p.Devices, p.Epoch = nil, 2 }),
	putting("device twice", "bad_line", func(_ *lab, p *chain.PutLine) { p.Devices = append(p.Devices, p.Devices[1]) }),
	putting("device without a key", "bad_line", func(_ *lab, p *chain.PutLine) { p.Devices[0].Point = []byte{4} }),
	putting("device without a seal", "bad_line", func(_ *lab, p *chain.PutLine) { p.Devices[0].Seal = nil }),
	putting("device of nobody", "unknown_member", func(l *lab, p *chain.PutLine) { p.Devices[0].Operator = "4000000000990" }),
	putting("an epoch left out", "bad_line", func(_ *lab, p *chain.PutLine) { p.Epoch = 3 }),
	putting("an epoch back", "bad_line", func(_ *lab, p *chain.PutLine) { p.Epoch = 0 }),
	putting("other criteria, same epoch", "bad_line", func(_ *lab, p *chain.PutLine) { p.Criteria[0] ^= 1 }),
	{"first epoch 2", "bad_line", func(w *town) []byte {
		l := newLab(w)
		other := w.NewLine(w.DM, gtin("40000030", "0009"), l.makers)
		other.Put.Epoch = 2
		return other.Tx()
	}},
	// Attack 001-11: another begins a line of the maker's product.
	{"another's product", "prefix_not_licensed", func(w *town) []byte {
		return w.NewLine(w.DM2, w.Product, ledgertest.NewDevice(w.DM2)).Tx()
	}},
	{"no argument", "non_canonical", func(w *town) []byte { return w.DM.Tx(w.Now, chain.KindLine, 7) }},
}

// registering is a case in which a registration of further packs by the manufacturer
// has a fault.
func registering(name, code string, change func(l *lab, t *chain.Terms)) refused {
	return refused{name, code, func(w *town) []byte {
		l := newLab(w)
		s := l.drug.Ship(w.DM, w.DD, packs(60, 63))
		change(l, &s.Terms)
		return w.DM.Tx(w.Now, chain.KindRegister, s.Register(l.makers))
	}}
}

var registrationRefusals = []refused{
	registering("no counter", "bad_registration", func(_ *lab, t *chain.Terms) { t.Counter = 0 }),
	registering("no root", "bad_registration", func(_ *lab, t *chain.Terms) { t.Root = canon.Digest{} }),
	registering("to itself", "bad_registration", func(l *lab, t *chain.Terms) { t.To = l.DM.GLN }),
	registering("to nobody", "unknown_member", func(_ *lab, t *chain.Terms) { t.To = "4000000000990" }),
	registering("to a suspended member", "member_inactive", func(l *lab, _ *chain.Terms) { l.stand(l.DD, chain.Suspended) }),
	registering("no place", "bad_registration", func(_ *lab, t *chain.Terms) { t.Place = "here" }),
	registering("neither packs nor material", "bad_registration", func(_ *lab, t *chain.Terms) { t.Batch = canon.Digest{} }),
	registering("packs and material", "bad_registration", func(l *lab, t *chain.Terms) { t.Material = &l.Lot }),
	registering("unknown line", "unknown_line", func(_ *lab, t *chain.Terms) { t.Line[0] ^= 1 }),
	registering("unknown batch", "unknown_batch", func(_ *lab, t *chain.Terms) { t.Batch[0] ^= 1 }),
	registering("another line", "bad_registration", func(l *lab, t *chain.Terms) { t.Line = l.line.Key.Line }),
	registering("an epoch to come", "bad_registration", func(_ *lab, t *chain.Terms) { t.Epoch = 2 }),
	registering("packs that are not there", "bad_field", func(_ *lab, t *chain.Terms) { t.Ranges[0].To = 101 }),
	registering("no packs", "bad_field", func(_ *lab, t *chain.Terms) { t.Ranges = nil }),
	registering("the distributor's packs", "not_in_custody", func(l *lab, t *chain.Terms) { packs(20, 30)(t) }),
	// Attack 001-09: the counter is not the next one.
	registering("counter 2 first", "wrong_counter", func(_ *lab, t *chain.Terms) { t.Counter = 2 }),
	registering("counter 1 again", "wrong_counter", func(_ *lab, t *chain.Terms) { packs(58, 62)(t) }),
	{"counter 2 of another", "not_the_registrar", func(w *town) []byte {
		l := newLab(w)
		w.tell(w.DM, w.DD2, w.parcel(50, 60), w.Decision)
		return w.DD2.Tx(w.Now, chain.KindRegister, l.next(w.DD2, w.DD, 2, 50, 60).Register(l.carriers))
	}},
	// Attack 001-11: somebody registers first.
	{"first by another", "not_the_registrar", func(w *town) []byte {
		l := newLab(w)
		return w.DD.Tx(w.Now, chain.KindRegister, l.drug.Ship(w.DD, w.Pharmacy, packs(30, 32)).Register(l.carriers))
	}},
	{"another's words", "unknown_device", func(w *town) []byte {
		l := newLab(w)
		return w.DM2.Tx(w.Now, chain.KindRegister, l.drug.Ship(w.DM, w.DD, packs(60, 63)).Register(l.makers))
	}},
	{"unknown device", "unknown_device", func(w *town) []byte {
		l := newLab(w)
		return w.DM.Tx(w.Now, chain.KindRegister, l.drug.Ship(w.DM, w.DD, packs(60, 63)).Register(ledgertest.NewDevice(w.DM)))
	}},
	{"material of another line", "bad_registration", func(w *town) []byte {
		l := newLab(w)
		s := l.line.Ship(w.MS, w.DM, func(t *chain.Terms) {
			t.Batch, t.Material = canon.Digest{}, &gs1.LGTIN{GTIN: w.Product, Lot: "M1"}
		})
		return w.MS.Tx(w.Now, chain.KindRegister, s.Register(l.makers))
	}},
	{"hop of material that was not verified", "not_verified", func(w *town) []byte {
		l := newLab(w)
		of := func(counter uint64) func(*chain.Terms) {
			return func(t *chain.Terms) { t.Batch, t.Material, t.Counter = canon.Digest{}, &w.Lot, counter }
		}
		l.line.Ship(w.MS, w.DM, of(1)).Admit(l.makers)
		return w.DM.Tx(w.Now, chain.KindRegister, l.line.Ship(w.DM, w.DM2, of(2)).Register(l.makers))
	}},
	{"a shipment with another's registration", "bad_registration", func(w *town) []byte {
		l := newLab(w)
		d := w.parcel(50, 60)
		d.Registrations = []canon.Digest{l.id}
		return w.send(w.DM, w.DD2, d, w.Decision)
	}},
	{"a shipment without the packs", "bad_registration", func(w *town) []byte {
		l := newLab(w)
		d := w.parcel(51, 60)
		d.Registrations = []canon.Digest{l.id}
		return w.send(w.DM, w.DD, d, w.Decision)
	}},
	{"a shipment with an unknown registration", "unknown_registration", func(w *town) []byte {
		d := w.parcel(51, 60)
		d.Registrations = []canon.Digest{canon.Sum(nil)}
		return w.send(w.DM, w.DD, d, w.Decision)
	}},
	{"a registration twice", "bad_field", func(w *town) []byte {
		l := newLab(w)
		d := w.parcel(50, 60)
		d.Registrations = []canon.Digest{l.id, l.id}
		return w.send(w.DM, w.DD, d, w.Decision)
	}},
}

// identifying is a case in which what the distributor sends has a fault.
func identifying(name, code string, change func(l *lab, i *chain.Identify)) refused {
	return refused{name, code, func(w *town) []byte {
		l := newLab(w)
		arg := l.shipment.Identify(l.id, l.DD, l.carriers, 3, nil)
		change(l, &arg)
		return w.DD.Tx(w.Now, chain.KindIdentify, arg)
	}}
}

// Attack 001-02: a forged device gives what was stored, what is constant or random, or
// what is of another transaction.
var identifyRefusals = []refused{
	identifying("unknown registration", "unknown_registration", func(_ *lab, i *chain.Identify) { i.Registration[0] ^= 1 }),
	identifying("another mark's index", "bad_proof", func(_ *lab, i *chain.Identify) { i.Index = 4 }),
	identifying("an index too far", "bad_proof", func(_ *lab, i *chain.Identify) { i.Index = 10 }),
	identifying("a key of its own", "bad_proof", func(_ *lab, i *chain.Identify) { i.Key[0] ^= 1 }),
	identifying("no key", "bad_proof", func(_ *lab, i *chain.Identify) { i.Key = nil }),
	identifying("a bent proof", "bad_proof", func(_ *lab, i *chain.Identify) { i.Proof[63] ^= 1 }),
	identifying("another nonce", "bad_proof", func(_ *lab, i *chain.Identify) { i.Nonce[0] ^= 1 }),
	identifying("another place than measured", "bad_proof", func(l *lab, i *chain.Identify) { i.Place = l.Pharmacy.GLN }),
	identifying("no place", "bad_registration", func(_ *lab, i *chain.Identify) { i.Place = "" }),
	identifying("another device", "unknown_device", func(l *lab, i *chain.Identify) { i.Device = kid(l.DD) }),
	identifying("the device did not sign", "unknown_device", func(_ *lab, i *chain.Identify) { i.Signature[9] ^= 1 }),
	identifying("another transaction's answer", "bad_proof", func(l *lab, i *chain.Identify) {
		other := l.shipment.Identify(l.id, l.DD, l.carriers, 5, nil)
		i.Key, i.Proof, i.Signature = other.Key, other.Proof, other.Signature
	}),
	{"another judgment value", "bad_proof", func(w *town) []byte {
		l := newLab(w)
		l.drug.Key.J = genuine.Judgment(ledgertest.NewID())
		return l.identified(0, nil)
	}},
	{"no argument", "non_canonical", func(w *town) []byte { return w.DM.Tx(w.Now, chain.KindIdentify, 7) }},
	{"no code", "bad_code", func(w *town) []byte {
		return w.DM.Tx(w.Now, chain.KindRedeem, chain.Redeem{Batch: w.Batch, Browser: key(w.DD2).Point()})
	}},
	{"code of no batch", "unknown_batch", func(w *town) []byte { return w.DM.Tx(w.Now, chain.KindRedeem, chain.Redeem{}) }},
}
