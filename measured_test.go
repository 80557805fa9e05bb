package theriac_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"theriac"
	"theriac/canon"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
	"theriac/pedigree"
)

// Who hands a pack to and fro does not make its evidence large: the newest sixteen
// registrations come, and the one that the pack has now is among them.
func TestManyRegistrations(t *testing.T) {
	s := newScene(t)
	w := s.newWorks()
	for n := range uint64(20) {
		w.registered(s.DM, s.Pharmacy, packs(0, 2), counter(n+1))
		w.registered(s.MS, []*ledgertest.Org{s.DM, s.DD}[n%2], material(s.Lot), counter(n+1))
	}
	v := s.show(0).Verify(s.trust(), s.now())
	if v.Verdict != theriac.Genuine || len(v.Facts.Measured) != 32 {
		t.Fatalf("Verify = %+v with %d registrations, want %s with 32", judge(&v), len(v.Facts.Measured), theriac.Genuine)
	}
	for i, m := range v.Facts.Measured {
		of, n := "material", uint64(i)
		if i >= 16 {
			of, n = "the pack", uint64(i-16)
		}
		if (m.Material != nil) != (of == "material") || m.Counter != n+5 || m.Current != (m.Counter == 20) {
			t.Errorf("%d is %+v, want %d of %s", i, m, n+5, of)
		}
	}
}

// Nor does a supplier of many lots: sixty-four registrations of material come in all, and
// lots of which none comes are as if they had none.
func TestManyLots(t *testing.T) {
	s := newScene(t)
	s.World = ledgertest.NewWorld(t)
	supply := pedigree.MaterialSupply{Material: "acetylsalicylic acid"}
	for i := range 7 {
		lot := s.Lot
		if i > 0 {
			lot.Lot += gs1.Lot(rune('A' + i))
		}
		supply.Lots = append(supply.Lots, pedigree.SuppliedLot{Analysis: canon.Digest{1}, GTIN: lot.GTIN, Lot: lot.Lot, Produced: "2026-10-01"})
	}
	s.Request = s.tell(s.DM, s.MS, &pedigree.MaterialRequest{Material: supply.Material, Product: "Theriacin"})
	s.Supply = s.tell(s.MS, s.DM, &supply, s.Request)
	s.Approve()
	s.Make("L42", 8)
	s.Distribute(0, 4)
	s.Deliver(0, 2)
	w := s.newWorks()
	for i := range supply.Lots {
		for n := range uint64(12) {
			w.registered(s.MS, []*ledgertest.Org{s.DM, s.DD}[n%2], material(supply.Lots[i].ID()), counter(n+1))
		}
	}
	v := s.show(0).Verify(s.trust(), s.now())
	current := 0
	for _, m := range v.Facts.Measured {
		if m.Current {
			current++
		}
	}
	if len(v.Facts.Measured) != 64 || current != 6 || v.Verdict != theriac.Genuine {
		t.Errorf("Verify = %+v with %d registrations, %d of them current", judge(&v), len(v.Facts.Measured), current)
	}
}

// A registration of many packs, and one of single packs that came after it, are found
// from each pack; each has its own mark.
func TestMeasuredPackByPack(t *testing.T) {
	s := newScene(t)
	s.Make("L43", 5000)
	s.Distribute(0, 5000)
	s.Deliver(0, 5000)
	w := s.newWorks()
	spread := func(t *chain.Terms) { t.Ranges = []chain.Range{{From: 3, To: 6}, {From: 2046, To: 2050}} }
	ship, id := w.registered(s.DM, s.Pharmacy, spread)
	w.registered(s.DM, s.Pharmacy, packs(2048, 2049), counter(2))
	for _, index := range []uint64{1, 3} {
		s.Admit(s.Pharmacy.Tx(s.Now, chain.KindIdentify, ship.Identify(id, s.Pharmacy, w.device, index, nil)))
	}
	for place, want := range map[uint64]string{
		2: "", 3: "1.", 4: "1+", 5: "1.", 6: "", 2045: "", 2046: "1+", 2047: "1.", 2048: "1- 2.", 2049: "1.", 2050: "",
	} {
		v := s.show(place).Verify(s.trust(), s.now())
		var got []string
		for _, m := range v.Facts.Measured {
			state := map[bool]string{true: ".", false: "-"}[m.Current]
			if !m.Verified.IsZero() {
				state = "+"
			}
			got = append(got, string(rune('0'+m.Counter))+state)
		}
		if s := strings.Join(got, " "); s != want || v.Verdict != theriac.Genuine {
			t.Errorf("pack %d: %q, want %q (%s)", place, s, want, v.Reason)
		}
	}
}

// What was measured is said with names and time, and so is what became of the code.
func TestMeasuredIsSaid(t *testing.T) {
	s := newScene(t)
	s.concealed().redeem(s, s.Hospital, 0)
	w := s.newWorks()
	w.measured(s.MS, s.DM, material(s.Lot))
	w.registered(s.DM, s.Pharmacy, packs(0, 1))
	v := s.show(0).Verify(s.trust(), s.now())
	f := &v.Facts
	if f.Redeemed == nil || f.Redeemed.Browser != canon.Sum(point(t, s.Hospital)) || f.Name(f.Redeemed.By) != "Hospital ("+s.Hospital.GLN+")" {
		t.Errorf("redeemed %+v", f.Redeemed)
	}
	for i, want := range []string{s.MS.Name, s.DM.Name} {
		if got := f.Name(f.Measured[i].From); got != want+" ("+f.Measured[i].From+")" {
			t.Errorf("registered by %q, want %q", got, want)
		}
	}
	for _, want := range []string{
		"material (01)04000002000011(10)ASA-7 was measured genuine at hand-over to " + s.DM.GLN + " on " + f.Measured[0].Verified.Format(time.RFC3339) + ", once",
		"the pack is registered for " + s.Pharmacy.GLN + ", not measured yet",
		"its concealed code was redeemed on " + f.Redeemed.At.Format(time.RFC3339),
	} {
		if !slices.ContainsFunc(v.Checks, func(c theriac.Check) bool { return c.Check == want && c.OK }) {
			t.Errorf("%q is not said: %v", want, v.Checks)
		}
	}
}
