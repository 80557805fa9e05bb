package theriac_test

import (
	"bytes"
	"slices"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
)

var measuredOnes = []golden{
	{"genuine-measured", "the pack was measured at the pharmacy, once", after(func(s *scene) {
		s.newWorks().measured(s.DM, s.Pharmacy, packs(0, 2))
	}), good},
	{"genuine-registered", "the pack is registered for the pharmacy, which has not measured it yet", after(func(s *scene) {
		s.newWorks().registered(s.DM, s.Pharmacy, packs(0, 2))
	}), good},
	{"genuine-registered-anew", "it was registered anew before it was measured", after(func(s *scene) {
		w := s.newWorks()
		w.registered(s.DM, s.Pharmacy, packs(0, 2))
		w.measured(s.DM, s.Pharmacy, packs(0, 1), counter(2))
	}), good},
	{"genuine-measured-case", "the case with the pack was measured", after(func(s *scene) {
		s.newWorks().measured(s.DM, s.Pharmacy, packs(0, 2), whole)
	}), good},
	{"genuine-registered-case", "the case with the pack is registered, and not measured yet", after(func(s *scene) {
		s.newWorks().registered(s.DM, s.Pharmacy, packs(0, 2), whole)
	}), good},
	{"genuine-measured-hops", "measured at the distributor, and again at the pharmacy", after(func(s *scene) { s.hops() }), good},
	{"genuine-measured-material", "the raw material was measured at the manufacturer, which then registered it anew", after(func(s *scene) {
		w := s.newWorks()
		w.measured(s.MS, s.DM, material(s.Lot))
		w.measured(s.DM, s.Pharmacy, packs(0, 2))
		w.registered(s.DM, s.DD, material(s.Lot), counter(2))
	}), good},
	{"genuine-neighbour-measured", "the pack's neighbour was measured", after(func(s *scene) {
		s.newWorks().measured(s.DM, s.Pharmacy, packs(1, 2))
	}), good},
	{"genuine-measured-alert", "a mark that was verified is presented again", after(func(s *scene) {
		w := s.newWorks()
		ship, id := w.measured(s.DM, s.Pharmacy, packs(0, 2))
		s.alert(s.Pharmacy.Tx(s.Now, chain.KindIdentify, ship.Identify(id, s.Pharmacy, w.device, 0, nil)))
		s.alert(s.Hospital.Tx(s.Now, chain.KindIdentify, ship.Identify(id, s.Hospital, w.device, 0, nil)))
	}), good},
	{"dispensed-measured", "a pack that was measured was dispensed", after(func(s *scene) {
		s.newWorks().measured(s.DM, s.Pharmacy, packs(0, 2))
		s.units(s.Pharmacy, chain.UnitDispensed)
	}), packNo("pack_dispensed")},
	{"genuine-code", "a pack whose concealed code nobody has redeemed", after(func(s *scene) { s.concealed() }), good},
	{"genuine-redeemed", "the concealed code was redeemed", after(func(s *scene) { s.concealed().redeem(s, s.Pharmacy, 0) }), good},
	{"genuine-redeemed-alert", "the concealed code was redeemed, and another browser tried it again", after(func(s *scene) {
		c := s.concealed()
		c.redeem(s, s.Pharmacy, 0)
		s.alert(c.tx(s, s.Hospital, 0))
	}), good},
	{"registration-left-out", "the pack's registration, which the page names, is left out", measured(func(s *scene, b *theriac.Bundle) {
		leave(b, "registration/")
	}), ledgerNo},
	{"registration-and-mark-left-out", "the same, with its mark", measured(func(s *scene, b *theriac.Bundle) {
		leave(b, "registration/", "mark/")
	}), ledgerNo},
	{"mark-left-out", "whether the pack was measured is left out", measured(func(s *scene, b *theriac.Bundle) { leave(b, "mark/") }), ledgerNo},
	{"mark-denied", "the mark is said not to be verified", measured(func(s *scene, b *theriac.Bundle) {
		only(s.t, b, "mark/").Value = nil
	}), ledgerNo},
	{"mark-of-another-pack", "the mark of the neighbour beside that of the pack", func(s *scene) shown {
		_, id := s.newWorks().measured(s.DM, s.Pharmacy, packs(0, 2))
		return s.beside(chain.MarkKey(id, 1))
	}, ledgerNo},
	{"mark-of-another-registration", "the mark of a registration that the evidence does not bring", func(s *scene) shown {
		w := s.newWorks()
		_, first := w.measured(s.DM, s.Pharmacy, packs(0, 2))
		w.registered(s.DM, s.Pharmacy, packs(0, 1), counter(2))
		out := s.honest()
		b := out.bundle
		b.State = slices.DeleteFunc(b.State, func(r theriac.Record) bool { return bytes.Equal(r.Key, chain.RegistrationKey(first)) })
		return out
	}, ledgerNo},
	{"earlier-left-out", "an earlier registration is left out with its mark, which nobody can tell", func(s *scene) shown {
		first := s.hops()
		out := s.honest()
		b := out.bundle
		b.State = slices.DeleteFunc(b.State, func(r theriac.Record) bool { return bytes.Contains(r.Key, first[:]) })
		return out
	}, good},
	{"registration-of-another-pack", "the registration of the neighbour, with its mark", func(s *scene) shown {
		_, id := s.newWorks().measured(s.DM, s.Pharmacy, packs(1, 2))
		return s.beside(chain.RegistrationKey(id), chain.MarkKey(id, 0))
	}, ledgerNo},
	{"registration-of-another-batch", "that of the pack at the same place of another batch", func(s *scene) shown {
		w, first := s.newWorks(), *s.World
		s.Make("L43", 8)
		s.Distribute(0, 4)
		_, id := w.registered(s.DM, s.DD, packs(0, 1))
		*s.World = first
		return s.beside(chain.RegistrationKey(id), chain.MarkKey(id, 0))
	}, ledgerNo},
	{"registration-of-other-material", "that of a lot of material of which the batch was not made", func(s *scene) shown {
		other := gs1.LGTIN{GTIN: s.Lot.GTIN, Lot: "ASA-8"}
		_, id := s.newWorks().measured(s.MS, s.DM, material(other))
		return s.beside(chain.RegistrationKey(id), chain.MarkKey(id, 0))
	}, ledgerNo},
	{"material-of-another-lot", "the same, with what the lot has now", func(s *scene) shown {
		other := gs1.LGTIN{GTIN: s.Lot.GTIN, Lot: "ASA-8"}
		_, id := s.newWorks().measured(s.MS, s.DM, material(other))
		return s.beside(chain.RegistrationKey(id), chain.MarkKey(id, 0), chain.MaterialKey(other))
	}, ledgerNo},
	{"material-without-registration", "the registration of the material, which its record names, is left out", but(after(func(s *scene) {
		s.newWorks().measured(s.MS, s.DM, material(s.Lot))
	}), func(_ *scene, b *theriac.Bundle) { leave(b, "registration/", "mark/") }), ledgerNo},
	{"registration-of-material-alone", "the registration of the material without the record that names it", but(after(func(s *scene) {
		s.newWorks().measured(s.MS, s.DM, material(s.Lot))
	}), func(_ *scene, b *theriac.Bundle) { leave(b, "material/") }), ledgerNo},
	{"page-names-another", "a ledger whose page names the registration of the material", but(after(func(s *scene) {
		s.newWorks().measured(s.MS, s.DM, material(s.Lot))
	}), func(s *scene, b *theriac.Bundle) {
		var page chain.Page
		s.Read(chain.UnitsKey(s.Batch, 0), &page)
		page.Register(0, 2, canon.Digest(only(s.t, b, "registration/").Key[len("registration/"):]))
		raw, err := canon.CBOR(page)
		if err != nil {
			s.t.Fatal(err)
		}
		record(s.t, b, chain.UnitsKey(s.Batch, 0)).Value = raw
		s.reseal(b)
	}), ledgerNo},
	{"registration-unreadable", "a ledger whose registration cannot be read", measured(func(s *scene, b *theriac.Bundle) { s.cut(b, "registration/") }), ledgerNo},
	{"registration-says-no", "a ledger whose registration says that it is of no case, which goes without saying", but(after(func(s *scene) {
		s.newWorks().registered(s.DM, s.Pharmacy, packs(0, 2), whole)
	}), func(s *scene, b *theriac.Bundle) {
		r := only(s.t, b, "registration/")
		r.Value = bytes.Replace(r.Value, []byte{9, 0xf5}, []byte{9, 0xf4}, 1)
		s.reseal(b)
	}), ledgerNo},
	{"mark-unreadable", "a ledger whose mark cannot be read", measured(func(s *scene, b *theriac.Bundle) { s.cut(b, "mark/") }), ledgerNo},
	{"redeemed-left-out", "whether the code was redeemed is left out", but(after(func(s *scene) { s.concealed().redeem(s, s.Pharmacy, 0) }), func(_ *scene, b *theriac.Bundle) { leave(b, "redeemed/") }), ledgerNo},
	{"redeemed-denied", "the code is said not to have been redeemed", but(after(func(s *scene) { s.concealed().redeem(s, s.Pharmacy, 0) }), func(s *scene, b *theriac.Bundle) { only(s.t, b, "redeemed/").Value = nil }), ledgerNo},
	{"redeemed-of-another-pack", "whether the neighbour's code was redeemed", func(s *scene) shown {
		s.concealed().redeem(s, s.Pharmacy, 1)
		return s.beside(chain.RedeemedKey(s.Batch, 1))
	}, ledgerNo},
	{"redeemed-without-code", "that a code was not redeemed which the pack does not have", func(s *scene) shown {
		return s.beside(chain.RedeemedKey(s.Batch, 0))
	}, ledgerNo},
	{"redeemed-unreadable", "a ledger whose redemption cannot be read", but(after(func(s *scene) { s.concealed().redeem(s, s.Pharmacy, 0) }), func(s *scene, b *theriac.Bundle) { s.cut(b, "redeemed/") }), ledgerNo},
}
